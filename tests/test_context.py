"""Asking Asterisk and waiting: what a command is told when events overtake the answer.

The Asterisk here is a script, because the order that is tested comes about on a real one once in a
few dozen calls only.
"""

import asyncio
from collections.abc import Callable

import pytest

from tests.scene import ALICE, BRUCE, Scene
from xucd.center.agent import Stance
from xucd.center.directory import User
from xucd.center.intents import HangUp, Intent, SetPause
from xucd.center.refused import Refused
from xucd.center.rights import rights_of
from xucd.commands.asterisk import AsteriskRequests
from xucd.commands.context import Context, Options
from xucd.commands.pause import unpause_agent
from xucd.cti.hub import Hub
from xucd.cti.session import Session
from xucd.cti.sign_in import SignInKey
from xucd.store import AsyncStore, Store
from xucd.store.journal import Journal

ADA = User(1, "ada", "", "", profile="Admin")
SOMEBODY = Session(ADA, SignInKey("s", "g"), rights_of(ADA, strict=True), writer=None)


class Script:
    """An Asterisk that plays what it is given before it answers."""

    def __init__(self) -> None:
        self.asked: list[Intent] = []
        self.events: Callable[[], None] = lambda: None

    async def ask(self, intent: Intent) -> None:
        self.asked.append(intent)
        self.events()


def unused_journal() -> Journal:
    """The journal of a store that is never asked for anything."""
    return Journal(AsyncStore(Store("sqlite:///unused.db")))


def a_context(scene: Scene, script: Script) -> Context:
    """A context whose Asterisk is the script, with a current state."""
    asterisk = AsteriskRequests(script.ask, timeout=0.2, started_at=scene.now)
    asterisk.lost_since = None
    return Context(
        center=scene.center,
        asterisk=asterisk,
        journal=unused_journal(),
        hub=Hub(asyncio.get_running_loop()),
        options=Options(),
        now=lambda: scene.now,
        publish=lambda: None,
    )


@pytest.fixture
async def table() -> tuple[Context, Scene, Script]:
    scene, script = Scene(), Script()
    scene.logs_in()
    return a_context(scene, script), scene, script


async def test_what_came_about_counts_even_if_it_has_passed_before_the_answer(
    table: tuple[Context, Scene, Script],
) -> None:
    context, scene, script = table
    scene.wraps_up()

    def ready_called_and_wrapping_again() -> None:
        scene.pauses(False)
        context.asterisk.check_waiting()
        scene.wraps_up()
        context.asterisk.check_waiting()

    script.events = ready_called_and_wrapping_again
    await unpause_agent(context, scene.agent(BRUCE), SOMEBODY)
    assert scene.agent(BRUCE).stance is Stance.WRAPPING


async def test_what_does_not_come_about_is_refused_after_the_timeout(
    table: tuple[Context, Scene, Script],
) -> None:
    context, scene, _ = table
    scene.pauses(True, "lunch")
    with pytest.raises(Refused, match="AsteriskTimeout"):
        await unpause_agent(context, scene.agent(BRUCE), SOMEBODY)


async def test_nothing_is_asked_while_the_state_is_not_current(
    table: tuple[Context, Scene, Script],
) -> None:
    context, scene, script = table
    scene.pauses(True, "lunch")
    context.asterisk.lost_since = scene.now
    with pytest.raises(Refused, match="AsteriskUnavailable"):
        await unpause_agent(context, scene.agent(BRUCE), SOMEBODY)
    assert script.asked == []


@pytest.mark.parametrize(
    ("intent", "relisted"),
    [(HangUp("PJSIP/1001-1"), 0), (SetPause("PJSIP/1001", True, "lunch"), 1)],
    ids=["of channels", "of members"],
)
async def test_members_are_listed_anew_only_for_what_changes_members(
    table: tuple[Context, Scene, Script],
    monkeypatch: pytest.MonkeyPatch,
    intent: Intent,
    relisted: int,
) -> None:
    context, _, _ = table
    monkeypatch.setattr("xucd.commands.asterisk.UNSEEN_S", 0.01)
    listed: list[None] = []

    async def relist() -> None:
        listed.append(None)

    context.asterisk.relist_members = relist
    with pytest.raises(Refused, match="AsteriskTimeout"):
        await context.asterisk.bring_about(lambda: False, intent)
    assert len(listed) == relisted


