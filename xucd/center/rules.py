"""Which rule takes in which event: filled by `members` and `channels`, read by `apply`."""

from collections.abc import Callable
from typing import Any, TypeVar

Rule = Callable[..., None]
"""``rule(center, event, now)``."""

_R = TypeVar("_R", bound=Rule)

RULES: dict[type, Rule] = {}


def on(*kinds: type[Any]) -> Callable[[_R], _R]:
    """Register a rule for these kinds of event."""

    def register(rule: _R) -> _R:
        RULES.update(dict.fromkeys(kinds, rule))
        return rule

    return register
