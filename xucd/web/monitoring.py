"""What `/health` and `/metrics` say."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec


class Health(msgspec.Struct, rename="camel"):
    """The state of xucd. `asterisk` is ``current`` or ``lost``; `last_event_age` is in seconds."""

    current: bool
    asterisk: str
    store: str
    last_event_age: float | None


def worst(of: Iterable[Health]) -> Health:
    """The worst in each respect."""
    each = list(of)
    ages = [one.last_event_age for one in each if one.last_event_age is not None]
    return Health(
        current=all(one.current for one in each),
        asterisk="lost" if any(one.asterisk == "lost" for one in each) else "current",
        store="failed" if any(one.store == "failed" for one in each) else "ok",
        last_event_age=max(ages, default=None),
    )


class Monitoring(NamedTuple):
    """Where both come from; `metrics` are in Prometheus' text format."""

    health: Callable[[], Health]
    metrics: Callable[[], bytes]
