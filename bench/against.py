"""xucd beside what one would use instead: the same Asterisk, the same trace, the same clients.

The peers are small programs of `bench/peers/`, written as their libraries' own documents have it:
each forwards the queue members' events as JSON to every page. They know no states, rights, wrap-ups
or lost links. All are measured by Asterisk's events: so many a second, played as fast as the
program takes them, until the last client knows of the last one.
"""

import asyncio
import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.daemon import MeasuredXucd
from bench.figures import Figure, measured, percentile, ratio, ratios
from bench.latency import SIZE
from bench.links import Address
from bench.load import Load, load
from bench.machine import ROOT, SERVER_CORE, on_core
from integration.pages.busy import SECRET

CLIENTS = 500
ROUNDS = 3
PEERS = ROOT / "bench/peers"
NODE = PEERS / "node"


def programs() -> dict[str, list[str]]:
    """The peers that can run here, and their commands. npm gets the packages of the lock file."""
    found = {"panoramisk and websockets": [sys.executable, str(PEERS / "panoramisk_websockets.py")]}
    if shutil.which("node") and shutil.which("npm") and not (NODE / "node_modules").exists():
        install = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(install, cwd=NODE, check=False)
    if (NODE / "node_modules/asterisk-manager").exists():
        found["Node, asterisk-manager and ws"] = ["node", str(NODE / "relay.mjs")]
    else:
        print("the peer in Node is left out: there is no Node, or npm could not get its packages")
    return found


@contextlib.contextmanager
def running(command: list[str], ami_port: int) -> Iterator[int]:
    """A peer on the server's core; its port for pages."""
    with subprocess.Popen(
        [*on_core(SERVER_CORE), *command, str(ami_port), SECRET],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    ) as program:  # fmt: skip
        try:
            assert program.stdout is not None
            yield int(program.stdout.readline().removeprefix("port "))
        finally:
            program.kill()


def measure(clients: int = CLIENTS, rounds: int = ROUNDS) -> list[Figure]:
    """Events a second and the latency of each, and xucd's as a multiple."""
    return asyncio.run(_measure(clients, rounds))


async def _measure(clients: int, rounds: int) -> list[Figure]:
    rates: dict[str, list[float]] = {}
    found: list[Figure] = []
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        loaded = stack.enter_context(load())
        xucd = MeasuredXucd(loaded.listen("xucd", SIZE), SIZE, Path(folder))
        await stack.enter_async_context(xucd)
        loaded.open("xucd", xucd.address(), clients)
        for name, command in programs().items():
            port = stack.enter_context(running(command, loaded.listen(name, SIZE)))
            loaded.open(name, Address(port), clients)
        names = ["xucd", *programs()]
        calls = {name: _calls(loaded, name) for name in names}
        for _ in range(rounds):
            for name in names:
                played = loaded.flood(name, calls[name])
                rates.setdefault(name, []).append(played["events"] / played["seconds"])
        for name in names:
            plan = {"seconds": 10.0, "probes": 20.0, "events": 50.0}
            seconds = loaded.latencies(name, plan, lambda: None)["seconds"]
            found += [
                measured(f"{name}, to {clients:,} clients", rates[name], "events/s"),
                measured(f"{name}, p99 at 50 events/s", [1000 * percentile(seconds, 0.99)], "ms"),
            ]
    return [
        *(ratio(f"xucd, of {name}", ratios(rates["xucd"], rates[name])) for name in names[1:]),
        *found,
    ]


def _calls(loaded: Load, name: str) -> int:
    """How many calls take about two seconds."""
    first = loaded.flood(name, 5)
    return max(5, min(4000, round(5 * 2.0 / first["seconds"])))
