"""An agent at home at another PBX: nothing is told of it here, nothing kept, and no phone rings."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from msgspec.structs import replace

from tests.scene import (
    ALICE,
    BILLING,
    BRUCE,
    CAROLINE,
    DAY,
    SALES,
    START,
    SUPPORT,
    Scene,
    directory,
)
from tests.test_context import Script, a_context
from tests.test_rebuild import member, snapshot
from xucd.center import changes as ch
from xucd.center import events as ev
from xucd.center.agent import AgentState, Stance
from xucd.center.center import Center, Remembered
from xucd.center.day import AgentDay
from xucd.center.directory import MAIN, Agent, Directory, Line, Queue, User
from xucd.center.homes import Home, Returning
from xucd.center.inheriting import inherit
from xucd.center.intents import RemoveMember
from xucd.center.lines import line_of, speaks_for
from xucd.center.refused import Refused
from xucd.center.rights import rights_of
from xucd.center.rules.homes import came, left, remove_named
from xucd.center.station import Station
from xucd.center.under_way import AgentUnderWay, CallUnderWay, Resumed
from xucd.commands import hints, lists, login
from xucd.commands.context import Context, Options
from xucd.commands.lookup import find_agent, find_line
from xucd.commands.own_phone import own_line
from xucd.cti.commands import AgentLogin, GetAgentStates, GetList, SubscribeToPhoneHints
from xucd.cti.messages import Message
from xucd.cti.session import Session
from xucd.cti.sign_in import SignInKey
from xucd.publishing import differences
from xucd.publishing.changes import Publisher
from xucd.publishing.opening import send_live
from xucd.views import topics
from xucd.views.statuses import with_own

SOUTH = "south"
ELSEWHERE = 99
"""A queue and a line of the other PBX."""
AWAY = Home(ALICE, SOUTH, 5)
USERS = {
    "bruce": User(1, "bruce", "", "", line_id=1, agent_id=BRUCE),
    "alice": User(2, "alice", "", "", line_id=2, agent_id=ALICE),
    "sue": User(3, "sue", "", "", profile="Admin"),
    "tom": User(4, "tom", "", "", line_id=4),
    "una": User(5, "una", "", "", line_id=ELSEWHERE),
}


def sites() -> Directory:
    """Two PBXs; all of the scene's are on the main one."""
    one = directory()
    return Directory(
        one.groups.values(),
        [*one.queues.values(), Queue(ELSEWHERE, "sales", "South", "6001", wrapup=6, pbx=SOUTH)],
        [*one.lines.values(), Line(ELSEWHERE, "2001", "PJSIP/1001", pbx=SOUTH)],
        one.agents.values(),
        USERS.values(),
    )


def a_scene(*stations: Station, homes: tuple[Home, ...] = (AWAY,)) -> Scene:
    return Scene(stations, centre=sites().of_pbx(MAIN), homes=homes)


@pytest.fixture
def scene() -> Scene:
    return a_scene()


class Heard(Session):
    """A session that keeps what it is sent."""

    def __init__(self, login: str) -> None:
        user = USERS[login]
        super().__init__(user, SignInKey("s", "g"), rights_of(user, strict=False), writer=None)
        self.heard: list[Any] = []

    def send(self, body: Message) -> None:
        self.heard.append(body)

    def kinds(self) -> list[str]:
        return [type(each).__name__ for each in self.heard]


def context_of(scene: Scene) -> Context:
    context = a_context(scene, Script())
    context.options = Options(statuses=with_own(()))
    return context


def back(**values: object) -> Returning:
    return replace(Returning(Home(ALICE, MAIN, 6), 1, {SUPPORT: 3, ELSEWHERE: 0}), **values)


# -- who is here


def test_the_centre_has_those_alone_whose_home_it_is(scene: Scene) -> None:
    assert scene.center.agents.keys() == {BRUCE, CAROLINE}
    assert scene.center.is_away(ALICE)
    assert not scene.center.is_away(BRUCE)
    assert not scene.center.is_away(4711)
    assert ALICE not in scene.center.take_unwritten(scene.now)


def test_of_a_single_pbx_all_are_at_home() -> None:
    center = Scene(homes=[AWAY]).center
    assert center.at_home is None
    assert center.agents.keys() == {BRUCE, ALICE, CAROLINE}


def test_a_station_of_elsewhere_takes_no_line_here() -> None:
    center = a_scene(Station(ALICE, 2, True, START)).center
    assert not center.is_expected(center.directory.lines[2], BRUCE)
    assert ALICE not in center.stations


