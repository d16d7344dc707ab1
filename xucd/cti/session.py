"""A client's session: its user and rights, its subscriptions, and where its messages go.

A session begins with a link. For most clients it ends with the link. The session of a client that
asked to resume has a stream in the log of all streams: it is kept for a while after its link is
lost, and over a restart of xucd, and gets what it missed when the client is back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Protocol

from xucd.center.directory import User
from xucd.center.refused import Refused
from xucd.center.rights import Rights
from xucd.cti.messages import LoggedOn, Message, Stream, encode
from xucd.cti.sign_in import SignInKey
from xucd.cti.socket_writer import SocketWriter, framed
from xucd.cti.streams.contents import ClientStream


class Feed(Protocol):
    """Another node whose clients hear of this one: a subscriber for many sessions of its own."""

    topics: Counter[Hashable]
    """How many of its sessions have subscribed to each topic, which only the hub changes."""

    def subscribed(self, session: Session, topic: Hashable) -> None:
        """One of its sessions has subscribed to a topic."""

    def unsubscribed(self, session: Session, topic: Hashable) -> None:
        """One of its sessions has unsubscribed from a topic."""

    def publish(
        self, heard: list[Hashable], message: bytes, about: bytes | None, value: bytes | None
    ) -> None:
        """Send an encoded message to the subscribers of these topics, with what it tells."""

    def record_unheard(self, about: bytes, value: bytes | None) -> None:
        """Tell what is to be known of a thing of which none of its sessions has heard."""

    def at_home(self, agent_id: int, number: int) -> None:
        """Tell that an agent's home is the PBX of this node, since the change of this number."""


class Session:
    """One client's session.

    `sign_in` is that of its last link, `address` the IP address from which that came, "" when it is
    not known. `writer` is None while a resumable session has no link, `stream` is None for a
    session that cannot be resumed.

    A session is dismissed when its sign-in ends, or its user's rights may have changed. Nothing
    more is begun for it then, and it gets no message but the outcomes of its commands.
    """

    feed: Feed | None = None
    """The node that the client is linked to, if that is another one."""

    def __init__(
        self,
        user: User,
        sign_in: SignInKey,
        rights: Rights,
        writer: SocketWriter | None,
        stream: ClientStream | None = None,
    ) -> None:
        self.user = user
        self.sign_in = sign_in
        self.stream = stream
        self.writer = writer
        self.address = ""
        self.dismissed = False
        self._rights = rights
        self._topics: dict[Hashable, int] = {}

    @property
    def topics(self) -> dict[Hashable, int]:
        """The subscriptions, which only the hub changes; their values are the log's."""
        return self._topics if self.stream is None else self.stream.topics

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
            self.send_outcome(body)

    def send_outcome(self, body: Message) -> None:
        """Send the outcome of a command, which a dismissed client is told, too."""
        self.send_encoded(encode(body))

    def send_encoded(self, message: bytes) -> None:
        """Send a message that another node has encoded, or this one."""
        frame = framed(message) if self.stream is None else self.stream.add(message)
        if self.writer is not None:
            self.writer.send(frame)

    def greet(self, recovered: bool | None, position: int, missed: Iterable[bytes] = ()) -> None:
        """Send `LoggedOn` over a new link, and then the frames that a resumed session missed.

        `position` is where the stream goes on from. `recovered` is None for a client that did not
        ask to resume a stream.
        """
        assert self.writer is not None
        hello = LoggedOn()
        if self.stream is not None:
            hello.stream = Stream(epoch=self.stream.epoch, position=position)
        if recovered is not None:
            hello.recovered = recovered
        # Not a message of the stream: it tells the stream's position.
        self.writer.send(framed(encode(hello)))
        for frame in missed:
            self.writer.send(frame)


def rights_ended() -> Refused:
    """The refusal of whatever a dismissed client asks for."""
    return Refused("NotAuthorized", "The rights to do this have ended.")
