"""The wrap-ups that run, and when each ends. One without an end cannot be kept here."""


class Wrapups:
    """Running wrap-ups by agent id. Moments are epoch seconds."""

    def __init__(self) -> None:
        self._ends: dict[int, float] = {}

    def __contains__(self, agent_id: int) -> bool:
        return agent_id in self._ends

    def begin(self, agent_id: int, until: float) -> None:
        """Let an agent's wrap-up run until then, in the place of one that runs."""
        self._ends[agent_id] = until

    def stop(self, agent_id: int) -> None:
        """Cancel an agent's wrap-up; idempotent."""
        self._ends.pop(agent_id, None)

    def next_end(self, otherwise: float) -> float:
        """When the next wrap-up ends, `otherwise` if none runs."""
        return min(self._ends.values(), default=otherwise)

    def end_due(self, now: float) -> list[int]:
        """The agents whose wrap-up is over by now; none of them runs any more."""
        over = [agent_id for agent_id, until in self._ends.items() if until <= now]
        for agent_id in over:
            del self._ends[agent_id]
        return over
