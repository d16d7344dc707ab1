"""What the calls of queues add up to: for the day, for a window of time, and who waits now.

Counted from the events of each call, never taken from Asterisk's own counters. A call enters a
queue when it begins to wait, and it leaves in one of these ways:

- answered: somebody talks with the caller, be it that a member answers or that another program
  takes the caller out of the queue and connects it;
- abandoned: the caller hangs up while it waits;
- timed out: the queue lets the caller go, since its time is over or the queue became empty;
- callback: the caller leaves by a key and asks to be called back;
- diverted: the caller leaves for elsewhere, by another key or by the act of another program
  (Redirect, Park, QueueWithdrawCaller), and nobody has talked with it;
- unseen: the caller has gone while xucd was not connected.

A call that Asterisk rejects, because nobody is there to answer or the queue is full, has never
entered: it is closed. So of every queue and since its last midnight without a caller::

    entered = answered + abandoned + timed out + callbacks + diverted + unseen + those who wait

Asterisk reports that a caller has left before it reports why, reports as abandoned also callers
whose time was over or whom another program took, and repeats some events after a reconnection: a
call counts once, when the reason is known. Until then it counts as one who waits, or as diverted if
it has left and its channel goes on.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from typing import Literal

import msgspec

from xucd.center.channels import Channel, Party
from xucd.center.directory import Directory
from xucd.center.events import AgentConnected, CallerAbandoned, CallerJoined, CallerLeft
from xucd.center.queue_day import Outcome, QueueDay, let_go
from xucd.center.queue_window import QueueWindow
from xucd.center.snapshot import ChannelSeen, Snapshot
from xucd.center.under_way import Caller
from xucd.center.waiting import Waiting, WaitingCall

LINGER_S = 1.0
"""A channel that lives for so many seconds after it has left a queue has not hung up there.

