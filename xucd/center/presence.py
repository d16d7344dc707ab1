"""How many agents each queue has: logged in, available, talking. Kept as their states change.

What counts is a queue's membership as Asterisk has it: a queue that an agent is configured for, but
not a member of, does not have it. Available is whom the queue would ring at this moment.
"""

from collections.abc import Mapping

import msgspec

from xucd.center.agent import AgentShown, AgentState
from xucd.center.live import LiveAgent
from xucd.center.snapshot import MemberSeen


class Present(msgspec.Struct, frozen=True, gc=False):
    """The agents of one queue. `available` would be rung by it, `talking` are on any call."""

    logged_in: int = 0
    available: int = 0
    talking: int = 0

    def with_another(self, was: "Present", is_now: "Present") -> "Present":
        """These, some of whom were so and are something else now."""
        return Present(
            self.logged_in - was.logged_in + is_now.logged_in,
            self.available - was.available + is_now.available,
            self.talking - was.talking + is_now.talking,
        )


NOBODY = Present()
_THERE = Present(logged_in=1)
_AVAILABLE = Present(logged_in=1, available=1)
_TALKING = Present(logged_in=1, talking=1)


class QueuePresence:
    """Counts agents by queue. Every agent is looked at whenever it may have changed.

    `told` are the queues of which it has been told by now that they moved: a list that is read anew
    moves all agents of a queue, which is told once.
    """

    def __init__(self) -> None:
        self.told: set[int] = set()
        self._seen: dict[int, tuple[Mapping[int, MemberSeen], AgentShown]] = {}
        self._remembered: dict[int, Mapping[int, Present]] = {}  # agents not seen yet
        self._present: dict[int, Present] = {}

    def of(self, queue_id: int) -> Present:
        """The agents of a queue."""
        return self._present.get(queue_id, NOBODY)

    def update(self, live: LiveAgent) -> list[int]:
        """Count an agent anew; returns the queues of which the figures moved."""
        agent_id, members, shown = live.agent.id, live.members, live.shown
        before = self._seen.get(agent_id)
        if before is not None and before[1] is shown:
            if before[0] is members:
                return []  # nearly always
            if shown.state is not AgentState.READY and before[0].keys() == members.keys():
                self._seen[agent_id] = members, shown
                return []
        counted = self._drop(agent_id)
        self._seen[agent_id] = members, shown
        return self._count(counted, _counted(members, shown))

    def remember(self, live: LiveAgent) -> None:
        """Count an agent by its configured queues, until a snapshot tells its memberships."""
        if live.shown.state is not AgentState.LOGGED_OUT:
            each = _AVAILABLE if live.shown.state is AgentState.READY else _THERE
            self._remembered[live.agent.id] = dict.fromkeys(live.queues, each)
            self._count({}, self._remembered[live.agent.id])

    def visit(self, agent_id: int, present: Mapping[int, Present]) -> list[int]:
        """Count an agent of another PBX, by queue; returns the queues of which figures moved."""
        before = self._drop(agent_id)
        if present:
            self._remembered[agent_id] = present
        return self._count(before, present)

    def forget(self, agent_id: int) -> list[int]:
        """Count an agent no longer; returns the queues of which the figures moved."""
        return self._count(self._drop(agent_id), {})

    def _drop(self, agent_id: int) -> Mapping[int, Present]:
        """Know no more of an agent; returns what it has been counted as, by queue."""
        remembered, seen = self._remembered.pop(agent_id, {}), self._seen.pop(agent_id, None)
        return remembered if seen is None else _counted(*seen)

    def _count(self, before: Mapping[int, Present], now: Mapping[int, Present]) -> list[int]:
        if now == before:
            return []
        moved = []
        for queue_id in sorted(before.keys() | now.keys()):
            was, is_now = before.get(queue_id, NOBODY), now.get(queue_id, NOBODY)
            if was != is_now:
                self._present[queue_id] = self.of(queue_id).with_another(was, is_now)
                moved.append(queue_id)
        return moved


def _counted(members: Mapping[int, MemberSeen], shown: AgentShown) -> dict[int, Present]:
    """What an agent adds to the figures of each of its queues.

    Available is whom app_queue would ring by its own conditions. The agent's state comes into it
    because app_queue learns what a phone does a little later.
    """
    if shown.state is AgentState.LOGGED_OUT:
        return {}
    if shown.call is not None:
        return dict.fromkeys(members, _TALKING)
    if shown.state is not AgentState.READY:
        return dict.fromkeys(members, _THERE)
    return {
        queue_id: _AVAILABLE if member.idle and not member.paused else _THERE
        for queue_id, member in members.items()
    }
