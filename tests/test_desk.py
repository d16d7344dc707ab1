"""Asking Asterisk and waiting: what a command is told when events overtake the answer.

The Asterisk here is a script, because the order that is tested comes about on a real one once in a
few dozen calls only.
"""

import asyncio
from collections.abc import Collection, Mapping

import pytest

from tests.scene import BRUCE, Scene
from xucd.center.agent import Stance
from xucd.center.intents import WRAPUP_REASON, Intent
from xucd.center.refused import Refused
from xucd.center.seat import Seat
from xucd.cti.hub import Hub
from xucd.desk.desk import Desk
from xucd.desk.pause import unpause_agent


class Script:
    """An Asterisk that plays what it is given before it answers."""

    def __init__(self) -> None:
        self.asked: list[Intent] = []
        self.events = lambda: None

    async def ask(self, intent: Intent) -> None:
        self.asked.append(intent)
        self.events()


class Nothing:
    """A store that has nothing to do."""

    async def put_seat(self, seat: Seat) -> None: ...
    async def set_membership(self, agent_id: int, queue_id: int, penalty: int) -> None: ...
    async def set_agent_group(self, agent_id: int, group_id: int) -> None: ...
    async def default_memberships(self) -> dict[int, dict[int, int]]:
        return {}

    async def set_default_memberships(
        self, memberships: Mapping[int, Mapping[int, int]], among: Collection[int] | None
    ) -> None: ...

    async def written(self) -> None: ...


@pytest.fixture
async def desk() -> tuple[Desk, Scene, Script]:
    scene, script = Scene(), Script()
    scene.logs_in()
    desk = Desk(
        scene.center,
        script,
        Nothing(),
        Hub(asyncio.get_running_loop()),
        clock=lambda: scene.now,
        publish=lambda: None,
        patience=0.2,
        statuses=[],
    )
    desk.current = True
    return desk, scene, script


async def test_what_came_about_counts_even_if_it_has_passed_before_the_answer(
    desk: tuple[Desk, Scene, Script],
) -> None:
    table, scene, script = desk
    scene.pauses(True, WRAPUP_REASON)

    def ready_called_and_wrapping_again() -> None:
        scene.pauses(False)
        table.moved()
        scene.pauses(True, WRAPUP_REASON)
        table.moved()

    script.events = ready_called_and_wrapping_again
    await unpause_agent(table, scene.agent(BRUCE))
    assert scene.agent(BRUCE).stance is Stance.WRAPPING


async def test_what_does_not_come_about_is_refused_after_the_patience(
    desk: tuple[Desk, Scene, Script],
) -> None:
    table, scene, _ = desk
    scene.pauses(True, "lunch")
    with pytest.raises(Refused, match="AsteriskTimeout"):
        await unpause_agent(table, scene.agent(BRUCE))


async def test_nothing_is_asked_while_the_state_is_not_current(
    desk: tuple[Desk, Scene, Script],
) -> None:
    table, scene, script = desk
    scene.pauses(True, "lunch")
    table.current = False
    with pytest.raises(Refused, match="AsteriskUnavailable"):
        await unpause_agent(table, scene.agent(BRUCE))
    assert script.asked == []
