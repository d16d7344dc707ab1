"""Which rules take in which event: each module of rules fills it, `apply` reads it.

The rules of one event run in the order in which their modules are imported by `apply`.
"""

from collections.abc import Callable
from typing import Any, TypeVar

Rule = Callable[..., None]
"""``rule(center, event, now)``."""

_R = TypeVar("_R", bound=Rule)

RULES: dict[type, tuple[Rule, ...]] = {}


def on(*kinds: type[Any]) -> Callable[[_R], _R]:
    """Register a rule for these kinds of event."""

    def register(rule: _R) -> _R:
        for kind in kinds:
            RULES[kind] = (*RULES.get(kind, ()), rule)
        return rule

    return register
