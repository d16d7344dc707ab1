"""Every JSON example of agent-api.txt goes through the structs and comes out as it went in."""

import json
import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import pytest

from xucd.center.agent import AgentState
from xucd.center.callee import KEYS
from xucd.center.queue_stats import SOON_S
from xucd.cti import messages as msg
from xucd.cti.messages import (
    MESSAGES,
    AgentStatistic,
    ArrayMessage,
    Message,
    QueueStatistic,
    QueueStatistics,
    decode,
    encode,
    window_name,
)

DOCUMENT = (Path(__file__).parent / "data/agent-api.txt").read_text(encoding="utf-8")

# What the document's examples are, in its order. None is no message but an argument of a command.
TYPES = [
    "AgentError",
    "AgentError",
    "QueueMember",
    "QueueMember",
    None,
    "Sheet",
    "RightProfile",
    *["AgentStateEvent"] * 8,
    "AgentDirectory",
    "AgentConfig",
    "AgentList",
    "AgentListen",
    "AgentGroupList",
    "AgentStatistics",
    "CallbackLists",
    "CallbackTaken",
    "CallbackStarted",
    "CallbackClotured",
    "CallbackReleased",
    "CallbackRequestUpdated",
]


def examples(text: str) -> list[Any]:
    """The JSON values that begin a line of the document.

    Mended is only what is no JSON there: names in place of numbers, an argument written in
    JavaScript, and a last brace that the document lost.
    """
    text = re.sub(r"<(agentId|queueId|penalty)>", "7", text)
    text = re.sub(r"^(var\d): ", r'"\1": ', text, flags=re.MULTILINE)
    text += "}"
    found, at = [], 0
    while match := re.compile(r"^[{\[]", re.MULTILINE).search(text, at):
        value, at = json.JSONDecoder().raw_decode(text, match.start())
        found.append(value)
    return found


EXAMPLES = list(zip(TYPES, examples(DOCUMENT), strict=True))


@pytest.mark.parametrize(("msg_type", "value"), [pair for pair in EXAMPLES if pair[0]])
def test_an_example_of_the_document_survives_decoding_and_encoding(
    msg_type: str, value: Any
) -> None:
    if isinstance(value, dict) and "msgType" in value:
        assert value["msgType"] == msg_type
        value = value["ctiMessage"]
    if msg_type == "CallbackLists":
        value = [value]  # the document prints one list, the wire has an array of them
    if msg_type == "AgentConfig":
        # sent in both spellings: clients of two generations read it
        for old, new in (("firstname", "firstName"), ("lastname", "lastName"),
                         ("numgroup", "groupId"), ("userid", "userId")):  # fmt: skip
            value[new] = value[old]
    callbacks: list[dict[str, Any]] = []
    if msg_type == "CallbackLists":
        callbacks = value[0]["callbacks"]
    elif msg_type == "CallbackRequestUpdated":
        callbacks = [value["request"]]
    for callback in callbacks:  # those of the document lack the columns that were added since
        for key in KEYS.values():
            callback.setdefault(key, None)

    body = decode(msg_type, json.dumps(value).encode())

    assert json.loads(encode(body)) == {"msgType": msg_type, "ctiMessage": value}


def state(**more: Any) -> msg.AgentStateEvent:
    return msg.AgentStateEvent(
        name=AgentState.READY, agent_id=8, phone_number="1001", since=3, queues=[1], **more
    )


def test_what_belongs_to_a_call_is_left_out_of_other_states() -> None:
    body = json.loads(encode(state(cause="available")))["ctiMessage"]
    assert body == {
        "name": "AgentReady", "agentId": 8, "phoneNb": "1001", "since": 3, "queues": [1],
        "cause": "available",
    }  # fmt: skip


def test_a_null_is_sent_where_clients_expect_one() -> None:
    body = msg.UserConfigUpdate(
        user_id=1, first_name="Bruce", last_name="Wail", full_name="Bruce Wail",
        agent_id=8, line_ids=[1],
    )  # fmt: skip
    assert json.loads(encode(body))["ctiMessage"] == {
        "userId": 1, "firstName": "Bruce", "lastName": "Wail", "fullName": "Bruce Wail",
        "agentId": 8, "lineIds": [1], "mobileNumber": None, "voiceMailId": None,
        "voiceMailEnabled": False, "dndEnabled": False, "naFwdEnabled": False,
        "naFwdDestination": "", "uncFwdEnabled": False, "uncFwdDestination": "",
        "busyFwdEnabled": False, "busyFwdDestination": "",
    }  # fmt: skip


def test_an_opening_for_old_clients_has_no_new_keys() -> None:
    assert encode(msg.LoggedOn()) == b'{"msgType":"LoggedOn","ctiMessage":{"status":"ok"}}'


