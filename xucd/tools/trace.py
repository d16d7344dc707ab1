"""Traces: recordings of AMI connections, which are replayed through the same decoder.

A trace is AMI as received, with one more header: each block ends with ``XucdAt``, its time of
arrival in epoch seconds. It begins with the block `HEADER`, and each connection in it with
Asterisk's greeting. It contains the answers to the resynchronisation, so a replay yields the
snapshot first and then the events, as the connection reported them. A plain AMI capture, without
times and without a resynchronisation, can be replayed as well.
"""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Protocol

from xucd.ami.connection import AmiSettings, Connection
from xucd.ami.events import decode
from xucd.ami.framing import GREETING, Framer
from xucd.ami.resync import Resync
from xucd.center.events import Event
from xucd.center.snapshot import Snapshot
from xucd.tools.masking import Mask, masked

HEADER = b"XucdTrace: 1"
STEP = 0.001
"""Seconds between two blocks of a capture without times."""

_AT = b"\r\nXucdAt: "
_CHUNK = 1 << 16


class RecorderSettings(Protocol):
    """What `record` needs of xucd's settings."""

    @property
    def ami(self) -> AmiSettings: ...


class Recorder:
    """Writes a connection's blocks to a file: pass `write` to `Connection` as `on_raw`.

    `clock` returns epoch seconds.
    """

    def __init__(self, file: IO[bytes], clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._clock = clock
        self.blocks = 0
        self.write(HEADER)

    def write(self, raw: bytes) -> None:
        """Write one block, or a connection's greeting."""
        self._file.write(b"%b%b%.6f\r\n\r\n" % (raw, _AT, self._clock()))
        self.blocks += 1


def record(settings: RecorderSettings, path: Path, mask: Mask | None) -> int:
    """Record Asterisk's manager until interrupted. An existing file is replaced. Returns 0.

    Without a mask, the file holds the numbers and names of callers.
    """
    with path.open("wb") as file:
        written = asyncio.run(_record(settings.ami, file, mask))
    print(f"{path}: {written} blocks")
    return 0


class _Progress:
    """Prints when the recording begins, and when the connection is lost."""

    def on_up(self, snapshot: Snapshot, held: list[Event]) -> None:
        print("recording; interrupt to stop", flush=True)

    def on_event(self, event: Event) -> None:
        """Events are recorded as raw blocks."""

    def on_down(self) -> None:
        print("lost the connection to Asterisk", flush=True)


async def _record(settings: AmiSettings, file: IO[bytes], mask: Mask | None) -> int:
    recorder = Recorder(file)
    write = recorder.write if mask is None else masked(recorder.write, mask)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    connection = Connection(settings, _Progress(), on_raw=write)
    connection.start()
    await stopped.wait()
    await connection.close()
    return recorder.blocks


def replay(path: Path) -> Iterator[tuple[float, Snapshot | Event]]:
    """Yield what the connection reported, each with its time in epoch seconds.

    In a file without times, time counts from 0 by `STEP` for each block. Raises `OSError`,
    `FramingError` for a file that is no trace, `DecodeError` for an event that cannot be decoded.
    """
    now = 0.0
    resync = Resync()
    recorded_by_xucd = False
    held: list[Event] = []
    holding = False
    for raw in blocks(path):
        block, at, stamp = raw.rpartition(_AT)
        if not at:
            block = raw
        now = float(stamp) if at else now + STEP
        if block == HEADER:
            recorded_by_xucd = True
            continue
        if block.startswith(GREETING):
            # From here until its snapshot, the connection held events back.
            holding = recorded_by_xucd
            held.clear()
            continue
        if Resync.owns(block):
            snapshot = resync.feed(block)
            holding = snapshot is None
            if snapshot is not None:
                yield now, snapshot
                yield from ((now, event) for event in held)
                held.clear()
            continue
        event = decode(block)
        if event is None:
            continue
        if holding:
            held.append(event)
        else:
            yield now, event


def blocks(path: Path) -> Iterator[bytes]:
    """The blocks of a file, and greetings, as they were received. Raises as `replay` does."""
    framer = Framer(greeted=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            for raw in framer.feed(chunk):
                # In a plain capture, only a line end separates the greeting from the first block.
                if raw.startswith(GREETING) and _AT not in raw:
                    greeting, _, block = raw.partition(b"\r\n")
                    yield from (greeting, block)
                else:
                    yield raw
