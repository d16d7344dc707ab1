"""Which PBX carries out a command, and answers of several as one."""

from __future__ import annotations

import msgspec
import pytest

from xucd.center.directory import MAIN, Agent, Directory, Group, Line, Queue, User
from xucd.cluster.routes import EVERY, ROUTES
from xucd.cluster.united import UNITED, UnitedAnswer
from xucd.cti import commands as cmd
from xucd.cti import messages as msg
from xucd.cti.commands import COMMANDS

USER = User(1, "boss", "B", "Oss", line_id=1)
DIRECTORY = Directory(
    groups=[Group(1, "all")],
    queues=[
        Queue(1, "sales", "Sales", "500"),
        Queue(2, "sales", "Sales", "8500", pbx="north"),
        Queue(3, "tours", "Tours", "8501", pbx="north"),
    ],
    lines=[Line(1, "101", "PJSIP/101"), Line(2, "8101", "PJSIP/101", pbx="north")],
    agents=[
        Agent(7, "2507", "A", "G", 1, 7, line_id=2),
        Agent(8, "2508", "A", "G", 1, 8, line_id=2),
        Agent(9, "2509", "A", "G", 1, 9),
    ],
    users=[USER],
)


class Homes:
    """Agent 8 has gone to the other PBX."""

    directory = DIRECTORY

    def home(self, agent_id: int) -> str:
        return MAIN if agent_id == 8 else DIRECTORY.first_home(agent_id)


def route(command: cmd.Command, user: User = USER) -> str | None:
    return ROUTES[type(command)](Homes(), command, user)


def test_every_command_says_which_pbx_carries_it_out() -> None:
    assert set(COMMANDS.values()) == set(ROUTES)


@pytest.mark.parametrize(
    ("command", "pbx"),
    [
        (cmd.PauseAgent(agent_id=7), "north"),
        (cmd.PauseAgent(agent_id=8), MAIN),
        (cmd.PauseAgent(agent_id=9), MAIN),
        (cmd.PauseAgent(), MAIN),
        (cmd.AgentLogin(phone_number="8101", agent_id=8), "north"),
        (cmd.AgentLogin(phone_number="101", agent_id=7), MAIN),
        (cmd.AgentLogin(phone_number="999", agent_id=7), "north"),
        (cmd.SetAgentQueue(agent_id=8, queue_id=2, penalty=0), MAIN),
        (cmd.SetAgentQueue(agent_id=7, queue_id=1, penalty=0), "north"),
        (cmd.GetQueueStatisticsCommand(queue_id=99, window=60, xqos=20), MAIN),
        (cmd.SubscribeToQueueCalls(queue_id=3), "north"),
        (cmd.Dial(destination="8101"), MAIN),
        (cmd.GetAgentStates(), EVERY),
        (cmd.GetList(object_type="queue"), EVERY),
        (cmd.GetConfig(object_type="line"), MAIN),
    ],
    ids=str,
)
def test_a_command_goes_to_the_pbx_of_what_it_touches(
    command: cmd.Command, pbx: str | None
) -> None:
    assert route(command) == pbx


def test_a_users_own_commands_go_to_the_home_of_its_agent() -> None:
    assert route(cmd.Hangup(), User(8, "eight", "E", "I", line_id=2, agent_id=8)) == MAIN
    assert route(cmd.Hangup(), User(7, "seven", "S", "E", line_id=1, agent_id=7)) == "north"
    assert route(cmd.Hangup(), User(5, "five", "F", "I", line_id=2)) == "north"
    assert route(cmd.Hangup(), User(5, "five", "F", "I")) == MAIN


def test_agents_of_a_group_are_moved_by_their_homes_whatever_pbxs_the_queues_are_on() -> None:
    between = {"group_id": 1, "from_penalty": 0, "to_penalty": 0}
    assert route(cmd.MoveAgentsInGroup(from_queue_id=2, to_queue_id=3, **between)) is EVERY
    assert route(cmd.AddAgentsInGroup(from_queue_id=1, to_queue_id=2, **between)) is EVERY


def test_the_directory_names_its_pbxs_and_the_one_that_is_meant_by_default() -> None:
    assert (DIRECTORY.pbxs, DIRECTORY.default_pbx) == ((MAIN, "north"), MAIN)
    assert Directory().pbxs == (MAIN,)
    north = DIRECTORY.of_pbx("north")
    assert (north.pbxs, north.default_pbx) == ((MAIN, "north"), MAIN)  # those of the whole


