"""Frames become commands, leniently, or errors that say what is wrong and repeat nothing."""

import datetime
import json
import uuid
from typing import Any

import pytest

from xucd.cti import commands
from xucd.cti.commands import ANSWERS, COMMANDS, SUBSCRIBING, UNSUBSCRIBING
from xucd.cti.frames import BadFrame, Ping, decode
from xucd.cti.parts import PARTS

UUID = "b0849ac0-4f4a-4ed0-9386-53ab2afd94b1"


def ask(command: str, **arguments: Any) -> Any:
    return decode(json.dumps({"claz": "web", "command": command, **arguments}))


def refused(frame: str | bytes) -> tuple[str, str, Any]:
    with pytest.raises(BadFrame) as caught:
        decode(frame)
    return caught.value.code, caught.value.text, caught.value.request_id


def refused_ask(command: str, **arguments: Any) -> str:
    frame = json.dumps({"claz": "web", "command": command, "requestId": 5, **arguments})
    code, text, request_id = refused(frame)
    assert (code, request_id) == ("InvalidArgument", 5)
    return text


# Each command of the protocol with all its arguments, and the struct that it becomes.
WHOLE = [
    ("agentLogin", {"agentphonenumber": "1001", "agentid": 8},
     commands.AgentLogin(phone_number="1001", agent_id=8)),
    ("agentLogout", {"agentid": 8}, commands.AgentLogout(agent_id=8)),
    ("pauseAgent", {"agentid": 8, "reason": "lunch"},
     commands.PauseAgent(agent_id=8, reason="lunch")),
    ("unpauseAgent", {"agentid": 8}, commands.UnpauseAgent(agent_id=8)),
    ("listenAgent", {"agentid": 8}, commands.ListenAgent(agent_id=8)),
    ("setAgentQueue", {"agentId": 8, "queueId": 1, "penalty": 2},
     commands.SetAgentQueue(agent_id=8, queue_id=1, penalty=2)),
    ("removeAgentFromQueue", {"agentId": 8, "queueId": 1},
     commands.RemoveAgentFromQueue(agent_id=8, queue_id=1)),
    ("dialFromQueue",
     {"destination": "0230210082", "queueId": 1, "callerIdName": "ACME", "callerIdNumber": "3000",
      "variables": {"var1": "value 1", "var2": "value 2"}},
     commands.DialFromQueue(destination="0230210082", queue_id=1, caller_id_name="ACME",
                        caller_id_number="3000",
                        variables={"var1": "value 1", "var2": "value 2"})),
    ("monitorPause", {"agentid": 8}, commands.MonitorPause(agent_id=8)),
    ("monitorUnpause", {"agentid": 8}, commands.MonitorUnpause(agent_id=8)),
    ("subscribeToAgentStats", {}, commands.SubscribeToAgentStats()),
    ("subscribeToAgentEvents", {}, commands.SubscribeToAgentEvents()),
    ("getAgentStates", {}, commands.GetAgentStates()),
    ("getAgentDirectory", {}, commands.GetAgentDirectory()),
    ("getList", {"objectType": "basequeuemember"}, commands.GetList(object_type="basequeuemember")),
    ("getConfig", {"objectType": "line"}, commands.GetConfig(object_type="line")),
    ("subscribeToPhoneHints", {"phoneNumbers": ["1001", 1002]},
     commands.SubscribeToPhoneHints(phone_numbers=["1001", "1002"])),
    ("unsubscribeFromAllPhoneHints", {}, commands.UnsubscribeFromAllPhoneHints()),
    ("subscribeToQueueStats", {}, commands.SubscribeToQueueStats()),
    ("getQueueStatistics", {"queueId": 1, "window": 3600, "xqos": 15},
     commands.GetQueueStatisticsCommand(queue_id=1, window=3600, xqos=15)),
    ("subscribeToQueueCalls", {"queueId": 1}, commands.SubscribeToQueueCalls(queue_id=1)),
    ("unSubscribeToQueueCalls", {"queueId": 1}, commands.UnsubscribeFromQueueCalls(queue_id=1)),
    ("setAgentGroup", {"agentId": 8, "groupId": 2}, commands.SetAgentGroup(agent_id=8, group_id=2)),
    ("moveAgentsInGroup",
     {"groupId": 1, "fromQueueId": 1, "fromPenalty": 0, "toQueueId": 2, "toPenalty": 1},
     commands.MoveAgentsInGroup(group_id=1, from_queue_id=1, from_penalty=0, to_queue_id=2,
                            to_penalty=1)),
    ("addAgentsInGroup",
     {"groupId": 1, "fromQueueId": 1, "fromPenalty": 0, "toQueueId": 2, "toPenalty": 1},
     commands.AddAgentsInGroup(group_id=1, from_queue_id=1, from_penalty=0, to_queue_id=2,
                           to_penalty=1)),
    ("removeAgentGroupFromQueueGroup", {"groupId": 1, "queueId": 2, "penalty": 0},
     commands.RemoveAgentGroupFromQueueGroup(group_id=1, queue_id=2, penalty=0)),
    ("addAgentsNotInQueueFromGroupTo", {"groupId": 1, "queueId": 2, "penalty": 0},
     commands.AddAgentsNotInQueueFromGroupTo(group_id=1, queue_id=2, penalty=0)),
    ("userStatusUpdate", {"status": "lunch"}, commands.UserStatusUpdateCommand(status="lunch")),
    ("getCallbackLists", {}, commands.GetCallbackLists()),
    ("getCallbackPreferredPeriods", {}, commands.GetCallbackPreferredPeriods()),
    ("findCallbackRequest",
     {"id": 3, "request": {"filters": [{"field": "phoneNumber", "operator": "=", "value": "02"}],
                           "offset": 0, "limit": 10}},
     commands.FindCallbackRequest(id=3, request=commands.CallbackSearch(
         filters=[commands.CallbackFilter("phoneNumber", "=", "02")], offset=0, limit=10))),
    ("takeCallback", {"uuid": UUID}, commands.TakeCallback(uuid=uuid.UUID(UUID))),
    ("releaseCallback", {"uuid": UUID}, commands.ReleaseCallback(uuid=uuid.UUID(UUID))),
    ("startCallback", {"uuid": UUID, "number": "0230210082"},
     commands.StartCallback(request_uuid=uuid.UUID(UUID), number="0230210082")),
    ("updateCallbackTicket",
     {"uuid": UUID, "status": "NoAnswer", "comment": "rang\nlong", "dueDate": "2026-11-23",
      "periodUuid": UUID},
     commands.UpdateCallbackTicket(ticket_uuid=uuid.UUID(UUID), status="NoAnswer",
                               comment="rang\nlong", due_date=datetime.date(2026, 11, 23),
                               period_uuid=uuid.UUID(UUID))),
    ("listenCallbackMessage", {"voiceMessageRef": "123.45"},
     commands.ListenCallbackMessage(voice_message_ref="123.45")),
    ("getUserDefaultMembership", {"userId": 1}, commands.GetUserDefaultMembership(user_id=1)),
    ("setUserDefaultMembership", {"userId": 1, "membership": [{"queueId": "1", "penalty": 0}]},
     commands.SetUserDefaultMembership(user_id=1, membership=[commands.DefaultQueue(1, 0)])),
    ("setUsersDefaultMembership", {"userIds": [1, "2"], "membership": []},
     commands.SetUsersDefaultMembership(user_ids=[1, 2], membership=[])),
    ("applyUsersDefaultMembership", {"userIds": [1]},
     commands.ApplyUsersDefaultMembership(user_ids=[1])),
    ("getCurrentCallsPhoneEvents", {}, commands.GetCurrentCallsPhoneEvents()),
    ("dial", {"destination": 1002}, commands.Dial(destination="1002")),
    ("hangup", {"uniqueId": "1.2"}, commands.Hangup(unique_id="1.2")),
    ("answer", {"uniqueId": "1.2"}, commands.Answer(unique_id="1.2")),
    ("directTransfer", {"destination": "1002"}, commands.DirectTransfer(destination="1002")),
    (
        "directTransfer",
        {"destination": "1002", "uniqueId": "1.2"},
        commands.DirectTransfer(destination="1002", unique_id="1.2"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("command", "arguments", "expected"), WHOLE)
def test_a_command_is_read_with_all_its_arguments(
    command: str, arguments: dict[str, Any], expected: commands.Command
) -> None:
    assert ask(command, **arguments) == expected


def test_every_command_is_covered_here() -> None:
    assert {command for command, _, _ in WHOLE} == COMMANDS.keys()


def test_every_command_is_in_the_table_under_its_wire_name() -> None:
    assert {name: cls.__struct_config__.tag for name, cls in COMMANDS.items()} == {
        name: name for name in COMMANDS
    }
    assert set(COMMANDS.values()) == subclasses(commands.Command)


def subclasses(cls: type[commands.Command]) -> set[type[commands.Command]]:
    """The commands below a class, none of a test's.

    The name of a base that is no command begins with "_".
    """
    below = [sub for sub in cls.__subclasses__() if sub.__module__.startswith("xucd.")]
    own = {sub for sub in below if not sub.__name__.startswith("_")}
    return own.union(*map(subclasses, below))


def test_whatever_is_said_of_queries_and_subscriptions_is_said_of_commands() -> None:
    known = set(COMMANDS.values())
    assert ANSWERS.keys() | SUBSCRIBING | UNSUBSCRIBING.keys() <= known
    assert set(UNSUBSCRIBING.values()) <= SUBSCRIBING
    assert {name for sent in PARTS.values() for name, _ in sent} <= COMMANDS.keys()


@pytest.mark.parametrize("agent", [{}, {"agentid": None}])
def test_no_agent_id_means_the_users_own(agent: dict[str, None]) -> None:
    assert ask("pauseAgent", reason=None, **agent) == commands.PauseAgent()


@pytest.mark.parametrize("number", [1001, "1001", " 1001 "])
def test_numbers_and_strings_are_taken_alike(number: Any) -> None:
    assert ask("agentLogin", agentphonenumber=number, agentid="8") == commands.AgentLogin(
        phone_number="1001", agent_id=8
    )
    assert ask("setAgentQueue", agentId="8", queueId="1", penalty="2").penalty == 2


def test_a_line_that_cannot_exist_is_still_a_login_to_an_unknown_line() -> None:
    assert ask("agentLogin", agentphonenumber="").phone_number == ""
    assert ask("agentLogin", agentphonenumber="my phone").phone_number == "my phone"


def test_unknown_arguments_are_ignored() -> None:
    assert ask("getAgentStates", softwareType="x", reason=[1]) == commands.GetAgentStates()


def test_the_original_librarys_dial_from_queue_has_its_variables_in_the_callers_number() -> None:
    asked = ask("dialFromQueue", destination="1002", queueId=1, callerIdName="ACME",
                callerIdNumber={"var1": "value 1"})  # fmt: skip
    assert asked.variables == {"var1": "value 1"}
    assert asked.caller_id_number is None


@pytest.mark.parametrize("request_id", ["a1", 7, 1.5, 2**60])
def test_a_request_id_is_carried_as_it_came(request_id: Any) -> None:
    assert ask("getAgentStates", requestId=request_id).request_id == request_id


@pytest.mark.parametrize("request_id", [True, [1], {}, "x" * 201])
def test_a_request_id_of_another_kind_is_refused(request_id: Any) -> None:
    frame = json.dumps({"claz": "web", "command": "getAgentStates", "requestId": request_id})
    assert refused(frame)[0] == "InvalidArgument"
    assert refused(frame)[2] is None


@pytest.mark.parametrize(
    ("command", "argument", "value"),
    [
        ("setAgentQueue", "queueId", None),
        ("setAgentQueue", "queueId", "one"),
        ("setAgentQueue", "queueId", True),
        ("setAgentQueue", "queueId", 0),
        ("setAgentQueue", "queueId", 2**31),
        ("setAgentQueue", "penalty", -1),
        ("setAgentQueue", "penalty", "-1"),
        ("setAgentQueue", "penalty", 1.5),
        ("setAgentQueue", "agentId", "null"),
        ("pauseAgent", "reason", "a\r\nAction: Originate"),
        ("pauseAgent", "reason", "a\x00"),
        ("pauseAgent", "reason", "a\n"),
        ("pauseAgent", "reason", "x" * 81),
        ("pauseAgent", "reason", 5),
        ("agentLogin", "agentphonenumber", "1001\x07"),
        ("agentLogin", "agentphonenumber", None),
        ("agentLogin", "agentphonenumber", "1" * 41),
        ("dial", "destination", "1001&Local/1@x"),
        ("dial", "destination", "1001,30"),
        ("dial", "destination", "1001@default"),
        ("dial", "destination", ""),
        ("dial", "destination", "١٢"),
        ("getList", "objectType", "line"),
        ("getList", "objectType", None),
        ("takeCallback", "uuid", "1"),
        ("subscribeToPhoneHints", "phoneNumbers", ["1001", "x y"]),
        ("subscribeToPhoneHints", "phoneNumbers", "1001"),
    ],
)
def test_an_ill_typed_argument_is_named_and_not_repeated(
    command: str, argument: str, value: Any
) -> None:
    good: dict[str, dict[str, Any]] = {
        "setAgentQueue": {"agentId": 8, "queueId": 1, "penalty": 0},
        "agentLogin": {"agentphonenumber": "1001"},
    }
    arguments = {**good.get(command, {}), argument: value}
    assert refused_ask(command, **arguments) == f"{argument} is ill-typed."


def test_a_missing_argument_is_named() -> None:
    assert refused_ask("setAgentQueue", agentId=8, queueId=1) == "penalty is missing."


@pytest.mark.parametrize(
    "variables", [{"a b": "1"}, {"a": "1\n2"}, {"a": "x" * 4097}, {"a": ["1"]}, {"": "1"}]
)
def test_variables_have_plain_names_and_one_line_each(variables: Any) -> None:
    refused_ask("dial", destination="1002", variables=variables)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("", "InvalidJson"),
        ("{", "InvalidJson"),
        (b'"\xff"', "InvalidJson"),
        ("[" * 60_000, "InvalidJson"),
        ('{"claz":"web","command":"getAgentStates","requestId":' + "1" * 5000 + "}", "InvalidJson"),
        ('{"claz":"web","command":"\\ud800"}', "InvalidJson"),
        ("[]", "NotAnObject"),
        ("7", "NotAnObject"),
        ("{}", "InvalidArgument"),
        ('{"claz":"shell","command":"getAgentStates"}', "InvalidArgument"),
        ('{"claz":"web"}', "UnknownCommand"),
        ('{"claz":"web","command":"<script>"}', "UnknownCommand"),
        ('{"claz":"web","command":["getAgentStates"]}', "UnknownCommand"),
    ],
)
def test_what_is_no_command_has_its_own_code(frame: str | bytes, code: str) -> None:
    found, text, _ = refused(frame)
    assert found == code
    assert "script" not in text


def test_a_ping_is_a_ping() -> None:
    assert decode('{"claz":"ping"}') == Ping()
