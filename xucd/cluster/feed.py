"""What the owner of a PBX sends to one edge, and the edge's sessions as the owner has them.

To the owner's hub a feed is one subscriber. So an edge gets what its clients hear and no more, each
message once, in the order in which a client of the owner would get them, answers among them.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from contextvars import ContextVar
from typing import Any

from xucd.center.directory import User
from xucd.center.rights import Rights
from xucd.cluster import packets as pk
from xucd.cti.messages import Message, encode
from xucd.cti.session import Session
from xucd.cti.sign_in import SignInKey
from xucd.cti.streams import told
from xucd.cti.streams.topics import decode_topic, encode_topic

answering: ContextVar[int] = ContextVar("answering", default=0)
"""The number of the command that is being carried out: what it sends is its answer."""


class RemoteSession(Session):
    """The session of a client that is linked to an edge; `number` is what it is called there."""

    def __init__(
        self, user: User, sign_in: SignInKey, rights: Rights, feed: "OwnersFeed", number: int
    ) -> None:
        super().__init__(user, sign_in, rights, writer=None)
        self.feed = feed
        self._feed = feed
        self.number = number

    def send_encoded(self, message: bytes) -> None:
        """Send a message to the client by way of its edge."""
        self._feed.add(pk.SendMessage(self.number, message, answering.get()))


class OneEdge:
    """A `xucd.cti.hub.Broadcaster` to the subscribers of one edge alone."""

    def __init__(self, feed: "OwnersFeed") -> None:
        self._feed = feed

    def has_subscribers(self, topics: Iterable[Hashable]) -> bool:
        """Whether any of these topics has a subscriber at the edge."""
        return any(topic in self._feed.topics for topic in topics)

    def publish(self, topics: Iterable[Hashable], body: Message) -> None:
        """Send a message to the edge's subscribers of any of these topics."""
        topics = list(topics)
        heard = [topic for topic in topics if topic in self._feed.topics]
        if heard:
            message, about = encode(body), told.about(topics, body)
            value = told.value(body, message) if about is not None else None
            self._feed.publish(heard, message, about, value)


class OwnersFeed:
    """A feed at its owner. What is added in one turn of the loop goes out together at its end.

    `send` sends a packet, and returns False when it cannot: the feed is over then. So it is when
    either side says so. `is_current` says whether the owner's state is Asterisk's. `schema` is that
    which both sides speak.
    """

    def __init__(
        self,
        feed: str,
        send: Callable[[bytes], bool],
        loop: asyncio.AbstractEventLoop,
        is_current: Callable[[], bool],
        schema: int,
    ) -> None:
        self.name = feed
        self.over = False
        self.topics: Counter[Hashable] = Counter()
        self._sending = pk.Sending(feed)
        self._send = send
        self._loop = loop
        self._is_current = is_current
        self._schema = schema
        self._numbers: dict[Hashable, int] = {}  # of topics
        self._named: list[Hashable] = []  # those that the edge has named
        self._own_names = 0
        self._items: list[Any] = []
        # Things whose last change the edge knows not to know.
        self._unheard: set[bytes] = set()
        # Things told since the snapshot ended, until the edge has said what it lacked.
        self._told_since: set[bytes] | None = None

    # -- for the hub

    def subscribed(self, session: Session, topic: Hashable) -> None:
        """One of the edge's sessions has subscribed to a topic."""
        self.add(pk.SubscribeSession(_number(session), self._number(topic)))

    def unsubscribed(self, session: Session, topic: Hashable) -> None:
        """One of the edge's sessions has unsubscribed from a topic."""
        self.add(pk.UnsubscribeSession(_number(session), self._number(topic)))

    def publish(
        self, heard: list[Hashable], message: bytes, about: bytes | None, value: bytes | None
    ) -> None:
        """Send an encoded message to the subscribers of these topics, with what it tells."""
        self._unheard.discard(about or b"")
        self._note(about)
        self.add(pk.PublishMessage(self._topic_numbers(heard), message, about, value))

    def record_unheard(self, about: bytes, value: bytes | None) -> None:
        """Tell what is to be known of a thing of which none of the edge's sessions has heard."""
        self._note(about)
        if value == told.UNHEARD:
            if about in self._unheard:
                return
            self._unheard.add(about)
        else:
            self._unheard.discard(about)
        self.add(pk.KnowThing(about, value))

    def at_home(self, agent_id: int, number: int) -> None:
        """An agent's home is the owner's PBX, since the change of this number."""
        self.add(pk.AgentAtHome(agent_id, number))

    # -- for the owner

    def name_topics(self, names: list[bytes]) -> None:
        """Know topics by the numbers that the edge has for them."""
        for name in names:
            topic = decode_topic(name)
            self._named.append(topic)
            self._numbers[topic] = len(self._named)

    def named(self, number: int) -> Hashable:
        """The topic that the edge has named by this number. Raises `IndexError`."""
        return self._named[number - 1]

    def show(self, topics: list[Hashable], body: Message) -> None:
        """Send a message of a snapshot."""
        about = told.about(topics, body)
        heard = [topic for topic in topics if topic in self.topics]
        if heard or about is not None:
            message = encode(body)
            value = told.value(body, message) if about is not None else None
            # Of a thing in any case: views of it, which some hear, may have come before.
            shown = message if heard else b""
            self.add(pk.ShowMessage(self._topic_numbers(heard), shown, about, value))
            self._unheard.discard(about or b"")

    def end_snapshot(self) -> None:
        """All that is shown was shown."""
        self._told_since = set()
        self.add(pk.SnapshotEnds())

    def still_missing(self, things: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Those of which nothing was told since the snapshot ended: they have not come back."""
        told_since, self._told_since = self._told_since or set(), None
        return [(about, value) for about, value in things if about not in told_since]

    def add(self, item: Any) -> None:
        """Send an item at the end of this turn."""
        if self.over:
            return
        if not self._items:
            self._loop.call_soon(self.flush)
        self._items.append(item)

    def flush(self) -> None:
        """Send now what was added, with the owner's time before it."""
        items, self._items = self._items, []
        if not items or self.over:
            return
        for packet in self._sending.packets([self._now(), *items]):
            if not self._send(packet):
                self.over = True
                return

    def beat(self) -> None:
        """Tell the owner's time, behind whatever is due."""
        self.add(self._now())
        self.flush()

    def _now(self) -> pk.Beat:
        return pk.Beat(self._loop.time(), self._is_current(), self._schema)

    def _note(self, about: bytes | None) -> None:
        if about is not None and self._told_since is not None:
            self._told_since.add(about)

    def _topic_numbers(self, topics: list[Hashable]) -> list[int]:
        return [self._number(topic) for topic in topics]

    def _number(self, topic: Hashable) -> int:
        number = self._numbers.get(topic)
        if number is None:
            self._own_names -= 1
            number = self._numbers[topic] = self._own_names
            self.add(pk.NameTopic(number, encode_topic(topic)))
        return number


def _number(session: Session) -> int:
    assert isinstance(session, RemoteSession)
    return session.number
