"""Counting what happened while nothing was heard of Asterisk, by what its log tells.

Each caller and each ring is counted once. The log tells of whole seconds, and of much that xucd has
heard itself: who was there before the gap, who was found waiting or talking after it, and who was
counted just before it or since. What is known is recognised by its unique id:

- who waited before and was gone afterwards ends as the log says, in place of unseen;
- a call of an agent that was over afterwards is counted to its end, in place of to the gap;
- who is known otherwise is left alone;
- whoever is not known entered and ended in the gap.

A ring that nobody answered has no unique id in the log: it is recognised by its agent and second.
So is a call that was answered through a Local channel, whose id the log has instead of the phone's.
Of a member that is rung through the judging context, a ring of no length is a refusal of xucd's.

The log has members' names. One that is no agent's, such as FreePBX's "Dan", stands for the agent
who sat at its phone throughout the gap.
"""

import datetime
import functools
from collections.abc import Iterable, Mapping

import msgspec

from xucd.center.center import Center
from xucd.center.day import AgentDay
from xucd.center.directory import LOCAL
from xucd.center.logged import Logged, LogsTold
from xucd.center.queue_day import Outcome, QueueDay
from xucd.center.reservations import is_judged
from xucd.center.rules.phones import count_anew
from xucd.center.rules.queues import queues_counted
from xucd.center.rules.unheard_agents import SLACK_S, AgentDays, AgentsFound, DayOf, is_cut_by
from xucd.center.rules.unheard_phones import count_records
from xucd.center.under_way import CutCall, Rung

REFUSED_S = 1.0
"""The longest ring, in seconds, that app_queue logs of a member that is refused at once."""


class GapCount(msgspec.Struct):
    """What a log told: calls by queue id, and what it adds to the figures of earlier days."""

    calls: dict[int, int] = {}
    queues: dict[tuple[datetime.date, int], QueueDay] = {}
    agents: AgentDays = {}


class _Entry(msgspec.Struct, eq=False):
    """One caller's wait in a queue, as the log tells it."""

    unique_id: str
    queue_id: int
    entered: float | None = None
    ended: float | None = None
    outcome: Outcome | None = None
    waited: float | None = None


def count_logged(
    center: Center, told: LogsTold, began: float, heard_from: float, day_of: DayOf
) -> GapCount:
    """Count what the logs tell of the time between two moments of xucd's clock.

    Earlier days than that of the centre's figures are in what it returns. To be called once for
    each gap, after `rebuild` and the events that came with it.
    """
    lines = [line for line in told.lines if began - SLACK_S <= line.at <= heard_from + SLACK_S]
    queues, named = center.directory.queue_by_name, {line.queue for line in lines}
    ids = {name: queues[name].id for name in named if name in queues}
    within = [line for line in lines if line.queue in ids]
    members = _members_of(center, told) if within else {}
    count = _Count(center, heard_from, day_of, members, _ends(within))
    # First: the log of queues does not say whether a ring that was cut was a queue's.
    count_records(center, told, began, heard_from, count.agents)
    for entry in _entries(within, ids):
        count.caller(entry)
    for line in within:
        count.ring(line)
    count.publish(heard_from)
    return count.found


def _entries(lines: Iterable[Logged], ids: dict[str, int]) -> list[_Entry]:
    entries: list[_Entry] = []
    waiting: dict[tuple[str, str], _Entry] = {}
    for line in lines:
        if line.kind not in ("entered", "connected", "left"):
            continue
        key = (line.unique_id, line.queue)
        if line.kind == "entered" or key not in waiting:
            waiting[key] = _Entry(line.unique_id, ids[line.queue])
            entries.append(waiting[key])
        if line.kind == "entered":
            waiting[key].entered = line.at
            continue
        entry = waiting.pop(key)
        entry.ended, entry.waited = line.at, line.waited
        entry.outcome = "answered" if line.kind == "connected" else line.outcome
    return entries