def test_of_several_pbxs_one_speaks_for_a_user(scene: Scene) -> None:
    here, there = scene.center, Scene(centre=sites().of_pbx(SOUTH), homes=[AWAY]).center
    spoken_for = {login: speaks_for(here, user) for login, user in USERS.items()}
    assert spoken_for == {"bruce": True, "alice": False, "sue": True, "tom": True, "una": False}
    assert {login: speaks_for(there, user) for login, user in USERS.items()} == {
        login: not here for login, here in spoken_for.items()
    }
    assert line_of(here, USERS["alice"]) is None


# -- coming and leaving


def test_who_comes_home_is_told_with_all_that_is_its_own(scene: Scene) -> None:
    came(scene.center, back(day=AgentDay(inbound_calls=4)), scene.now)
    changes, _ = scene.center.drain()
    live = scene.agent(ALICE)
    assert changes[0] == ch.AgentCameHome(ALICE, 6)
    assert ch.MembershipChanged(ALICE, ELSEWHERE, 0) in changes
    assert ch.MembershipChanged(ALICE, SUPPORT, 3) in changes
    assert changes[-2:] == [scene.center.state_change(live), ch.AgentStatsChanged(ALICE, 1)]
    assert (live.queues, live.elsewhere) == ({SUPPORT: 3}, {ELSEWHERE: 0})
    assert live.day(scene.now).inbound_calls == 4
    assert scene.center.at_home == {BRUCE: 0, CAROLINE: 0, ALICE: 6}
    assert ALICE in scene.center.take_unwritten(scene.now)


def test_figures_go_on_from_what_was_under_way_when_the_former_home_was_heard_last(
    scene: Scene,
) -> None:
    call = CallUnderWay(True, "sales", START - 50, START - 40, AgentDay(inbound_calls=1))
    under_way = AgentUnderWay(AgentState.READY, START - 100, START - 60, {"1.1": call})
    gone = back(day=AgentDay(inbound_calls=1, ready_s=40), under_way=under_way, alive=START - 30)
    came(scene.center, gone, scene.now)
    day = scene.agent(ALICE).day(scene.now)
    assert (day.ready_s, day.inbound_calls, day.inbound_answered) == (70, 1, 1)
    assert (day.inbound_talk_s, day.inbound_ring_s) == (10, 10)


def test_what_was_under_way_on_another_day_is_none_of_today(scene: Scene) -> None:
    under_way = AgentUnderWay(AgentState.READY, START - 100, START - 90_000)
    came(scene.center, back(under_way=under_way, alive=START), scene.now)
    assert scene.agent(ALICE).day(scene.now) == AgentDay()


def test_who_comes_home_is_in_the_group_in_which_it_is_by_now(scene: Scene) -> None:
    came(scene.center, back(group_id=2), scene.now)
    assert scene.center.directory.agents[ALICE].group_id == 2


def test_who_leaves_is_known_no_more_and_rings_no_more(scene: Scene) -> None:
    scene.logs_in()
    scene.forget()
    left(scene.center, BRUCE)
    changes, intents = scene.center.drain()
    assert {type(change) for change in changes} == {ch.QueueStatsChanged, ch.AgentLeft}
    assert intents == [
        RemoveMember(queue, "PJSIP/1001") for queue in ("support", "sales", "billing")
    ]
    assert BRUCE not in scene.center.agents
    assert scene.center.on_device == {}
    assert scene.center.presence.of(SUPPORT).logged_in == 0
    assert BRUCE not in scene.center.stations
    assert BRUCE not in scene.center.take_unwritten(scene.now)
    scene.happens(ev.MemberRemoved("support", "PJSIP/1001", "Agent/2501"))
    scene.passes(100)
    assert [each for each in scene.told if not isinstance(each, ch.QueueStatsChanged)] == []


def test_a_call_of_one_who_has_left_is_counted_for_nobody(scene: Scene) -> None:
    scene.logs_in()
    call = scene.talks()
    left(scene.center, BRUCE)
    scene.forget()
    scene.passes(5)
    scene.hangs_up(call)
    assert not any(isinstance(each, (ch.AgentChanged, ch.AgentStatsChanged)) for each in scene.told)


def test_a_call_of_one_who_comes_back_is_not_counted_twice(scene: Scene) -> None:
    scene.logs_in()
    call = scene.talks()
    left(scene.center, BRUCE)
    scene.passes(5)
    counted = AgentDay(inbound_calls=1, inbound_answered=1, inbound_talk_s=5)
    came(scene.center, Returning(Home(BRUCE, MAIN, 9), 1, day=counted), scene.now)
    scene.passes(5)
    scene.hangs_up(call)
    assert scene.agent().day(scene.now) == counted


