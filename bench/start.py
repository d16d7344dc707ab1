"""The start beside a large Asterisk: 5,000 agents who are in 10 queues each.

A real Asterisk, which holds the 50,000 members. How long it takes to answer what a
resynchronisation asks for is measured with a plain session that reads the same lists; xucd's own
time is from the moment at which it listens, when it also begins to connect, to the moment at
which what it tells is current. Beside it: applying the centre's file, and from the start of the
process to the first log-in that is served.
"""

import asyncio
import tempfile
import time
from pathlib import Path

from bench.daemon import MeasuredXucd
from bench.figures import Figure, in_turns, measured, ratio
from bench.machine import LOAD_CORE, pin
from bench.pbx import Raw, asterisk, fill, members_of
from bench.played import CalmSize
from integration.pages.busy import Place, Size
from integration.pbx import Pbx

AGENTS, QUEUES, EACH = 5000, 50, 10
STARTS = 3
LISTS = ("CoreShowChannels", "DeviceStateList", "QueueStatus", "BridgeList", "Status")
"""What xucd asks for when it has connected (`xucd/ami/resync.py`)."""
LIMIT = 1.5


class WideSize(CalmSize):
    """A centre whose agents are each in many queues."""

    def __init__(self, agents: int = AGENTS, queues: int = QUEUES, each: int = EACH) -> None:
        super().__init__(agents, queues, groups=20)
        self.places = [
            Place(place.number, tuple((place.number + step) % queues + 1 for step in range(each)))
            for place in self.places
        ]


def measure(size: Size | None = None) -> list[Figure]:
    """All figures of the start."""
    pin(LOAD_CORE)
    size = size or WideSize()
    with asterisk(size.queues) as pbx, tempfile.TemporaryDirectory() as folder:
        fill(pbx, members_of(size))
        return asyncio.run(_measure(pbx, size, Path(folder)))


async def _measure(pbx: Pbx, size: Size, folder: Path) -> list[Figure]:
    lists = in_turns({"lists": lambda: _lists(pbx)}, STARTS)["lists"]
    xucd = MeasuredXucd(pbx.ami_port, size, folder)
    began = time.monotonic()
    await xucd.prepare()
    applied = time.monotonic() - began
    listening: list[float] = []
    current: list[float] = []
    served: list[float] = []
    for _ in range(STARTS):
        began = time.monotonic()
        await xucd.start(hears=False)
        listens = time.monotonic()
        await xucd.until_current()
        current.append(time.monotonic() - listens)
        listening.append(listens - began)
        client = await xucd.client("ada")
        place = size.places[0]
        number = place.interface.partition("/")[2]
        await client.ask("agentLogin", agentphonenumber=number, agentid=place.number)
        served.append(time.monotonic() - began)
        await client.close()
        await xucd.stop()
    # What Asterisk needs varies less than what it is divided by: its median.
    middle = sorted(lists)[len(lists) // 2]
    return [
        ratio(
            "resynchronised, of Asterisk's own answers", [each / middle for each in current],
            "at most", LIMIT,
        ),
        measured("Asterisk's own answers", lists, "s"),
        measured("from listening to current", current, "s"),
        measured("from the process's start to listening", listening, "s"),
        measured("from the process's start to the first log-in served", served, "s"),
        measured(f"center apply of {len(size.places):,} agents", [applied], "s"),
    ]  # fmt: skip


def _lists(pbx: Pbx) -> float:
    raw = Raw(pbx)
    began = time.monotonic()
    for name in LISTS:
        raw.list(name)
    took = time.monotonic() - began
    raw.close()
    return took
