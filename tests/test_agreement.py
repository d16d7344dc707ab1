"""What the store and Asterisk have to agree on after a fault, and what they need not."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from integration.faults.agreement import Stored, unlike_store
from integration.model.answers import Told
from tests.test_model_rules import BRUCE, QUIET, told
from xucd.center.station import Station

STATION = Station(BRUCE, 1, logged_in=True, since=0)


def found(queues: dict[int, int], station: Any = STATION) -> int:
    """In how much a store with these memberships of an agent differs."""
    stored = SimpleNamespace(
        stations={BRUCE: station}, memberships={BRUCE: queues}, lines={1: "1001"}, days={}
    )
    seen: Told = replace(told(), figures={})
    return len(list(unlike_store(cast(Stored, stored), QUIET, seen)))


@pytest.mark.parametrize("queues", [{1: 4}, {}, {1: 0, 2: 0}])
def test_the_store_has_the_queues_that_asterisk_has(queues: dict[int, int]) -> None:
    assert found({1: 0}) == 0
    assert found(queues) == 1


def test_the_store_has_the_pause_that_is_told() -> None:
    paused = Station(BRUCE, 1, logged_in=True, since=0, paused=True, reason="lunch")
    assert found({1: 0}, station=paused) == 1
