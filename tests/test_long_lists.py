"""A long answer is sent, or made, in slices: others have their turn between."""

import asyncio

import pytest

from tests.house import House
from tests.scene import ALICE, BRUCE, CAROLINE
from xucd.center import events as ev
from xucd.center.agent import AgentState
from xucd.center.refused import Refused
from xucd.commands import lists
from xucd.commands.lookup import state_for
from xucd.cti import commands as cmd
from xucd.cti import messages as msg


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(lists, "SLICE", 1)
    return House()


async def test_what_happens_within_a_long_answer_is_told_at_once_and_nothing_old_after_it(
    house: House,
) -> None:
    house.scene.logs_in()
    house.publish()
    ada, sue = await house.listening("ada", "sue")
    answer = asyncio.create_task(lists.get_agent_states(house.context, cmd.GetAgentStates(), ada))
    await asyncio.sleep(0)
    assert [body.agent_id for body in ada.of(msg.AgentStateEvent)] == [BRUCE]
    house.scene.pauses(True, "lunch")
    house.scene.logs_in(CAROLINE)
    house.publish()
    assert AgentState.ON_PAUSE in [body.name for body in sue.of(msg.AgentStateEvent)]
    await answer
    assert {body.agent_id for body in ada.of(msg.AgentStateEvent)} == {BRUCE, ALICE, CAROLINE}
    last = {body.agent_id: body.name for body in ada.of(msg.AgentStateEvent)}
    agents = house.context.center.agents
    assert last == {each: state_for(house.context, agents[each], ada).name for each in agents}


async def test_who_is_dismissed_within_a_long_answer_gets_no_more_of_it(house: House) -> None:
    [ada] = await house.listening("ada")
    for command in (
        lists.get_agent_states(house.context, cmd.GetAgentStates(), ada),
        lists.subscribe_to_agent_stats(house.context, cmd.SubscribeToAgentStats(), ada),
    ):
        ada.heard.clear()
        ada.dismissed = False
        answer = asyncio.create_task(command)
        await asyncio.sleep(0)
        ada.dismissed = True
        with pytest.raises(Refused, match="rights"):
            await answer
        assert len(ada.heard) == 1


async def test_a_list_of_all_members_leaves_others_their_turns_and_takes_nothing_back(
    house: House,
) -> None:
    house.scene.logs_in()
    house.publish()
    [ada] = await house.listening("ada")
    ada.heard.clear()
    command = cmd.GetList(object_type="queuemember")
    answer = asyncio.create_task(lists.get_list(house.context, command, ada))
    await asyncio.sleep(0)
    assert ada.heard == []
    house.scene.happens(ev.MemberPenalty("sales", "PJSIP/1001", "Agent/2501", 7))
    house.publish()
    assert [body.penalty for body in ada.of(msg.QueueMember)] == [7]
    await answer
    [members] = ada.of(msg.QueueMemberList)
    listed = {(each.agent_id, each.queue_id): each.penalty for each in members.items}
    agents = house.context.center.agents
    assert listed == {
        (key, queue_id): shown.penalty
        for key, live in agents.items()
        for queue_id, shown in live.told.items()
    }


async def test_who_is_dismissed_before_a_list_is_whole_gets_none(house: House) -> None:
    [ada] = await house.listening("ada")
    ada.heard.clear()
    command = cmd.GetConfig(object_type="queuemember")
    answer = asyncio.create_task(lists.get_config(house.context, command, ada))
    await asyncio.sleep(0)
    ada.dismissed = True
    with pytest.raises(Refused, match="rights"):
        await answer
    assert ada.heard == []
