"""From AMI bytes to changed state, beside panoramisk's own parsing of the same bytes.

One recorded queue call, as it came through the event filter, is played over and over, in pieces as
TCP delivers them. xucd's side does all of its work with no client: framing, decoding, applying to
the centre, and taking out what has changed. panoramisk's side makes its messages and finds nobody
to dispatch them to. Both run in one process on one core, in turns; the figure of each is its best.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from panoramisk.ami_protocol import AMIProtocol

from xucd.ami.events import decode
from xucd.ami.framing import Framer
from xucd.center.center import Center
from xucd.center.directory import Agent, Directory, Group, Line, Queue, User
from xucd.center.rules.table import apply

TRACE = Path(__file__).parent.parent / "tests/traces/queue-call-22.ami"
PIECE = 4096
CALLS = 400
ROUNDS = 7


SUPERVISOR = User(
    id=2,
    login="sue",
    first_name="Sue",
    last_name="Snow",
    profile="Supervisor",
    queue_ids=frozenset({1, 2}),
    group_ids=frozenset({1}),
)


def directory() -> Directory:
    """The agent and the queues of the recorded call."""
    return Directory(
        groups=[Group(1, "default")],
        queues=[Queue(1, "support", "Support", "3000", wrapup=5), Queue(2, "sales", "Sales", "1")],
        lines=[Line(1, "1001", "PJSIP/1001")],
        agents=[Agent(8, "2501", "Bruce", "Wail", group_id=1, user_id=1, line_id=1)],
        users=[SUPERVISOR],
    )


def recorded() -> tuple[bytes, int]:
    """The call's bytes, repeated, and how many events they hold."""
    blocks = TRACE.read_bytes().split(b"\r\n\r\n")
    events = [block for block in blocks if block.startswith(b"Event: ")]
    return b"".join(block + b"\r\n\r\n" for block in events) * CALLS, len(events) * CALLS


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


def measure() -> dict[str, Any]:
    """Events per second of each side, and xucd's as a multiple of panoramisk's."""
    asyncio.set_event_loop(asyncio.new_event_loop())
    played, events = recorded()
    pieces = [played[start : start + PIECE] for start in range(0, len(played), PIECE)]
    best: dict[Callable[[list[bytes]], int], float] = {}
    for _ in range(ROUNDS):
        for side in (by_xucd, by_panoramisk):
            begun = time.perf_counter()
            done = side(pieces)
            took = time.perf_counter() - begun
            if not done:
                raise RuntimeError(f"{side.__name__} did nothing")
            best[side] = max(best.get(side, 0.0), events / took)
    return {
        "events": events,
        "xucd_events_per_s": round(best[by_xucd]),
        "panoramisk_events_per_s": round(best[by_panoramisk]),
        "ratio": round(best[by_xucd] / best[by_panoramisk], 2),
    }


def show(found: dict[str, Any]) -> None:
    """Print what `measure` found."""
    print(
        f"AMI bytes to changed state: {found['xucd_events_per_s']:,} events/s;"
        f" panoramisk's parsing alone: {found['panoramisk_events_per_s']:,};"
        f" ratio {found['ratio']}"
    )


if __name__ == "__main__":
    show(measure())
