"""Pauses for wrap-up that are to end, when, and how often that was asked for.

One without an end cannot be kept here.
"""

import math

RETRIES = 6
"""How often to ask again for an unpause, after twice as long each time; then a command has to."""


class Wrapups:
    """Running wrap-ups by agent id. Moments are epoch seconds.

    `retry_s` is how long to wait for an unpause to take effect before asking again, at first.
    """

    def __init__(self, retry_s: float) -> None:
        self._retry_s = retry_s
        self._ends: dict[int, float] = {}
        self._asked: dict[int, int] = {}

    def __contains__(self, agent_id: int) -> bool:
        return agent_id in self._ends

    def begin(self, agent_id: int, until: float) -> None:
        """Let an agent's wrap-up run until then, in the place of one that runs."""
        self._ends[agent_id] = until

    def end_of(self, agent_id: int) -> float:
        """When an agent's wrap-up ends; infinity if none runs."""
        return self._ends.get(agent_id, math.inf)

    def stop(self, agent_id: int) -> None:
        """Cancel an agent's wrap-up; idempotent."""
        self._ends.pop(agent_id, None)
        self._asked.pop(agent_id, None)

    def ask(self, agent_id: int, now: float) -> int:
        """Its end is asked for now, and is to be asked for again; returns how often it was before.

        After a while that doubles, and at last has no end.
        """
        asked = self._asked.get(agent_id, 0)
        self._asked[agent_id] = asked + 1
        self.begin(agent_id, now + self._retry_s * 2**asked if asked < RETRIES else math.inf)
        return asked

    def shift(self, seconds: float) -> None:
        """The clock was set: all ends are so much later by it."""
        self._ends = {agent_id: until + seconds for agent_id, until in self._ends.items()}

    def ask_anew(self, now: float) -> None:
        """Those that have been asked for in vain are due at once: somebody hears it again."""
        for agent_id in self._asked:
            self._ends[agent_id] = now
        self._asked.clear()

    def next_end(self, otherwise: float) -> float:
        """When the next wrap-up ends, `otherwise` if none runs."""
        return min(self._ends.values(), default=otherwise)

    def end_due(self, now: float) -> list[int]:
        """The agents whose wrap-up is over by now; none of them runs any more."""
        over = [agent_id for agent_id, until in self._ends.items() if until <= now]
        for agent_id in over:
            del self._ends[agent_id]
        return over
