"""Logging in where a logout of before has left something: a pause, or what may yet come true."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest

from tests.scene import BRUCE, CAROLINE, SALES, Scene
from tests.test_context import Script, a_context
from tests.test_members_found import lists
from xucd.center import changes as ch
from xucd.center import events as ev
from xucd.center.agent import AgentState, Stance
from xucd.center.intents import LOGOUT_REASON, SetPause
from xucd.center.refused import Refused
from xucd.center.rights import Rights
from xucd.center.rules import commanded
from xucd.center.snapshot import MemberSeen, Snapshot
from xucd.center.station import Station
from xucd.commands.context import Context
from xucd.commands.login import log_in, log_out, login, logout
from xucd.cti.commands import AgentLogin, AgentLogout
from xucd.cti.session import Session
from xucd.store.journal import Journal


class Obeying(Script):
    """An Asterisk that pauses, and tells so."""

    def __init__(self, scene: Scene, member: MemberSeen) -> None:
        super().__init__()
        self.scene, self.member = scene, member
        self.events = self.tell
        self.told: Callable[[], None] = lambda: None

    def tell(self) -> None:
        asked = self.asked[-1]
        assert isinstance(asked, SetPause)
        queue, name = self.member.queue, self.member.member
        paused = ev.MemberPaused(queue, asked.interface, name, asked.paused, asked.reason)
        self.scene.happens(paused)
        self.told()


async def nothing(*_: object) -> None:
    """Store nothing."""


async def unavailable(*_: object) -> None:
    """Be locked by another program."""
    raise Refused("StoreUnavailable", "xucd cannot write to its database.")


def leave(scene: Scene, context: Context) -> None:
    """All of Bruce's members go."""
    for queue_id in list(scene.agent(BRUCE).members):
        queue = scene.center.directory.queues[queue_id].name
        scene.happens(ev.MemberRemoved(queue, "PJSIP/1001", "Agent/2501"))
    context.asterisk.check_waiting()


def member(interface: str, name: str) -> MemberSeen:
    return MemberSeen("sales", interface, name, 0, False, "", 0, 0, dynamic=False)


@pytest.mark.parametrize(
    "member",
    [member("PJSIP/1003", "Agent/2506"), member("Local/1003@default/n", "Caroline")],
    ids=["hers by name", "of another name"],
)
async def test_a_login_gives_back_what_the_logout_paused_in_a_queue_that_is_not_configured(
    member: MemberSeen,
) -> None:
    scene = Scene()
    queues = frozenset({"support", "sales", "billing"})
    scene.rebuilds(Snapshot(queues, (member,), (), (), {}))
    script = Obeying(scene, member)
    context = a_context(scene, script)
    context.journal = cast(Journal, SimpleNamespace(put_station=nothing, station_written=nothing))
    context.publish = context.asterisk.check_waiting
    line, caroline = scene.center.directory.lines[3], scene.agent(CAROLINE)
    if caroline.stance is Stance.OUT:
        await log_in(context, caroline, line)
    script.told = context.asterisk.check_waiting
    await log_out(context, caroline)
    assert script.asked == [SetPause(member.interface, True, LOGOUT_REASON, "sales")]
    await log_in(context, caroline, line)
    assert script.asked[1:] == [SetPause(member.interface, False, "", "sales")]
    assert caroline.shown.state is AgentState.READY
    assert caroline.members.keys() == {SALES}


def user_of_bruce(sent: list[object]) -> Session:
    user, rights = SimpleNamespace(agent_id=BRUCE), Rights(BRUCE, None, None)
    named = {"user": user, "rights": rights, "send": sent.append, "check": lambda: None}
    return cast(Session, SimpleNamespace(**named))


@pytest.mark.parametrize(
    "command", [AgentLogin(agent_id=BRUCE, phone_number="1001"), AgentLogout()]
)
async def test_what_is_so_already_is_not_acknowledged_before_it_is_in_the_database(
    command: AgentLogin | AgentLogout,
) -> None:
    scene = Scene()
    if isinstance(command, AgentLogin):
        scene.logs_in()
    context = a_context(scene, Script())
    context.journal = cast(
        Journal, SimpleNamespace(put_station=nothing, station_written=unavailable)
    )
    context.asterisk.lost_since = scene.now
    sent: list[object] = []
    with pytest.raises(Refused, match="StoreUnavailable"):
        if isinstance(command, AgentLogin):
            await login(context, command, user_of_bruce(sent))
        else:
            await logout(context, command, user_of_bruce(sent))
    assert sent == []


