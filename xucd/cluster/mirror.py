"""What the clients of an edge know, so that a snapshot tells them what is other, and no more.

Of each thing that can change it keeps the value that clients know, as the log of streams does (see
`xucd.cti.streams.told`). While a snapshot comes in, what was not confirmed yet may be no more; what
is published meanwhile is newer than what was shown before.
"""

from collections.abc import Callable

Tell = Callable[[list[int], bytes, bytes | None, bytes | None], None]
"""Sends a message to the subscribers of some topics: topics, message, thing, and value."""


class Mirror:
    """What clients know of the things of one PBX; `tell` sends them a message."""

    def __init__(self, tell: Tell) -> None:
        self.known: dict[bytes, bytes] = {}
        self._tell = tell
        self._unconfirmed: set[bytes] = set()
        self._views: list[tuple[list[int], bytes]] = []

    def begin(self) -> None:
        """A snapshot begins: all that is known is in doubt."""
        self._unconfirmed = set(self.known)
        self._views.clear()

    def publish(
        self, topics: list[int], message: bytes, about: bytes | None, value: bytes | None
    ) -> None:
        """A message is published: clients know of it from now on."""
        self._tell(topics, message, about, value)
        if about is not None:
            self.know(about, value)

    def know(self, about: bytes, value: bytes | None) -> None:
        """What is to be known of a thing, None for one that is no more."""
        self._unconfirmed.discard(about)
        if value:
            self.known[about] = value
        else:
            self.known.pop(about, None)

    def forget(self, about: bytes) -> None:
        """A thing is another PBX's to tell of by now."""
        self._unconfirmed.discard(about)
        self.known.pop(about, None)

    def show(
        self, topics: list[int], message: bytes, about: bytes | None, value: bytes | None
    ) -> None:
        """A message of a snapshot: told if it is other than what is known.

        Views of a thing, which come before it, are told with it.
        """
        self._views.append((topics, message))
        if about is None:
            return
        views, self._views = self._views, []
        if self.known.get(about) != value:
            for each_topics, view in views[:-1]:
                self._tell(each_topics, view, None, None)
            self._tell(topics, message, about, value)
        self.know(about, value)

    def missing(self) -> list[tuple[bytes, bytes]]:
        """The snapshot is whole: what it did not have, each with what was known of it.

        Clients still know of it until they are told: what is told now may be lost, too.
        """
        self._views.clear()
        return [(about, self.known[about]) for about in sorted(self._unconfirmed)]

    def settle(self) -> None:
        """All is told: what was not confirmed is no more."""
        for about in self._unconfirmed:
            self.known.pop(about, None)
        self._unconfirmed.clear()
