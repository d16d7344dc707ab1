"""From AMI bytes to changed state, beside panoramisk's own parsing of the same bytes.

A recorded queue call is played over and over, in pieces as TCP delivers them: once as it came
through the event filter, once with everything that Asterisk says without a filter. xucd's side does
all of its work with no client: framing, decoding, applying to the centre, and taking out what has
changed. panoramisk's side makes its messages and finds nobody to dispatch them to. Beside both are
panoramisk with one callback for all events, which is the least that a program does with it, and a
plain parser, which makes a dictionary of each event. All run in one process on one
core, in turns, by the processor's time.
"""

import asyncio
import functools
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol

from bench.figures import Figure, in_turns, measured, ratio, ratios
from bench.machine import SERVER_CORE, pin
from xucd.ami.events import decode
from xucd.ami.framing import Framer
from xucd.center.center import Center
from xucd.center.directory import Agent, Directory, Group, Line, Queue, User
from xucd.center.rules.table import apply

TRACE = Path(__file__).parent.parent / "tests/traces/queue-call-22.ami"
UNFILTERED = Path(__file__).with_name("queue-call-unfiltered-22.ami")
PIECE = 4096
EVENTS = 10_000
ROUNDS = 7
LIMITS = {"filtered": 2.0, "unfiltered": 3.0}

SUPERVISOR = User(
    id=2,
    login="sue",
    first_name="Sue",
    last_name="Snow",
    profile="Supervisor",
    queue_ids=frozenset({1, 2}),
    group_ids=frozenset({1}),
)


def directory(wrapup: int = 5) -> Directory:
    """The agent and the queues of the recorded call."""
    return Directory(
        groups=[Group(1, "default")],
        queues=[
            Queue(1, "support", "Support", "3000", wrapup=wrapup),
            Queue(2, "sales", "Sales", "1"),
        ],
        lines=[Line(1, "1001", "PJSIP/1001")],
        agents=[Agent(8, "2501", "Bruce", "Wail", group_id=1, user_id=1, line_id=1)],
        users=[SUPERVISOR],
    )


def recorded(trace: Path, at_least: int = EVENTS) -> tuple[bytes, int, int]:
    """A recorded call's events as bytes, often enough, and how many these and a call's are."""
    blocks = trace.read_bytes().replace(b"\r\n", b"\n").split(b"\n\n")
    # What the account is told as it logs in is no part of the call.
    heard = [each for each in blocks if each.startswith(b"Event: ") and b"FullyBooted" not in each]
    events = [block.replace(b"\n", b"\r\n") for block in heard]
    times = max(1, at_least // len(events))
    return (
        b"".join(block + b"\r\n\r\n" for block in events) * times,
        len(events) * times,
        len(events),
    )


def by_xucd(pieces: list[bytes]) -> int:
    """Play the bytes to a centre; returns how many changes clients would be told."""
    center = Center(directory(), 0.0, midnight_after=lambda _: 1e18)
    framer = Framer()
    framer.feed(b"Asterisk Call Manager/11.0.0\r\n")
    changes, now = 0, 0.0
    for piece in pieces:
        for raw in framer.feed(piece):
            event = decode(raw)
            if event is not None:
                now += 0.001
                apply(center, event, now)
                changes += len(center.drain()[0])
    return changes


class _Nobody:
    """The factory of panoramisk's protocol, to which nobody has subscribed."""

    save_stream = None

    def __init__(self) -> None:
        self.messages = 0

    def dispatch(self, message: Any) -> None:
        self.messages += 1


def by_panoramisk(pieces: list[bytes]) -> int:
    """Let panoramisk parse the bytes; returns how many messages it made."""
    protocol, nobody = AMIProtocol(), _Nobody()
    protocol.connection_made(None)
    protocol.factory, protocol.encoding = nobody, "utf8"
    protocol.data_received(b"Asterisk Call Manager/11.0.0\r\n\r\n")
    for piece in pieces:
        protocol.data_received(piece)
    return nobody.messages


def by_manager(pieces: list[bytes]) -> int:
    """Let panoramisk parse the bytes and call one callback for each event."""
    manager, heard = Manager(loop=_loop()), 0

    def callback(_: Manager, __: Any) -> None:
        nonlocal heard
        heard += 1

    manager.register_event("*", callback)
    protocol = AMIProtocol()
    protocol.connection_made(None)
    protocol.factory, protocol.encoding = manager, "utf8"
    protocol.data_received(b"Asterisk Call Manager/11.0.0\r\n\r\n")
    for piece in pieces:
        protocol.data_received(piece)
    return heard


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """One for all managers, which never runs: they connect to nobody."""
    return asyncio.new_event_loop()


def by_parser(pieces: list[bytes]) -> int:
    """Make a dictionary of each event, and do nothing with it."""
    rest, count = b"", 0
    for piece in pieces:
        *blocks, rest = (rest + piece).split(b"\r\n\r\n")
        for block in blocks:
            fields = dict(line.split(": ", 1) for line in block.decode().split("\r\n"))
            count += "Event" in fields
    return count


Side = Callable[[list[bytes]], int]
SIDES: dict[str, Side] = {
    "xucd": by_xucd,
    "panoramisk": by_panoramisk,
    "panoramisk with a callback": by_manager,
    "a plain parser": by_parser,
}
TRACES = {"filtered": TRACE, "unfiltered": UNFILTERED}


def measure(rounds: int = ROUNDS, at_least: int = EVENTS) -> list[Figure]:
    """Events per second of each side, and xucd's as a multiple of panoramisk's."""
    with get_context("spawn").Pool(1) as process:
        return process.apply(_measure, (rounds, at_least))


def _measure(rounds: int, at_least: int) -> list[Figure]:
    pin(SERVER_CORE)
    sides, a_call = {}, {}
    for trace, file in TRACES.items():
        played, events, a_call[trace] = recorded(file, at_least)
        pieces = [played[start : start + PIECE] for start in range(0, len(played), PIECE)]
        for name, side in SIDES.items():
            sides[f"{trace}, {name}"] = _rate(side, pieces, events)
    rates = in_turns(sides, rounds)
    found: list[Figure] = []
    for trace, limit in LIMITS.items():
        ours = rates[f"{trace}, xucd"]
        bare = ratios(ours, rates[f"{trace}, panoramisk"])
        found.append(ratio(f"{trace}: of panoramisk's bare parsing", bare, "at least", limit))
        for other in list(SIDES)[2:]:
            found.append(ratio(f"{trace}: of {other}", ratios(ours, rates[f"{trace}, {other}"])))
    # What a user of each would have: xucd's account is filtered, panoramisk's usually is not.
    calls = ratios(rates["filtered, xucd"], rates["unfiltered, panoramisk"])
    more = a_call["unfiltered"] / a_call["filtered"]
    return [
        *found,
        ratio(
            f"a call: xucd's {a_call['filtered']} filtered events, of panoramisk's bare parsing of "
            f"{a_call['unfiltered']} unfiltered ones", [each * more for each in calls],
        ),
        *(measured(name, values, "events/s") for name, values in rates.items()),
    ]  # fmt: skip


def _rate(side: Side, pieces: list[bytes], events: int) -> Callable[[], float]:
    def rate() -> float:
        began = time.process_time()
        if not side(pieces):
            raise RuntimeError(f"{side.__name__} did nothing")
        return events / (time.process_time() - began)

    return rate