For a caller who hangs up, Asterisk says so before it reports it as abandoned (`HangupRequest`); one
whom an AMI Redirect takes is reported likewise, and goes on. (22 names another extension then.)
This is for what says neither: a manager.conf of before, or a hangup while xucd was not connected.
"""

SAME_START_S = 2.0
"""How far apart, in seconds, the beginnings of a wait may be that are of the same entry: Asterisk
lists it in whole seconds."""


Standing = Literal["waits", "gone", "counted"]
"""A caller waits, or has just left; was gone when it was listed next; was counted to its end."""


class _LeftCall(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """A call that has left a queue without it being known why. Times are epoch seconds.

    `since` is when it began to wait, the same as `left_at` when that was not seen. `gave_up` is set
    once Asterisk calls it abandoned, which it also does of a call whose time was over and of one
    that another program takes. `goes_on` is set once its channel is known to go on elsewhere.
    `seen` is unset while all that is known is that a snapshot does not list it any more.
    """

    queue_id: int
    since: float
    left_at: float
    gave_up: bool = False
    goes_on: bool = False
    seen: bool = True

    def waited(self) -> float | None:
        """For how many seconds it waited; None when its beginning was not seen."""
        return self.left_at - self.since if self.left_at != self.since else None


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
        self._recent = {queue_id: QueueWindow() for queue_id in directory.queues}
        self._waiting = waiting
        self._left: dict[str, _LeftCall] = {}
        self._ended: set[str] = set()
        self._hanging_up: set[str] = set()
        self._bound: dict[str, int] = {}
        self.lately: dict[str, Caller] = {}  # by unique id
        self.awaits_log = False
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
        known = self._directory.queue_by_name
        names = self._waiting.occupied()
        return sorted(queue.id for name in names if (queue := known.get(name)) is not None)

    def with_unended(self) -> set[int]:
        """The queues with a caller whose end is not known: who waits, or has left and goes on."""
        return {*self.with_callers(), *(left.queue_id for left in self._left.values())}

    def undecided(self) -> bool:
        """Whether `settle` may have something to do."""
        return any(not left.goes_on for left in self._left.values())

    def day(self, queue_id: int) -> QueueDay:
        """A copy of a queue's figures of the day, with those whose end is not known yet."""
        waiting = {call.unique_id: call.since for call in self.waiting(queue_id)}
        for unique_id, left in self._left.items():
            if left.queue_id == queue_id:
                waiting[unique_id] = left.since
        return msgspec.structs.replace(self.days[queue_id], waiting=waiting)

    def figures(self, queue_id: int) -> QueueDay:
        """A queue's figures of the day as shown: who goes on elsewhere is diverted by now."""
        day = self.day(queue_id)
        for unique_id in list(day.waiting):
            left = self._left.get(unique_id)
            if left is not None and left.goes_on:
                del day.waiting[unique_id]
                day.diverted += 1
        return day

    def window(self, queue_id: int, seconds: float, soon: float, now: float) -> QueueDay:
        """The figures of what happened in the last `seconds`, as far back as it is kept.

        `soon` stands in for `SOON_S`. A call is counted as entered, and as ended, by when it did.
        """
        found = self._recent[queue_id].figures(now - seconds, soon)
        found.diverted += sum(
            left.goes_on and left.queue_id == queue_id and left.left_at > now - seconds
            for left in self._left.values()
        )
        return found

    def longest_wait(self, queue_id: int, now: float) -> float:
        """For how long the one who waits longest has waited by now; 0 when nobody waits."""
        return max((now - call.since for call in self.waiting(queue_id)), default=0.0)

    def expected_wait(self, queue_id: int) -> float:
        """How long the calls answered last have waited, on average; 0 when there were none."""
        return self._recent[queue_id].expected_wait()

    # -- what it takes in

    def bound_for(self, unique_id: str, queue_id: int | None) -> None:
        """The dialplan sends a caller to a queue (None: not of ours), which may turn it away."""
        self._bound.pop(unique_id, None)
        if queue_id is not None:
            self._bound[unique_id] = queue_id

    def turned_away(self, unique_id: str, now: float) -> list[int]:
        """The queue rejected a caller whom the dialplan had sent to it (full or empty)."""
        queue_id = self._bound.pop(unique_id, None)
        if queue_id is None:
            return []
        self._count(queue_id, "closed", 0.0, now)
        self.lately[unique_id] = Caller(queue_id, now, now)
        return [queue_id]

    def joined(self, caller: CallerJoined, now: float) -> list[int]:
        """A caller begins to wait, or is found waiting since `caller.waited` seconds.

        Told again of a caller who waits in that queue, nothing is changed.
        """
        unique_id = caller.unique_id
        known = self._waiting.get(unique_id)
        if known is not None and known.queue == caller.queue:
            return []
        self._bound.pop(unique_id, None)
        moved = self._ended_unanswered(unique_id, now, moved=True)
        self._waiting.join(caller, now - caller.waited)
        queue = self._directory.queue_by_name.get(caller.queue)
        if queue is None:
            return moved
        self._ended.discard(unique_id)
        self.days[queue.id].entered += 1
        self._recent[queue.id].entered(now)
        return [*moved, queue.id]

    def exchanged(self, before: str, after: Channel | None) -> list[int]:
        """An attended transfer has put a channel in the place of another, which goes.

        It is the same entry of the queue, at the same place, of the caller behind the new channel.
        """
        if after is None:
            return []
        call, left = self._waiting.get(before), self._left.pop(before, None)
        self._ended.discard(after.unique_id)
        if left is not None:
            self._left[after.unique_id] = left
            return [left.queue_id]
        queue = self._directory.queue_by_name.get(call.queue) if call is not None else None
        self._waiting.exchange(before, after.unique_id, after.name, after.own)
        return [queue.id] if queue is not None else []

    def stands_behind(self, unique_id: str, party: Party) -> list[int]:
        """Who talks with a Local channel that waits: that is who waits there."""
        call = self._waiting.get(unique_id)
        queue = self._directory.queue_by_name.get(call.queue) if call is not None else None
        if call is None or queue is None or (call.number, call.name) == party:
            return []
        call.number, call.name = party
        return [queue.id]

    def reordered(self, queue: str, unique_ids: Iterable[str]) -> list[int]:
        """Asterisk lists a queue's callers in this order."""
        known = self._directory.queue_by_name.get(queue)
        moved = self._waiting.reorder(queue, unique_ids)
        return [known.id] if moved and known is not None else []

    def left(self, event: CallerLeft, now: float) -> list[int]:
        """A caller no longer waits in a queue; the reason follows in another event."""
        known = self._left.get(event.unique_id)
        left = self._leave(event.unique_id, event.queue, event.at, now)
        return [left.queue_id] if left is not None and left is not known else []

    def gave_up(self, event: CallerAbandoned, now: float) -> list[int]:
        """Asterisk reports a caller as abandoned; a later event tells if it was."""
        left = self._leave(event.unique_id, event.queue, event.at, now)
        if left is None or left.gave_up:
            return []
        left.gave_up = True
        if left.since == left.left_at:
            left.since -= event.waited
        if event.unique_id in self._hanging_up:
            return self._end(event.unique_id, left.queue_id, "abandoned", now)
        return [left.queue_id]

    def hanging_up(self, unique_id: str, now: float) -> list[int]:
        """A channel is about to be hung up: if it waits, it is not taken by another program."""
        left = self._left.get(unique_id)
        if left is not None and left.gave_up and not left.goes_on:
            return self._end(unique_id, left.queue_id, "abandoned", now)
        if self._waiting.get(unique_id) is not None:
            self._hanging_up.add(unique_id)
        return []

    def answered(self, event: AgentConnected, now: float) -> list[int]:
        """A member answered a caller; `event.hold_time` counts where its beginning was not seen.

        Of a caller who has hung up by then, Asterisk does not say who it was.
        """
        queue = self._directory.queue_by_name.get(event.queue)
        if queue is None:
            return []
        unique_id = event.unique_id or next(
            (
                key
                for key, left in self._left.items()
                if left.queue_id == queue.id and not left.gave_up and not left.goes_on
            ),
            "",
        )
        if not unique_id:
            return []
        return self._end(unique_id, queue.id, "answered", now, float(event.hold_time))

    def talks(self, unique_id: str, now: float) -> list[int]:
        """A caller is in a bridge with somebody: one whom another program took is answered.

        Not one who has left the queue by a key: it has chosen to go elsewhere.
        """
        call, left = self._waiting.get(unique_id), self._left.get(unique_id)
        if left is not None and (left.gave_up or not left.seen):
            return self._end(unique_id, left.queue_id, "answered", now)
        queue = self._directory.queue_by_name.get(call.queue) if call is not None else None
        return self._end(unique_id, queue.id, "answered", now) if queue is not None else []

    def dials(self, unique_id: str) -> list[int]:
        """A phone is called for a caller who has left: its channel goes on."""
        left = self._left.get(unique_id)
        if left is None or left.goes_on:
            return []
        left.goes_on = True
        return [left.queue_id]

    def parked(self, unique_id: str, now: float) -> list[int]:
        """A caller is in a bridge where it waits for somebody: another program took it there."""
        call = self._waiting.get(unique_id)
        left = self._leave(unique_id, call.queue, "", now) if call is not None else None
        if left is None:
            return []
        left.gave_up = left.goes_on = True
        return [left.queue_id]

    def called_back(self, unique_id: str, now: float) -> list[int]:
        """A caller has left the queue by a key to ask for a callback."""
        left, call = self._left.get(unique_id), self._waiting.get(unique_id)
        if left is not None:
            return self._end(unique_id, left.queue_id, "callback", now)
        queue = self._directory.queue_by_name.get(call.queue) if call is not None else None
        return self._end(unique_id, queue.id, "callback", now) if queue is not None else []

    def left_unanswered(self, unique_id: str, status: str, now: float) -> list[int]:
        """Queue() is done with a caller who was not connected, for this reason."""
        left = self._left.get(unique_id)
        return [] if left is None else self._end(unique_id, left.queue_id, let_go(status), now)

    def settle(self, alive: Container[str], now: float) -> list[int]:
        """Decide what can be said of callers who left `LINGER_S` ago without any reason since.

        `alive` are the unique ids of channels.
        """
        moved = []
        for unique_id, left in list(self._left.items()):
            told_yet = left.seen or not self.awaits_log
            if left.goes_on or now < left.left_at + LINGER_S or not told_yet:
                continue
            if unique_id in alive:
                left.goes_on = True
                moved.append(left.queue_id)
            else:
                outcome: Outcome = "abandoned" if left.gave_up else "unseen"
                moved += self._end(unique_id, left.queue_id, outcome, now)
                self._ended.discard(unique_id)
        return moved

    def gone(self, unique_id: str, now: float) -> list[int]:
        """The caller's channel is no more."""
        self._bound.pop(unique_id, None)
        left = self._left.get(unique_id)
        if left is not None and now >= left.left_at + LINGER_S:
            left.goes_on = True
        moved = self._ended_unanswered(unique_id, now)
        self._waiting.leave(unique_id)
        self._ended.discard(unique_id)
        self._hanging_up.discard(unique_id)
        return moved

    def rebuild(self, snapshot: Snapshot, now: float) -> list[int]:
        """Take in who waits by now.

        Of those who waited and are not listed any more, who talks has been answered, and who has
        left a reason on its channel has ended by it. What became of the others may be told by
        events that are still to come, and `settle` decides after them.
        """
        were = {queue_id: self.day(queue_id) for queue_id in self.days}
        before = {
            call.unique_id: _LeftCall(queue_id=queue_id, since=call.since, left_at=now, seen=False)
            for queue_id in self.days
            for call in self.waiting(queue_id)
        }
        left_before, self._left = self._left, {}
        self._waiting.clear()
        channels = {listed.unique_id: listed for listed in snapshot.channels}
        self._bound = {key: queue for key, queue in self._bound.items() if key in channels}
        self._ended.intersection_update(channels)
        self._hanging_up.intersection_update(channels)
        strangers = []
        for caller in snapshot.callers:
            queue = self._directory.queue_by_name.get(caller.queue)
            if queue is None:  # what it left in a queue of ours is still to be counted
                self._waiting.join(caller, now - caller.waited)
                if caller.unique_id in before:
                    before[caller.unique_id].goes_on = True
                continue
            known = before.pop(caller.unique_id, left_before.pop(caller.unique_id, None))
            if known is not None and known.queue_id == queue.id:
                self._waiting.join(caller, known.since)
            else:
                strangers.append(caller)
        for caller in strangers:
            self._enter_or_exchange(caller, before, channels, now)
        self._left = before | left_before
        self._rebuild_left(snapshot, channels, now)
        return [queue_id for queue_id in self.days if self.day(queue_id) != were[queue_id]]

    def _rebuild_left(
        self, snapshot: Snapshot, channels: Mapping[str, ChannelSeen], now: float
    ) -> None:
        """End the calls that have left a queue, as far as their channels say how."""
        in_bridges = Counter(listed.bridge for listed in snapshot.channels if listed.bridge)
        for unique_id, left in list(self._left.items()):
            listed = channels.get(unique_id)
            if listed is None:
                left.left_at = now  # `settle` waits for the events that were held meanwhile
            elif in_bridges[listed.bridge] > 1:
                if self._is_connected(listed, left.queue_id):
                    self._end(unique_id, left.queue_id, "answered", now)
                else:
                    self.talks(unique_id, now)
            elif status := snapshot.let_go.get(unique_id):
                self.left_unanswered(unique_id, status, now)

    def _is_connected(self, listed: ChannelSeen, queue_id: int) -> bool:
        """Whether a channel that talks is where this queue has connected it.

        Its leaving may have been heard, and the answer, which comes after what runs on the member's
        channel, not any more.
        """
        queue = self._directory.queues.get(queue_id)
        named = listed.application_data.partition(",")[0]
        return queue is not None and (listed.application, named) == ("Queue", queue.name)

    def _enter_or_exchange(
        self,
        caller: CallerJoined,
        before: dict[str, _LeftCall],
        channels: Mapping[str, ChannelSeen],
        now: float,
    ) -> None:
        """Let a caller wait who is listed and was not known.

        It may stand where a channel that has gone stood before an attended transfer: the entry of
        the queue keeps its beginning.
        """
        queue_id = self._directory.queue_by_name[caller.queue].id
        for unique_id, left in before.items():
            same = abs(left.since - (now - caller.waited)) < SAME_START_S
            if left.queue_id == queue_id and unique_id not in channels and same:
                self._waiting.join(caller, before.pop(unique_id).since)
                return
        self.joined(caller, now)

    # -- what a log tells of the time in which nothing was heard

    def standing(self, unique_id: str, queue_id: int) -> tuple[Standing, float] | None:
        """What is known of a caller of a queue already, and since when it waited there."""
        call, left = self._waiting.get(unique_id), self._left.get(unique_id)
        if call is not None and call.queue == self._directory.queues[queue_id].name:
            return "waits", call.since
        if left is not None and left.queue_id == queue_id:
            return ("gone", left.since) if not left.seen else ("waits", left.since)
        known = self.lately.get(unique_id)
        if known is not None and known.queue_id == queue_id:
            return "counted", known.since
        return None

    def end_logged(self, unique_id: str, queue_id: int, outcome: Outcome, at: float) -> list[int]:
        """A caller who was gone when it was listed next had ended so, at this moment."""
        self._left[unique_id].left_at = at
        return self._end(unique_id, queue_id, outcome, at)

    def count_logged(
        self, unique_id: str, queue_id: int, entered: float, outcome: Outcome, ended: float
    ) -> None:
        """Count a caller of whom only the log tells, today."""
        self.lately[unique_id] = Caller(queue_id, entered, ended)
        if outcome != "closed":
            self._enter_unseen(queue_id, entered)
        self._count(queue_id, outcome, ended - entered, ended)

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
        self.lately, self.awaits_log = before.lately, before.awaits_log
        self._hanging_up = before._hanging_up
        self._bound = {key: queue for key, queue in before._bound.items() if queue in self.days}

    def shift(self, seconds: float) -> None:
        """The clock was set: all moments are so much later by it."""
        for window in self._recent.values():
            window.shift(seconds)
        self._waiting.shift(seconds)
        for left in self._left.values():
            left.since += seconds
            left.left_at += seconds
        self.lately = {key: one.later(seconds) for key, one in self.lately.items()}

    def new_day(self) -> dict[int, QueueDay]:
        """Begin a day at zero; returns the last day's figures."""
        ended = {queue_id: self.day(queue_id) for queue_id in self.days}
        self.days = {queue_id: QueueDay() for queue_id in ended}
        return ended

    def _leave(self, unique_id: str, queue: str, at: str, now: float) -> _LeftCall | None:
        """Let a call wait no longer; None when it is known already why, or of another's queue.

        `at` is where in the dialplan its channel is to go on, or still is.
        """
        call = self._waiting.leave(unique_id)
        known = self._directory.queue_by_name.get(call.queue if call is not None else queue)
        if unique_id in self._ended or known is None:
            return None
        left = self._left.get(unique_id)
        if left is None:
            since = call.since if call is not None else now  # it may have waited before xucd began
            if call is None:
                self._enter_unseen(known.id, now)
            left = self._left[unique_id] = _LeftCall(queue_id=known.id, since=since, left_at=now)
        left.seen = True
        left.goes_on |= call is not None and bool(call.at) and bool(at) and call.at != at
        return left

    def _enter_unseen(self, queue_id: int, now: float) -> None:
        """Count the beginning of a call's wait of which only the end was seen.

        It has left or was answered while xucd began, before it was listed.
        """
        self.days[queue_id].entered += 1
        self._recent[queue_id].entered(now)

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
        since = now
        if left is not None:
            queue_id, seen, since = left.queue_id, left.waited(), left.since
            waited = waited if seen is None else seen
        elif call is not None and (known := self._directory.queue_by_name.get(call.queue)):
            queue_id, waited, since = known.id, now - call.since, call.since
        else:
            self._enter_unseen(queue_id, now)
        self.lately[unique_id] = Caller(queue_id, since, now)
        self._count(queue_id, outcome, waited, now)
        return [queue_id]

    def _ended_unanswered(self, unique_id: str, now: float, moved: bool = False) -> list[int]:
        """Count a call that is over without having been answered, if it waited at all.

        With `moved`, its channel goes on in another queue.
        """
        left, call = self._left.get(unique_id), self._waiting.get(unique_id)
        if left is not None:
            outcome: Outcome = "diverted"
            if not (moved or left.goes_on):
                outcome = "abandoned" if left.gave_up else "diverted" if left.seen else "unseen"
            return self._end(unique_id, left.queue_id, outcome, now)
        queue = self._directory.queue_by_name.get(call.queue) if call is not None else None
        if queue is None:
            return []
        return self._end(unique_id, queue.id, "diverted" if moved else "abandoned", now)

    def _count(self, queue_id: int, outcome: Outcome, waited: float, now: float) -> None:
        self.days[queue_id].count(outcome, waited)
        self._recent[queue_id].ended(outcome, waited, now)
