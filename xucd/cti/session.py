"""A client's session: its user and rights, its subscriptions, and where its messages go.

A session begins with a link. For most clients it ends with the link. The session of a client that
asked to resume is kept for a while after its link is lost, goes on receiving, and replays what the
client missed when it is back. For that each of its messages has a position, and the last of them
are kept in a replay buffer of a limited size.
"""

import secrets
from collections import deque
from collections.abc import Hashable, Iterable

import msgspec

from xucd.center.directory import User
from xucd.center.refused import Refused
from xucd.center.rights import Rights
from xucd.cti.messages import LoggedOn, Message, Stream, encode
from xucd.cti.socket_writer import SocketWriter, framed

REPLAY_BYTES = 256 * 1024
"""The size of a client's replay buffer."""


class ReplayBuffer:
    """The last messages of a client's stream, by position.

    `epoch` identifies the stream; a position is the number of messages sent in it so far.
    """

    def __init__(self, limit: int = REPLAY_BYTES) -> None:
        self.epoch = secrets.token_urlsafe(12)
        self.position = 0
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._limit = limit

    def add(self, message: bytes) -> bytes:
        """Add an encoded message to the stream; returns its frame, which carries its position."""
        self.position += 1
        # Spliced in front, so that a broadcast is encoded once for all streams.
        frame = framed(b'{"position":%d,%b' % (self.position, message[1:]))
        self._frames.append(frame)
        self._size += len(frame)
        while self._size > self._limit:
            self._size -= len(self._frames.popleft())
        return frame

    def after(self, position: int) -> list[bytes] | None:
        """All frames after `position`, or None if they are not all here."""
        missed = self.position - position
        if not 0 <= missed <= len(self._frames):
            return None
        return list(self._frames)[len(self._frames) - missed :]


class SignInKey(msgspec.Struct, frozen=True):
    """What a user's sign-in is known by: an id, and the generation that ends with all of them."""

    sid: str
    generation: str


class Session:
    """One client's session. `topics` are its subscriptions, which only the hub changes.

    `sign_in` is that of its last link. `writer` is None while a resumable session has no link,
    `replay` is None for a session that cannot be resumed.

    A session is dismissed when its sign-in ends, or its user's rights may have changed. Nothing
    more is begun for it then, and it gets no message but the outcomes of its commands.
    """

    def __init__(
        self,
        user: User,
        sign_in: SignInKey,
        rights: Rights,
        writer: SocketWriter | None,
        replay: ReplayBuffer | None = None,
    ) -> None:
        self.user = user
        self.sign_in = sign_in
        self.topics: set[Hashable] = set()
        self.replay = replay
        self.writer = writer
        self.dismissed = False
        self._rights = rights

    @property
    def rights(self) -> Rights:
        """What the client may see and do at this moment: ask again after each wait.

        Raises `Refused` with `NotAuthorized` once the session is dismissed.
        """
        self.check()
        return self._rights

    def check(self) -> None:
        """Raise `Refused` with `NotAuthorized` once the session is dismissed."""
        if self.dismissed:
            raise rights_ended()

    def send(self, body: Message) -> None:
        """Send a message to this client alone, after all that was sent or published before."""
        if not self.dismissed:
            self.send_encoded(encode(body))

    def send_outcome(self, body: Message) -> None:
        """Send the outcome of a command, which a dismissed client is told, too."""
        self.send_encoded(encode(body))

    def send_encoded(self, message: bytes) -> None:
        """Send an encoded message."""
        frame = framed(message) if self.replay is None else self.replay.add(message)
        if self.writer is not None:
            self.writer.send(frame)

    def greet(self, recovered: bool | None, missed: Iterable[bytes] = ()) -> None:
        """Send `LoggedOn` over a new link, and then the frames that a resumed session missed.

        `recovered` is None for a client that did not ask to resume a stream.
        """
        assert self.writer is not None
        hello = LoggedOn()
        missed = list(missed)
        if self.replay is not None:
            position = self.replay.position - len(missed)
            hello.stream = Stream(epoch=self.replay.epoch, position=position)
        if recovered is not None:
            hello.recovered = recovered
        # Not a message of the stream: it tells the stream's position.
        self.writer.send(framed(encode(hello)))
        for frame in missed:
            self.writer.send(frame)


def rights_ended() -> Refused:
    """The refusal of whatever a dismissed client asks for."""
    return Refused("NotAuthorized", "The rights to do this have ended.")