def test_calls_that_were_cut_are_those_of_another_pbx_once_their_agent_has_left() -> None:
    call = CallUnderWay(True, "sales", START - 50, None, AgentDay(inbound_calls=1))
    under_way = {BRUCE: AgentUnderWay(AgentState.READY, START, START, {"1.1": call})}
    remembered = Remembered(resumed=Resumed(START, under_way), at_home={BRUCE: 1})
    center = Center(sites().of_pbx(MAIN), START, lambda at: at + DAY, remembered)
    left(center, BRUCE)
    came(center, Returning(Home(BRUCE, MAIN, 9), 1), START)
    ((_, written),) = center.take_unwritten(START).values()
    assert written.calls == {}


def test_a_wrap_up_of_one_who_has_left_does_not_end_here(scene: Scene) -> None:
    scene.logs_in()
    scene.agent()
    scene.center.agent_record(BRUCE).set_wrapup(5)
    scene.wraps_up()
    assert scene.agent().stance is Stance.WRAPPING
    left(scene.center, BRUCE)
    scene.center.drain()
    scene.passes(60)
    assert scene.asked[-1:] != [RemoveMember("support", "PJSIP/1001")]


# -- members that are found


def test_a_member_of_one_who_is_away_asks_for_its_home(scene: Scene) -> None:
    scene.happens(ev.MemberAdded("support", "PJSIP/1002", "Agent/2502", 0, False, ""))
    assert scene.told == [ch.AgentFound(ALICE, 2)]
    assert scene.asked == []
    remove_named(scene.center, ALICE)
    assert scene.center.intents == [RemoveMember("support", "PJSIP/1002")]


def test_events_of_a_member_of_one_who_is_away_change_nothing(scene: Scene) -> None:
    scene.happens(ev.MemberAdded("support", "PJSIP/1002", "Agent/2502", 0, False, ""))
    scene.forget()
    scene.happens(
        ev.MemberPaused("support", "PJSIP/1002", "Agent/2502", True, "lunch"),
        ev.MemberStatus("support", "PJSIP/1002", "Agent/2502", ev.DeviceStatus.IN_USE),
        ev.MemberPenalty("support", "PJSIP/1002", "Agent/2502", 4),
        ev.MemberRemoved("support", "PJSIP/1002", "Agent/2502"),
    )
    assert (scene.told, scene.asked) == ([], [])


def test_a_member_of_one_who_is_away_that_is_listed_is_removed(scene: Scene) -> None:
    alice = member("support", interface="PJSIP/1002", member="Agent/2502")
    scene.rebuilds(snapshot(alice, member("support")))
    assert scene.asked == [RemoveMember("support", "PJSIP/1002")]


