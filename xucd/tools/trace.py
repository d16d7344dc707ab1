"""Traces of AMI connections: written as they are heard, read back through the same decoder.

A trace is AMI as it came, with one header more: each block ends with ``XucdAt``, the epoch seconds
at which it arrived. It begins with a block that says what it is, and each connection in it with
Asterisk's greeting. The answers to the resynchronisation are in it too, so a replay yields the
snapshot first and then the events, just as the link reported them. A plain capture of AMI, without
times or questions, replays as well.
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

HEADER = b"XucdTrace: 1"
STEP = 0.001
"""Seconds between two blocks of a capture that has no times."""

_AT = b"\r\nXucdAt: "
_CHUNK = 1 << 16


class RecorderSettings(Protocol):
    """What `record` needs of xucd's settings."""

    @property
    def ami(self) -> AmiSettings: ...


class Recorder:
    """Writes what a link hears to a file: give `heard` to `Link` as `on_raw`.

    `clock` tells the epoch seconds.
    """

    def __init__(self, file: IO[bytes], clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._clock = clock
        self.blocks = 0
        self.heard(HEADER)

    def heard(self, raw: bytes) -> None:
        """Write one block, or a connection's greeting."""
        self._file.write(b"%b%b%.6f\r\n\r\n" % (raw, _AT, self._clock()))
        self.blocks += 1


def record(settings: RecorderSettings, path: Path) -> int:
    """Record Asterisk's manager until interrupted. An existing file is replaced. Returns 0."""
    with path.open("wb") as file:
        blocks = asyncio.run(_record(settings.ami, file))
    print(f"{path}: {blocks} blocks")
    return 0


async def _record(settings: AmiSettings, file: IO[bytes]) -> int:
    recorder = Recorder(file)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    link = Connection(
        settings,
        on_event=lambda _: None,
        on_up=lambda *_: print("recording; interrupt to stop", flush=True),
        on_down=lambda: print("lost Asterisk", flush=True),
        on_raw=recorder.heard,
    )
    link.start()
    await stopped.wait()
    await link.close()
    return recorder.blocks


def replay(path: Path) -> Iterator[tuple[float, Snapshot | Event]]:
    """Yield what a link would have reported, each with its time in epoch seconds.

    Without times in the file, time counts up from 0 by `STEP` a block. Raises `OSError`,
    `FramingError` for a file that is no trace, `DecodeError` for an event that cannot be read.
    """
    now = 0.0
    resync = Resync()
    ours = False
    held: list[Event] = []
    holding = False
    for raw in _blocks(path):
        block, at, stamp = raw.rpartition(_AT)
        if not at:
            block = raw
        now = float(stamp) if at else now + STEP
        if block == HEADER:
            ours = True
            continue
        if block.startswith(GREETING):
            # From here until its snapshot, the link held back what it heard.
            holding = ours
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


def _blocks(path: Path) -> Iterator[bytes]:
    framer = Framer(greeted=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            for raw in framer.feed(chunk):
                # In a plain capture, the greeting's line end alone parts it from the first block.
                if raw.startswith(GREETING) and _AT not in raw:
                    greeting, _, block = raw.partition(b"\r\n")
                    yield from (greeting, block)
                else:
                    yield raw
