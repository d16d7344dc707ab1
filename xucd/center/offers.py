"""Which agents have become free, so that waiting callers are to look for one at once.

app_queue looks for a free member when a caller comes first, and then once in every `retry` seconds.
A caller that is nudged looks at once. One nudge is due for each membership that has become free:
after the agent talked or dialled, was paused, was out of reach, or was no member yet. A ring that
nobody answered makes none due: app_queue itself rang the phone, and knows when it will again.
Nudged at the end of such a ring, it would ring a phone that refuses many times a second.

Whoever becomes free by a talk is offered at once. A pause, a registration or a login can end and
begin anew without any caller being served, even many times a second: these give at most one nudge
in `NUDGE_S` for each queue. What becomes due meanwhile is given then, to those who are free still.
"""

import math
from collections.abc import Mapping

from xucd.center.agent import AgentShown, AgentState
from xucd.center.live import LiveAgent
from xucd.center.snapshot import MemberSeen

NUDGE_S = 1.0
"""The shortest time between two nudges of a queue's callers, in seconds, unless an agent talked."""


class Offers:
    """What is due to whom. Moments are epoch seconds."""

    def __init__(self) -> None:
        self._taken: dict[int, dict[int, bool]] = {}  # agent: queue: whether by a talk
        self._seen: dict[int, tuple[Mapping[int, MemberSeen], AgentShown]] = {}  # by agent
        self._late: dict[int, set[int]] = {}  # queue: agents
        self._nudged_at: dict[int, float] = {}  # by queue

    def joined(self, agent_id: int, queue_id: int) -> None:
        """An agent is a member of a queue that it was no member of before."""
        self._seen.pop(agent_id, None)
        self._taken.setdefault(agent_id, {}).setdefault(queue_id, False)

    def freed(self, live: LiveAgent, now: float, *, unpaused: bool = False) -> list[int]:
        """Look at an agent; returns the queues whose callers are to be nudged for it now.

        To be called whenever the agent may have changed. With `unpaused`, all its memberships are
        being unpaused and the first of them is: they are offered together, so that the caller who
        waits longest comes first, whichever queue it is in.
        """
        agent_id, members, shown = live.agent.id, live.members, live.shown
        seen = self._seen.pop(agent_id, None)
        if not unpaused:
            self._seen[agent_id] = members, shown
            if seen is not None and seen[0] is members and seen[1] is shown:
                return []
        taken = self._taken.setdefault(agent_id, {})
        talks = shown.state is AgentState.ON_CALL or shown.state is AgentState.DIALING
        for queue_id, member in members.items():
            if talks or member.paused or not member.in_reach:
                taken[queue_id] = talks or taken.get(queue_id, False)
        is_ready = shown.state is AgentState.READY
        if not self._late and not (taken and is_ready):
            return []
        free = _free(members, unpaused) if is_ready else {}
        for queue_id, agents in self._late.items():
            if queue_id not in free:
                agents.discard(agent_id)
        now_due = []
        for queue_id in free.keys() & taken.keys():
            by_talk = taken.pop(queue_id)
            if by_talk or now >= self._next(queue_id):
                now_due.append(queue_id)
            else:
                self._late.setdefault(queue_id, set()).add(agent_id)
        return now_due

    def nudged(self, queue_id: int, now: float) -> None:
        """Callers of a queue have been nudged."""
        self._nudged_at[queue_id] = now

    def shift(self, seconds: float) -> None:
        """The clock was set: all moments are so much later by it."""
        self._nudged_at = {key: at + seconds for key, at in self._nudged_at.items()}

    def next_late(self, otherwise: float) -> float:
        """When the next late nudge is due, `otherwise` if none is."""
        moments = (self._next(queue_id) for queue_id, agents in self._late.items() if agents)
        return min(moments, default=otherwise)

    def late_due(self, now: float) -> dict[int, int]:
        """The queues to be nudged by now, with the number of agents that are free there."""
        due = {
            queue_id: len(agents)
            for queue_id, agents in self._late.items()
            if agents and now >= self._next(queue_id)
        }
        for queue_id in due:
            del self._late[queue_id]
        return due

    def _next(self, queue_id: int) -> float:
        """The earliest moment for a queue's next nudge."""
        return self._nudged_at.get(queue_id, -math.inf) + NUDGE_S


def _free(members: Mapping[int, MemberSeen], unpaused: bool) -> Mapping[int, MemberSeen]:
    """The memberships by which a ready agent can be rung.

    None while a queue still takes the phone for in use: it would not ring it, and its callers would
    wait longer before their next retry than those of other queues.
    """
    if any(member.in_reach and not member.idle for member in members.values()):
        return {}
    return {
        queue_id: member
        for queue_id, member in members.items()
        if member.idle and (unpaused or not member.paused)
    }
