"""Subscriptions by topic, and broadcasts to the subscribers.

A broadcast is encoded once and framed once for all its subscribers. Its cost grows with the number
of its subscribers, not with the number of open links.
"""

import asyncio
from collections.abc import Hashable, Iterable
from typing import TypeVar

from xucd.cti.messages import Message, encode
from xucd.cti.metrics import Metrics
from xucd.cti.session import Session
from xucd.cti.socket_writer import Flush, SocketWriter, framed

T = TypeVar("T")


class Hub:
    """All subscriptions of the daemon's sessions; `flush` writes what was sent once per turn."""

    def __init__(self, loop: asyncio.AbstractEventLoop, metrics: Metrics | None = None) -> None:
        self.flush = Flush(loop)
        self.metrics = metrics or Metrics()
        # Two maps, because a stream with positions needs a frame of its own for each client.
        self._writers: dict[Hashable, set[SocketWriter]] = {}
        self._resumable: dict[Hashable, set[Session]] = {}

    def subscribe(self, session: Session, topic: Hashable) -> None:
        """Send a topic's messages to a session, unless it is dismissed. Idempotent."""
        if session.dismissed:
            return
        session.topics.add(topic)
        if session.replay is not None:
            self._resumable.setdefault(topic, set()).add(session)
        elif session.writer is not None:
            self._writers.setdefault(topic, set()).add(session.writer)

    def unsubscribe(self, session: Session, topic: Hashable) -> None:
        """Send a topic's messages to a session no longer. Idempotent."""
        session.topics.discard(topic)
        _discard(self._resumable, topic, session)
        if session.writer is not None:
            _discard(self._writers, topic, session.writer)

    def drop(self, session: Session) -> None:
        """End all subscriptions of a session."""
        for topic in list(session.topics):
            self.unsubscribe(session, topic)

    def has_subscribers(self, topics: Iterable[Hashable]) -> bool:
        """Whether any of these topics has a subscriber: if not, no message need be made."""
        return any(topic in self._writers or topic in self._resumable for topic in topics)

    def publish(self, topics: Iterable[Hashable], body: Message) -> None:
        """Send a message, once each, to the subscribers of any of these topics."""
        writers = _union(self._writers, topics := list(topics))
        resumable = _union(self._resumable, topics)
        if not writers and not resumable:
            return
        message = encode(body)
        if writers:
            frame = framed(message)
            dirty = self.flush.dirty
            for writer in writers:  # as `SocketWriter.send` does, without its calls
                queued = writer.queued
                if not queued:
                    dirty.append(writer)
                queued.append(frame)
            self.flush.schedule()
        for session in resumable:
            session.send_encoded(message)
        self.metrics.messages.inc(len(writers) + len(resumable))


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
