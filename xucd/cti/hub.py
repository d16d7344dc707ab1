"""Who hears what: audiences by topic, and messages for many.

A message for many is encoded once and framed once, however many hear it. What it costs grows with
those who hear it, not with those who are connected.
"""

import asyncio
from collections.abc import Hashable, Iterable
from typing import TypeVar

from xucd.cti.messages import Message, encode
from xucd.cti.meter import Meter
from xucd.cti.outlet import Outlet, Turn, framed
from xucd.cti.session import Session

T = TypeVar("T")


class Hub:
    """One for the whole daemon; `turn` is what ends each turn of the loop with one write each."""

    def __init__(self, loop: asyncio.AbstractEventLoop, meter: Meter | None = None) -> None:
        self.turn = Turn(loop)
        self.meter = meter or Meter()
        # Apart, because a stream with positions needs a frame of its own for each client.
        self._outlets: dict[Hashable, set[Outlet]] = {}
        self._kept: dict[Hashable, set[Session]] = {}

    def subscribe(self, session: Session, topic: Hashable) -> None:
        """Let a session hear a topic; twice is the same as once."""
        session.topics.add(topic)
        if session.kept is not None:
            self._kept.setdefault(topic, set()).add(session)
        elif session.outlet is not None:
            self._outlets.setdefault(topic, set()).add(session.outlet)

    def unsubscribe(self, session: Session, topic: Hashable) -> None:
        """Let a session no longer hear a topic, whether or not it did."""
        session.topics.discard(topic)
        _discard(self._kept, topic, session)
        if session.outlet is not None:
            _discard(self._outlets, topic, session.outlet)

    def drop(self, session: Session) -> None:
        """Let a session hear nothing more."""
        for topic in list(session.topics):
            self.unsubscribe(session, topic)

    def heard(self, topics: Iterable[Hashable]) -> bool:
        """Whether anyone hears any of these topics: if not, a message need not even be made."""
        return any(topic in self._outlets or topic in self._kept for topic in topics)

    def publish(self, topics: Iterable[Hashable], body: Message) -> None:
        """Send a message once to everyone who hears any of these topics."""
        outlets = _union(self._outlets, topics := list(topics))
        kept = _union(self._kept, topics)
        if not outlets and not kept:
            return
        message = encode(body)
        if outlets:
            frame = framed(message)
            dirty = self.turn.dirty
            for outlet in outlets:
                due = outlet.due
                if not due:
                    dirty.append(outlet)
                due.append(frame)
            self.turn.end()
        for session in kept:
            session.send_encoded(message)
        self.meter.messages.inc(len(outlets) + len(kept))


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
