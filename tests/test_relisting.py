"""When Asterisk's members are listed anew, and when not."""

import asyncio
import contextlib
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from xucd.ami.errors import AmiError, Deadline, Rejected
from xucd.app import relisting
from xucd.app.relisting import EXPLAINED_S, RELIST_S, Relisting
from xucd.center.intents import Intent, RemoveMember, SetPenalty

PENALTY = SetPenalty(queue="sales", interface="PJSIP/1001", penalty=2)


GONE = "Invalid interface, queuename or penalty"
"""So Asterisk says it of one that is no member."""


def refused(text: str = GONE) -> Rejected:
    return Rejected("QueuePenalty", text)


class Looks:
    """Counts the looks; one ends once `ends` is set, `fails` is what one raises."""

    def __init__(self) -> None:
        self.begun = 0
        self.begins = asyncio.Event()
        self.ends = asyncio.Event()
        self.ends.set()
        self.fails: AmiError | None = None
        self.tasks: list[asyncio.Task[None]] = []
        self.relisting = Relisting(self._look, self._start)

    async def settled(self) -> int:
        """How many looks there were by the time that none is under way."""
        await asyncio.gather(*self.tasks)
        return self.begun

    async def _look(self) -> None:
        self.begun += 1
        self.begins.set()
        await self.ends.wait()
        if self.fails is not None:
            raise self.fails

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        self.tasks.append(asyncio.create_task(coroutine))
        return self.tasks[-1]


class Clock:
    """The loop's clock, which goes on only when it is told, or when somebody waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)
            self.now += seconds
            await asyncio.sleep(0)

        own = SimpleNamespace(**vars(asyncio))
        own.get_running_loop = lambda: SimpleNamespace(time=lambda: self.now)
        own.sleep = sleep
        monkeypatch.setattr(relisting, "asyncio", own)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


async def test_a_refusal_that_contradicts_the_members_leads_to_a_look(clock: Clock) -> None:
    looks = Looks()
    looks.relisting.doubt(PENALTY, refused())
    assert await looks.settled() == 1


@pytest.mark.parametrize("error", [Deadline("late"), refused("Permission denied")], ids=repr)
async def test_any_other_refusal_leads_to_none(clock: Clock, error: AmiError) -> None:
    looks = Looks()
    looks.relisting.doubt(PENALTY, error)
    assert await looks.settled() == 0


async def test_the_same_refusal_leads_to_one_look_a_minute(clock: Clock) -> None:
    looks = Looks()
    for passed, wanted in ((0, 1), (EXPLAINED_S - 2, 1), (2, 2), (EXPLAINED_S / 2, 2)):
        clock.now += passed
        looks.relisting.doubt(PENALTY, refused())
        assert await looks.settled() == wanted


@pytest.mark.parametrize(
    "other",
    [
        SetPenalty(queue="support", interface="PJSIP/1001", penalty=2),
        SetPenalty(queue="sales", interface="PJSIP/1002", penalty=2),
        RemoveMember(queue="sales", interface="PJSIP/1001"),
    ],
)
async def test_a_refusal_of_something_else_leads_to_another_look(
    clock: Clock, other: Intent
) -> None:
    looks = Looks()
    looks.relisting.doubt(PENALTY, refused())
    await looks.settled()
    looks.relisting.doubt(other, refused())
    assert await looks.settled() == 2


async def test_a_refusal_after_all_was_in_order_is_news(clock: Clock) -> None:
    looks = Looks()
    looks.relisting.doubt(PENALTY, refused())
    await looks.settled()
    looks.relisting.is_current()
    looks.relisting.doubt(PENALTY, refused())
    assert await looks.settled() == 2


async def test_what_is_asked_for_before_a_look_begins_is_one_look(clock: Clock) -> None:
    looks = Looks()
    assert looks.relisting.refresh() is looks.relisting.refresh()
    assert looks.relisting.is_due
    assert await looks.settled() == 1
    assert not looks.relisting.is_due


async def test_what_is_asked_for_during_a_look_is_another_a_second_later(clock: Clock) -> None:
    looks = Looks()
    looks.ends.clear()
    first = looks.relisting.refresh()
    await looks.begins.wait()
    second = looks.relisting.refresh()
    assert second is not first
    looks.ends.set()
    assert await looks.settled() == 2
    assert clock.waits == [0, RELIST_S]


async def test_no_look_begins_while_the_state_is_listed(clock: Clock) -> None:
    looks = Looks()
    async with looks.relisting.listing:
        looks.relisting.refresh()
        for _ in range(10):
            await asyncio.sleep(0)
        assert looks.begun == 0
    assert await looks.settled() == 1


async def test_a_look_that_fails_is_logged_and_followed_by_one_that_does_not(clock: Clock) -> None:
    looks = Looks()
    looks.fails = Deadline("late")
    with structlog.testing.capture_logs() as logged:
        looks.relisting.refresh()
        await looks.settled()
    assert [(each["log_level"], each["code"]) for each in logged] == [
        ("warning", "AsteriskTimeout")
    ]
    looks.fails = None
    looks.relisting.refresh()
    assert await looks.settled() == 2


async def test_a_look_that_is_given_up_does_not_keep_the_next_from_beginning(clock: Clock) -> None:
    looks = Looks()
    async with looks.relisting.listing:
        task = looks.relisting.refresh()
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    looks.tasks.clear()
    looks.relisting.refresh()
    assert await looks.settled() == 1
