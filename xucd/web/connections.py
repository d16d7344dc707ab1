"""All clients' connections: how many there may be in all, of one address, and of one user.

Whoever has not shown a valid token counts for its address. A connection on which xucd waits for a
request, silent or slow, gives way to a new one when its address has too many, the oldest first; so
a whole centre behind one address can load its pages, and who only holds connections keeps nobody
out. With a valid token a connection counts for its user. A link is refused when its user has too
many; nothing that belongs to a user ever gives way.
"""

from collections.abc import Hashable
from typing import Any, Protocol, cast

import msgspec

# The address of connections from a trusted proxy between two requests: it has no bound of its own.
PROXY = ""


class ConnectionLimits(msgspec.Struct, frozen=True):
    """How many connections there may be: `total`, for each address, and links for each user."""

    total: int = 10_000
    by_address: int = 512
    links_by_user: int = 50


class ClientConnection(Hashable, Protocol):
    """A client's connection."""

    def give_way(self) -> None:
        """End it at once."""


class _Place(msgspec.Struct):
    """Where a connection counts. `user` and `link` are set once a valid token was seen."""

    address: str
    user: int | None = None
    link: bool = False


class Connections:
    """Counts connections, and ends those that have to give way. Addresses are buckets."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._places: dict[Hashable, _Place] = {}  # of connections and links
        self._of_address: dict[str, dict[ClientConnection, None]] = {}
        # Of these, those on which a request is awaited, by how long that has been so.
        self._waiting: dict[str, dict[ClientConnection, None]] = {}
        self._of_user: dict[int, int] = {}
        self._links_of_user: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._places)

    def open(self, connection: ClientConnection, address: str) -> bool:
        """Count a new connection, on which a request is awaited; False if there is no place."""
        if not self._room_in_all() or not self._room_at(address):
            return False
        self._places[connection] = _Place(address)
        self._of_address.setdefault(address, {})[connection] = None
        self.wait(connection)
        return True

    def close(self, connection: Hashable) -> None:
        """Forget a connection, or a link. Idempotent."""
        place = self._places.pop(connection, None)
        if place is None:
            return
        self._leave_address(connection, place)
        if place.user is not None:
            _subtract(self._links_of_user if place.link else self._of_user, place.user)

    def end_all(self) -> None:
        """End all that are no links, at once."""
        for connection, place in list(self._places.items()):
            if not place.link:
                cast(ClientConnection, connection).give_way()

    def wait(self, connection: ClientConnection) -> None:
        """A request is awaited on a connection from now on."""
        place = self._places.get(connection)
        if place is not None and place.user is None:
            self._waiting.setdefault(place.address, {})[connection] = None

    def serve(self, connection: ClientConnection) -> None:
        """A connection's request has arrived; the connection does not give way."""
        place = self._places.get(connection)
        if place is not None:
            _discard(self._waiting, place.address, connection)

    def move(self, connection: ClientConnection, address: str) -> bool:
        """A trusted proxy's connection serves another client; False if that one has too many."""
        place = self._places.get(connection)
        if place is None or place.link:
            return True
        if place.user is not None:
            _subtract(self._of_user, place.user)
            place.user = None
        if not self._room_at(address):
            return False
        was_waiting = connection in self._waiting.get(place.address, ())
        self._leave_address(connection, place)
        place.address = address
        self._of_address.setdefault(address, {})[connection] = None
        if was_waiting:
            self.wait(connection)
        return True

    def vouch(self, connection: ClientConnection, user: int) -> None:
        """A valid token was seen: the connection counts for its user, unless that has too many."""
        place = self._places.get(connection)
        if place is None or place.user is not None or place.address == PROXY:
            return
        if self._of_user.get(user, 0) < self._limits.links_by_user:
            self._leave_address(connection, place)
            place.user = user
            self._of_user[user] = self._of_user.get(user, 0) + 1

    def link(self, connection: ClientConnection, user: int) -> bool:
        """The connection becomes a link; False, with no change, if the user has too many."""
        place = self._places.get(connection)
        if place is None or self._links_of_user.get(user, 0) >= self._limits.links_by_user:
            return False
        if place.user is None:
            self._leave_address(connection, place)
        else:
            _subtract(self._of_user, place.user)
        place.user, place.link = user, True
        self._links_of_user[user] = self._links_of_user.get(user, 0) + 1
        return True

    def hand_over(self, connection: ClientConnection, link: Hashable) -> None:
        """The link stands for the connection from now on, which may be forgotten."""
        place = self._places.pop(connection, None)
        if place is not None:
            self._places[link] = place

    def _room_in_all(self) -> bool:
        if len(self._places) < self._limits.total:
            return True
        # Whose address holds the most makes room.
        most = max(self._waiting, key=lambda address: len(self._of_address[address]), default=None)
        return most is not None and self._evict(most)

    def _room_at(self, address: str) -> bool:
        held = len(self._of_address.get(address, ()))
        if address == PROXY or held < self._limits.by_address:
            return True
        return self._evict(address)

    def _evict(self, address: str) -> bool:
        oldest = next(iter(self._waiting.get(address, ())), None)
        if oldest is None:
            return False
        self.close(oldest)
        oldest.give_way()
        return True

    def _leave_address(self, connection: Hashable, place: _Place) -> None:
        _discard(self._of_address, place.address, connection)
        _discard(self._waiting, place.address, connection)


def _discard(
    groups: dict[str, dict[ClientConnection, None]], address: str, connection: Any
) -> None:
    group = groups.get(address)
    if group is not None:
        group.pop(connection, None)
        if not group:
            del groups[address]


def _subtract(counts: dict[int, int], user: int) -> None:
    counts[user] -= 1
    if not counts[user]:
        del counts[user]
