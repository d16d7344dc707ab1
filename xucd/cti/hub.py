"""Who hears what: audiences by topic, and messages for many.

A message for many is encoded once and framed once, however many hear it. What it costs grows with
those who hear it, not with those who are connected.
"""

import asyncio
from collections.abc import Hashable, Iterable
from typing import TypeVar

from xucd.cti.messages import Message, encode
from xucd.cti.metrics import Metrics
from xucd.cti.session import Session
from xucd.cti.socket_writer import SocketWriter, Turn, framed

T = TypeVar("T")


class Hub:
    """One for the whole daemon; `turn` is what ends each turn of the loop with one write each."""

    def __init__(self, loop: asyncio.AbstractEventLoop, metrics: Metrics | None = None) -> None:
        self.turn = Turn(loop)
        self.metrics = metrics or Metrics()
        # Apart, because a stream with positions needs a frame of its own for each client.
        self._writers: dict[Hashable, set[SocketWriter]] = {}
        self._kept: dict[Hashable, set[Session]] = {}

    def subscribe(self, session: Session, topic: Hashable) -> None:
        """Let a session hear a topic; twice is the same as once."""
        session.topics.add(topic)
        if session.kept is not None:
            self._kept.setdefault(topic, set()).add(session)
        elif session.writer is not None:
            self._writers.setdefault(topic, set()).add(session.writer)

    def unsubscribe(self, session: Session, topic: Hashable) -> None:
        """Let a session no longer hear a topic, whether or not it did."""
        session.topics.discard(topic)
        _discard(self._kept, topic, session)
        if session.writer is not None:
            _discard(self._writers, topic, session.writer)

    def drop(self, session: Session) -> None:
        """Let a session hear nothing more."""
        for topic in list(session.topics):
            self.unsubscribe(session, topic)

    def heard(self, topics: Iterable[Hashable]) -> bool:
        """Whether anyone hears any of these topics: if not, a message need not even be made."""
        return any(topic in self._writers or topic in self._kept for topic in topics)

    def publish(self, topics: Iterable[Hashable], body: Message) -> None:
        """Send a message once to everyone who hears any of these topics."""
        writers = _union(self._writers, topics := list(topics))
        kept = _union(self._kept, topics)
        if not writers and not kept:
            return
        message = encode(body)
        if writers:
            frame = framed(message)
            dirty = self.turn.dirty
            for writer in writers:
                due = writer.due
                if not due:
                    dirty.append(writer)
                due.append(frame)
            self.turn.end()
        for session in kept:
            session.send_encoded(message)
        self.metrics.messages.inc(len(writers) + len(kept))


def _union(audiences: dict[Hashable, set[T]], topics: list[Hashable]) -> set[T]:
    found = [audience for topic in topics if (audience := audiences.get(topic))]
    if len(found) == 1:
        return found[0]
    return set().union(*found)


def _discard(audiences: dict[Hashable, set[T]], topic: Hashable, one: T) -> None:
    audience = audiences.get(topic)
    if audience is not None:
        audience.discard(one)
        if not audience:
            del audiences[topic]
