"""The messages in the log, and whose they are: those of a topic, and those of one stream."""

from collections import deque
from collections.abc import Callable, Hashable

import msgspec

from xucd.cti.streams.records import Opened

OWN_LIMIT = 1024 * 1024
"""The size of one stream's own messages in the log, in bytes."""

_NONE: deque["LoggedMessage"] = deque()
"""The messages of whoever has none, shared by all of these: an empty deque takes 600 bytes."""


class Topic:
    """A topic's messages in the log; it has lost those up to position `lost`."""

    __slots__ = ("entries", "key", "lost", "number")

    def __init__(self, number: int, key: Hashable, lost: int = 0) -> None:
        self.number = number
        self.key = key
        self.lost = lost
        self.entries = _NONE


class ClientStream:
    """A client's stream: who may resume it, its subscriptions, and the messages sent to it alone.

    A topic's subscription holds from the position that `topics` has.
    """

    __slots__ = (
        "_key",
        "_send",
        "ended",
        "entries",
        "epoch",
        "lost",
        "number",
        "owner",
        "parked",
        "sign_in",
        "size",
        "start",
        "topics",
    )

    def __init__(
        self,
        opened: Opened,
        key: Callable[[int], Hashable],
        send: Callable[["ClientStream", bytes], bytes],
    ) -> None:
        self._key = key
        self._send = send
        self.number = opened.stream
        self.epoch = opened.epoch
        self.owner = opened.owner
        self.start = opened.start
        self.lost = opened.lost
        self.entries = _NONE
        self.size = 0
        self.stand(opened)

    def stand(self, opened: Opened) -> None:
        """Take over the subscriptions of a checkpoint."""
        key = self._key
        self.topics: dict[Hashable, int] = {
            key(number): since for number, since in opened.topics.items()
        }
        self.ended: list[tuple[Hashable, int, int]] = [
            (key(number), since, until) for number, since, until in opened.ended
        ]
        self.parked = opened.parked
        self.sign_in = opened.sign_in

    def add(self, message: bytes) -> bytes:
        """Add an encoded message to this stream alone; returns its frame."""
        return self._send(self, message)


class LoggedMessage(msgspec.Struct, gc=False):
    """A message in the log: of the stream `stream`, or of `topics`.

    There may be hundreds of thousands, at which the garbage collector need not look: `Contents`
    takes apart what it loses.
    """

    position: int
    at: float
    frame: bytes
    topics: tuple[Topic, ...]
    stream: ClientStream | None


class Contents:
    """All messages in the log, the oldest first: at most `limit` bytes of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._all: deque[LoggedMessage] = deque()

    def add(self, message: LoggedMessage) -> None:
        """Add the newest message; the oldest make room for it."""
        self._size += len(message.frame)
        while self._size > self._limit and self._all:
            self._drop()
        self._all.append(message)
        for topic in message.topics:
            _append(topic, message)
        if message.stream is not None:
            stream = message.stream
            _append(stream, message)
            stream.size += len(message.frame)
            while stream.size > OWN_LIMIT:
                self._drop_own(stream, hollow=True)

    def lose_before(self, time: float) -> None:
        """Lose all messages that are older."""
        while self._all and self._all[0].at < time:
            self._drop()

    def lose_own(self, stream: ClientStream) -> None:
        """Lose a stream's own messages."""
        while stream.entries:
            self._drop_own(stream, hollow=True)

    def clear(self) -> None:
        """Lose all."""
        for message in self._all:
            message.topics, message.stream = (), None
        self._all.clear()
        self._size = 0

    def _drop(self) -> None:
        """Lose the oldest message."""
        message = self._all.popleft()
        self._size -= len(message.frame)
        for topic in message.topics:
            _pop(topic)
            topic.lost = message.position
        if message.stream is not None:
            self._drop_own(message.stream, hollow=False)

    def _drop_own(self, stream: ClientStream, *, hollow: bool) -> None:
        """Lose a stream's oldest message; `hollow`: among others that are kept."""
        message = _pop(stream)
        stream.size -= len(message.frame)
        stream.lost = message.position
        message.stream = None
        if hollow:
            self._size -= len(message.frame)
            message.frame = b""


def _append(holder: Topic | ClientStream, message: LoggedMessage) -> None:
    if holder.entries is _NONE:
        holder.entries = deque()
    holder.entries.append(message)


def _pop(holder: Topic | ClientStream) -> LoggedMessage:
    message = holder.entries.popleft()
    if not holder.entries:
        holder.entries = _NONE
    return message


def collect(found: dict[int, bytes], entries: deque[LoggedMessage], after: int, until: int) -> None:
    """Collect frames from the end, so that it costs no more than what was missed."""
    for entry in reversed(entries):
        if entry.position <= after:
            return
        if entry.position <= until:
            found[entry.position] = entry.frame


def last(holder: Topic | ClientStream) -> int:
    """The last position that a topic or a stream has got."""
    return holder.entries[-1].position if holder.entries else holder.lost
