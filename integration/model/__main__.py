"""Runs the model by hand: ``python -m integration.model --seed 7 --steps 500 --asterisk 22``.

It goes on after a difference, unless told to stop, and prints each one once. `--replay FILE` does a
kept trace again; `--shrink` makes a trace that failed shorter.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import shutil
import tempfile
import time
from pathlib import Path

from integration.fixtures import LINES
from integration.model.ground import Ground
from integration.model.run import Differs, Done, kept, stop
from integration.pbx import Pbx
from integration.phones import Phones
from integration.running import Xucd


class Watch:
    """Prints each difference once, with the steps of the bursts before it, and keeps them all."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.found: list[str] = []
        self.trace: list[Done] = []

    def __call__(self, trace: list[Done], found: list[str]) -> None:
        new = [each for each in found if each not in self.seen]
        self.seen = set(found)
        self.found += new
        self.trace = trace
        if new:
            last = [str(done) for done in trace if done.burst >= trace[-1].burst - 2]
            print(f"\n--- after step {len(trace)}: {' '.join(last)}")
            print("\n".join(new), flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="integration.model", description=__doc__)
    parser.add_argument("--seed", type=int, action="append")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--asterisk", default="22", choices=("22", "16"))
    parser.add_argument("--replay", type=Path, nargs="+")
    parser.add_argument("--stop", action="store_true", help="stop at the first difference")
    parser.add_argument("--shrink", action="store_true", help="and make the trace shorter")
    return parser.parse_args()


async def main(ask: argparse.Namespace) -> int:
    """Returns how many runs had differences."""
    failed = 0
    numbers = itertools.count(1)
    with Pbx(ask.asterisk) as pbx, tempfile.TemporaryDirectory(prefix="xucd-model-") as folder:

        async def make() -> Xucd:
            own = Path(folder) / str(next(numbers))
            own.mkdir()
            shutil.copy(Path(folder) / "xucd.db", own)
            return await Xucd(pbx, own).__aenter__()

        await Xucd(pbx, Path(folder)).prepare()
        async with Phones(pbx) as phones:
            await phones.register(*LINES)
            ground = Ground(phones, make)
            for what in ask.replay or ask.seed or [1]:
                failed += await run(ground, ask, what)
    return failed


async def run(ground: Ground, ask: argparse.Namespace, what: int | Path) -> bool:
    """One run of a seed or a kept trace; returns whether it had differences."""
    name = f"{ask.asterisk}-{f'seed{what}' if isinstance(what, int) else what.stem}"
    print(f"=== {name}", flush=True)
    begun, watch = time.monotonic(), Watch()
    report = stop if ask.stop or ask.shrink else watch
    try:
        if isinstance(what, int):
            await ground.generate(what, ask.steps, report)
        else:
            await ground.replay(kept(what), report)
        if watch.found:
            ground.keep(name, Differs(watch.trace, watch.found))
    except Differs as differs:
        print(differs, flush=True)
        shortest = await ground.shorter(differs) if ask.shrink else differs
        print(f"kept as {ground.keep(name, shortest)}: {shortest}", flush=True)
        watch.found += differs.found
    taken = time.monotonic() - begun
    print(f"=== {name}: {len(watch.found)} differences, {taken:.0f} s", flush=True)
    return bool(watch.found)


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(arguments())))
