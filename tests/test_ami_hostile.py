"""Recorded calls in which a field holds what SIP, a dialplan or another program can put there.

Whatever it is, each block is read or left out with a `DecodeError`, nothing else is raised, and all
that pages are told is of the kinds that the messages declare.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from tests.house import House
from tests.plugin_proofs import Proof
from tests.scene import SALES, SUPPORT
from tests.told import unfit
from xucd.ami.errors import DecodeError
from xucd.ami.events import decode
from xucd.ami.framing import GREETING, Framer
from xucd.ami.resync import Resync
from xucd.center.changes import SheetField
from xucd.center.events import ChannelCreated, ChannelState
from xucd.center.rules.rebuild import rebuild
from xucd.center.rules.table import apply
from xucd.center.sheets import KeptSheet, SheetTemplate
from xucd.commands import lists
from xucd.cti import commands as cmd
from xucd.cti import messages as msg
from xucd.views.queues import queue_calls

SHEET = SheetTemplate(
    "all",
    "ring",
    (
        SheetField("Caller", "text", 1, "{caller_name} {var:X} {channel} {queue} {linked_id}"),
        SheetField("Record", "url", 2, "https://crm.example.org/?q={caller_name}&x={var:X}"),
    ),
)
TRACES = Path(__file__).parent / "traces"
CALLS = ("queue-transfers", "picked-up-callee", "local-member", "crm", "queue-exits", "park")

HOSTILE = (
    b"<img src=x onerror=\"alert('1')\">|;,\0\x1b\xe2\x80\xae\xe9",
    b"",
    b" ",
    b"<img src=x onerror=alert(1)>",
    b"\"' onclick='alert(1)' x=\"",
    b"&lt;script&gt;",
    b"a|b;c,PJSIP/1002;0",
    b"\\n\\r\\x\\",
    b"\\\"<b>\\'",
    b"caf\xe9",  # Latin-1
    b"Zo\xc3",  # cut in the middle of a character
    b"\xf0\x9f\x98 \xed\xa0\x80 \xff",
    b"a\0b\x1b[31m\x7f",
    b"line\nUniqueid: 1.1\nEvent: Shutdown",
    b"line\rEvent: Shutdown",
    "\u202egnp.exe\u2066\u200b\ufeff\u2028".encode(),
    "Zoë 😀👩\u200d🚀".encode(),
    b"Event: Shutdown",
    b"<unknown>",
    b"unknown",
    b"s",
    b"-1",
    b"99999999999999999999999999999",
    b"9" * 5000,
    b"NaN",
    b"x" * 5000,
    "é".encode() * 3000,
    b"1001;ext=2",
    b"+49 (170) 12",
    b"{caller_name}%0D%0A",
    b"Agent/2501",
    b"PJSIP/1001",
    b"support",
)
FIELDS = (
    b"CallerIDNum",
    b"CallerIDName",
    b"ConnectedLineNum",
    b"ConnectedLineName",
    b"Exten",
    b"Context",
    b"Queue",
    b"Interface",
    b"Location",
    b"MemberName",
    b"Name",
    b"PausedReason",
    b"Reason",
    b"Channel",
    b"Uniqueid",
    b"Linkedid",
    b"DestUniqueid",
    b"Value",
    b"Variable",
    b"AppData",
    b"ApplicationData",
    b"Application",
    b"Data",
    b"DNID",
    b"Device",
    b"State",
    b"DialStatus",
    b"BridgeUniqueid",
    b"BridgeId",
    b"BridgeTechnology",
    b"Duration",
    b"Position",
    b"Penalty",
    b"Paused",
    b"Status",
    b"ChannelState",
    b"HoldTime",
    b"Wait",
    b"LastPause",
    b"Membership",
    b"StateInterface",
    b"ActionID",
)


def lines_of(name: str) -> list[list[bytes]]:
    """The blocks of a trace, in lines."""
    framer = Framer(greeted=False)
    blocks = framer.feed((TRACES / f"{name}.ami").read_bytes())
    return [block.split(b"\r\n") for block in blocks if not block.startswith(GREETING)]


BLOCKS = {
    f"{name}-{version}": lines_of(f"{name}-{version}") for name in CALLS for version in (16, 22)
}


PLACES = {
    "instead": lambda line, header, value: [header + value],
    "behind": lambda line, header, value: [line + value],
    "besides": lambda line, header, value: [line, header + value],
}
"""Where a value is put: in the place of a header's own, behind it, or into a header more."""


