"""How many agents each queue has: logged in, free, talking. Kept as their states change."""

import msgspec

from xucd.center.agent import AgentShown, AgentState
from xucd.center.live import LiveAgent


class Present(msgspec.Struct, frozen=True):
    """The agents of one queue. `available` are ready, `talking` on any call."""

    logged_in: int = 0
    available: int = 0
    talking: int = 0


class QueuePresence:
    """Counts agents by queue. Every agent is looked at whenever it may have changed."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[Present, frozenset[int]]] = {}
        self._present: dict[int, Present] = {}

    def of(self, queue_id: int) -> Present:
        """The agents of a queue."""
        return self._present.get(queue_id, Present())

    def update(self, live: LiveAgent) -> list[int]:
        """Count an agent anew; returns the queues of which the figures moved."""
        now = _counted(live.shown), frozenset(live.queues)
        before = self._seen.get(live.agent.id, (Present(), frozenset[int]()))
        if now == before:
            return []
        self._seen[live.agent.id] = now
        touched = before[1] | now[1]
        were = {queue_id: self.of(queue_id) for queue_id in touched}
        self._add(*before, -1)
        self._add(*now, 1)
        return sorted(queue_id for queue_id in touched if self.of(queue_id) != were[queue_id])

    def _add(self, agent: Present, queue_ids: frozenset[int], times: int) -> None:
        for queue_id in queue_ids:
            was = self.of(queue_id)
            self._present[queue_id] = Present(
                was.logged_in + times * agent.logged_in,
                was.available + times * agent.available,
                was.talking + times * agent.talking,
            )


def _counted(agent: AgentShown) -> Present:
    """What one agent adds to the figures of each of its queues."""
    if agent.state is AgentState.LOGGED_OUT:
        return Present()
    return Present(1, int(agent.state is AgentState.READY), int(agent.call is not None))
