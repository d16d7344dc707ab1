"""Callers waiting in queues, in the order they came."""

import itertools
from collections.abc import Iterable

from xucd.center.events import CallerJoined

NUDGED = 2
"""How many callers of one queue are told of an agent that became free: the first might be lost to
another agent at that very moment."""


class Waiting:
    """Who waits where, and for whom a phone rings already."""

    def __init__(self) -> None:
        self._queues: dict[str, dict[str, CallerJoined]] = {}
        self._queue_of: dict[str, str] = {}
        self._ringing: set[str] = set()
        self._places: dict[str, int] = {}  # the order in which all callers came
        self._count = itertools.count()

    def join(self, caller: CallerJoined) -> None:
        """A caller begins to wait; a caller is in one queue at a time."""
        self.leave(caller.unique_id)
        self._queues.setdefault(caller.queue, {})[caller.unique_id] = caller
        self._queue_of[caller.unique_id] = caller.queue
        self._places[caller.unique_id] = next(self._count)

    def leave(self, unique_id: str) -> None:
        """A caller waits no longer; one that did not wait is no error."""
        queue = self._queue_of.pop(unique_id, None)
        if queue is not None:
            del self._queues[queue][unique_id]
            del self._places[unique_id]
        self._ringing.discard(unique_id)

    def ring(self, unique_id: str, ringing: bool) -> None:
        """A phone rings, or no longer rings, for a waiting caller."""
        if ringing and unique_id in self._queue_of:
            self._ringing.add(unique_id)
        else:
            self._ringing.discard(unique_id)

    def queue_among(self, callers: Iterable[str]) -> str:
        """The name of the queue in which the first of these that waits at all does so, or ""."""
        return next((self._queue_of[one] for one in callers if one in self._queue_of), "")

    def callers(self, queue: str) -> list[CallerJoined]:
        """Those who wait in a queue, the longest waiting first."""
        return list(self._queues.get(queue, {}).values())

    def next_in(self, queues: Iterable[str]) -> list[str]:
        """The channels of the first callers for whom no phone rings yet, in some queues.

        Whoever has waited longest comes first, whichever queue it is in: else one queue's callers
        would always be a moment ahead of another's.
        """
        found: list[CallerJoined] = []
        for queue in queues:
            waiting = self._queues.get(queue, {}).values()
            free = (caller for caller in waiting if caller.unique_id not in self._ringing)
            found += itertools.islice(free, NUDGED)
        found.sort(key=lambda caller: self._places[caller.unique_id])
        return [caller.channel for caller in found]

    def clear(self) -> None:
        """Forget everybody, before a snapshot is taken in."""
        self._queues.clear()
        self._queue_of.clear()
        self._places.clear()
        self._ringing.clear()
