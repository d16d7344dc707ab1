"""What is due in one turn of the event loop, written at its end: one write for each client.

What is published to many is kept once, with its audience; no list of any client grows by it. At
the end of the turn the audiences are divided into parts whose members are due the same frames,
which are joined once for each part. What is sent to one client alone is queued at its writer,
behind whatever was published to it before in this turn. Such a writer stands *apart*: it is
written by itself.

An audience is the hub's own set of subscribers. As long as the turn uses it, it must not change:
see `Flush.uses`.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import Protocol

FEW = 3
"""Up to so many members are no audience: each is sent the frame by itself."""
MANY = 4
"""More audiences than this are divided member by member: they may have as many parts."""


class Writer(Protocol):
    """One client's `SocketWriter`, as a flush uses it.

    `queued` are its frames of this turn while it stands apart. `take` takes bytes and returns how
    many it could: the socket's own `send`, or what stands in for it meanwhile.
    """

    queued: list[bytes]
    take: Callable[[bytes], int]

    def keep(self, rest: bytes) -> None:
        """Keep the rest of what the socket did not take."""

    def push(self, data: bytes) -> None:
        """Write some bytes, and keep what the socket does not take."""


class _Audience:
    """Who gets some of a turn's frames, and the places of these in the turn."""

    __slots__ = ("members", "places")

    def __init__(self, members: Set[Writer]) -> None:
        self.members = members
        self.places: list[int] = []


_Parts = Mapping[tuple[_Audience, ...], Set[Writer]]
"""By which audiences a part is of: they are the same for all of its members."""


class Flush:
    """All that is due in this turn. `before` is called before any of it is written."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, before: Callable[[], None] | None = None
    ) -> None:
        self.before = before or _nothing
        self._loop = loop
        self._scheduled = False
        self._frames: list[bytes] = []
        self._audiences: dict[int, _Audience] = {}  # by the identity of the sets
        self._apart: dict[Writer, int] = {}  # up to which place each has its frames queued

    @property
    def idle(self) -> bool:
        """Whether nothing is due."""
        return not (self._frames or self._apart)

    def schedule(self) -> None:
        """Flush once, after everything else that this turn of the loop runs."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self.run)

    def publish(self, audience: Set[Writer], frame: bytes) -> None:
        """Send a frame to many; the set must not change as long as `uses` says so."""
        if len(audience) <= FEW:
            for writer in audience:
                self.send(writer, frame)
            return
        known = self._audiences.get(id(audience))
        if known is None:
            known = self._audiences[id(audience)] = _Audience(audience)
        known.places.append(len(self._frames))
        self._frames.append(frame)
        self.schedule()

    def uses(self, audience: Set[Writer]) -> bool:
        """Whether a frame of this turn goes to this very set: a change has to be made on a copy."""
        return id(audience) in self._audiences

    def send(self, writer: Writer, frame: bytes) -> None:
        """Send a frame to one client, behind all that was published to it before."""
        self._set_apart(writer)
        writer.queued.append(frame)
        self.schedule()

    def withdraw(self, writer: Writer) -> list[bytes]:
        """Take a client's frames out of this turn: they are written before its link is closed."""
        self._set_apart(writer)
        del self._apart[writer]
        queued, writer.queued = writer.queued, []
        return queued

    def run(self) -> None:
        """Write now all that is due."""
        self._scheduled = False
        self.before()
        for writer in self._apart:
            self._set_apart(writer)
        frames, self._frames = self._frames, []
        audiences, self._audiences = self._audiences, {}
        apart, self._apart = self._apart, {}
        for writer in apart:
            queued, writer.queued = writer.queued, []
            writer.push(b"".join(queued))
        for places, members in _parts(list(audiences.values())):
            _write(members - apart.keys(), b"".join([frames[place] for place in places]))

    def _set_apart(self, writer: Writer) -> None:
        """Queue what was published to a client up to now, so that more can be queued behind it."""
        begin, end = self._apart.get(writer, 0), len(self._frames)
        self._apart[writer] = end
        if begin == end:
            return
        places = [
            place
            for audience in self._audiences.values()
            if writer in audience.members
            for place in audience.places[bisect_left(audience.places, begin) :]
        ]
        writer.queued += [self._frames[place] for place in sorted(places)]


def _parts(audiences: list[_Audience]) -> Iterator[tuple[list[int], Set[Writer]]]:
    """Divide audiences into parts that get the same frames; each with the places of these."""
    divided = _by_sets(audiences) if len(audiences) <= MANY else _by_members(audiences)
    for of, members in divided.items():
        yield sorted([place for audience in of for place in audience.places]), members


def _by_sets(audiences: list[_Audience]) -> _Parts:
    """The parts, by whose members they are: whole sets are compared."""
    parts: dict[tuple[_Audience, ...], Set[Writer]] = {}
    for audience in audiences:
        rest = audience.members
        for of, members in list(parts.items()):
            both = members & rest
            if both:
                parts[of] = members - both
                parts[*of, audience] = both
                rest = rest - both
        parts[audience,] = rest
    return parts


def _by_members(audiences: list[_Audience]) -> _Parts:
    """The same, in a time that grows with the members and not with the parts."""
    of: dict[Writer, list[_Audience]] = {}
    for audience in audiences:
        for writer in audience.members:
            of.setdefault(writer, []).append(audience)
    parts: dict[tuple[_Audience, ...], set[Writer]] = {}
    for writer, found in of.items():
        parts.setdefault(tuple(found), set()).add(writer)
    return parts


def _write(members: Iterable[Writer], data: bytes) -> None:
    """Write the same bytes to many: what `push` does, without a call of ours for each."""
    size = len(data)
    for writer in members:
        try:
            sent = writer.take(data)
        except OSError:  # the socket's buffer is full, or the link is lost
            sent = 0
        if sent != size:
            writer.keep(data[sent:])


def _nothing() -> None:
    """Nothing is to be done before."""
