"""Whatever bytes come in from outside, nothing fails that is not refused in order.

In `make test` a few hundred inputs are made from good ones at each place, always the same. In
``make soak``, with ``--inputs 100000 --fuzz-seed N``, atheris looks for them in a process for each
place, and the memory is measured: see `tests.fuzzing`.
"""

import json
import subprocess
import sys

import pytest

from tests.conftest import PROJECT
from tests.fuzzing.mutation import inputs
from tests.fuzzing.targets import TARGETS
from tests.plugin_proofs import Proof

FEW = 1000
"""Up to so many inputs are tried in this process."""
GROWTH = 20_000
"""How many more blocks of memory Python may hold: caches of a fixed size go on being filled."""
GROWTH_KIB = 65_536
"""How many more KiB of memory the process may have: libFuzzer keeps what reaches new code."""


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", TARGETS)
def test_no_input_leads_to_an_error(name: str, pytestconfig: pytest.Config, proof: Proof) -> None:
    number, seed = pytestconfig.getoption("inputs"), pytestconfig.getoption("fuzz_seed")
    if number <= FEW:
        target = TARGETS[name]
        with target.opened() as feed:
            for data in inputs(target.seeds(), number, seed):
                feed(data)
    else:
        _with_atheris(name, number, seed)
    proof(f"inputs at the place “{name}”, seed {seed}", times=number)


def _with_atheris(name: str, number: int, seed: int) -> None:
    command = [sys.executable, "-m", "tests.fuzzing", name, "--inputs", str(number)]
    ran = subprocess.run(
        [*command, "--seed", str(seed)], check=False, cwd=PROJECT, text=True, capture_output=True
    )
    assert ran.returncode == 0, f"seed {seed}\n{ran.stdout[-2000:]}\n{ran.stderr[-6000:]}"
    result = json.loads(ran.stdout.splitlines()[-1])
    assert result["inputs"] == number
    grown = result["grown"]
    assert grown["blocks"] < GROWTH, f"{grown} more after {number} inputs"
    assert grown["resident"] < GROWTH_KIB, f"{grown} more after {number} inputs"
