"""What the log says of requests that xucd makes by itself, and that Asterisk refuses.

The Asterisk here is a script: a call that ends between its event and the answer to it comes about
on a real one now and then only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from tests.scene import BILLING, BRUCE, SALES, Scene
from tests.test_context import Script, a_context
from xucd.ami.actions import Action, for_intent
from xucd.ami.errors import ConnectionLost, Rejected
from xucd.app import own_requests
from xucd.app.own_requests import AT_ONCE, OwnRequests
from xucd.app.own_sending import send_own
from xucd.app.service import Pbx, Service
from xucd.center.center import Center
from xucd.center.directory import Directory
from xucd.center.intents import (
    AddMember,
    HangUp,
    Intent,
    MarkCaller,
    MarkRecording,
    RemoveMember,
    SetPause,
    SetPenalty,
)
from xucd.center.refused import Refused
from xucd.center.rules import commanded
from xucd.center.rules.rebuild import rebuild_members
from xucd.center.snapshot import QueuesSeen
from xucd.commands.context import Options
from xucd.store.journal import midnight_after
from xucd.views.statuses import with_own


class Refusing:
    """A connection to an Asterisk that refuses everything so."""

    def __init__(self, text: str) -> None:
        self.text = text

    async def begin(self, action: Action, timeout: float) -> None:
        raise Rejected(action.name, self.text)


async def logged(intent: Intent, refusal: str) -> list[Any]:
    with capture_logs() as entries:
        await send_own(cast(Any, Refusing(refusal)), intent, lambda *_: None)
    return [(entry["log_level"], entry["code"]) for entry in entries]


@pytest.mark.parametrize(
    "intent",
    [
        MarkRecording("PJSIP/1001-1", "0"),
        MarkCaller("PJSIP/1001-1", "support"),
        HangUp("PJSIP/1001-1"),
    ],
)
async def test_that_a_call_has_ended_meanwhile_is_nothing_to_warn_of(intent: Intent) -> None:
    assert await logged(intent, "No such channel") == []


async def test_any_other_refusal_is_warned_of() -> None:
    refusal = "Permission denied"
    assert await logged(SetPause("PJSIP/1001", True, "lunch"), refusal) == [
        ("warning", "AsteriskPermissionDenied")
    ]


@pytest.mark.parametrize("reachable", [True, False])
async def test_what_asterisk_may_have_done_as_the_link_broke_is_a_part_done(
    reachable: bool,
) -> None:
    class Breaking:
        connected = reachable

        async def ask(self, intent: Intent) -> None:
            raise ConnectionLost("gone")

    nobody = cast(Any, None)
    context = a_context(Scene(), Script())
    context.options = Options(statuses=with_own(()))
    service = Service(context, nobody, nobody, Pbx(nobody, nobody, nobody), strict_rights=False)
    service.connection = cast(Any, Breaking())
    with pytest.raises(Refused) as refused:
        await service.send(SetPause("PJSIP/1001", True, "lunch"))
    assert refused.value.partly is reachable


class Slow:
    """An Asterisk that answers when it is told to, in order."""

    connected = True

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.actions: list[Any] = []
        self.unanswered: list[asyncio.Future[None]] = []
        self.read_anew = False

    async def resynchronise(self) -> None:
        assert not self.unanswered
        self.read_anew = True

    def begin(self, action: Action, timeout: float) -> asyncio.Future[None]:
        self.actions.append(action.as_dict())
        self.asked.append(self.actions[-1].get("Queue", ""))
        self.unanswered.append(asyncio.get_running_loop().create_future())
        return self.unanswered[-1]

    async def ask(self, intent: Intent) -> None:
        await self.begin(for_intent(intent), 1)

    async def answer(self, count: int) -> None:
        answered, self.unanswered = self.unanswered[:count], self.unanswered[count:]
        for future in answered:
            future.set_result(None)
        for _ in range(4):
            await asyncio.sleep(0)


def serving(connection: object) -> Service:
    nobody = cast(Any, None)
    context = a_context(Scene(), Script())
    context.options = Options(statuses=with_own(()))
    service = Service(context, nobody, nobody, Pbx(nobody, nobody, nobody), strict_rights=False)
    service.connection = cast(Any, connection)
    return service


def lost_members(count: int) -> list[AddMember]:
    return [AddMember(f"q{number}", "PJSIP/1", "Agent/1", 0) for number in range(count)]


class Storm:
    """As many requests under way as Asterisk is given at once, and Bruce's queues behind them.

    Asterisk has lost his members, without an event.
    """

    def __init__(self) -> None:
        self.asterisk = Slow()
        self.service = serving(self.asterisk)
        self.scene = Scene()
        self.service.context.center = self.center = self.scene.center
        self.scene.logs_in()
        commanded.settle(self.center, BRUCE)
        self.scene.passes(5)
        self.center.drain()
        self.center.intents += lost_members(AT_ONCE)
        self.asks()
        ours = frozenset({"support", "sales", "billing"})
        rebuild_members(self.center, QueuesSeen(ours, ()), self.scene.now, again=True)
        self.asks()
        self.asterisk.asked.clear()
        self.asterisk.actions.clear()

    def asks(self) -> None:
        """Ask for what the centre has decided; no store or client is here to be told of it."""
        _, intents = self.center.drain()
        self.center.intents += intents
        self.service.publish_changes()

    async def ends(self) -> list[str]:
        """Let Asterisk answer, and return for which queues it was asked late."""
        while self.asterisk.unanswered:
            await self.asterisk.answer(AT_ONCE)
        return self.asterisk.asked


async def test_members_that_nobody_has_touched_are_put_back_as_they_were() -> None:
    assert await Storm().ends() == ["support", "sales", "billing"]


async def test_who_logs_out_while_its_members_wait_to_be_put_back_is_not_put_back() -> None:
    storm = Storm()
    commanded.expect_logout(storm.center, BRUCE)
    commanded.begin_logout(storm.center, BRUCE, storm.scene.now)
    storm.asks()
    assert await storm.ends() == []


async def test_a_queue_that_is_left_meanwhile_is_not_put_back() -> None:
    storm = Storm()
    commanded.configure(storm.center, BRUCE, SALES, -1, storm.scene.now)
    storm.asks()
    assert await storm.ends() == ["support", "billing"]


async def test_members_that_wait_are_put_back_paused_as_their_agent_is_by_then() -> None:
    storm = Storm()
    commanded.pause_without_queues(storm.center, BRUCE, True, "lunch", storm.scene.now)
    storm.asks()
    await storm.ends()
    assert [action["Paused"] for action in storm.asterisk.actions] == ["true"] * 3


async def test_a_pause_that_has_ended_meanwhile_is_not_asked_for_late() -> None:
    storm = Storm()
    commanded.pause_without_queues(storm.center, BRUCE, True, "lunch", storm.scene.now)
    storm.center.intents.append(SetPause("PJSIP/1001", True, "lunch"))
    storm.asks()
    commanded.pause_without_queues(storm.center, BRUCE, False, "", storm.scene.now)
    assert len(await storm.ends()) == 3
    assert {action["Action"] for action in storm.asterisk.actions} == {"QueueAdd"}


async def test_a_queue_that_is_given_back_meanwhile_is_not_left_late() -> None:
    storm = Storm()
    commanded.configure(storm.center, BRUCE, SALES, -1, storm.scene.now)
    storm.center.intents.append(RemoveMember("sales", "PJSIP/1001"))
    storm.center.intents.append(SetPenalty("billing", "PJSIP/1001", 2))
    storm.asks()
    commanded.configure(storm.center, BRUCE, SALES, 4, storm.scene.now)
    commanded.configure(storm.center, BRUCE, BILLING, 7, storm.scene.now)
    await storm.ends()
    assert "QueueRemove" not in {action["Action"] for action in storm.asterisk.actions}
    penalties = {action["Queue"]: action["Penalty"] for action in storm.asterisk.actions}
    assert (penalties["sales"], penalties["billing"]) == ("4", "7")


async def test_what_waits_for_an_agent_goes_before_the_pause_that_it_chooses() -> None:
    storm = Storm()
    pausing = asyncio.ensure_future(storm.service.send(SetPause("PJSIP/1001", True, "lunch")))
    await asyncio.sleep(0)
    assert [action["Action"] for action in storm.asterisk.actions[-3:]] == [
        "QueueAdd",
        "QueueAdd",
        "QueuePause",
    ]
    await storm.ends()
    await pausing
    assert storm.service._own_requests.answered().done()


async def test_members_that_asterisk_has_lost_are_put_back_a_few_hundred_at_a_time() -> None:
    asterisk = Slow()
    service, lost = serving(asterisk), lost_members(3 * AT_ONCE)
    service.context.center.intents += lost
    service.publish_changes()
    assert len(asterisk.asked) == AT_ONCE  # in this turn
    await asterisk.answer(10)
    assert len(asterisk.asked) == AT_ONCE + 10
    while asterisk.unanswered:
        await asterisk.answer(100)
        assert len(asterisk.unanswered) <= AT_ONCE
    assert asterisk.asked == [intent.queue for intent in lost]


async def test_what_was_not_sent_when_the_link_broke_is_not_sent_to_the_next_asterisk() -> None:
    asterisk = Slow()
    service = serving(asterisk)
    service.context.asterisk.lost_since = 0.0
    service.connection.missed = False
    service.context.center.intents += lost_members(AT_ONCE + 100)
    service.publish_changes()
    service.on_down()
    service.connection = cast(Any, after := Slow())
    await asterisk.answer(AT_ONCE)
    assert len(asterisk.asked) == AT_ONCE
    service.context.center.intents += lost_members(5)
    service.publish_changes()
    assert len(after.asked) == 5


async def test_who_waits_for_requests_waits_for_those_before_alone() -> None:
    asterisk, tasks = Slow(), set[asyncio.Task[None]]()

    def start(work: Coroutine[Any, Any, None]) -> None:
        tasks.add(asyncio.create_task(work))

    async def send(intent: Intent) -> None:
        await asterisk.begin(Action("Ping"), 1)

    requests = OwnRequests(send, start, lambda intent: intent)
    assert requests.answered().done()
    await asyncio.wait_for(requests.sent(), 1)
    for intent in lost_members(AT_ONCE + 1):
        requests.ask(intent)
    await asyncio.sleep(0)
    before, sent = requests.answered(), asyncio.ensure_future(requests.sent())
    await asyncio.sleep(0)
    requests.ask(AddMember("q", "PJSIP/1", "Agent/1", 0))
    await asterisk.answer(AT_ONCE)
    assert not before.done()
    await asterisk.answer(1)
    assert before.done()
    await asyncio.wait_for(sent, 5)
    assert not requests.answered().done()
    await asterisk.answer(1)
    assert requests.answered().done()


async def test_a_reload_ends_members_a_few_at_a_time_and_asks_nothing_of_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(own_requests, "AT_ONCE", 2)
    asterisk, scene = Slow(), Scene()
    service = serving(asterisk)
    service.context.center = scene.center
    scene.logs_in()
    commanded.settle(scene.center, BRUCE)
    scene.center.drain()
    scene.center.intents += lost_members(4)
    service.publish_changes()
    assert asterisk.asked == ["q0", "q1"]
    before = scene.center.directory
    after = Directory(
        groups=list(before.groups.values()),
        queues=[],
        lines=list(before.lines.values()),
        agents=list(before.agents.values()),
    )
    center = Center(after, scene.now, midnight_after)
    reload = asyncio.ensure_future(service.reconfigure(center))
    await asyncio.sleep(0)
    assert len(asterisk.unanswered) == 2
    center.drain()  # no store or client is here to be told of it
    while not reload.done():
        await asterisk.answer(1)
        assert len(asterisk.unanswered) <= 2
    await reload
    assert asterisk.asked == ["q0", "q1", "support", "sales", "billing"]
    assert asterisk.read_anew
