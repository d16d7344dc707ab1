"""Real calls of a queue that Asterisk sustains, with xucd attached, a plain reader, or nobody.

SIPp calls as fast as calls end, so many at once; other phones of SIPp's are the queue's members and
answer at once. Asterisk, SIPp and what is attached share all cores, as they do in use. The plain
reader is a session of xucd's own account, so it gets the same filtered events, and drops them.
"""

import asyncio
import contextlib
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from bench.daemon import MeasuredXucd
from bench.figures import Figure, measured, ratio, ratios
from bench.machine import cpu_seconds
from bench.pbx import Raw, asterisk, fill, members_of
from bench.played import CalmSize
from integration.pages.busy import Place, Size
from integration.pbx import Pbx
from integration.sipp import Sipp

CALLS, AT_ONCE, TALKS_MS = 1500, 40, 100
ROUNDS = 5
LIMIT = 0.95
_PJSIP = "/etc/asterisk/pjsip.conf"
_EXTENSIONS = "/etc/asterisk/extensions.conf"


class OneQueue(CalmSize):
    """All agents are in the third queue alone, which has no wrap-up."""

    def __init__(self, agents: int = 150) -> None:
        super().__init__(agents, queues=3, groups=1)
        self.places = [Place(place.number, (3, 3)) for place in self.places]


@dataclass(frozen=True)
class Run:
    """Calls a second, and the share of a core that xucd took."""

    rate: float
    share: float = 0.0


def measure(rounds: int = ROUNDS) -> list[Figure]:
    """The three rates, side by side."""
    size = OneQueue()
    with asterisk(3, core=None) as pbx, tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(pbx, size, Path(folder), rounds))


async def _measure(pbx: Pbx, size: Size, folder: Path, rounds: int) -> list[Figure]:
    ports = pbx.ports
    sipp = Sipp(pbx.image, ports.sip, range(ports.phones, ports.phones + 100), ports.media)
    await sipp.start()
    try:
        phones = sipp.run("answering")
        _prepare(pbx, size, phones.port)
        xucd = MeasuredXucd(pbx.ami_port, size, folder)
        xucd.launcher = ()
        await xucd.prepare()
        runs: dict[str, list[Run]] = {"nobody": [], "a plain reader": [], "xucd": []}
        for number in range(rounds + 1):
            for name, found in runs.items():
                async with _attached(name, pbx, xucd):
                    run = await _calls(sipp, xucd if name == "xucd" else None)
                if number:
                    found.append(run)
    finally:
        await sipp.stop()
    rates = {name: [run.rate for run in found] for name, found in runs.items()}
    share = [100 * run.share for run in runs["xucd"]]
    return [
        ratio("with xucd, of with a plain reader", ratios(rates["xucd"], rates["a plain reader"]),
              "at least", LIMIT),
        ratio("with a plain reader, of with nobody",
              ratios(rates["a plain reader"], rates["nobody"])),
        *(measured(f"with {name}", found, "calls/s") for name, found in rates.items()),
        measured("xucd's share of a core meanwhile", share, "%"),
    ]  # fmt: skip


def _prepare(pbx: Pbx, size: Size, phones: int) -> None:
    """Give Asterisk the members' phones, and a number by which the queue is called."""
    row = (
        "[{0}]\ntype = endpoint\ncontext = default\ndisallow = all\nallow = ulaw\naors = {0}\n"
        "direct_media = no\n[{0}]\ntype = aor\ncontact = sip:127.0.0.1:{1}\n"
    )
    names = [place.interface.partition("/")[2] for place in size.places]
    rows = "".join(row.format(name, phones) for name in names)
    pbx.write(_PJSIP, f"{pbx.read(_PJSIP)}\n{rows}")
    number = "\n[from-trunk](+)\nexten => 3060,1,Queue(q3,r,,,30)\n same => n,Hangup()\n"
    pbx.write(_EXTENSIONS, pbx.read(_EXTENSIONS) + number)
    pbx.cli("module reload res_pjsip.so")
    pbx.cli("dialplan reload")
    fill(pbx, members_of(size.places))


@contextlib.asynccontextmanager
async def _attached(name: str, pbx: Pbx, xucd: MeasuredXucd) -> AsyncIterator[None]:
    if name == "xucd":
        await xucd.start()
        yield
        await xucd.stop()
    elif name == "a plain reader":
        raw = Raw(pbx)
        thread = threading.Thread(target=raw.drop_all, daemon=True)
        thread.start()
        yield
        raw.close()
        thread.join(5)
    else:
        yield


async def _calls(sipp: Sipp, xucd: MeasuredXucd | None) -> Run:
    used = cpu_seconds(xucd.pid) if xucd else 0.0
    began = time.monotonic()
    callers = sipp.run(
        "calling", "-s", "3060", "-m", str(CALLS), "-l", str(AT_ONCE), "-r", "2000",
        "-d", str(TALKS_MS),
    )  # fmt: skip
    if await callers.done != 0:
        raise RuntimeError(f"calls failed: {callers.errors()[:2000]}")
    took = time.monotonic() - began
    return Run(CALLS / took, (cpu_seconds(xucd.pid) - used) / took if xucd else 0.0)
