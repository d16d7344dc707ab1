"""Asterisk's question whether a phone may ring: the FastAGI script, and what answers it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest
from twisted.internet import reactor as twisted_reactor

from tests.scene import BRUCE, START, Scene
from tests.test_agi_server import Asterisk
from xucd.agi import may_ring as script
from xucd.agi.may_ring import Ring
from xucd.agi.server import AgiServer
from xucd.ami.framing import parse
from xucd.ami.resync import SnapshotBuilder
from xucd.app.may_ring import MayRing
from xucd.center import events as ev
from xucd.center.directory import Line, Queue
from xucd.center.events import ChannelState
from xucd.center.intents import MarkCaller
from xucd.center.reservations import Asking
from xucd.cluster.visits import CallData
from xucd.commands.asterisk import AsteriskRequests
from xucd.commands.context import Context, Options
from xucd.cti.hub import Hub

reactor: Any = twisted_reactor

ASKER = "1700000000.1"  # the channel of the requests of `Asterisk`
LINES = (Line(1, "1001", "PJSIP/1001"), Line(2, "1002", "Local/1002@out/n", device="SIP/1002"))


class Answers:
    """A server of the script; `asked` is what it was asked for, by which channel."""

    def __init__(self, *lines: Line) -> None:
        self.asked: list[tuple[Asking, str]] = []
        self.variables: dict[str, str] = {}
        self.sheet = ""
        self._lines = {line.number: line for line in lines}
        self._listening = reactor.listenTCP(
            0, AgiServer({"may_ring": script.script(self._may_ring)}), interface="127.0.0.1"
        )
        self.port: int = self._listening.getHost().port

    async def _may_ring(self, asking: Asking, channel: str) -> Ring | None:
        self.asked.append((asking, channel))
        line = self._lines.get(asking.number)
        return Ring(line.dial_string, self.variables, self.sheet) if line is not None else None

    async def close(self) -> None:
        await self._listening.stopListening().asFuture(asyncio.get_running_loop())


@contextlib.asynccontextmanager
async def answers(*lines: Line) -> AsyncIterator[Answers]:
    opened = Answers(*lines)
    try:
        yield opened
    finally:
        await opened.close()


async def test_what_to_dial_is_set_for_pjsip_by_the_name_of_the_phone_else_as_it_is() -> None:
    async with answers(*LINES) as server:
        asterisk = await Asterisk.connect(server.port, "may_ring", "1001", "12:north-17.3")
        assert await asterisk.hears() == 'SET VARIABLE "XUCDPHONE" "1001"'
        asterisk.say("200 result=1\n")
        assert await asterisk.is_left()
        asterisk = await Asterisk.connect(server.port, "may_ring", "1002", "")
        assert await asterisk.hears() == 'SET VARIABLE "XUCDRING" "SIP/1002"'
        asterisk.say("200 result=1\n")
        assert await asterisk.is_left()
        assert server.asked == [
            (Asking("1001", "12:north-17.3"), ASKER),
            (Asking("1002"), ASKER),
        ]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("",),
        ("1003", ""),
        ("1001", "12:17.3; rm -rf /"),
        ("1001", "12:17.3\\nagi_arg_1: 1002"),
        ("1001", "12:é"),
        ("1001", "17.3"),
        ("1001", "1234567890:17.3"),
        ("1001", "12:" + "1" * 150),
        ("${SHELL(id)}", ""),
        ("1001,1002", ""),
    ],
)
async def test_a_no_and_whatever_is_no_question_set_nothing(arguments: tuple[str, ...]) -> None:
    async with answers(*LINES) as server:
        asterisk = await Asterisk.connect(server.port, "may_ring", *arguments)
        assert await asterisk.is_left()


async def test_a_number_with_a_line_end_forges_no_other_channel() -> None:
    async with answers(*LINES) as server:
        asterisk = await Asterisk.connect(server.port, "may_ring", "1001\nagi_uniqueid: 1.1", "")
        assert await asterisk.is_left()
        assert server.asked == []


# -- what answers


class Ground:
    """A centre with an agent at 1001, of which Asterisk may still have something to tell."""

    def __init__(self, *to_come: ev.Event) -> None:
        self.scene = Scene()
        self.scene.logs_in()
        self.caught_up = 0
        self.asked_elsewhere: list[tuple[str, str]] = []
        self.known: CallData | None = None

        async def catch_up() -> None:
            self.caught_up += 1
            self.scene.happens(*to_come)

        asterisk = AsteriskRequests(cast(Any, None), timeout=5.0, started_at=START)
        asterisk.lost_since = None
        asterisk.catch_up = catch_up
        self.context = Context(
            center=self.scene.center,
            asterisk=asterisk,
            journal=cast(Any, None),
            hub=Hub(asyncio.get_running_loop()),
            options=Options(),
            now=lambda: self.scene.now,
            publish=lambda: None,
        )

    async def asks(
        self, is_ours: Callable[[], bool] = lambda: True, far_id: str = ""
    ) -> Ring | None:
        answers = MayRing(self.context, is_ours, self.elsewhere)
        return await answers.answer(Asking("1001", far_id), ASKER)

    async def elsewhere(self, pbx: str, linked_id: str) -> CallData | None:
        self.asked_elsewhere.append((pbx, linked_id))
        return self.known


CREATED = ev.ChannelCreated("PJSIP/xucd-north-1", ASKER, ASKER, ChannelState.RING, "", "", "1001")


async def test_a_question_that_is_faster_than_the_events_of_its_channel_waits_for_them() -> None:
    ground = Ground(CREATED)
    assert await ground.asks() is not None
    assert ground.caught_up == 1
    assert await ground.asks() is not None
    assert ground.caught_up == 1, "it is known by now"


async def test_a_channel_that_has_gone_keeps_nobody() -> None:
    ground = Ground(CREATED, ev.ChannelGone("PJSIP/xucd-north-1", ASKER))
    assert await ground.asks() is None
    assert len(ground.scene.center.reservations) == 0


async def test_nothing_rings_while_xucd_does_not_know_asterisk_or_does_not_own_it() -> None:
    ground = Ground(CREATED)
    assert await ground.asks(lambda: False) is None
    ground.context.asterisk.lost_since = START
    assert await ground.asks() is None
    assert len(ground.scene.center.reservations) == 0
    ground.context.asterisk.lost_since = None
    assert await ground.asks() is not None


async def test_what_the_other_pbx_knows_of_a_call_is_set_before_what_to_dial() -> None:
    async with answers(*LINES) as server:
        server.variables, server.sheet = {"USR_ID": "47,11"}, "5B%22a"
        asterisk = await Asterisk.connect(server.port, "may_ring", "1001", "12:17.3")
        for heard in (
            'SET VARIABLE "__USR_ID" "47,11"',
            'SET VARIABLE "XUCD_SHEET" "5B%22a"',
            'SET VARIABLE "XUCDPHONE" "1001"',
        ):
            assert await asterisk.hears() == heard
            asterisk.say("200 result=1\n")
        assert await asterisk.is_left()


async def test_a_call_of_a_queue_elsewhere_is_known_to_be_that_queues_with_its_data() -> None:
    ground = Ground(CREATED)
    queue = Queue(99, "sales", "South", "6001", pbx="south")
    ground.context.center.directory.queues_elsewhere = {99: queue}
    ground.context.center.agent_record(BRUCE).set_elsewhere({99: 0})
    ground.known = CallData({"USR_A": "1", "SHELL(id)": "2"})
    assert await ground.asks(far_id="99:17.3") == Ring("PJSIP/1001", {"USR_A": "1"})
    assert ground.asked_elsewhere == [("south", "17.3")]
    assert ground.context.center.channels.by_id[ASKER].from_queue == "sales,@south"
    assert MarkCaller("PJSIP/xucd-north-1", "sales,@south") in ground.context.center.intents


def visiting(*to_come: ev.Event) -> Ground:
    """The agent has a queue on another PBX."""
    ground = Ground(*to_come)
    queue = Queue(99, "sales", "South", "6001", pbx="south")
    ground.context.center.directory.queues_elsewhere = {99: queue}
    ground.context.center.agent_record(BRUCE).set_elsewhere({99: 0})
    return ground


async def test_a_call_of_which_nothing_is_known_rings_as_well() -> None:
    assert await visiting(CREATED).asks(far_id="99:17.3") == Ring("PJSIP/1001")


async def test_a_queue_elsewhere_in_which_the_agent_is_not_gets_a_no() -> None:
    ground = visiting(CREATED)
    assert await ground.asks(far_id="98:17.3") is None
    ground.context.center.agent_record(BRUCE).set_elsewhere({})
    assert await ground.asks(far_id="99:17.3") is None
    assert len(ground.scene.center.reservations) == 0


@pytest.mark.parametrize("gone", ["pause", "caller", "owner"])
async def test_what_happens_while_the_other_pbx_is_asked_counts(gone: str) -> None:
    ground, owns = visiting(CREATED), [True]

    async def meanwhile(pbx: str, linked_id: str) -> CallData | None:
        if gone == "pause":
            ground.scene.pauses(True, "lunch")
        elif gone == "caller":
            ground.scene.happens(ev.ChannelGone("PJSIP/xucd-north-1", ASKER))
        else:
            owns[0] = False
        return None

    ground.elsewhere = meanwhile  # type: ignore[method-assign]
    assert await ground.asks(lambda: owns[0], far_id="99:17.3") is None
    if gone == "pause":
        assert len(ground.scene.center.reservations) == 0


async def test_what_agi_cannot_carry_is_left_out() -> None:
    async with answers(*LINES) as server:
        server.sheet = "5B%22\na"
        server.variables = {"USR_A": "a\nb", "USR_B": "x" * 9000, "USR_C": "1"}
        asterisk = await Asterisk.connect(server.port, "may_ring", "1001", "12:17.3")
        for heard in ('SET VARIABLE "__USR_C" "1"', 'SET VARIABLE "XUCDPHONE" "1001"'):
            assert await asterisk.hears() == heard
            asterisk.say("200 result=1\n")
        assert await asterisk.is_left()


def test_a_list_of_channels_tells_what_those_in_the_judging_context_ask_for() -> None:
    builder = SnapshotBuilder()
    for unique_id, variables in (
        ("1.1", "Variable: XUCDNUMBER=1001\nVariable: XUCDID=12:south-17.3"),
        ("1.2", "Variable: XUCDNUMBER=1002"),
        ("1.3", "Variable: XUCDNUMBER=\nVariable: XUCDID=17.4"),
    ):
        status = f"Event: Status\nChannel: PJSIP/x-1\nUniqueid: {unique_id}\n{variables}"
        builder.feed(parse(status.replace("\n", "\r\n").encode()))
    assert builder.snapshot().asking == {
        "1.1": Asking("1001", "12:south-17.3"),
        "1.2": Asking("1002"),
    }
