"""The centre beside a small Asterisk, whatever is done there and however its events arrive.

Hypothesis chooses who does what: phones, callers, agents by commands, other programs, time,
restarts, and what befalls the events on their way: late, twice, in another order, lost, of
strangers. After every step each of `INVARIANTS` holds. After a snapshot, and once all that the
centre asks for then is done, it is where Asterisk is: `AGREEMENTS`.

In ``make soak``, ``--games 3000 --fuzz-seed N`` plays so many games that follow from a seed.
"""

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.center_machine import Beside
from tests.plugin_proofs import Proof

STEPS = 50
FEW = 100
"""Up to so many games are always the same, and a failing one is shown as it is."""


def test_the_centre_is_where_asterisk_is_whatever_befalls_the_events(
    pytestconfig: pytest.Config, proof: Proof
) -> None:
    games, number = pytestconfig.getoption("games"), pytestconfig.getoption("fuzz_seed")
    always_the_same = games <= FEW
    run_state_machine_as_test(
        Beside if always_the_same else seed(number)(Beside),
        settings=settings(
            max_examples=games,
            stateful_step_count=STEPS,
            derandomize=always_the_same,
            phases=[Phase.generate] if always_the_same else [Phase.generate, Phase.shrink],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    tried = f"games of {STEPS} steps of the centre beside a model of Asterisk, seed {number}"
    proof(tried, times=games)
