"""Asterisk's question whether a phone may ring: the FastAGI script, and what answers it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest
from twisted.internet import reactor as twisted_reactor

from tests.scene import START, Scene
from tests.test_agi_server import Asterisk
from xucd.agi import may_ring as script
from xucd.agi.server import AgiServer
from xucd.ami.framing import parse
from xucd.ami.resync import SnapshotBuilder
from xucd.app.may_ring import may_ring
from xucd.center import events as ev
from xucd.center.directory import Line
from xucd.center.events import ChannelState
from xucd.center.reservations import Asking
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
        self._lines = {line.number: line for line in lines}
        self._listening = reactor.listenTCP(
            0, AgiServer({"may_ring": script.script(self._may_ring)}), interface="127.0.0.1"
        )
        self.port: int = self._listening.getHost().port

    async def _may_ring(self, asking: Asking, channel: str) -> Line | None:
        self.asked.append((asking, channel))
        return self._lines.get(asking.number)

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
        asterisk = await Asterisk.connect(server.port, "may_ring", "1001", "north-17.3")
        assert await asterisk.hears() == 'SET VARIABLE "XUCDPHONE" "1001"'
        asterisk.say("200 result=1\n")
        assert await asterisk.is_left()
        asterisk = await Asterisk.connect(server.port, "may_ring", "1002", "")
        assert await asterisk.hears() == 'SET VARIABLE "XUCDRING" "SIP/1002"'
        asterisk.say("200 result=1\n")
        assert await asterisk.is_left()
        assert server.asked == [
            (Asking("1001", "north-17.3"), ASKER),
            (Asking("1002"), ASKER),
        ]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("",),
        ("1003", ""),
        ("1001", "17.3; rm -rf /"),
        ("1001", "17.3\\nagi_arg_1: 1002"),
        ("1001", "é"),
        ("1001", "1" * 150),
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

    async def asks(self, is_ours: Callable[[], bool] = lambda: True) -> Line | None:
        return await may_ring(self.context, is_ours, Asking("1001"), ASKER)


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


def test_a_list_of_channels_tells_what_those_in_the_judging_context_ask_for() -> None:
    builder = SnapshotBuilder()
    for unique_id, variables in (
        ("1.1", "Variable: XUCDNUMBER=1001\nVariable: XUCDID=south-17.3"),
        ("1.2", "Variable: XUCDNUMBER=1002"),
        ("1.3", "Variable: XUCDNUMBER=\nVariable: XUCDID=17.4"),
    ):
        status = f"Event: Status\nChannel: PJSIP/x-1\nUniqueid: {unique_id}\n{variables}"
        builder.feed(parse(status.replace("\n", "\r\n").encode()))
    assert builder.snapshot().asking == {
        "1.1": Asking("1001", "south-17.3"),
        "1.2": Asking("1002"),
    }
