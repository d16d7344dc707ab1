"""Recorded calls in which a field holds what SIP, a dialplan or another program can put there.

Whatever it is, each block is read or left out with a `DecodeError`, nothing else is raised, and all
that pages are told is of the kinds that the messages declare.
"""

import itertools
import re
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
from xucd.ami.events import DECODERS, decode
from xucd.ami.framing import GREETING, Block, Fields, Framer, name_of, parse
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
CALLS = (
    "queue-transfers",
    "picked-up-callee",
    "local-member",
    "crm",
    "queue-exits",
    "park",
    "attended",
    "semi-attended",
    "ring-no-answer",
    "pickup-answered",
    "originate-app",
    "handed-over-before",
)

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
    b"Event",
    b"Response",
    b"Result",
    b"Module",
    b"Newname",
    b"Timestamp",
    b"LastCall",
    b"Priority",
    b"BridgeType",
    b"DestType",
    b"SpyerUniqueid",
    b"SpyeeUniqueid",
    b"TargetUniqueid",
    b"TransfererUniqueid",
    b"TransfereeUniqueid",
    b"TransferTargetUniqueid",
    b"OrigTransfererUniqueid",
    b"SecondTransfererUniqueid",
)


def lines_of(name: str) -> list[list[bytes]]:
    """The blocks of a trace, in lines."""
    framer = Framer(greeted=False)
    blocks = framer.feed((TRACES / f"{name}.ami").read_bytes())
    return [block.split(b"\r\n") for block in blocks if not block.startswith(GREETING)]


Lines = list[bytes]


def with_what_no_trace_has(version: int) -> list[Lines]:
    """A recorded call, in which an agent is listened to, its recording muted, a module loaded.

    What is not recorded is made of recorded blocks: Asterisk writes a channel and a member with the
    same headers in all events.
    """
    blocks = lines_of(f"queue-call-{version}")

    def recorded(name: bytes, number: int = 0) -> Lines:
        return [block for block in blocks if block[0] == b"Event: " + name][number][2:]

    def event(name: bytes, *headers: bytes, privilege: bytes = b"call,all") -> Lines:
        return [b"Event: " + name, b"Privilege: " + privilege, *headers]

    def of_spyer(headers: Lines) -> Lines:
        # The second channel of the call is the agent's.
        return [
            re.sub(rb"^(Unique|Linked)id: .*", rb"\1id: 1.1", line).replace(b"1001", b"1002")
            for line in headers
        ]

    caller, agent = recorded(b"MixMonitorStart"), recorded(b"Newstate")
    spy = [
        *(b"Spyer" + line for line in of_spyer(agent)),
        *(b"Spyee" + line for line in agent),
    ]
    unique_id = next(line for line in agent if line.startswith(b"Uniqueid: "))
    module = b"Module: app_queue.so"
    added = [
        event(b"Newchannel", *of_spyer(recorded(b"Newchannel", 1))),
        event(b"ChanSpyStart", *spy),
        event(b"MixMonitorMute", *caller, b"Direction: both", b"State: 1"),
        event(b"MixMonitorStop", *caller),
        event(b"Rename", agent[0], b"Newname: PJSIP/1001-000000ff", unique_id),
        event(b"QueueMemberPenalty", *recorded(b"QueueMemberStatus"), privilege=b"agent,all"),
        event(b"Load", module, b"Status: Success", privilege=b"system,all"),
        event(b"Unload", module, b"Status: Success", privilege=b"system,all"),
        event(b"Reload", module, b"Status: 0", privilege=b"system,all"),
        event(b"ChanSpyStop", *spy),
    ]
    ends = [block[0] for block in blocks].index(b"Event: AgentComplete")
    return [*blocks[:ends], *added, *blocks[ends:]]


