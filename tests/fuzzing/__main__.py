"""Tries inputs at one place, with atheris: it keeps what reaches new code, and goes on from there.

    python -m tests.fuzzing csv --inputs 100000 --seed 7
    python -m tests.fuzzing csv --repeat .fuzz/csv-crash-…

An input at which the place fails is written to `.fuzz`, and `--repeat` tries it again. At the end,
what is printed is JSON: how many inputs there were, how many more blocks of memory Python holds
than after the tenth part of them, and how many more KiB of memory the process has, with what
libraries in C hold, and what libFuzzer keeps for itself.
"""

import argparse
import gc
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import atheris

from tests import plugin_reactor

with atheris.instrument_imports(include=["xucd"], enable_loader_override=False):
    from tests.fuzzing.targets import TARGETS

LEFT = Path(".fuzz")
HANGS_S = 120
"""After so many seconds without an end, an input is taken to hang."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing")
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=Path, metavar="FILE")
    asked = parser.parse_args()
    reactor: Any = plugin_reactor.reactor  # type: ignore[attr-defined]
    reactor.startRunning(installSignalHandlers=False)
    if asked.repeat is not None:
        with TARGETS[asked.target].opened() as feed:
            feed(asked.repeat.read_bytes())
        return 0
    LEFT.mkdir(exist_ok=True)
    _fuzz(asked.target, asked.inputs, asked.seed)
    return 0


def _fuzz(name: str, inputs: int, seed: int) -> None:
    """Try so many inputs; the process ends with the last."""
    target = TARGETS[name]
    corpus = Path(tempfile.mkdtemp(prefix="xucd-fuzz-"))
    for number, good in enumerate(target.seeds()):
        (corpus / f"{number:04}").write_bytes(good)
    opened = target.opened()
    feed = opened.__enter__()
    warm, tried, blocks, resident = max(1, inputs // 10), 0, 0, 0

    def try_one(data: bytes) -> None:
        nonlocal tried, blocks, resident
        feed(data)
        tried += 1
        if tried == warm:
            blocks, resident = _blocks(), _resident()
        if tried == inputs:
            grown = {"blocks": _blocks() - blocks, "resident": _resident() - resident}
            opened.__exit__(None, None, None)
            shutil.rmtree(corpus)
            print(json.dumps({"inputs": tried, "seed": seed, "grown": grown}), flush=True)
            os._exit(0)  # libFuzzer would go on

    options = [
        f"-runs={2 * inputs}",
        f"-seed={seed}",
        f"-timeout={HANGS_S}",
        "-max_len=4096",
        "-rss_limit_mb=4096",
        "-verbosity=0",
        f"-artifact_prefix={LEFT}/{name}-",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], try_one)
    atheris.Fuzz()


def _blocks() -> int:
    """How many blocks of memory Python holds."""
    gc.collect()
    return sys.getallocatedblocks()


def _resident() -> int:
    """How many KiB of memory the process has."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0])


if __name__ == "__main__":
    sys.exit(main())