async def test_a_logout_that_is_not_in_the_database_yet_is_refused_as_partly_done() -> None:
    scene = Scene()
    scene.logs_in()
    context = a_context(scene, script := Script())
    script.events = lambda: leave(scene, context)
    context.journal = cast(
        Journal, SimpleNamespace(put_station=unavailable, station_written=unavailable)
    )
    with pytest.raises(Refused, match="StoreUnavailable") as refused:
        await log_out(context, scene.agent(BRUCE))
    assert scene.agent(BRUCE).stance is Stance.OUT
    assert refused.value.partly


@pytest.mark.parametrize("logged_out", [True, False])
async def test_a_login_again_is_refused_while_a_logout_of_before_may_come_true_unseen(
    *, logged_out: bool
) -> None:
    scene = Scene()
    scene.logs_in()
    context = a_context(scene, Script())
    if logged_out:
        commanded.recall(scene.center, BRUCE)
    context.asterisk.lost_since = scene.now
    sent: list[object] = []
    who = user_of_bruce(sent)
    command = AgentLogin(agent_id=BRUCE, phone_number="1001")
    if logged_out:
        with pytest.raises(Refused, match="AsteriskUnavailable"):
            await login(context, command, who)
    else:
        await login(context, command, who)
    assert len(sent) == (not logged_out)


async def test_what_happens_while_a_logout_is_stored_does_not_store_the_agent_as_in() -> None:
    scene = Scene()
    scene.logs_in()
    context = a_context(scene, script := Script())

    async def slowly(*_: object) -> None:
        scene.pauses(True, "lunch")  # by another program

    begun = len(scene.told)
    script.events = lambda: leave(scene, context)
    context.journal = cast(Journal, SimpleNamespace(put_station=slowly, station_written=nothing))
    await log_out(context, scene.agent(BRUCE))
    told = scene.told[begun:]
    stored = [each.station.logged_in for each in told if isinstance(each, ch.StationChanged)]
    assert stored == []
    assert not scene.center.stations[BRUCE].logged_in
    assert scene.agent(BRUCE).stance is Stance.OUT


async def test_a_login_after_a_logout_that_failed_lasts() -> None:
    scene = Scene()
    scene.logs_in()
    context = a_context(scene, Script())
    context.journal = cast(Journal, SimpleNamespace(put_station=nothing, station_written=nothing))
    commanded.recall(scene.center, BRUCE)
    scene.center.expect_station(Station(BRUCE, 1, False, scene.now))
    sent: list[object] = []
    await login(context, AgentLogin(agent_id=BRUCE, phone_number="1001"), user_of_bruce(sent))
    lists(scene, *(member for _, member in scene.center.members.all()))
    assert scene.agent(BRUCE).stance is Stance.READY
    assert scene.center.stations[BRUCE].logged_in


@pytest.mark.parametrize("reason", ["lunch", None])
async def test_a_logout_is_stored_with_the_pause_that_it_ends_until_it_has_ended(
    reason: str | None,
) -> None:
    scene = Scene()
    scene.logs_in()
    if reason is not None:
        scene.pauses(True, reason)
    context = a_context(scene, script := Script())
    stored: list[Station] = []

    async def store(station: Station) -> None:
        stored.append(station)

    begun = len(scene.told)
    script.events = lambda: leave(scene, context)
    context.journal = cast(Journal, SimpleNamespace(put_station=store, station_written=nothing))
    await log_out(context, scene.agent(BRUCE))
    told = scene.told[begun:]
    stored += [each.station for each in told if isinstance(each, ch.StationChanged)]
    wanted = [(False, reason is not None, reason or ""), (False, False, "")]
    pauses = [(each.logged_in, each.paused, each.reason) for each in stored]
    assert pauses == wanted[: len(pauses)]
    assert len(pauses) == 2 or reason is None