def with_value(lines: list[bytes], field: bytes, value: bytes, place: str) -> bytes:
    """A block with a value in a field."""
    changed: list[bytes] = []
    for line in lines:
        hit = line.startswith(field + b": ")
        changed += PLACES[place](line, field + b": ", value) if hit else [line]
    return b"\r\n".join(changed)


class Listener:
    """A house that reads what Asterisk says, and tells its pages."""

    def __init__(self) -> None:
        self.house = House()
        self.pages = [self.house.page(login) for login in ("ada", "bruce")]
        self.resync = Resync()
        self.left_out = 0

    async def open(self) -> None:
        """Have the pages subscribe to all that there is."""
        for page in self.pages:
            await lists.subscribe_to_agent_events(
                self.house.context, cmd.SubscribeToAgentEvents(), page
            )
            for kind in ("agent", "queuemember"):
                ask = cmd.GetList(object_type=cast(Any, kind))
                await lists.get_list(self.house.context, ask, page)
            await self.house.watch(page, "1001", "1002")

    def hears(self, stream: bytes) -> None:
        """Read bytes, as a connection does."""
        for raw in Framer(greeted=False).feed(stream):
            try:
                self._hear(raw)
            except DecodeError:
                self.left_out += 1

    def _hear(self, raw: bytes) -> None:
        center, scene = self.house.context.center, self.house.scene
        scene.now += 0.01
        if Resync.owns(raw):
            snapshot = self.resync.feed(raw)
            if snapshot is not None:
                rebuild(center, snapshot, scene.now)
        elif (event := decode(raw)) is not None:
            if isinstance(event, ChannelCreated) and event.state is ChannelState.RING:
                known = {"caller_name": event.name, "var:X": event.exten, "channel": event.channel}
                center.sheets.keep(KeptSheet(SHEET, event.channel, event.unique_id, known))
            apply(center, event, scene.now)
        self.house.publisher.publish(center.drain()[0])
        self.pages[0].heard += [queue_calls(center, queue_id) for queue_id in (SUPPORT, SALES)]

    def told(self) -> set[str]:
        """The kinds of messages that pages have heard."""
        return {type(body).__name__ for page in self.pages for body in page.heard}

    def wrong(self) -> list[str]:
        """What was told that is not of its kind."""
        return [
            each
            for page in self.pages
            for body in page.heard
            for each in unfit(type(body).__name__, told_as_json(body))
        ]


def told_as_json(body: msg.Message) -> Any:
    return msgspec.json.decode(msg.encode(body))["ctiMessage"]


def combinations(count: int) -> Iterator[tuple[str, bytes, bytes, str]]:
    """Each field with so many values: in which call, and where."""
    calls, values = itertools.cycle(BLOCKS), itertools.cycle(HOSTILE[1:])
    places = itertools.cycle(PLACES)
    for field in FIELDS:
        for call, place in zip(BLOCKS, ("instead", "behind"), strict=False):
            yield call, field, HOSTILE[0], place
        for _ in range(count - 2):
            yield next(calls), field, next(values), next(places)


async def test_calls_without_a_hostile_value_are_read_whole_and_told() -> None:
    told: set[str] = set()
    for blocks in BLOCKS.values():
        listener = Listener()
        await listener.open()
        listener.hears(b"".join(b"\r\n".join(lines) + b"\r\n\r\n" for lines in blocks))
        assert not listener.left_out
        assert not listener.wrong()
        told |= listener.told()
    assert told >= {"PhoneEvent", "QueueCalls", "AgentStateEvent", "Sheet", "PhoneHintStatusEvent"}


@pytest.mark.timeout(1800)
async def test_a_hostile_value_in_any_field_is_told_to_nobody_as_it_is(
    request: pytest.FixtureRequest, proof: Proof
) -> None:
    tried, wrong = 0, []
    for call, field, value, place in combinations(request.config.getoption("--hostile")):
        listener = Listener()
        await listener.open()
        changed = [with_value(lines, field, value, place) for lines in BLOCKS[call]]
        listener.hears(b"".join(block + b"\r\n\r\n" for block in changed))
        wrong += [(call, field, value, place, each) for each in listener.wrong()]
        tried += 1
    assert not wrong[:5]
    proof("A hostile value in a field of AMI: markup, control characters, broken text", times=tried)