def test_a_phone_event_is_spelled_as_clients_read_it() -> None:
    body = msg.PhoneEvent(
        event_type="EventRinging", number="1001", other_number="0230210082", other_name="",
        linked_id="1.1", unique_id="1.2", queue_name="support", call_direction="Incoming",
        user_data={"USR_var1": "value 1"}, username="bruce",
    )  # fmt: skip
    assert json.loads(encode(body))["ctiMessage"] == {
        "eventType": "EventRinging", "DN": "1001", "otherDN": "0230210082", "otherDName": "",
        "linkedId": "1.1", "uniqueId": "1.2", "queueName": "support",
        "callDirection": "Incoming", "userData": {"USR_var1": "value 1"}, "username": "bruce",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("QueueStatistics",
         f'{{"queueId":1,"counters":[{{"statName":"{QueueStatistic.WAITING_CALLS}","value":0}}]}}'),
        ("QueueMemberList", '[{"agentId":8,"queueId":1,"penalty":0}]'),
        ("QueueList", '[{"id":1,"context":"default","name":"support","displayName":"Support",'
                      '"number":"3000"}]'),
        ("LineConfig", '{"id":"1","name":"1001","context":"default","phoneNumber":"1001",'
                       '"interface":"PJSIP/1001","webRtc":false}'),
        ("PhoneHintStatusEvent", '{"number":"1001","status":0}'),
        ("UsersStatuses", '[{"name":"lunch","longName":"Lunch","color":"#F2833A","actions":'
                          '[{"name":"queuepause_all","parameters":"true"}]}]'),
        ("UserStatusUpdate", '{"status":"available"}'),
        ("PhoneStatusUpdate", '{"status":"AVAILABLE"}'),
        ("CurrentCallsPhoneEvents", '{"events":[]}'),
        ("UserQueueDefaultMembership", '{"userId":1,"membership":[{"queueId":1,"penalty":0}]}'),
        ("UsersQueueDefaultMembership", '{"memberships":[{"userId":1,"membership":[]}]}'),
        ("PreferredCallbackPeriodList", "[]"),
        ("LinkStatus", '{"asterisk":"lost","since":"2026-11-22T10:00:00Z"}'),
        ("CommandResult", '{"requestId":"a","ok":false,"error":"X","message":"y"}'),
        ("CommandResult", '{"requestId":1,"ok":true}'),
        ("CommandResult", '{"requestId":1,"ok":true,"warning":"PhoneUnreachable"}'),
    ],
)  # fmt: skip
def test_the_other_messages_are_spelled_as_the_protocol_says(name: str, body: str) -> None:
    assert encode(decode(name, body.encode())).decode() == (
        f'{{"msgType":"{name}","ctiMessage":{body}}}'
    )


def test_an_agent_error_has_no_keys_but_its_own() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"Error": "X", "phoneNumber": "1"}, msg.AgentError)


def test_every_message_is_in_the_table_under_the_name_of_its_class() -> None:
    assert {name: cls.__name__ for name, cls in MESSAGES.items()} == {
        name: name for name in MESSAGES
    }
    assert set(MESSAGES.values()) == subclasses(Message) - {ArrayMessage}


def subclasses(cls: type[Message]) -> set[type[Message]]:
    own = {sub for sub in cls.__subclasses__() if sub.__module__.startswith("xucd.cti.messages")}
    return own.union(*map(subclasses, own))


# --- The names of statistics


def test_a_figure_over_a_window_is_named_by_the_windows_threshold() -> None:
    soon, late = QueueStatistic.ANSWERED_SOON_SHARE, QueueStatistic.ABANDONED_LATE_SHARE
    assert (window_name(soon, int(SOON_S)), window_name(late, int(SOON_S))) == (soon, late)
    assert window_name(soon, 20) == soon.replace("15", "20")
    assert window_name(QueueStatistic.EXPECTED_WAIT, 20) == QueueStatistic.EXPECTED_WAIT


def test_a_client_keeps_the_figures_of_a_newer_xucd() -> None:
    body = b'{"queueId":1,"counters":[{"statName":"NewFigure","value":3}]}'
    message = decode("QueueStatistics", body)
    assert isinstance(message, QueueStatistics)
    (counter,) = message.counters
    assert (counter.stat_name, counter.value) == ("NewFigure", 3)
    assert "NewFigure" not in set(QueueStatistic)


@pytest.mark.parametrize(
    ("page", "names"), [("protocol.md", AgentStatistic), ("calls.md", QueueStatistic)]
)
def test_every_figure_is_documented_under_its_name(page: str, names: type[StrEnum]) -> None:
    text = (Path(__file__).parents[1] / "docs" / page).read_text(encoding="utf-8")
    assert [name for name in names if f"`{name}`" not in text] == []


def test_a_figure_is_named_in_the_list_and_its_document_and_nowhere_else_by_hand() -> None:
    root = Path(__file__).parents[1]
    places = [*root.glob("xucd/**/*.py"), *root.glob("xucd/**/*.js"), *root.glob("tests/**/*.py"),
              *root.glob("tests/**/*.mjs"), *root.glob("integration/**/*.py"),
              *root.glob("integration/**/*.mjs"), *root.glob("docs/*.md")]  # fmt: skip
    texts = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in places}
    del texts["xucd/web/static/lib/table.js"]  # generated
    for names, page in ((AgentStatistic, "docs/protocol.md"), (QueueStatistic, "docs/calls.md")):
        for name in names:
            found = {path for path, text in texts.items() if re.search(rf"\b{name}\b", text)}
            assert found == {"xucd/cti/messages/statistics.py", page}
