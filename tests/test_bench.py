"""What is measured of links can be measured on this tree: with one client, each starts and ends."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "measured",
    [
        ("bench.resuming", "--seconds", "1", "--changes", "20"),
        ("bench.fanout", "--rounds", "1"),
    ],
    ids=" ".join,
)
def test_it_runs(measured: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", *measured, "--clients", "1"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