def _members_of(center: Center, told: LogsTold) -> dict[tuple[int, str], int]:
    """The agent of each member that is called after none, by its queue's id and its name.

    Of members with one name, and agents of their own, nobody knows whose a call was.
    """
    found: dict[tuple[int, str], set[int | None]] = {}
    for queue_id, member in center.members.all():
        line = center.members.line_of(member)
        agent_id = None if line is None else told.seated.get(line.phone)
        found.setdefault((queue_id, member.member), set()).add(agent_id)
    return {
        key: agent_id
        for key, agents in found.items()
        for agent_id in agents
        if len(agents) == 1 and agent_id is not None
    }


def _ends(lines: Iterable[Logged]) -> dict[tuple[str, str, str], list[float]]:
    """When calls that were answered ended, by caller, queue and member."""
    ends: dict[tuple[str, str, str], list[float]] = {}
    for line in lines:
        if line.kind == "completed":
            ends.setdefault((line.unique_id, line.queue, line.agent), []).append(line.at)
    return ends


class _Talk(msgspec.Struct, gc=False):
    """A call that the log says was answered; `cut` if its phone rang before the gap."""

    answered: float
    phone: str
    cut: CutCall | None = None


class _Count:
    def __init__(
        self,
        center: Center,
        heard_from: float,
        day_of: DayOf,
        members: Mapping[tuple[int, str], int],
        ends: Mapping[tuple[str, str, str], list[float]],
    ) -> None:
        self.found = GapCount()
        self._members = members
        self._ends = ends
        self._center = center
        self._heard_from = heard_from
        self._day_of = day_of
        self.agents = AgentsFound(center, day_of)
        self._moved: set[int] = set()
        self._rung: dict[tuple[int, int], list[Rung]] = {}  # unanswered, by agent and second
        self._answered: dict[int, dict[str, float]] = {}  # when each ended, by agent and phone's id
        for phone, rung in center.phone_calls.lately.items():
            if not rung.answered:
                self._rung.setdefault((rung.agent_id, int(rung.at)), []).append(rung)
            else:
                self._answered.setdefault(rung.agent_id, {})[phone] = rung.at
        self._cut: dict[int, list[str]] = {}  # the phones' ids of calls that were cut, by agent
        for phone, cut in center.under_way.cut_calls.items():
            if is_cut_by(cut, heard_from):
                self._cut.setdefault(cut.agent_id, []).append(phone)
        self._talks: dict[tuple[str, str, int], _Talk] = {}  # by caller, queue and agent

    @functools.cached_property
    def _through_local(self) -> set[tuple[int, str]]:
        """The members that are called by a Local channel, by queue id and name."""
        return {
            (queue_id, member.member)
            for queue_id, member in self._center.members.all()
            if member.interface.startswith(LOCAL)
        }

    @functools.cached_property
    def _judged(self) -> set[tuple[int, str]]:
        """The members that are rung through the judging context, by queue id and name."""
        return {
            (queue_id, member.member)
            for queue_id, member in self._center.members.all()
            if is_judged(member.interface)
        }

    # -- callers

    def caller(self, entry: _Entry) -> None:
        """Count one caller's wait, unless it is counted."""
        stats, queue_id = self._center.queue_stats, entry.queue_id
        standing = stats.standing(entry.unique_id, queue_id)
        if standing is not None and self._is_same(entry, standing[1]):
            if standing[0] == "gone" and entry.outcome is not None and entry.ended is not None:
                self._moved.update(
                    stats.end_logged(entry.unique_id, queue_id, entry.outcome, entry.ended)
                )
                self._found_one(queue_id)
            return
        ended = entry.ended if entry.ended is not None else self._heard_from
        entered = entry.entered
        if entered is None:
            entered = ended - (entry.waited or 0.0)
        outcome: Outcome = entry.outcome or "unseen"
        self._found_one(queue_id)
        if self.agents.is_today(entered) and self.agents.is_today(ended):
            stats.count_logged(entry.unique_id, queue_id, entered, outcome, ended)
            self._moved.add(queue_id)
            return
        if outcome != "closed":
            self._day(queue_id, entered).entered += 1
        self._day(queue_id, ended).count(outcome, ended - entered)

    def _is_same(self, entry: _Entry, since: float) -> bool:
        """Whether an entry is what is known since then, and not an earlier or later one."""
        if entry.entered is None or since >= self._heard_from - 1.0:
            return True
        return abs(entry.entered - since) <= SLACK_S

    def _day(self, queue_id: int, at: float) -> QueueDay:
        if self.agents.is_today(at):
            self._moved.add(queue_id)
            return self._center.queue_stats.days[queue_id]
        return self.found.queues.setdefault((self._day_of(at), queue_id), QueueDay())

    def _found_one(self, queue_id: int) -> None:
        self.found.calls[queue_id] = self.found.calls.get(queue_id, 0) + 1

    # -- agents

    def ring(self, line: Logged) -> None:
        """Count what a line says of an agent's phone, unless it is counted."""
        directory = self._center.directory
        agent = directory.agent_by_member_name.get(line.agent)
        agent_id = agent.id if agent is not None else None
        if agent_id is None:
            agent_id = self._members.get(self._queue_and_member(line))
        if agent_id is None:
            return
        match line.kind:
            case "connected":
                phone = self._phone_of(agent_id, line)
                self._connected(agent_id, msgspec.structs.replace(line, phone=phone))
            case "completed":
                self._completed(agent_id, line)
            case "not answered":
                self._not_answered(agent_id, line)

    def _queue_and_member(self, line: Logged) -> tuple[int, str]:
        return self._center.directory.queue_by_name[line.queue].id, line.agent

    def _phone_of(self, agent_id: int, line: Logged) -> str:
        """The unique id by which a call that was answered is known; the log's if it is not.

        Of a Local channel, which the log names, nothing is counted: its phone is found by the time.
        """
        center, rang = self._center, line.at - (line.rang or 0.0)
        channel = center.channels.by_id.get(line.phone)
        if line.phone in center.under_way.cut_calls or line.phone in center.phone_calls.lately:
            return line.phone
        if self._queue_and_member(line) not in self._through_local:
            return line.phone
        if channel is not None and not channel.name.startswith(LOCAL):
            return line.phone
        if (phone := self._cut_of(agent_id, line, rang)) is not None:
            return phone
        ended = self._ends.get((line.unique_id, line.queue, line.agent), [])
        for leg in () if ended else center.phone_calls.legs.values():
            answered = leg.channel.answered if leg.incoming and leg.agent_id == agent_id else None
            # Of one that was found talking, only when it was made is known.
            if answered is not None and rang - SLACK_S <= answered <= line.at + SLACK_S:
                return leg.channel.unique_id
        for phone, at in self._answered.get(agent_id, {}).items():
            if any(at >= line.at - SLACK_S and abs(at - end) <= SLACK_S for end in ended):
                del self._answered[agent_id][phone]  # it is of one call alone
                return phone
        return line.phone

    def _cut_of(self, agent_id: int, line: Logged, rang: float) -> str | None:
        """The call that was cut as it rang or talked, and by its time is that of a line."""
        center = self._center
        for phone in self._cut.get(agent_id, ()):
            cut = center.under_way.cut_calls.get(phone)
            if cut is None or not cut.call.incoming:
                continue
            is_answered = cut.call.answered is not None
            known = cut.call.answered if is_answered else cut.call.rang
            if known is not None and abs(known - (line.at if is_answered else rang)) <= SLACK_S:
                return phone
        return None

    def _connected(self, agent_id: int, line: Logged) -> None:
        center, rang = self._center, line.at - (line.rang or 0.0)
        cut = center.under_way.cut_calls.get(line.phone)
        channel = center.channels.by_id.get(line.phone)
        if cut is not None:
            if cut.call.answered is None and is_cut_by(cut, self._heard_from):
                call = msgspec.structs.replace(cut.call, rang=rang, answered=line.at)
                cut = center.under_way.cut_calls[line.phone] = self.agents.recount(
                    line.phone, cut, call, line.at
                )
                key = line.unique_id, line.queue, agent_id
                self._talks[key] = _Talk(line.at, line.phone, cut)
        elif channel is not None:
            if channel.rang is None and channel.answered is not None:
                channel.rang, channel.answered = rang, line.at  # found talking: now it is known
                count_anew(center, channel.name, line.at)
        elif line.phone not in center.phone_calls.lately:
            self.agents.counted(line.phone, Rung(agent_id, line.at, answered=True))
            counted = AgentDay(inbound_calls=1, inbound_answered=1, inbound_ring_s=line.rang or 0.0)
            self.agents.add(agent_id, counted, line.at)
            self._talks[line.unique_id, line.queue, agent_id] = _Talk(line.at, line.phone)

    def _completed(self, agent_id: int, line: Logged) -> None:
        """The end of a call that was cut, or of one whose beginning the log has told."""
        talked = line.talked or 0.0
        talk = self._talks.pop((line.unique_id, line.queue, agent_id), None)
        if talk is None:
            talk = self._cut_before(agent_id, line.queue, line.at - talked)
        if talk is None or abs(talk.answered + talked - line.at) > SLACK_S:
            return
        ended = talk.answered + talked
        if talk.cut is not None:
            self.agents.recount(talk.phone, talk.cut, talk.cut.call, ended)
            self._center.under_way.cut_calls.pop(talk.phone, None)
        else:
            self.agents.add(agent_id, AgentDay(inbound_talk_s=talked), ended)

    def _cut_before(self, agent_id: int, queue: str, answered: float) -> _Talk | None:
        """The call that was answered before the gap, at about this moment, and was cut."""
        for phone in self._cut.get(agent_id, ()):
            cut = self._center.under_way.cut_calls.get(phone)
            if cut is None or cut.call.answered is None or cut.call.queue != queue:
                continue
            if abs(cut.call.answered - answered) <= SLACK_S:
                return _Talk(cut.call.answered, phone, cut)
        return None

    def _not_answered(self, agent_id: int, line: Logged) -> None:
        if (line.rang or 0.0) <= REFUSED_S and self._queue_and_member(line) in self._judged:
            return
        second, slack = int(line.at), int(SLACK_S) + 1
        for at in range(second - slack, second + slack + 1):
            rung = self._rung.get((agent_id, at))
            if rung and abs(rung[0].at - line.at) <= SLACK_S:
                rung.pop(0)
                return
        rang = line.rang or 0.0
        for phone in self._cut.get(agent_id, ()):
            cut = self._center.under_way.cut_calls.get(phone)
            if cut is not None and cut.call.incoming and cut.call.answered is None:
                call = msgspec.structs.replace(cut.call, rang=line.at - rang)
                self.agents.recount(phone, cut, call, line.at)
                del self._center.under_way.cut_calls[phone]
                return
        ring = AgentDay(inbound_calls=1, inbound_unanswered=1, inbound_ring_s=rang)
        self.agents.add(agent_id, ring, line.at)
        self.agents.counted(f"{agent_id} at {line.at}", Rung(agent_id, line.at, answered=False))

    def publish(self, now: float) -> None:
        """Tell whose figures have moved; what the log does not tell stays unknown."""
        self.found.agents.update(self.agents.publish())
        queues_counted(self._center, sorted(self._moved), now)
        _forget_cut(self._center, self._heard_from)


def give_up(center: Center, heard_from: float) -> None:
    """Leave a gap that ended then as it is counted so far: its calls stay unknown."""
    queues_counted(center, sorted(center.directory.queues), heard_from)
    _forget_cut(center, heard_from)


def _forget_cut(center: Center, heard_from: float) -> None:
    for phone, cut in list(center.under_way.cut_calls.items()):
        if is_cut_by(cut, heard_from):
            del center.under_way.cut_calls[phone]
            center.under_way.unwritten.add(cut.agent_id)
