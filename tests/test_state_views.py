"""Who is told of which of an agent's queues, and of whose phone."""

import itertools
from typing import Any, cast

import msgspec
import pytest

from tests.house import USERS, House, Page
from tests.scene import ALICE, BILLING, BRUCE, CAROLINE, SALES, SUPPORT
from xucd.center import events as ev
from xucd.center.directory import Directory
from xucd.center.rules import commanded
from xucd.commands import hints, lists
from xucd.commands.lookup import state_for
from xucd.cti import commands as cmd
from xucd.cti import messages as msg


def queues_told(page: Page, agent_id: int) -> list[list[int]]:
    return [body.queues for body in page.of(msg.AgentStateEvent) if body.agent_id == agent_id]


async def test_everybody_is_told_of_those_of_an_agents_queues_that_its_list_has() -> None:
    house = House()
    house.scene.logs_in()
    house.publish()
    sue, stan, bruce, ada, norah = await house.listening("sue", "stan", "bruce", "ada", "norah")
    house.scene.pauses(True, "lunch")
    house.publish()
    assert queues_told(sue, BRUCE) == [[SUPPORT]]
    for page in (stan, bruce, ada, norah):
        assert queues_told(page, BRUCE) == [[SUPPORT, SALES, BILLING]]


async def test_one_message_does_for_all_who_are_told_the_same() -> None:
    house = House()
    house.scene.logs_in()
    house.scene.logs_in(ALICE)
    house.publish()
    await house.listening("ada", "stan", "stan", "sue", "sue", "bruce")
    house.hub.encoded.clear()
    house.scene.pauses(True, "lunch")
    house.scene.pauses(True, "lunch", ALICE)
    house.publish()
    states = [body for body in house.hub.encoded if isinstance(body, msg.AgentStateEvent)]
    assert [(body.agent_id, body.queues) for body in states] == [
        (BRUCE, [SUPPORT]),
        (BRUCE, [SUPPORT, SALES, BILLING]),
        (ALICE, []),  # to Bruce, whose list has another queue
        (ALICE, [SUPPORT]),
    ]


async def test_all_are_told_the_same_age_of_a_state_though_a_second_ends_in_between() -> None:
    house = House()
    house.scene.logs_in()
    house.publish()
    await house.listening("ada", "sue")
    house.hub.encoded.clear()
    seconds = itertools.count(house.scene.now)
    house.context.now = lambda: next(seconds)
    house.scene.pauses(True, "lunch")
    house.publish()
    states = [body for body in house.hub.encoded if isinstance(body, msg.AgentStateEvent)]
    assert [body.queues for body in states] == [[SUPPORT], [SUPPORT, SALES, BILLING]]
    assert len({body.since for body in states}) == 1


async def test_who_sees_only_other_groups_is_not_even_asked_for() -> None:
    house = House()
    asked: list[Any] = []
    has_subscribers = house.hub.has_subscribers
    house.hub.has_subscribers = lambda topics: asked.extend(topics) or has_subscribers(topics)  # type: ignore[method-assign, func-returns-value]
    house.scene.logs_in(ALICE)
    house.scene.logs_in(CAROLINE)
    house.scene.happens(ev.MemberAdded("billing", "PJSIP/1003", "Agent/2506", 0, False, ""))
    for agent_id, count in ((CAROLINE, 0), (ALICE, 3)):  # Caroline is of group 2
        house.publish()
        asked.clear()
        house.scene.pauses(True, "lunch", agent_id)
        house.publish()
        topics = {topic for topic in asked if topic[0] == "agent states"}
        assert topics
        assert len([topic for topic in topics if isinstance(topic[1], tuple)]) == count


async def test_another_configuration_brings_other_lists() -> None:
    house = House()
    await house.listening("ada")
    old = house.context.center.directory
    wider = msgspec.structs.replace(USERS["sue"], id=30, queue_ids=frozenset({SALES}))
    house.context.center.directory = Directory(
        old.groups.values(),
        old.queues.values(),
        old.lines.values(),
        old.agents.values(),
        [*old.users.values(), wider],
    )
    page = Page(wider)
    house.hub.pages.append(page)
    await lists.subscribe_to_agent_events(house.context, cmd.SubscribeToAgentEvents(), page)
    house.scene.logs_in()
    house.publish()
    assert queues_told(page, BRUCE)[-1] == [SALES]


