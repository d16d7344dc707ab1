"""Subscriptions by topic, and broadcasts to the subscribers.

A broadcast is encoded once, and framed at most twice for all its subscribers: without a position,
and with one for those that can resume. It is kept once, too, until the flush: publishing costs the
same for any number of subscribers, and the flush one write for each client.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import Protocol

from xucd.cti.audiences import Audiences
from xucd.cti.flush import Flush
from xucd.cti.messages import Message, encode
from xucd.cti.metrics import Metrics
from xucd.cti.session import Feed, Session
from xucd.cti.socket_writer import SocketWriter, framed
from xucd.cti.streams import told
from xucd.cti.streams.log import StreamLog


class Broadcaster(Protocol):
    """Sends messages to the subscribers of topics: a hub to all, or a part of it to some."""

    def has_subscribers(self, topics: Iterable[Hashable]) -> bool:
        """Whether any of these topics has a subscriber: if not, no message need be made."""

    def publish(self, topics: Iterable[Hashable], body: Message) -> None:
        """Send a message, once each, to the subscribers of any of these topics."""


class Hub:
    """All subscriptions of the daemon's sessions; `flush` writes what was sent once per turn.

    What goes to sessions that can be resumed goes into the log `streams` first. `feeds` are the
    other nodes that hear of this one, `dropped` is called with each session that has ended, and
    `changed` with each that has got another sign-in, or another link and so another address.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        metrics: Metrics | None = None,
        streams: StreamLog | None = None,
    ) -> None:
        self.streams = streams or StreamLog(loop.time)
        self.flush = Flush(loop, before=self._before_writing)
        self.streams.stale = self.flush.schedule
        self.metrics = metrics or Metrics()
        self._delivered = 0
        self.feeds: list[Feed] = []
        self.dropped: Callable[[Session], None] = _nothing
        self.changed: Callable[[Session], None] = _nothing
        # Apart, since the frames of sessions that can be resumed have a position.
        self._plain = Audiences(self.flush.uses)
        self._positioned = Audiences(self.flush.uses)
        # How many of these a topic has, with those that have no link: what they miss is logged.
        self._streams: Counter[Hashable] = Counter()

    def subscribe(self, session: Session, topic: Hashable) -> None:
        """Send a topic's messages to a session, unless it is dismissed. Idempotent."""
        if session.dismissed or topic in session.topics:
            return
        if session.feed is not None:
            session.topics[topic] = 0
            session.feed.topics[topic] += 1
            session.feed.subscribed(session, topic)
        elif session.stream is not None:
            self.streams.subscribe(session.stream, topic)
            if topic in session.topics:  # not for one that has ended while a command ran
                self._count_in(session, topic)
        elif session.writer is not None:
            session.topics[topic] = 0
            self._plain.add(topic, session.writer)

    def unsubscribe(self, session: Session, topic: Hashable) -> None:
        """Send a topic's messages to a session no longer. Idempotent."""
        if topic not in session.topics:
            return
        if session.feed is not None:
            self._forget(session.feed, topic)
            del session.topics[topic]
            session.feed.unsubscribed(session, topic)
        elif session.stream is not None:
            self._count_out(session, topic)
            self.streams.unsubscribe(session.stream, topic)
        elif session.writer is not None:
            del session.topics[topic]
            self._plain.discard(topic, session.writer)

    def restore(self, session: Session) -> None:
        """Take in a session that has its subscriptions: of the log, or of another node."""
        if session.feed is not None:
            session.feed.topics.update(session.topics.keys())
            return
        for topic in session.topics:
            self._count_in(session, topic)

    def connect(self, session: Session, writer: SocketWriter | None) -> None:
        """Give a session that can be resumed another writer, or None while it has no link."""
        for topic in session.topics:
            if session.writer is not None:
                self._positioned.discard(topic, session.writer)
            if writer is not None:
                self._positioned.add(topic, writer)
        session.writer = writer

    def drop(self, session: Session) -> None:
        """End a session, and all its subscriptions."""
        for topic in list(session.topics):
            if session.feed is not None:
                self._forget(session.feed, topic)
            elif session.stream is not None:
                self._count_out(session, topic)
            else:
                self.unsubscribe(session, topic)
        if session.feed is not None:
            session.topics.clear()
        if session.stream is not None:
            self.streams.end(session.stream)
        self.dropped(session)

    def has_subscribers(self, topics: Iterable[Hashable]) -> bool:
        """Whether any of these topics has a subscriber: if not, no message need be made."""
        return any(
            topic in self._plain
            or topic in self._streams
            or any(topic in feed.topics for feed in self.feeds)
            for topic in topics
        )

    def publish(self, topics: Iterable[Hashable], body: Message) -> None:
        """Send a message, once each, to the subscribers of any of these topics."""
        topics = list(topics)
        plain = self._plain.of(topics)
        heard = [topic for topic in topics if topic in self._streams]
        if self.feeds:
            self._feed(topics, body)
        if not heard:
            self.streams.unheard(topics, body)
            if not plain:
                return
        message = encode(body)
        if plain:
            self._send(plain, framed(message))
        if heard:
            frame = self.streams.publish(topics, heard, body, message)
            self._send(self._positioned.of(heard), frame)

    def publish_encoded(
        self, topics: list[Hashable], message: bytes, about: bytes | None, value: bytes | None
    ) -> None:
        """Publish a message of another node, with what it tells: see `xucd.cti.streams.told`."""
        plain = self._plain.of(topics)
        heard = [topic for topic in topics if topic in self._streams]
        if plain:
            self._send(plain, framed(message))
        if heard:
            frame = self.streams.publish_known(heard, message, about, value)
            self._send(self._positioned.of(heard), frame)
        elif about is not None:
            self.streams.set_known(about, told.unheard_of(about, value))

    def announce_home(self, agent_id: int, number: int) -> None:
        """Tell other nodes that an agent's home is the PBX of this one."""
        for feed in self.feeds:
            feed.at_home(agent_id, number)

    def _feed(self, topics: list[Hashable], body: Message) -> None:
        """Publish a message to other nodes: encoded once for all that hear of it."""
        about = told.about(topics, body)
        message, value = b"", None
        for feed in self.feeds:
            heard = [topic for topic in topics if topic in feed.topics]
            if heard:
                if not message:
                    message = encode(body)
                    value = told.value(body, message) if about is not None else None
                feed.publish(heard, message, about, value)
            elif about is not None:
                feed.record_unheard(about, told.unheard(body))

    def _forget(self, feed: Feed, topic: Hashable) -> None:
        feed.topics[topic] -= 1
        if not feed.topics[topic]:
            del feed.topics[topic]

    def _before_writing(self) -> None:
        self.streams.write()
        self.metrics.messages.inc(self._delivered)
        self._delivered = 0

    def _send(self, audiences: list[set[SocketWriter]], frame: bytes) -> None:
        for audience in audiences:
            self.flush.publish(audience, frame)
            self._delivered += len(audience)

    def _count_in(self, session: Session, topic: Hashable) -> None:
        self._streams[topic] += 1
        if session.writer is not None:
            self._positioned.add(topic, session.writer)

    def _count_out(self, session: Session, topic: Hashable) -> None:
        self._streams[topic] -= 1
        if not self._streams[topic]:
            del self._streams[topic]
        if session.writer is not None:
            self._positioned.discard(topic, session.writer)


def _nothing(session: Session) -> None:
    """Nobody waits for the end of a session, or for a change of it."""
