"""Runs the model by hand: ``python -m integration.model --seed 7 --steps 500 --asterisk 22``.

It goes on after a difference, unless told to stop, and prints each one once. `--replay FILE` does a
kept trace again; `--shrink` makes a trace that failed shorter.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from integration.fixtures import LINES
from integration.model.panel import Panel
from integration.model.recording import recorded
from integration.model.run import Differs, Done, Report, generate, keep, kept, replay, stop
from integration.model.scene import Scene
from integration.model.shrink import shrink
from integration.pbx import Pbx
from integration.phones import Phones
from integration.running import Xucd

KEPT = Path(__file__).parent.parent.parent / ".model"


class Watch:
    """Prints each difference once, with the steps of the burst before it."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.found: list[str] = []

    def __call__(self, trace: list[Done], found: list[str]) -> None:
        new = [each for each in found if each not in self.seen]
        self.seen = set(found)
        if new:
            last = [str(done) for done in trace if done.burst >= trace[-1].burst - 2]
            print(f"\n--- after step {len(trace)}: {' '.join(last)}")
            print("\n".join(new), flush=True)
            self.found += new


class Ground:
    """One Asterisk with its phones, on which several runs are made one after the other."""

    def __init__(self, pbx: Pbx, phones: Phones, folder: Path) -> None:
        self.pbx, self.phones, self.folder = pbx, phones, folder
        self._runs = 0

    async def run(self, seed: int | None, steps: int, trace: list[Done], report: Report) -> None:
        """One run beside a fresh xucd, recorded beside it. Raises `Differs`."""
        self._runs += 1
        folder = self.folder / str(self._runs)
        folder.mkdir()
        async with Panel(self.pbx) as panel, Xucd(self.pbx, folder) as xucd:
            async with (
                recorded(self.pbx, folder / "run.ami"),
                Scene(xucd, self.phones, panel) as it,
            ):
                try:
                    if seed is None:
                        await replay(it, trace, report)
                    else:
                        await generate(it, seed, steps, report)
                finally:
                    await it.end()
                    await it.empty_queues()
        for line in LINES:
            self.phones.phone(line).forget()

    @property
    def recording(self) -> Path:
        """What Asterisk said in the last run."""
        return self.folder / str(self._runs) / "run.ami"


async def main() -> int:
    parser = argparse.ArgumentParser(prog="integration.model", description=__doc__)
    parser.add_argument("--seed", type=int, action="append")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--asterisk", default="22", choices=("22", "16"))
    parser.add_argument("--replay", type=Path)
    parser.add_argument("--stop", action="store_true", help="stop at the first difference")
    parser.add_argument("--shrink", action="store_true", help="and make the trace shorter")
    ask = parser.parse_args()
    failed = 0
    with Pbx(ask.asterisk) as pbx, tempfile.TemporaryDirectory(prefix="xucd-model-") as folder:
        async with Phones(pbx) as phones:
            await phones.register(*LINES)
            ground = Ground(pbx, phones, Path(folder))
            for seed in ask.seed or [1]:
                begun = time.monotonic()
                watch = Watch()
                name = f"{ask.asterisk}-{ask.replay.stem if ask.replay else f'seed{seed}'}"
                print(f"=== {name}", flush=True)
                try:
                    trace = kept(ask.replay) if ask.replay else []
                    await ground.run(
                        None if ask.replay else seed,
                        ask.steps,
                        trace,
                        stop if ask.stop or ask.shrink else watch,
                    )
                except Differs as differs:
                    watch.found += differs.found
                    print(differs, flush=True)
                    shortest = differs
                    if ask.shrink:
                        shortest = await shorter(ground, differs)
                        print(f"shortest: {shortest}", flush=True)
                    keep(
                        KEPT / f"{name}.json",
                        shortest.trace,
                        shortest.found,
                        asterisk=ask.asterisk,
                        seed=seed,
                    )
                failed += bool(watch.found)
                taken = time.monotonic() - begun
                print(f"=== {name}: {len(watch.found)} differences in {taken:.0f} s", flush=True)
    return failed


async def shorter(ground: Ground, differs: Differs) -> Differs:
    """The shortest trace that fails alike, by few replays."""
    kind = {each.split(" ")[0] for each in differs.found}
    best = differs

    async def fails(trace: list[Done]) -> bool:
        nonlocal best
        try:
            await ground.run(None, 0, trace, stop)
        except Differs as again:
            if kind & {each.split(" ")[0] for each in again.found}:
                best = again
                return True
        return False

    await shrink(differs.trace, fails)
    return best


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
