"""What the processes that serve one port share, so that bounds on clients hold over all of them.

Each tells how many connections and links it has, and knows of each number the sum that the others
have told last. So a bound may be exceeded by what comes to several processes at the same moment.
"""

from collections.abc import Mapping
from typing import Protocol

from xucd.signin.earlier_attempts import AttemptCells

WAITING = "waiting of"
"""By what connections are counted on which a request is awaited, before their address."""


class Elsewhere(Protocol):
    """The other processes. `cells` is the memory of failed sign-ins that they have in common."""

    cells: AttemptCells | None

    def count(self, name: str) -> int:
        """How many of something they have."""

    def report_count(self, name: str, number: int) -> None:
        """This process has so many of it now."""

    def give_way(self, address: str) -> bool:
        """Have one of them end a connection of an address that awaits a request, if one has any."""

    def report_familiar(self, login: str, place: str) -> None:
        """A user has become known at a place."""


class Nowhere(Elsewhere):
    """There are no other processes."""

    cells = None

    def count(self, name: str) -> int:
        """None."""
        return 0

    def report_count(self, name: str, number: int) -> None:
        """Nobody is told."""

    def give_way(self, address: str) -> bool:
        """Nobody does."""
        return False

    def report_familiar(self, login: str, place: str) -> None:
        """Nobody is told."""


class CountsElsewhere:
    """The numbers that processes have told, and their sums, by name."""

    def __init__(self) -> None:
        self._of: dict[int, dict[str, int]] = {}
        self._sums: dict[str, int] = {}

    def sum(self, name: str) -> int:
        """How many of something all of these processes have."""
        return self._sums.get(name, 0)

    def told(self, process: int) -> Mapping[str, int]:
        """What a process has of anything."""
        return self._of.get(process, {})

    def hear(self, process: int, numbers: Mapping[str, int]) -> None:
        """A process has so many of each of these now."""
        known = self._of.setdefault(process, {})
        for name, number in numbers.items():
            total = self.sum(name) - known.pop(name, 0) + number
            if number:
                known[name] = number
            if total:
                self._sums[name] = total
            else:
                self._sums.pop(name, None)

    def forget(self, process: int) -> None:
        """A process has ended, and with it all that it had."""
        self.hear(process, dict.fromkeys(self.told(process), 0))
        self._of.pop(process, None)
