"""What the calls of queues add up to: for the day, for a window of time, and who waits now.

Counted from what Asterisk says of each call, never taken over from its own counters. A call enters
a queue when it begins to wait, and leaves it in one of three ways: an agent answers, the caller
hangs up, or neither (its time is over, the queue became empty, the caller chose to go elsewhere),
which is called timed out. A call that Asterisk turns away at the door, because nobody is there to
answer or the queue is full, has never entered: it is closed. So of every day and queue::

    entered = answered + abandoned + timed out + those who still wait

Asterisk says that a caller has left before it says why, calls one abandoned whose time was over,
and tells some things twice after a reconnection: a call counts once, when it is known why. What
nobody saw, because xucd was not connected, is not counted, but for a caller who talks with an agent
when xucd looks again.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from xucd.center.directory import Directory
from xucd.center.events import CallerJoined
from xucd.center.snapshot import Snapshot

SOON_S = 15.0
"""Answered before this is answered soon, abandoned from then on is abandoned late. In seconds."""

KEPT = 20_000
"""How many entries and ends of calls are kept for windows at least, per queue."""

EXPECTED_CALLS = 50
"""The expected wait is the mean of so many calls answered last."""

Outcome = Literal["answered", "abandoned", "timed out", "closed"]


class QueueDay(msgspec.Struct):
    """A queue's figures of one local day.

    `waiting` maps the unique ids of those who wait to when they began, in epoch seconds: they are
    counted as entered already.
    """

    entered: int = 0
    answered: int = 0
    abandoned: int = 0
    closed: int = 0
    timed_out: int = 0
    answered_soon: int = 0
    abandoned_late: int = 0
    waiting: dict[str, float] = {}

    def count(self, outcome: Outcome, waited: float, soon: float = SOON_S) -> None:
        """Count a call that ended so after `waited` seconds."""
        if outcome == "answered":
            self.answered += 1
            self.answered_soon += waited < soon
        elif outcome == "abandoned":
            self.abandoned += 1
            self.abandoned_late += waited >= soon
        elif outcome == "timed out":
            self.timed_out += 1
        else:
            self.closed += 1


class WaitingCall:
    """A call that waits or, with `left_at` set, has left without it being known why.

    `since` is when it began to wait. Moments are epoch seconds. `gave_up` is set once Asterisk
    calls it abandoned, which it does of one whose time was over, too.
    """

    __slots__ = ("gave_up", "left_at", "name", "number", "queue_id", "since", "unique_id")

    def __init__(
        self, unique_id: str, queue_id: int, since: float, number: str = "", name: str = ""
    ) -> None:
        self.unique_id = unique_id
        self.queue_id = queue_id
        self.since = since
        self.number = number
        self.name = name
        self.left_at: float | None = None
        self.gave_up = False


class _Happened(msgspec.Struct, frozen=True, gc=False):
    at: float
    outcome: Outcome | None  # None: a call entered
    waited: float = 0.0


class QueueStats:
    """All queues' figures. `days` are the day's as remembered.

    Each method that takes something in returns the ids of the queues whose figures it moved.
    """

    def __init__(self, directory: Directory, days: Mapping[int, QueueDay]) -> None:
        self.days = {
            queue_id: msgspec.structs.replace(days.get(queue_id, QueueDay()), waiting={})
            for queue_id in directory.queues
        }
        self._directory = directory
        self._recent: dict[int, list[_Happened]] = {queue_id: [] for queue_id in directory.queues}
        self._waiting: dict[int, list[WaitingCall]] = {
            queue_id: [] for queue_id in directory.queues
        }
        self._calls: dict[str, WaitingCall] = {}
        self._ended: set[str] = set()
        self._bound: dict[str, int] = {}
        for queue_id, day in days.items():
            if queue_id in self.days:
                for unique_id, since in day.waiting.items():
                    self._wait(WaitingCall(unique_id, queue_id, since))

    # -- what it tells

    def waiting(self, queue_id: int) -> list[WaitingCall]:
        """Those who wait in a queue, in its order."""
        return self._waiting[queue_id]

    def with_callers(self) -> list[int]:
        """The queues in which somebody waits."""
        return [queue_id for queue_id, calls in self._waiting.items() if calls]

    def day(self, queue_id: int) -> QueueDay:
        """A copy of a queue's figures of the day, with those who wait."""
        waiting = {call.unique_id: call.since for call in self._waiting[queue_id]}
        return msgspec.structs.replace(self.days[queue_id], waiting=waiting)

    def window(self, queue_id: int, seconds: float, soon: float, now: float) -> QueueDay:
        """The figures of what happened in the last `seconds`, as far back as it is kept.

        `soon` stands in for `SOON_S`. A call is counted as entered, and as ended, by when it did.
        """
        found = QueueDay()
        for one in reversed(self._recent[queue_id]):
            if one.at <= now - seconds:
                break
            if one.outcome is None:
                found.entered += 1
            else:
                found.count(one.outcome, one.waited, soon)
        return found

    def longest_wait(self, queue_id: int, now: float) -> float:
        """For how long the one who waits longest has waited by now; 0 when nobody waits."""
        return max((now - call.since for call in self._waiting[queue_id]), default=0.0)

    def expected_wait(self, queue_id: int) -> float:
        """How long the calls answered last have waited, on average; 0 when there were none."""
        waits: list[float] = []
        for one in reversed(self._recent[queue_id]):
            if len(waits) == EXPECTED_CALLS:
                break
            if one.outcome == "answered":
                waits.append(one.waited)
        return sum(waits) / len(waits) if waits else 0.0

    # -- what it takes in

    def bound_for(self, unique_id: str, queue_id: int) -> None:
        """The dialplan sends a caller to a queue, which may yet turn it away."""
        self._bound[unique_id] = queue_id

    def turned_away(self, unique_id: str, now: float) -> list[int]:
        """A queue did not let the caller in whom the dialplan had sent to it."""
        queue_id = self._bound.pop(unique_id, None)
        if queue_id is None:
            return []
        self._count(queue_id, "closed", 0.0, now)
        return [queue_id]

    def joined(self, caller: CallerJoined, queue_id: int, now: float) -> list[int]:
        """A caller begins to wait, or is found waiting since `caller.waited` seconds."""
        known = self._calls.get(caller.unique_id)
        moved: list[int] = []
        if known is not None:
            if known.left_at is None and known.queue_id == queue_id:
                return []
            moved = self._ended_unanswered(known, now)
        self._ended.discard(caller.unique_id)
        since = now - caller.waited
        self._wait(
            WaitingCall(caller.unique_id, queue_id, since, caller.number, caller.name),
            caller.position,
        )
        self.days[queue_id].entered += 1
        self._keep(queue_id, _Happened(now, None))
        return [*moved, queue_id]

    def left(self, unique_id: str, queue_id: int, now: float) -> list[int]:
        """A caller no longer waits; why will be told."""
        if unique_id in self._ended:
            return []
        call = self._calls.get(unique_id)
        if call is None:  # it waited when xucd was not yet there
            call = self._calls[unique_id] = WaitingCall(unique_id, queue_id, now)
        elif call.left_at is None:
            self._waiting[call.queue_id].remove(call)
        call.left_at = call.left_at or now
        return [call.queue_id]

    def ended(
        self,
        unique_id: str,
        queue_id: int,
        outcome: Outcome,
        now: float,
        waited: float | None = None,
    ) -> list[int]:
        """It is known why a caller no longer waits; counted only the first time.

        `waited` is what Asterisk says, for a call whose beginning was not seen.
        """
        if unique_id in self._ended:
            return []
        self._ended.add(unique_id)
        call = self._calls.pop(unique_id, None)
        if call is not None:
            queue_id = call.queue_id
            if call.left_at is None:
                self._waiting[queue_id].remove(call)
            if call.left_at != call.since:
                waited = (call.left_at or now) - call.since
        self._count(queue_id, outcome, waited or 0.0, now)
        return [queue_id]

    def gave_up(self, unique_id: str, queue_id: int, waited: float, now: float) -> list[int]:
        """Asterisk calls a caller abandoned; whether its time was over will be told."""
        moved = self.left(unique_id, queue_id, now)
        call = self._calls.get(unique_id)
        if call is not None and moved:
            call.gave_up = True
            if call.since == call.left_at:
                call.since -= waited
        return moved

    def left_unanswered(self, unique_id: str, now: float) -> list[int]:
        """Asterisk says that a queue is done with a caller who was not connected."""
        call = self._calls.get(unique_id)
        if call is None or call.left_at is None:
            return []
        return self.ended(unique_id, call.queue_id, "timed out", now)

    def gone(self, unique_id: str, now: float) -> list[int]:
        """The caller's channel is no more."""
        self._bound.pop(unique_id, None)
        call = self._calls.get(unique_id)
        moved = self._ended_unanswered(call, now) if call is not None else []
        self._ended.discard(unique_id)
        return moved

    def rebuild(self, snapshot: Snapshot, now: float) -> list[int]:
        """Take in who waits by now.

        One who waited, is not listed any more and talks in a queue's call has been answered. Of
        the others that are not listed, the events that are still to come may tell what became.
        """
        were = {queue_id: self.day(queue_id) for queue_id in self.days}
        before, self._calls = self._calls, {}
        for calls in self._waiting.values():
            calls.clear()
        channels = {one.unique_id: one for one in snapshot.channels}
        self._bound = {one: queue for one, queue in self._bound.items() if one in channels}
        self._ended.intersection_update(channels)
        for caller in snapshot.callers:
            queue = self._directory.queue_by_name.get(caller.queue)
            if queue is None:
                continue
            known = before.pop(caller.unique_id, None)
            if known is not None and known.queue_id == queue.id:
                known.number, known.name, known.left_at = caller.number, caller.name, None
                self._wait(known, caller.position)
            else:
                self.joined(caller, queue.id, now)
        for unique_id, call in before.items():
            channel = channels.get(unique_id)
            self._calls[unique_id] = call
            if call.left_at is None:
                self._waiting[call.queue_id].append(call)
                self.left(unique_id, call.queue_id, now)
            elif channel is None:
                del self._calls[unique_id]
            if channel is not None and channel.application == "Queue" and channel.bridge:
                self.ended(unique_id, call.queue_id, "answered", now)
        return [queue_id for queue_id in self.days if self.day(queue_id) != were[queue_id]]

    def inherit(self, before: "QueueStats") -> None:
        """Go on with what another configuration's has counted."""
        for queue_id in self.days.keys() & before.days.keys():
            self.days[queue_id] = before.days[queue_id]
            self._recent[queue_id] = before._recent[queue_id]
            self._waiting[queue_id] = before._waiting[queue_id]
        self._calls = {
            unique_id: call
            for unique_id, call in before._calls.items()
            if call.queue_id in self.days
        }
        self._ended = before._ended
        self._bound = {one: queue for one, queue in before._bound.items() if queue in self.days}

    def new_day(self) -> dict[int, QueueDay]:
        """Begin a day at nought; returns the last one's figures."""
        ended = {queue_id: self.day(queue_id) for queue_id in self.days}
        self.days = {queue_id: QueueDay() for queue_id in ended}
        return ended

    def _ended_unanswered(self, call: WaitingCall, now: float) -> list[int]:
        gave_up = call.gave_up or call.left_at is None
        outcome: Outcome = "abandoned" if gave_up else "timed out"
        return self.ended(call.unique_id, call.queue_id, outcome, now)

    def _wait(self, call: WaitingCall, position: int | None = None) -> None:
        self._calls[call.unique_id] = call
        waiting = self._waiting[call.queue_id]
        waiting.insert(len(waiting) if position is None else max(0, position - 1), call)

    def _count(self, queue_id: int, outcome: Outcome, waited: float, now: float) -> None:
        self.days[queue_id].count(outcome, waited)
        self._keep(queue_id, _Happened(now, outcome, waited))

    def _keep(self, queue_id: int, what: _Happened) -> None:
        recent = self._recent[queue_id]
        recent.append(what)
        if len(recent) >= 2 * KEPT:
            del recent[:-KEPT]


def percentage(part: int, day: QueueDay) -> float:
    """`part` of the calls that entered and left, in percent to one decimal; 0 of none."""
    whole = day.answered + day.abandoned + day.timed_out
    return round(100.0 * part / whole, 1) if whole else 0.0
