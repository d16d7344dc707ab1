"""What a client has asked to hear of, so that it can be asked again on a stream that is new."""

from collections.abc import Iterable
from typing import Any, Final, Literal

from xucd.cti.commands import COMMANDS
from xucd.cti.schema.commands import SUBSCRIBING, UNSUBSCRIBING

StatePart = Literal["agents", "queues", "queueCalls", "statistics", "callbacks", "memberships"]
SentCommand = tuple[str, dict[str, Any]]

_QUEUES: list[SentCommand] = [("getList", {"objectType": "queue"})]

PARTS: Final[dict[StatePart, list[SentCommand]]] = {
    "agents": [
        ("getList", {"objectType": "agentgroup"}),
        ("getList", {"objectType": "agent"}),
        ("getList", {"objectType": "queuemember"}),
        ("subscribeToAgentEvents", {}),
        ("getAgentStates", {}),
    ],
    "queues": _QUEUES,
    "queueCalls": _QUEUES,  # and then one for each queue
    "statistics": [("subscribeToAgentStats", {}), ("subscribeToQueueStats", {})],
    "callbacks": [("getCallbackPreferredPeriods", {}), ("getCallbackLists", {})],
    "memberships": [("getList", {"objectType": "basequeuemember"})],
}
"""The commands that fill each part of the state and keep it current."""


class Watched:
    """Commands to be sent again, each once, in the order in which they were first."""

    def __init__(self) -> None:
        self.parts: dict[StatePart, None] = {}
        self._commands: list[SentCommand] = []

    def note(self, command: str, values: dict[str, Any]) -> None:
        """Note a command that was done, if it is one that is heard of from then on."""
        ask = COMMANDS.get(command)
        if ask in SUBSCRIBING and (command, values) not in self._commands:
            self._commands.append((command, values))
        undone = UNSUBSCRIBING.get(ask) if ask is not None else None
        if undone is not None:
            # One queue's callers are given up by its id, all phones at once.
            self._commands = [
                (noted, given)
                for noted, given in self._commands
                if COMMANDS[noted] is not undone
                or any(given.get(key) != value for key, value in values.items())
            ]

    def all(self) -> list[SentCommand]:
        """All that is to be sent again."""
        return distinct([*(one for part in self.parts for one in PARTS[part]), *self._commands])


def distinct(commands: Iterable[SentCommand]) -> list[SentCommand]:
    """Each command once."""
    kept: list[SentCommand] = []
    for command in commands:
        if command not in kept:
            kept.append(command)
    return kept
