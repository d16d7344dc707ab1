"""All clients' connections: how many there may be in all, of one address, and of one user.

Whoever has not shown a valid token counts for its address. A connection on which xucd waits for a
request, silent or slow, gives way to a new one when its address has too many, the oldest first; so
a whole centre behind one address can load its pages, and who only holds connections keeps nobody
out. With a valid token a connection counts for its user. A link is refused when its user has too
many; nothing that belongs to a user ever gives way.

Where several processes serve one port (`xucd.web.elsewhere`), each has as many in all as its files
allow. The bounds of an address and of a user are those of all processes together; what gives way is
the oldest of the process to which a connection comes, or else one of another process.
"""

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any, Protocol, cast

import msgspec

from xucd.web.elsewhere import WAITING, Elsewhere, Nowhere

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

    def __init__(self, limits: ConnectionLimits, elsewhere: Elsewhere | None = None) -> None:
        self._limits = limits
        self._elsewhere = elsewhere = elsewhere or Nowhere()
        self._places: dict[Hashable, _Place] = {}  # of connections and links
        self._of_address = _ByAddress("connections of", elsewhere)
        # Of these, those on which a request is awaited, by how long that has been so.
        self._waiting = _ByAddress(WAITING, elsewhere)
        self._of_user = _ByUser("connections of user", elsewhere)
        self._links_of_user = _ByUser("links of user", elsewhere)

    def __len__(self) -> int:
        return len(self._places)

    def open(self, connection: ClientConnection, address: str) -> bool:
        """Count a new connection, on which a request is awaited; False if there is no place."""
        if not self._room_in_all() or not self._room_at(address):
            return False
        self._places[connection] = _Place(address)
        self._of_address.add(address, connection)
        self.wait(connection)
        return True

    def close(self, connection: Hashable) -> None:
        """Forget a connection, or a link. Idempotent."""
        place = self._places.pop(connection, None)
        if place is None:
            return
        self._leave_address(connection, place)
        if place.user is not None:
            (self._links_of_user if place.link else self._of_user).subtract(place.user)

    def end_all(self) -> None:
        """End all that are no links, at once."""
        for connection, place in list(self._places.items()):
            if not place.link:
                cast(ClientConnection, connection).give_way()

    def wait(self, connection: ClientConnection) -> None:
        """A request is awaited on a connection from now on."""
        place = self._places.get(connection)
        if place is not None and place.user is None:
            self._waiting.add(place.address, connection)

    def serve(self, connection: ClientConnection) -> None:
        """A connection's request has arrived; the connection does not give way."""
        place = self._places.get(connection)
        if place is not None:
            self._waiting.discard(place.address, connection)

    def move(self, connection: ClientConnection, address: str) -> bool:
        """A trusted proxy's connection serves another client; False if that one has too many."""
        place = self._places.get(connection)
        if place is None or place.link:
            return True
        if place.user is not None:
            self._of_user.subtract(place.user)
            place.user = None
        if not self._room_at(address):
            return False
        was_waiting = self._waiting.has(place.address, connection)
        self._leave_address(connection, place)
        place.address = address
        self._of_address.add(address, connection)
        if was_waiting:
            self.wait(connection)
        return True

    def vouch(self, connection: ClientConnection, user: int) -> None:
        """A valid token was seen: the connection counts for its user, unless that has too many."""
        place = self._places.get(connection)
        if place is None or place.user is not None or place.address == PROXY:
            return
        if self._of_user.everywhere(user) < self._limits.links_by_user:
            self._leave_address(connection, place)
            place.user = user
            self._of_user.add(user)

    def link(self, connection: ClientConnection, user: int) -> bool:
        """The connection becomes a link; False, with no change, if the user has too many."""
        place = self._places.get(connection)
        if place is None or self._links_of_user.everywhere(user) >= self._limits.links_by_user:
            return False
        if place.user is None:
            self._leave_address(connection, place)
        else:
            self._of_user.subtract(place.user)
        place.user, place.link = user, True
        self._links_of_user.add(user)
        return True

    def hand_over(self, connection: ClientConnection, link: Hashable) -> None:
        """The link stands for the connection from now on, which may be forgotten."""
        place = self._places.pop(connection, None)
        if place is not None:
            self._places[link] = place

    def give_way(self, address: str) -> bool:
        """End the oldest connection of an address on which a request is awaited, if there is one.

        Another process may ask for it, where one has come that is over the bound of all.
        """
        oldest = self._waiting.oldest(address)
        if oldest is None:
            return False
        self.close(oldest)
        oldest.give_way()
        return True

    def _room_in_all(self) -> bool:
        if len(self._places) < self._limits.total:
            return True
        # Whose address holds the most makes room.
        most = max(self._waiting.addresses(), key=self._of_address.here, default=None)
        return most is not None and self.give_way(most)

    def _room_at(self, address: str) -> bool:
        if address == PROXY or self._of_address.everywhere(address) < self._limits.by_address:
            return True
        return self.give_way(address) or self._elsewhere.give_way(address)

    def _leave_address(self, connection: Any, place: _Place) -> None:
        self._of_address.discard(place.address, connection)
        self._waiting.discard(place.address, connection)


class _ByAddress:
    """The connections of each address, the oldest first. `what` is what they are called in all."""

    def __init__(self, what: str, elsewhere: Elsewhere) -> None:
        self._what = what
        self._elsewhere = elsewhere
        self._groups: dict[str, dict[ClientConnection, None]] = {}

    def add(self, address: str, connection: ClientConnection) -> None:
        self._groups.setdefault(address, {})[connection] = None
        self._tell(address)

    def discard(self, address: str, connection: ClientConnection) -> None:
        if not self.has(address, connection):
            return
        del self._groups[address][connection]
        if not self._groups[address]:
            del self._groups[address]
        self._tell(address)

    def has(self, address: str, connection: ClientConnection) -> bool:
        return connection in self._groups.get(address, ())

    def addresses(self) -> Iterable[str]:
        return self._groups

    def oldest(self, address: str) -> ClientConnection | None:
        return next(iter(self._groups.get(address, ())), None)

    def here(self, address: str) -> int:
        return len(self._groups.get(address, ()))

    def everywhere(self, address: str) -> int:
        return self.here(address) + self._elsewhere.count(f"{self._what} {address}")

    def _tell(self, address: str) -> None:
        if address != PROXY:
            self._elsewhere.report_count(f"{self._what} {address}", self.here(address))


class _ByUser:
    """How many each user has. `what` is what they are called in all."""

    def __init__(self, what: str, elsewhere: Elsewhere) -> None:
        self._what = what
        self._elsewhere = elsewhere
        self._counts: Counter[int] = Counter()

    def add(self, user: int) -> None:
        self._counts[user] += 1
        self._tell(user)

    def subtract(self, user: int) -> None:
        self._counts[user] -= 1
        self._tell(user)
        if not self._counts[user]:
            del self._counts[user]

    def everywhere(self, user: int) -> int:
        return self._counts[user] + self._elsewhere.count(f"{self._what} {user}")

    def _tell(self, user: int) -> None:
        self._elsewhere.report_count(f"{self._what} {user}", self._counts[user])
