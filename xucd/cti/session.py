"""A client as the rest of xucd knows it: a user, what it listens to, and where to send.

A session begins with a link. For most clients it ends with it; one that asked to resume is kept
for a while after its link is lost, goes on receiving, and is handed what it missed when it is back.
For that each of its messages has a position, and the last of them are kept, within a bound.
"""

import secrets
from collections import deque
from collections.abc import Hashable, Iterable
from typing import Any

from xucd.center.directory import User
from xucd.cti.messages import LoggedOn, Message, Stream, encode
from xucd.cti.socket_writer import SocketWriter, framed

KEPT_BYTES = 256 * 1024
"""How many bytes of messages are kept for a client that may come back."""


class Kept:
    """The end of a client's stream of messages, by position.

    `epoch` names the stream; a position is the number of messages sent in it so far.
    """

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        self.epoch = secrets.token_urlsafe(12)
        self.position = 0
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._limit = limit

    def add(self, message: bytes) -> bytes:
        """Take an encoded message into the stream; returns its frame, which tells its position."""
        self.position += 1
        # Spliced in front, so that a broadcast is encoded once for all streams.
        frame = framed(b'{"position":%d,%b' % (self.position, message[1:]))
        self._frames.append(frame)
        self._size += len(frame)
        while self._size > self._limit:
            self._size -= len(self._frames.popleft())
        return frame

    def after(self, position: int) -> list[bytes] | None:
        """All frames after `position`, or None when some of them are no longer (or not yet) here.

        Never a part.
        """
        missed = self.position - position
        if not 0 <= missed <= len(self._frames):
            return None
        return list(self._frames)[len(self._frames) - missed :]


class Session:
    """One client. `rights` belongs to the application, `topics` to the hub."""

    def __init__(self, user: User, writer: SocketWriter, kept: Kept | None = None) -> None:
        self.user = user
        self.rights: Any = None
        self.topics: set[Hashable] = set()
        self.kept = kept
        self.writer: SocketWriter | None = writer

    def send(self, body: Message) -> None:
        """Send a message to this client alone, after all that was sent or published before."""
        self.send_encoded(encode(body))

    def send_encoded(self, message: bytes) -> None:
        """Send a message that is encoded already."""
        frame = framed(message) if self.kept is None else self.kept.add(message)
        if self.writer is not None:
            self.writer.send(frame)

    def greet(self, recovered: bool | None, missed: Iterable[bytes] = ()) -> None:
        """Send `LoggedOn` over a new link and then, to one who is back, what it has missed.

        `recovered` is None for a client that did not ask to be taken up again.
        """
        assert self.writer is not None
        hello = LoggedOn()
        missed = list(missed)
        if self.kept is not None:
            hello.stream = Stream(epoch=self.kept.epoch, position=self.kept.position - len(missed))
        if recovered is not None:
            hello.recovered = recovered
        # Not in the stream itself: it tells where the stream stands.
        self.writer.send(framed(encode(hello)))
        for frame in missed:
            self.writer.send(frame)