async def test_who_has_its_events_does_not_wait_for_the_list_that_it_asked_for(
    table: tuple[Context, Scene, Script], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list may wait for one under way, and so take longer than a command has time."""
    context, scene, _ = table
    monkeypatch.setattr("xucd.commands.asterisk.UNSEEN_S", 0.0)
    listed = asyncio.Event()

    async def relist() -> None:
        scene.pauses(True, "lunch")  # by the events that the list before has held back
        context.asterisk.check_waiting()
        await listed.wait()

    context.asterisk.relist_members = relist
    done = scene.agent(BRUCE)
    async with asyncio.timeout(10):
        await context.asterisk.bring_about(
            lambda: done.stance is Stance.PAUSED, SetPause("PJSIP/1001", True, "lunch")
        )
    listed.set()


async def test_whose_event_comes_as_the_wait_for_it_ends_has_nothing_listed(
    table: tuple[Context, Scene, Script], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, scene, script = table
    monkeypatch.setattr("xucd.commands.asterisk.UNSEEN_S", 0.0)
    listed: list[None] = []

    async def relist() -> None:
        listed.append(None)

    def pauses() -> None:
        scene.pauses(True, "lunch")
        context.asterisk.check_waiting()

    def pauses_soon() -> None:
        """In the turn after the answer, in which the time is up, too."""
        asyncio.get_running_loop().call_soon(pauses)

    context.asterisk.relist_members = relist
    script.events = pauses_soon
    bruce = scene.agent(BRUCE)
    await context.asterisk.bring_about(
        lambda: bruce.stance is Stance.PAUSED, SetPause("PJSIP/1001", True, "lunch")
    )
    assert not listed


async def test_who_waits_for_an_event_goes_on_in_the_turn_after_it(
    table: tuple[Context, Scene, Script],
) -> None:
    context, scene, script = table
    live = scene.agent(BRUCE)
    asking = asyncio.ensure_future(
        context.asterisk.bring_about(
            lambda: live.stance is Stance.PAUSED, SetPause("PJSIP/1001", True, "lunch")
        )
    )
    await asyncio.sleep(0)
    assert script.asked  # and answered at once
    scene.pauses(True, "lunch")
    context.asterisk.check_waiting()
    assert not asking.done()
    await asyncio.sleep(0)
    assert asking.done()
    await asking


@pytest.mark.parametrize("came", [True, False])
async def test_what_has_come_and_is_held_back_as_the_time_is_up_counts(
    table: tuple[Context, Scene, Script], *, came: bool
) -> None:
    context, scene, _ = table

    async def catch_up() -> None:
        if came:
            scene.pauses(True, "lunch")

    context.asterisk.catch_up = catch_up
    live = scene.agent(BRUCE)
    asking = context.asterisk.bring_about(
        lambda: live.stance is Stance.PAUSED, SetPause("PJSIP/1001", True, "lunch")
    )
    if came:
        await asking
    else:
        with pytest.raises(Refused, match="AsteriskTimeout"):
            await asking


async def test_what_is_not_answered_is_refused_even_if_its_events_come(
    table: tuple[Context, Scene, Script],
) -> None:
    context, scene, script = table

    async def never(intent: Intent) -> None:
        scene.pauses(True, "lunch")
        await asyncio.sleep(60)

    context.asterisk._send = never
    asking = context.asterisk.ask(SetPause("PJSIP/1001", True, "lunch"))
    with pytest.raises(Refused, match="AsteriskTimeout"):
        await context.asterisk.until(lambda: True, asking)
    assert context.asterisk.in_doubt(["PJSIP/1001"])
    assert script.asked == []


async def test_who_waits_for_an_agent_is_asked_only_when_that_agent_has_changed(
    table: tuple[Context, Scene, Script],
) -> None:
    context, scene, _ = table
    looks: dict[int | None, int] = {}

    def counting(agent_id: int | None) -> Callable[[], bool]:
        def done() -> bool:
            looks[agent_id] = looks.get(agent_id, 0) + 1
            return agent_id is not None and scene.agent(agent_id).stance is Stance.PAUSED

        return done

    commands = [
        asyncio.ensure_future(
            context.asterisk.bring_about(counting(agent_id), HangUp("x"), agent_id=agent_id)
        )
        for agent_id in (BRUCE, ALICE, None)
    ]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    before = dict(looks)
    scene.center.take_touched()
    scene.pauses(True, "lunch")
    context.asterisk.check_waiting(scene.center.take_touched())
    assert looks == {BRUCE: before[BRUCE] + 1, ALICE: before[ALICE], None: before[None] + 1}
    await commands[0]
    for command in commands[1:]:
        command.cancel()