# -- answers


def member(agent_id: int, queue_id: int, penalty: int = 0) -> msg.QueueMember:
    return msg.QueueMember(agent_id=agent_id, queue_id=queue_id, penalty=penalty)


def answers(*topics: str) -> UnitedAnswer:
    return UnitedAnswer(topics, lambda pbx, agent_id: Homes().home(agent_id) == pbx)


def test_lists_of_two_pbxs_are_one_list() -> None:
    found = answers()
    for pbx, agent_id, queue_id in ((MAIN, 8, 1), ("north", 7, 2)):  # each at home there
        body = msg.QueueMemberList(items=[member(agent_id, queue_id)])
        assert found.hold(pbx, msg.encode(body))
    whole = msg.QueueMemberList(items=[member(8, 1), member(7, 2)])
    assert found.whole() == [msg.encode(whole)]


def test_a_list_of_two_pbxs_has_the_same_order_whoever_answers_first() -> None:
    lists = {
        pbx: msg.encode(msg.QueueMemberList(items=[member(agent_id, queue_id)]))
        for pbx, agent_id, queue_id in ((MAIN, 8, 1), ("north", 7, 2))
    }
    one, other = answers(), answers()
    for found, order in ((one, lists), (other, reversed(lists))):
        for pbx in order:
            assert found.hold(pbx, lists[pbx])
    assert one.whole() == other.whole()


def test_of_an_agent_who_has_just_gone_elsewhere_its_home_is_believed_alone() -> None:
    found = answers()
    for pbx, agents in ((MAIN, (7, 8)), ("north", (7, 8))):
        listed = [{"agent": {"id": each}, "agentState": {"agentId": each}} for each in agents]
        body = {"msgType": "AgentDirectory", "ctiMessage": {"directory": listed}}
        assert found.hold(pbx, msgspec.json.encode(body))
        members = msg.QueueMemberList(items=[member(each, 1) for each in agents])
        assert found.hold(pbx, msg.encode(members))
        ended = msg.encode(member(8, 1, -1))
        assert found.hold(pbx, ended) is (pbx != MAIN)
    directory, listed_members = [msgspec.json.decode(each)["ctiMessage"] for each in found.whole()]
    assert [each["agent"]["id"] for each in directory["directory"]] == [8, 7]
    assert [each["agentId"] for each in listed_members] == [8, 7]


def test_what_both_pbxs_know_alike_is_said_once() -> None:
    found, groups = answers(), msg.encode(msg.AgentGroupList(items=[]))
    assert all(found.hold(pbx, groups) for pbx in (MAIN, "north"))
    assert found.whole() == [groups]


def test_a_state_is_believed_to_the_home_of_its_agent_alone() -> None:
    def state(agent_id: int) -> bytes:
        return b'{"msgType":"AgentStateEvent","ctiMessage":{"agentId":%d}}' % agent_id

    found = answers()
    assert not found.hold(MAIN, state(8))
    assert found.hold("north", state(8))
    figures = b'{"msgType":"AgentStatistics","ctiMessage":{"id":8,"statistics":[]}}'
    assert not found.hold(MAIN, figures)
    assert found.hold("north", figures)
    assert found.whole() == []


def test_what_was_told_while_a_list_was_awaited_is_told_behind_it() -> None:
    found = answers("members", "agents")
    gone, other = msg.encode(member(8, 1, -1)), msg.encode(member(8, 3, -1))
    found.hold(MAIN, msg.encode(msg.QueueMemberList(items=[member(8, 1)])))
    found.heard(["members"], gone)
    found.heard(["elsewhere"], other)
    found.heard(["agents"], b'{"msgType":"AgentConfig","ctiMessage":{"id":8}}')
    found.hold("north", msg.encode(msg.QueueMemberList(items=[])))
    listed, *later = found.whole()
    assert len(msgspec.json.decode(listed)["ctiMessage"]) == 1
    assert later == [gone]


def test_every_united_list_is_a_message_of_the_protocol() -> None:
    for kind, united in UNITED.items():
        assert issubclass(getattr(msg, kind), msg.Message)
        assert united.changes or kind == "AgentGroupList"
