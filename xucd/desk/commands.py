"""The register of commands: what carries out which. Each family of commands fills it."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from xucd.cti.asks import Ask

Command = Callable[..., Awaitable[None]]
"""``await command(desk, ask, who)``; raises `Refused`."""

_C = TypeVar("_C", bound=Command)

COMMANDS: dict[type[Ask], Command] = {}


def carries_out(*kinds: type[Any]) -> Callable[[_C], _C]:
    """Register a command for these asks."""

    def register(command: _C) -> _C:
        COMMANDS.update(dict.fromkeys(kinds, command))
        return command

    return register
