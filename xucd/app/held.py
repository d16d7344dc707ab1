"""Events that were held back while a list was read, applied after it."""

from collections.abc import Iterable

import structlog

from xucd.center.center import Center
from xucd.center.events import Event
from xucd.center.rules.table import apply

log = structlog.get_logger()


def apply_held(center: Center, events: Iterable[Event], now: float) -> None:
    """Apply each. An event that a rule fails at is logged: those behind it happened, too."""
    for event in events:
        try:
            apply(center, event, now)
        except Exception:  # whatever it is: the events behind it are not to be lost for it
            log.exception("a rule has failed", message=type(event).__name__)