async def test_states_configurations_and_memberships_agree_for_each_user() -> None:
    house = House()
    pages = await house.listening("sue", "stan", "bruce", "ada", "norah")
    pages += await house.listening("norah", strict=True)
    house.scene.logs_in()
    house.scene.logs_in(CAROLINE)
    house.scene.happens(ev.MemberAdded("billing", "PJSIP/1003", "Agent/2506", 0, False, ""))
    house.scene.happens(ev.MemberPenalty("billing", "PJSIP/1003", "Agent/2506", 4))
    house.scene.happens(ev.MemberPenalty("billing", "PJSIP/1001", "Agent/2501", 4))
    house.scene.happens(ev.MemberPenalty("support", "PJSIP/1001", "Agent/2501", 4))
    house.publish()
    for page in pages:
        page.heard.clear()
        for kind in ("agent", "queuemember"):
            await lists.get_list(house.context, cmd.GetList(object_type=cast(Any, kind)), page)
        await lists.get_agent_states(house.context, cmd.GetAgentStates(), page)
        await lists.get_agent_directory(house.context, cmd.GetAgentDirectory(), page)
    house.scene.happens(ev.MemberPenalty("billing", "PJSIP/1003", "Agent/2506", 5))
    house.scene.happens(ev.MemberPenalty("billing", "PJSIP/1001", "Agent/2501", 5))
    house.scene.pauses(True, "lunch")
    house.publish()
    for page in pages:
        listed: dict[int, set[int]] = {}
        for each in page.of(msg.QueueMemberList)[0].items:
            listed.setdefault(each.agent_id, set()).add(each.queue_id)
        for agent_id in (BRUCE, CAROLINE):
            live = house.context.center.agents[agent_id]
            own, seen = agent_id == page.user.agent_id, page.rights.agent(live.agent)
            all_of_it = {SUPPORT, SALES, BILLING} if agent_id == BRUCE else {BILLING}
            strangers = all_of_it if page.rights.queue_ids is None else page.rights.queue_ids
            expected = all_of_it if own else all_of_it & strangers
            assert listed.get(agent_id, set()) == expected
            states = [*queues_told(page, agent_id)]
            for entry in page.of(msg.AgentDirectory)[0].directory:
                if entry.agent.id == agent_id:
                    states.append(entry.agent_state.queues)
            assert bool(states) is seen
            assert all(set(told) == expected for told in states)
            configs = [body for body in page.of(msg.AgentConfig) if body.id == agent_id]
            assert all({m.queue_id for m in body.member} == expected for body in configs)
            live_changes = [
                body.queue_id for body in page.of(msg.QueueMember) if body.agent_id == agent_id
            ]
            assert live_changes == ([BILLING] if BILLING in expected else [])
            if seen:
                told = state_for(house.context, live, page)
                assert set(told.queues) == expected


AVAILABLE, CALLING, UNKNOWN = 0, 1, -2


@pytest.fixture
async def watched() -> House:
    house = House(hints_by_list=True)
    for number in range(1, 5):
        house.scene.happens(ev.DeviceChanged(f"PJSIP/100{number}", "NOT_INUSE"))
    house.publish()
    return house


async def test_all_may_watch_all_phones_unless_the_setting_narrows_it() -> None:
    house = House()
    for number in range(1, 5):
        house.scene.happens(ev.DeviceChanged(f"PJSIP/100{number}", "NOT_INUSE"))
    sue = house.page("sue")
    assert await house.watch(sue, "1001", "1003", "1004", "77") == [0, 0, 0, UNKNOWN]


@pytest.mark.parametrize(
    ("login", "strict", "seen"),
    [
        ("sue", False, [AVAILABLE, AVAILABLE, UNKNOWN, AVAILABLE]),
        ("bruce", False, [AVAILABLE, AVAILABLE, UNKNOWN, UNKNOWN]),
        ("ada", False, [AVAILABLE] * 4),
        ("norah", False, [AVAILABLE] * 4),
        ("norah", True, [UNKNOWN, UNKNOWN, AVAILABLE, UNKNOWN]),
    ],
)
async def test_by_lists_a_user_watches_its_own_phone_and_those_of_its_agents(
    watched: House, login: str, strict: bool, seen: list[int]
) -> None:
    page = watched.page(login, strict=strict)
    assert await watched.watch(page, "1001", "1002", "1003", "1004") == seen
    page.heard.clear()
    for number in range(1, 5):
        watched.scene.happens(ev.DeviceChanged(f"PJSIP/100{number}", "INUSE"))
    watched.publish()
    told = {body.number for body in page.of(msg.PhoneHintStatusEvent)}
    assert told == {f"100{at}" for at, status in enumerate(seen, 1) if status == AVAILABLE}


async def test_a_phone_may_be_watched_while_a_visible_agent_works_there(watched: House) -> None:
    sue = watched.page("sue")
    assert await watched.watch(sue, "1003") == [UNKNOWN]
    sue.heard.clear()
    watched.scene.happens(ev.MemberAdded("sales", "PJSIP/1003", "Agent/2501", 0, False, ""))
    watched.publish()
    watched.scene.happens(ev.DeviceChanged("PJSIP/1003", "INUSE"))
    watched.publish()
    commanded.begin_logout(watched.scene.center, BRUCE, watched.scene.now)
    watched.scene.happens(ev.MemberRemoved("sales", "PJSIP/1003", "Agent/2501"))
    watched.publish()
    watched.scene.happens(ev.DeviceChanged("PJSIP/1003", "NOT_INUSE"))
    watched.publish()
    hinted = [body.status for body in sue.of(msg.PhoneHintStatusEvent) if body.number == "1003"]
    assert hinted == [AVAILABLE, CALLING, UNKNOWN]


async def test_who_has_unsubscribed_watches_no_phone_by_any_list(watched: House) -> None:
    sue = watched.page("sue")
    await watched.watch(sue, "1001", "1003", "1004")
    await hints.unsubscribe(watched.context, cmd.UnsubscribeFromAllPhoneHints(), sue)
    sue.heard.clear()
    for number in (1, 3, 4):
        watched.scene.happens(ev.DeviceChanged(f"PJSIP/100{number}", "INUSE"))
    watched.publish()
    assert not sue.of(msg.PhoneHintStatusEvent)
