"""Events that were held back while a list was read, applied after it."""

from collections.abc import Callable, Iterable

import structlog

from xucd.center.center import Center
from xucd.center.events import Event
from xucd.center.rules.rebuild import withdraw_pauses
from xucd.center.rules.table import apply

log = structlog.get_logger()


def apply_held(
    center: Center,
    events: Iterable[Event],
    now: float,
    each_time: Callable[[], None] = lambda: None,
) -> None:
    """Apply each. An event that a rule fails at is logged: those behind it happened, too.

    `each_time` is called after the list and after each: a command may wait for what was true for a
    moment only. What the list had asked for, and they have made pointless, is not asked for any
    more.
    """
    each_time()
    for event in events:
        try:
            apply(center, event, now)
        except Exception:  # whatever it is: the events behind it are not to be lost for it
            log.exception("a rule has failed", message=type(event).__name__)
        each_time()
    withdraw_pauses(center)