async def test_a_login_on_a_line_that_may_not_be_taken_moves_no_home(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.happens(ev.MemberAdded("support", "PJSIP/1003", "Agent/2506", 0, False, ""))
    (held,) = scene.center.on_device.values()
    assert (held.agent.id, held.line) == (CAROLINE, scene.center.directory.lines[3])
    supervisor = User(9, "eve", "", "", profile="Supervisor", group_ids=frozenset({1}))
    monkeypatch.setitem(USERS, "eve", supervisor)  # of Alice's group, and not of Caroline's
    moved: list[int] = []

    async def take_home(_context: Context, agent: Agent, _line: Line) -> None:
        moved.append(agent.id)
        raise Refused("LoggedInOnAnotherPhone", "")

    monkeypatch.setattr("xucd.commands.login.take_home", take_home)
    for line, code in (("1003", "NotAuthorized"), ("1004", "LoggedInOnAnotherPhone")):
        command = AgentLogin(phone_number=line, agent_id=ALICE)
        with pytest.raises(Refused) as refused:
            await login.login(context_of(scene), command, Heard("eve"))
        assert refused.value.code == code
    assert moved == [ALICE]


# -- what is told


async def heard_by(scene: Scene, login: str) -> Heard:
    who = Heard(login)
    send_live(context_of(scene), who)
    return who


async def test_the_opening_tells_a_user_of_this_pbx_alone_how_it_is(scene: Scene) -> None:
    link, own = "LinkStatus", ["UserStatusUpdate", "PhoneStatusUpdate"]
    assert (await heard_by(scene, "alice")).kinds() == [link]
    assert (await heard_by(scene, "bruce")).kinds() == [*own, "AgentStateEvent", link]
    assert (await heard_by(scene, "tom")).kinds() == [*own, link]
    assert (await heard_by(scene, "una")).kinds() == [link]


async def test_lists_have_all_agents_and_states_are_of_those_who_are_here(scene: Scene) -> None:
    context, sue = context_of(scene), Heard("sue")
    await lists.get_list(context, GetList(object_type="agent"), sue)
    (listed_agents,) = sue.heard
    assert {item.id for item in listed_agents.items} == {BRUCE, ALICE, CAROLINE}
    sue.heard.clear()
    await lists.get_agent_states(context, GetAgentStates(), sue)
    assert {state.agent_id for state in sue.heard} == {BRUCE, CAROLINE}


async def test_a_number_that_is_no_lines_is_told_by_the_default_pbx(scene: Scene) -> None:
    async def hinted(each: Scene) -> list[str]:
        sue = Heard("sue")
        numbers = ["1001", "2001", "4711"]
        await hints.subscribe(context_of(each), SubscribeToPhoneHints(phone_numbers=numbers), sue)
        return [hint.number for hint in sue.heard]

    assert await hinted(scene) == ["1001", "4711"]
    assert await hinted(Scene(centre=sites().of_pbx(SOUTH))) == ["2001"]


async def test_differences_tell_nothing_of_who_is_away(scene: Scene) -> None:
    context = context_of(scene)
    shown = [body for part in differences.shown(context) for _, body in part]
    assert {body.agent_id for body in shown if hasattr(body, "agent_id")} == {BRUCE, CAROLINE}
    audiences = {topic for part in differences.shown(context) for told, _ in part for topic in told}
    phones = {topics.own_phone(user.id): login for login, user in USERS.items()}
    assert {phones[each] for each in phones.keys() & audiences} == {"bruce", "sue", "tom"}
    for about in (b"QueueMember %d 1", b"AgentListen %d 1004"):
        assert list(differences.gone(context, about % ALICE, b"")) == []
        assert list(differences.gone(context, about % BRUCE, b"")) != []
    event = (
        b'{"msgType":"PhoneEvent","ctiMessage":{"eventType":"EventRinging","DN":"1",'
        b'"otherDN":"2","otherDName":"","linkedId":"1","uniqueId":"1","callDirection":"Incoming",'
        b'"userData":{},"username":"%b"}}'
    )
    for name, count in (("alice", 0), ("bruce", 1)):
        told = list(differences.gone(context, b"PhoneEvent 1", event % name.encode()))
        assert len(told) == count


async def test_who_comes_home_is_announced_to_other_nodes_before_its_states(scene: Scene) -> None:
    context = context_of(scene)
    order: list[str] = []

    class Feed:
        def __init__(self) -> None:
            self.topics = Counter[object]()

        def at_home(self, agent_id: int, number: int) -> None:
            order.append(f"home {agent_id} {number}")

        def record_unheard(self, about: bytes, value: bytes | None) -> None:
            order.append(about.split()[0].decode())

    publisher = Publisher(context)
    context.hub.feeds.append(Feed())  # type: ignore[arg-type]
    came(scene.center, back(), scene.now)
    publisher.publish(scene.center.drain()[0])
    assert order[0] == f"home {ALICE} 6"
    assert {"UserStatusUpdate", "PhoneStatusUpdate", "QueueMember", "AgentStateEvent"} <= {*order}


async def test_what_is_asked_for_one_who_is_away_is_refused(scene: Scene) -> None:
    context, sue, alice = context_of(scene), Heard("sue"), Heard("alice")
    for asked in (
        lambda: find_agent(context, ALICE, sue),
        lambda: find_agent(context, None, alice),
        lambda: find_line(context, "2001"),
        lambda: own_line(context, alice),
        lambda: own_line(context, Heard("una")),
    ):
        with pytest.raises(Refused) as refused:
            asked()
        assert refused.value.code == "PbxUnavailable"


# -- another configuration


def test_another_configuration_keeps_who_is_here(scene: Scene) -> None:
    scene.logs_in()
    after = a_scene(*scene.center.stations.values(), homes=(Home(CAROLINE, SOUTH, 8),)).center
    inherit(after, scene.center, scene.now)
    assert after.agents.keys() == {BRUCE, ALICE}
    assert ch.AgentCameHome(ALICE, 0) in after.changes
    assert after.agents[BRUCE].stance is Stance.READY
    assert SALES in after.agents[BRUCE].members
    assert BILLING in after.agents[BRUCE].members
