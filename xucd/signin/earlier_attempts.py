"""What earlier attempts to sign in leave behind: failures, and the places where users are known.

`xucd.signin.attempts` says what follows from it. Where several processes serve one port, they share
the memory of failures, and tell each other where a user has become known.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from xucd.signin.failure_counts import Cells, FailureCounts

# How many addresses are remembered from which a user has signed in.
MAX_FAMILIAR = 16
BY_ADDRESS, BY_STRANGERS = 10, 3


class AttemptCells(NamedTuple):
    """The memory of the failures of an address at a login, of an address, and at a login."""

    of_pair: Cells
    of_address: Cells
    of_strangers: Cells

    @classmethod
    def empty(cls) -> "AttemptCells":
        """Memory in which there is no failure."""
        return cls(Cells(), Cells(), Cells())


class EarlierAttempts:
    """Failures are counted in `of_pair`, `of_address` and `of_strangers`.

    `limit` is how often an address may fail at a login in a minute; `clock` returns seconds.
    `became_familiar` is called with a login and a place where it was not known.
    """

    def __init__(
        self,
        limit: int,
        clock: Callable[[], float],
        cells: AttemptCells | None = None,
        became_familiar: Callable[[str, str], None] = lambda login, place: None,
    ) -> None:
        cells = cells or AttemptCells.empty()
        self.of_pair = FailureCounts(limit, clock, cells.of_pair)
        self.of_address = FailureCounts(BY_ADDRESS * limit, clock, cells.of_address)
        self.of_strangers = FailureCounts(BY_STRANGERS * limit, clock, cells.of_strangers)
        self._became_familiar = became_familiar
        self._familiar: dict[str, OrderedDict[str, None]] = {}

    def is_familiar(self, login: str, place: str) -> bool:
        """Whether a user has signed in from a place."""
        return place in self._familiar.get(login, ())

    def remember(self, login: str, place: str) -> None:
        """A user has shown at a place who it is."""
        if not self.is_familiar(login, place):
            self._became_familiar(login, place)
        self.add_familiar(login, place)

    def add_familiar(self, login: str, place: str) -> None:
        """A user has done so, here or in another process."""
        places = self._familiar.setdefault(login, OrderedDict())
        places[place] = None
        places.move_to_end(place)
        if len(places) > MAX_FAMILIAR:
            places.popitem(last=False)
