"""Subscriptions by topic, and broadcasts to the subscribers.

A broadcast is encoded once, and framed at most twice for all its subscribers: without a position,
and with one for those that can resume. Its cost grows with the number of its subscribers, not with
the number of open links.
"""

import asyncio
from collections.abc import Hashable, Iterable
from typing import TypeVar

from xucd.cti.messages import Message, encode
from xucd.cti.metrics import Metrics
from xucd.cti.session import Session
from xucd.cti.socket_writer import Flush, SocketWriter, framed
from xucd.cti.streams.log import StreamLog

T = TypeVar("T")


class Hub:
    """All subscriptions of the daemon's sessions; `flush` writes what was sent once per turn.

    What goes to sessions that can be resumed goes into the log `streams` first.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        metrics: Metrics | None = None,
        streams: StreamLog | None = None,
    ) -> None:
        self.streams = streams or StreamLog(loop.time)
        self.flush = Flush(loop, before=self.streams.write)
        self.streams.stale = self.flush.schedule
        self.metrics = metrics or Metrics()
        # Two maps: a session that can be resumed may have no writer, and its frames a position.
        self._writers: dict[Hashable, set[SocketWriter]] = {}
        self._resumable: dict[Hashable, set[Session]] = {}

    def subscribe(self, session: Session, topic: Hashable) -> None:
        """Send a topic's messages to a session, unless it is dismissed. Idempotent."""
        if session.dismissed:
            return
        if session.stream is not None:
            self.streams.subscribe(session.stream, topic)
            if topic in session.topics:  # not for one that has ended while a command ran
                self._resumable.setdefault(topic, set()).add(session)
        elif session.writer is not None:
            session.topics[topic] = 0
            self._writers.setdefault(topic, set()).add(session.writer)

    def restore(self, session: Session) -> None:
        """Take in a session whose subscriptions stand in the log."""
        for topic in session.topics:
            self._resumable.setdefault(topic, set()).add(session)

    def unsubscribe(self, session: Session, topic: Hashable) -> None:
        """Send a topic's messages to a session no longer. Idempotent."""
        if session.stream is not None:
            self.streams.unsubscribe(session.stream, topic)
            _discard(self._resumable, topic, session)
        elif session.writer is not None:
            session.topics.pop(topic, None)
            _discard(self._writers, topic, session.writer)

    def drop(self, session: Session) -> None:
        """End a session, and all its subscriptions."""
        if session.stream is not None:
            for topic in session.topics:
                _discard(self._resumable, topic, session)
            self.streams.end(session.stream)
        for topic in list(session.topics):
            self.unsubscribe(session, topic)

    def has_subscribers(self, topics: Iterable[Hashable]) -> bool:
        """Whether any of these topics has a subscriber: if not, no message need be made."""
        return any(topic in self._writers or topic in self._resumable for topic in topics)

    def publish(self, topics: Iterable[Hashable], body: Message) -> None:
        """Send a message, once each, to the subscribers of any of these topics."""
        writers = _union(self._writers, topics := list(topics))
        resumable = [topic for topic in topics if topic in self._resumable]
        if not resumable:
            self.streams.unheard(topics, body)
            if not writers:
                return
        message = encode(body)
        dirty = self.flush.dirty
        if writers:
            frame = framed(message)
            for writer in writers:  # as `SocketWriter.send` does, without its calls
                queued = writer.queued
                if not queued:
                    dirty.append(writer)
                queued.append(frame)
        sessions = _union(self._resumable, resumable)
        if sessions:
            frame = self.streams.publish(topics, resumable, body, message)
            for session in sessions:
                if (positioned := session.writer) is not None:
                    queued = positioned.queued
                    if not queued:
                        dirty.append(positioned)
                    queued.append(frame)
        self.flush.schedule()
        self.metrics.messages.inc(len(writers) + len(sessions))


def _union(subscribers: dict[Hashable, set[T]], topics: list[Hashable]) -> set[T]:
    found = [members for topic in topics if (members := subscribers.get(topic))]
    if len(found) == 1:
        return found[0]
    return set().union(*found)


def _discard(subscribers: dict[Hashable, set[T]], topic: Hashable, member: T) -> None:
    members = subscribers.get(topic)
    if members is not None:
        members.discard(member)
        if not members:
            del subscribers[topic]
