"""The start beside a large Asterisk: 5,000 agents who are in 10 queues each, and 2,000 in 5.

A real Asterisk, which holds the members. How long it takes to answer what a resynchronisation asks
for is measured with a plain session that reads the same lists; xucd's own time is from the moment
at which it listens, when it also begins to connect, to the moment at which what it tells is
current. Beside it: applying the centre's file; from the start of the process to listening and to
the first log-in that is served; and how long this first command takes by itself, after a first
start, which finds all agents in their queues and writes that down, and after later ones.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.daemon import MeasuredXucd
from bench.figures import Figure, in_turns, measured, ratio
from bench.machine import LOAD_CORE, pin
from bench.pbx import Raw, asterisk, fill, members_of
from bench.played import WideSize
from integration.pages.busy import LOGIN, Place
from integration.pbx import Pbx

SIZES = (WideSize(5000, 50, 10), WideSize(2000, 50, 5))
STARTS = 3
LISTS = ("CoreShowChannels", "DeviceStateList", "QueueStatus", "BridgeList", "Status")
"""What xucd asks for when it has connected (`xucd/ami/resync.py`)."""
LIMIT = 1.5


def measure(sizes: Sequence[WideSize] = SIZES) -> list[Figure]:
    """All figures of the start."""
    pin(LOAD_CORE)
    return [figure for size in sizes for figure in _of_size(size)]


def _of_size(size: WideSize) -> list[Figure]:
    with asterisk(size.queues) as pbx, tempfile.TemporaryDirectory() as folder:
        fill(pbx, members_of(size.places))
        return asyncio.run(_measure(pbx, size, Path(folder)))


@dataclass(frozen=True)
class Start:
    """The seconds of a start's parts."""

    listening: float
    current: float  # from listening
    command: float
    served: float


async def _measure(pbx: Pbx, size: WideSize, folder: Path) -> list[Figure]:
    lists = in_turns({"lists": lambda: _lists(pbx)}, STARTS)["lists"]
    xucd = MeasuredXucd(pbx.ami_port, size, folder)
    file = folder / "center.toml"
    file.write_text(size.center())
    began = time.monotonic()
    await xucd.command("center", "apply", str(file))
    applied = time.monotonic() - began
    await xucd.prepare()  # which also gives the supervisor a password
    starts = [await _start(xucd, size.places[number]) for number in range(STARTS)]
    # What Asterisk needs varies less than what it is divided by: its median.
    middle = statistics.median(lists)
    which = f"{len(size.places):,} agents in {len(size.places[0].queues)} queues"
    commands = [1000 * each.command for each in starts]
    return [
        ratio(
            f"{which}: resynchronised, of Asterisk's own answers",
            [each.current / middle for each in starts], "at most", LIMIT,
        ),
        measured(f"{which}: Asterisk's own answers", lists, "s"),
        measured(f"{which}: from listening to current", [each.current for each in starts], "s"),
        measured(f"{which}: the first command after a first start", commands[:1], "ms"),
        measured(f"{which}: the first command after a later one", commands[1:] or commands, "ms"),
        measured(f"{which}: from the process's start to listening",
                 [each.listening for each in starts], "s"),
        measured(f"{which}: from the process's start to the first log-in served",
                 [each.served for each in starts], "s"),
        measured(f"{which}: xucd center apply", [applied], "s"),
    ]  # fmt: skip


async def _start(xucd: MeasuredXucd, place: Place) -> Start:
    began = time.monotonic()
    await xucd.start(hears=False)
    listens = time.monotonic()
    await xucd.until_current()
    current = time.monotonic()
    client = await xucd.client(LOGIN)
    asks = time.monotonic()
    number = place.interface.partition("/")[2]
    await client.ask("agentLogin", agentphonenumber=number, agentid=place.number)
    served = time.monotonic()
    await client.close()
    await xucd.stop()
    return Start(listens - began, current - listens, served - asks, served - began)


def _lists(pbx: Pbx) -> float:
    raw = Raw(pbx)
    began = time.monotonic()
    for name in LISTS:
        raw.list(name)
    took = time.monotonic() - began
    raw.close()
    return took