def with_a_caller_found(version: int) -> list[Lines]:
    """A recorded call during which xucd connects, and finds a caller who waits in a queue."""
    blocks = lines_of(f"blind-before-{version}")
    names = [block[0] for block in blocks]
    caller = [
        b"Channel: PJSIP/trunk-000000ff",
        b"Uniqueid: 1.1",
        b"CallerIDNum: 0230210082",
        b"CallerIDName: <unknown>",
        b"ConnectedLineNum: <unknown>",
        b"ConnectedLineName: <unknown>",
    ]
    entry = [b"Event: QueueEntry", b"Queue: support", b"Position: 1", *caller, b"Wait: 3"]
    channel = [
        *(b"Event: CoreShowChannel", b"ActionID: xucd-resync/1/channels", *caller),
        *(b"ChannelState: 6", b"Linkedid: 1.1", b"Exten: s", b"Application: Queue"),
        *(b"ApplicationData: support,tT", b"Duration: 00:00:03", b"BridgeId: "),
    ]
    value = [
        *(b"Response: Success", b"ActionID: xucd-resync/1/USR_NOTE/1.1"),
        *(b"Variable: USR_NOTE", b"Value: " + 600 * b"x"),
    ]
    blocks.insert(names.index(b"Event: StatusComplete") + 1, value)
    blocks.insert(names.index(b"Event: CoreShowChannel"), channel)
    ended = names.index(b"Event: QueueStatusComplete")
    blocks.insert(ended, [*entry, b"Priority: 0", b"ActionID: xucd-resync/1/queues"])
    return blocks


BLOCKS = {
    f"{name}-{version}": lines_of(f"{name}-{version}") for name in CALLS for version in (16, 22)
}
for _version in (16, 22):
    BLOCKS[f"listened-to-{_version}"] = with_what_no_trace_has(_version)
    BLOCKS[f"found-{_version}"] = with_a_caller_found(_version)


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
    """Each field with so many values: in which call that has it, and where."""
    values, places = itertools.cycle(HOSTILE[1:]), itertools.cycle(PLACES)
    for number, field in enumerate(FIELDS):
        having = [call for call in BLOCKS if has(call, field)]
        assert having, field
        calls = itertools.cycle(having[number % len(having) :] + having[: number % len(having)])
        for place in ("instead", "behind"):
            yield next(calls), field, HOSTILE[0], place
        for _ in range(count - 2):
            yield next(calls), field, next(values), next(places)


def has(call: str, field: bytes) -> bool:
    """Whether any block of a call has a header."""
    return any(line.startswith(field + b": ") for lines in BLOCKS[call] for line in lines)


def test_a_hostile_value_is_put_into_every_event_that_is_read() -> None:
    tried = {name_of(b"\r\n".join(lines)) for blocks in BLOCKS.values() for lines in blocks}
    assert tried >= DECODERS.keys()


def test_a_hostile_value_is_put_into_every_field_that_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: set[str] = set()

    class AskedFields(Fields):
        __slots__ = ()

        def __getitem__(self, key: str) -> str:
            asked.add(key)
            return super().__getitem__(key)

    class AskedBlock(Block):
        def __getitem__(self, key: str) -> str:
            asked.add(key)
            return super().__getitem__(key)

        def __contains__(self, key: object) -> bool:
            asked.add(str(key))
            return super().__contains__(key)

        def get(self, key: str, default: Any = None) -> Any:
            asked.add(key)
            return super().get(key, default)

    monkeypatch.setattr("xucd.ami.events.Fields", AskedFields)
    for module in ("resync", "listed_members"):
        monkeypatch.setattr(f"xucd.ami.{module}.parse", lambda raw: AskedBlock(parse(raw)))
    monkeypatch.setattr("xucd.ami.listed_members._MEMBER", re.compile("(?!)"))
    resync = Resync()
    for raw in (b"\r\n".join(lines) for blocks in BLOCKS.values() for lines in blocks):
        if Resync.owns(raw):
            resync.feed(raw)
        else:
            decode(raw)
    assert {key.encode() for key in asked} <= set(FIELDS)


async def test_calls_without_a_hostile_value_are_read_whole_and_told() -> None:
    told: set[str] = set()
    for blocks in BLOCKS.values():
        listener = Listener()
        await listener.open()
        listener.hears(b"".join(b"\r\n".join(lines) + b"\r\n\r\n" for lines in blocks))
        assert not listener.left_out
        assert not listener.wrong()
        told |= listener.told()
    assert told >= {"PhoneEvent", "QueueCalls", "AgentStateEvent", "Sheet", "PhoneHintStatusEvent",
                    "AgentListen"}  # fmt: skip


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
