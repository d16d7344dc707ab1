"""Who waits in which queue, in the queues' order: the one register of waiting calls."""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from xucd.center.events import CallerJoined

SPARE = 1
"""How many more callers of a queue are nudged than agents have become free: the first might be lost
to another agent at that very moment."""


class WaitingCall(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """A call that waits in a queue. `since` is when it began to wait, in epoch seconds.

    `queue` is the queue's name. `channel`, `number` and `name` are "" for a call that is known
    from an earlier run only, until Asterisk has been asked. `ringing` is set while a phone rings
    for it. `at` is its place in the dialplan, "" when it was not seen.
    """

    unique_id: str
    queue: str
    since: float
    channel: str = ""
    number: str = ""
    name: str = ""
    ringing: bool = False
    at: str = ""


class Waiting:
    """All calls that wait; a call waits in one queue at a time."""

    def __init__(self) -> None:
        self._by_id: dict[str, WaitingCall] = {}  # in the order in which they came
        self._queues: dict[str, list[WaitingCall]] = {}

    # -- keeping it up to date

    def join(self, caller: CallerJoined, since: float) -> None:
        """Let a caller wait at its position, from 1; it leaves the queue that it waited in."""
        call = WaitingCall(
            unique_id=caller.unique_id,
            queue=caller.queue,
            since=since,
            channel=caller.channel,
            number=caller.number,
            name=caller.name,
            at=caller.at,
        )
        self.add(call, caller.position)

    def add(self, call: WaitingCall, position: int | None = None) -> None:
        """Let a call wait at a position, from 1, or at the end."""
        self.leave(call.unique_id)
        self._by_id[call.unique_id] = call
        queue = self._queues.setdefault(call.queue, [])
        queue.insert(len(queue) if position is None else max(0, position - 1), call)

    def leave(self, unique_id: str) -> WaitingCall | None:
        """Let a call wait no longer. Returns it, or None when it did not wait."""
        call = self._by_id.pop(unique_id, None)
        if call is not None:
            queue = self._queues[call.queue]
            queue.remove(call)
            if not queue:
                del self._queues[call.queue]
        return call

    def exchange(self, before: str, after: str, channel: str, party: tuple[str, str]) -> None:
        """Let another channel wait in the place of one; no error if that one does not wait.

        `before` and `after` are unique ids, `party` is the number and name of who waits now.
        """
        call = self._by_id.get(before)
        if call is not None:
            self.leave(after)
            call.unique_id, call.channel, (call.number, call.name) = after, channel, party
            self._by_id = {each.unique_id: each for each in self._by_id.values()}

    def reorder(self, queue: str, unique_ids: Iterable[str]) -> bool:
        """Put a queue's callers into this order; returns whether they were in another.

        Who is not among them keeps its place; who does not wait there is passed over.
        """
        calls = self._queues.get(queue, [])
        waiting = [self._by_id.get(unique_id) for unique_id in dict.fromkeys(unique_ids)]
        listed = [call for call in waiting if call is not None and call.queue == queue]
        places = [place for place, call in enumerate(calls) if call in listed]
        moved = [calls[place] for place in places] != listed
        for place, call in zip(places, listed, strict=True):
            calls[place] = call
        return moved

    def ring(self, unique_id: str, ringing: bool) -> None:
        """Record whether a phone rings for a call."""
        call = self._by_id.get(unique_id)
        if call is not None:
            call.ringing = ringing

    def clear(self) -> None:
        """Remove all calls, before a snapshot is read."""
        self._by_id.clear()
        self._queues.clear()

    # -- reading it

    def shift(self, seconds: float) -> None:
        """The clock was set: all moments are so much later by it."""
        for call in self._by_id.values():
            call.since += seconds

    def get(self, unique_id: str) -> WaitingCall | None:
        """The waiting call of a channel, or None."""
        return self._by_id.get(unique_id)

    def calls(self, queue: str) -> list[WaitingCall]:
        """The calls that wait in a queue, in its order."""
        return self._queues.get(queue, [])

    def occupied(self) -> Iterable[str]:
        """The names of the queues in which a call waits, and of these alone."""
        return self._queues.keys()

    def crowded(self) -> list[str]:
        """The names of the queues in which several calls wait: they have an order."""
        return [queue for queue, calls in self._queues.items() if len(calls) > 1]

    def queue_among(self, unique_ids: Iterable[str]) -> str:
        """The name of the queue in which the first of these that waits at all does so, or ""."""
        waiting = (self._by_id[key].queue for key in unique_ids if key in self._by_id)
        return next(waiting, "")

    def next_in(self, free: Mapping[str, int]) -> list[WaitingCall]:
        """The first callers for whom no phone rings yet, in queues with so many free agents.

        Whoever came first is first, whichever queue it is in: otherwise the callers of one queue
        would always be a moment ahead of another's.
        """
        chosen: Counter[str] = Counter()
        found = []
        for call in self._by_id.values():
            agents = free.get(call.queue, 0)
            if agents and not call.ringing and chosen[call.queue] < agents + SPARE:
                chosen[call.queue] += 1
                found.append(call)
        return found
