"""What the calls of queues add up to: for the day, for a window of time, and who waits now.

Counted from the events of each call, never taken from Asterisk's own counters. A call enters a
queue when it begins to wait, and leaves it in one of three ways: an agent answers, the caller hangs
up (abandoned), or neither (timed out: its time is over, the queue became empty, the caller chose to
go elsewhere). A call that Asterisk rejects, because nobody is there to answer or the queue is full,
has never entered: it is closed. So of every day and queue::

    entered = answered + abandoned + timed out + those who still wait

Asterisk reports that a caller has left before it reports why, reports as abandoned also callers
whose time was over, and repeats some events after a reconnection: a call counts once, when the
reason is known. Calls that began and ended while xucd was disconnected are not counted, except a
caller who waited before and is connected to an agent at the next snapshot.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from xucd.center.directory import Directory
from xucd.center.events import AgentConnected, CallerAbandoned, CallerJoined
from xucd.center.snapshot import Snapshot
from xucd.center.waiting import Waiting, WaitingCall

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


class _LeftCall(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """A call that has left a queue without it being known why. Times are epoch seconds.

    `since` is when it began to wait, the same as `left_at` when that was not seen. `gave_up` is set
    once Asterisk calls it abandoned, which it also does of a call whose time was over.
    """

    queue_id: int
    since: float
    left_at: float
    gave_up: bool = False

    def waited(self) -> float | None:
        """For how many seconds it waited; None when its beginning was not seen."""
        return self.left_at - self.since if self.left_at != self.since else None


class _Happened(msgspec.Struct, frozen=True, gc=False):
    at: float
    outcome: Outcome | None  # None: a call entered
    waited: float = 0.0


class QueueStats:
    """All queues' figures. `days` are the day's as remembered; `waiting` is who waits now.

    Each method that takes something in returns the ids of the queues whose figures it moved.
    """

    def __init__(
        self, directory: Directory, days: Mapping[int, QueueDay], waiting: Waiting
    ) -> None:
        self.days = {
            queue_id: msgspec.structs.replace(days.get(queue_id, QueueDay()), waiting={})
            for queue_id in directory.queues
        }
        self._directory = directory
        self._recent: dict[int, list[_Happened]] = {queue_id: [] for queue_id in directory.queues}
        self._waiting = waiting
        self._left: dict[str, _LeftCall] = {}
        self._ended: set[str] = set()
        self._bound: dict[str, int] = {}
        for queue in directory.queues.values():
            remembered = days[queue.id].waiting if queue.id in days else {}
            for unique_id, since in remembered.items():
                waiting.add(WaitingCall(unique_id=unique_id, queue=queue.name, since=since))

    # -- what it tells

    def waiting(self, queue_id: int) -> list[WaitingCall]:
        """The calls that wait in a queue, in its order."""
        return self._waiting.calls(self._directory.queues[queue_id].name)

    def with_callers(self) -> list[int]:
        """The queues in which somebody waits."""
        return [queue_id for queue_id in self.days if self.waiting(queue_id)]

    def day(self, queue_id: int) -> QueueDay:
        """A copy of a queue's figures of the day, with those who wait."""
        waiting = {call.unique_id: call.since for call in self.waiting(queue_id)}
        return msgspec.structs.replace(self.days[queue_id], waiting=waiting)

    def window(self, queue_id: int, seconds: float, soon: float, now: float) -> QueueDay:
        """The figures of what happened in the last `seconds`, as far back as it is kept.

        `soon` stands in for `SOON_S`. A call is counted as entered, and as ended, by when it did.
        """
        found = QueueDay()
        for happened in reversed(self._recent[queue_id]):
            if happened.at <= now - seconds:
                break
            if happened.outcome is None:
                found.entered += 1
            else:
                found.count(happened.outcome, happened.waited, soon)
        return found

    def longest_wait(self, queue_id: int, now: float) -> float:
        """For how long the one who waits longest has waited by now; 0 when nobody waits."""
        return max((now - call.since for call in self.waiting(queue_id)), default=0.0)

    def expected_wait(self, queue_id: int) -> float:
        """How long the calls answered last have waited, on average; 0 when there were none."""
        waits: list[float] = []
        for happened in reversed(self._recent[queue_id]):
            if len(waits) == EXPECTED_CALLS:
                break
            if happened.outcome == "answered":
                waits.append(happened.waited)
        return sum(waits) / len(waits) if waits else 0.0

    # -- what it takes in

    def bound_for(self, unique_id: str, queue_id: int) -> None:
        """The dialplan sends a caller to a queue, which may yet turn it away."""
        self._bound[unique_id] = queue_id

    def turned_away(self, unique_id: str, now: float) -> list[int]:
        """The queue rejected a caller whom the dialplan had sent to it (full or empty)."""
        queue_id = self._bound.pop(unique_id, None)
        if queue_id is None:
            return []
        self._count(queue_id, "closed", 0.0, now)
        return [queue_id]

    def joined(self, caller: CallerJoined, now: float) -> list[int]:
        """A caller begins to wait, or is found waiting since `caller.waited` seconds.

        Told again of a caller who waits in that queue, nothing is changed.
        """
        unique_id = caller.unique_id
        known = self._waiting.get(unique_id)
        if known is not None and known.queue == caller.queue:
            return []
        moved = self._ended_unanswered(unique_id, now)
        self._waiting.join(caller, now - caller.waited)
        queue = self._directory.queue_by_name.get(caller.queue)
        if queue is None:
            return moved
        self._ended.discard(unique_id)
        self.days[queue.id].entered += 1
        self._keep(queue.id, _Happened(now, None))
        return [*moved, queue.id]

    def left(self, unique_id: str, queue: str, now: float) -> list[int]:
        """A caller no longer waits in a queue; the reason follows in another event."""
        known = unique_id in self._left
        left = self._leave(unique_id, queue, now)
        return [left.queue_id] if left is not None and not known else []

    def gave_up(self, event: CallerAbandoned, now: float) -> list[int]:
        """Asterisk reports a caller as abandoned; a later event tells if its time was over."""
        left = self._leave(event.unique_id, event.queue, now)
        if left is None:
            return []
        left.gave_up = True
        if left.since == left.left_at:
            left.since -= event.waited
        return [left.queue_id]

    def answered(self, event: AgentConnected, now: float) -> list[int]:
        """A member answered a caller; `event.hold_time` counts where its beginning was not seen."""
        queue = self._directory.queue_by_name.get(event.queue)
        if queue is None:
            return []
        return self._end(event.unique_id, queue.id, "answered", now, float(event.hold_time))

    def left_unanswered(self, unique_id: str, now: float) -> list[int]:
        """Asterisk says that a queue is done with a caller who was not connected."""
        left = self._left.get(unique_id)
        return [] if left is None else self._end(unique_id, left.queue_id, "timed out", now)

    def gone(self, unique_id: str, now: float) -> list[int]:
        """The caller's channel is no more."""
        self._bound.pop(unique_id, None)
        moved = self._ended_unanswered(unique_id, now)
        self._waiting.leave(unique_id)
        self._ended.discard(unique_id)
        return moved

    def rebuild(self, snapshot: Snapshot, now: float) -> list[int]:
        """Take in who waits by now.

        One who waited, is not listed any more and talks in a queue's call has been answered. Of
        the others that are not listed, the events that are still to come may tell what became.
        """
        were = {queue_id: self.day(queue_id) for queue_id in self.days}
        before = {
            call.unique_id: _LeftCall(queue_id=queue_id, since=call.since, left_at=now)
            for queue_id in self.days
            for call in self.waiting(queue_id)
        }
        left_before, self._left = self._left, {}
        self._waiting.clear()
        channels = {listed.unique_id: listed for listed in snapshot.channels}
        self._bound = {key: queue for key, queue in self._bound.items() if key in channels}
        self._ended.intersection_update(channels)
        for caller in snapshot.callers:
            queue = self._directory.queue_by_name.get(caller.queue)
            if queue is None:  # what it left in a queue of ours is still to be counted
                self._waiting.join(caller, now - caller.waited)
                continue
            known = before.pop(caller.unique_id, left_before.pop(caller.unique_id, None))
            if known is not None and known.queue_id == queue.id:
                self._waiting.join(caller, known.since)
            else:
                self.joined(caller, now)
        # Of a caller who left before and whose channel is gone, no further event follows.
        self._left = before | {key: left for key, left in left_before.items() if key in channels}
        for unique_id, left in list(self._left.items()):
            listed = channels.get(unique_id)
            if listed is not None and listed.application == "Queue" and listed.bridge:
                self._end(unique_id, left.queue_id, "answered", now)
        return [queue_id for queue_id in self.days if self.day(queue_id) != were[queue_id]]

    def inherit(self, before: "QueueStats") -> None:
        """Go on with what another configuration's has counted."""
        self._waiting.clear()
        for queue_id in self.days.keys() & before.days.keys():
            self.days[queue_id] = before.days[queue_id]
            self._recent[queue_id] = before._recent[queue_id]
            name = self._directory.queues[queue_id].name
            for call in before.waiting(queue_id):
                self._waiting.add(msgspec.structs.replace(call, queue=name))
        self._left = {
            unique_id: left
            for unique_id, left in before._left.items()
            if left.queue_id in self.days
        }
        self._ended = before._ended
        self._bound = {key: queue for key, queue in before._bound.items() if queue in self.days}

    def new_day(self) -> dict[int, QueueDay]:
        """Begin a day at zero; returns the last day's figures."""
        ended = {queue_id: self.day(queue_id) for queue_id in self.days}
        self.days = {queue_id: QueueDay() for queue_id in ended}
        return ended

    def _leave(self, unique_id: str, queue: str, now: float) -> _LeftCall | None:
        """Let a call wait no longer; None when it is known already why, or of another's queue."""
        call = self._waiting.leave(unique_id)
        known = self._directory.queue_by_name.get(call.queue if call is not None else queue)
        if unique_id in self._ended or known is None:
            return None
        left = self._left.get(unique_id)
        if left is None:
            since = call.since if call is not None else now  # it may have waited before xucd began
            left = self._left[unique_id] = _LeftCall(queue_id=known.id, since=since, left_at=now)
        return left

    def _end(
        self, unique_id: str, queue_id: int, outcome: Outcome, now: float, waited: float = 0.0
    ) -> list[int]:
        """It is known why a call no longer waits; counted only the first time.

        `waited` is what Asterisk says, for a call whose beginning was not seen.
        """
        if unique_id in self._ended:
            return []
        self._ended.add(unique_id)
        left, call = self._left.pop(unique_id, None), self._waiting.leave(unique_id)
        if left is not None:
            queue_id, seen = left.queue_id, left.waited()
            waited = waited if seen is None else seen
        elif call is not None and (known := self._directory.queue_by_name.get(call.queue)):
            queue_id, waited = known.id, now - call.since
        self._count(queue_id, outcome, waited, now)
        return [queue_id]

    def _ended_unanswered(self, unique_id: str, now: float) -> list[int]:
        """Count a call that is over without having been answered, if it waited at all."""
        left, call = self._left.get(unique_id), self._waiting.get(unique_id)
        if left is not None:
            outcome: Outcome = "abandoned" if left.gave_up else "timed out"
            return self._end(unique_id, left.queue_id, outcome, now)
        queue = self._directory.queue_by_name.get(call.queue) if call is not None else None
        return self._end(unique_id, queue.id, "abandoned", now) if queue is not None else []

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
