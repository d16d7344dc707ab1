"""A client's subscriptions, kept in order to repeat them on a new stream."""

from collections.abc import Iterable
from typing import Any

from xucd.cti.commands import COMMANDS, SUBSCRIBING, UNSUBSCRIBING
from xucd.cti.parts import PARTS, SentCommand, StatePart


class Watched:
    """The commands to repeat, each once, in the order in which they were first sent."""

    def __init__(self) -> None:
        self.parts: dict[StatePart, None] = {}
        self._commands: list[SentCommand] = []

    def record(self, command: str, values: dict[str, Any]) -> None:
        """Record a command that was carried out, if it subscribes or ends a subscription."""
        struct = COMMANDS.get(command)
        if struct in SUBSCRIBING and (command, values) not in self._commands:
            self._commands.append((command, values))
        ended = UNSUBSCRIBING.get(struct) if struct is not None else None
        if ended is not None:
            # Waiting calls are unsubscribed by queue id, phone hints all at once.
            self._commands = [
                (recorded, given)
                for recorded, given in self._commands
                if COMMANDS[recorded] is not ended
                or any(given.get(key) != value for key, value in values.items())
            ]

    def all(self) -> list[SentCommand]:
        """All commands to repeat: those of the watched parts first."""
        return distinct([*(sent for part in self.parts for sent in PARTS[part]), *self._commands])


def distinct(commands: Iterable[SentCommand]) -> list[SentCommand]:
    """Each command once."""
    found: list[SentCommand] = []
    for command in commands:
        if command not in found:
            found.append(command)
    return found
