"""What xucd tells agrees with what Asterisk lists, after random steps of all who act on Asterisk.

The steps follow from a seed, as far as real machines do the same twice. A trace that fails is kept
in ``.model/`` as VERSION-seedN.json; ``python -m integration.model --replay FILE`` does it again.
`--model-shrink` makes it shorter first.
"""

from __future__ import annotations

import pytest

from integration.fixtures import MakeXucd
from integration.model.ground import Ground
from integration.model.run import Differs
from integration.phones import Phones
from tests.plugin_proofs import Proof


@pytest.mark.timeout(0)
async def test_what_xucd_tells_is_what_asterisk_lists_whoever_acts_on_it(
    make_xucd: MakeXucd,
    phones: Phones,
    model_seed: int,
    request: pytest.FixtureRequest,
    proof: Proof,
) -> None:
    steps = request.config.getoption("--model-steps")
    print(f"seed {model_seed}, {steps} steps")
    ground = Ground(phones, make_xucd)
    try:
        await ground.generate(model_seed, steps)
    except Differs as differs:
        if request.config.getoption("--model-shrink"):
            differs = await ground.shorter(differs)
        path = ground.keep(f"{phones.pbx.version}-seed{model_seed}", differs)
        pytest.fail(f"seed {model_seed}, kept as {path}:\n{differs}", pytrace=False)
    proof(
        f"random steps of all who act on Asterisk {phones.pbx.version} (seed {model_seed})",
        times=steps,
    )
