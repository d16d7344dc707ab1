"""Agents that are to be out, whatever Asterisk may still do of what it was asked for before."""

import math

LATE_S = 10.0
"""How long after it has answered everything, or was listed, Asterisk may still do such a thing."""


class Recalls:
    """The agents that are to be out, and until when. Moments are epoch seconds."""

    def __init__(self) -> None:
        self._until: dict[int, float] = {}

    def begin(self, agent_id: int) -> None:
        """An agent is to be out until `end`, or until `LATE_S` after `expect_nothing`."""
        self._until[agent_id] = math.inf

    def end(self, agent_id: int) -> None:
        """An agent may be in again; no error if it might."""
        self._until.pop(agent_id, None)

    def expect_nothing(self, agent_id: int | None, now: float) -> None:
        """Asterisk has answered all that was asked for an agent, or (None) for all of them."""
        for recalled in [agent_id] if agent_id is not None else list(self._until):
            if recalled in self._until:
                self._until[recalled] = min(self._until[recalled], now + LATE_S)

    def has(self, agent_id: int, now: float) -> bool:
        """Whether an agent is to be out at this moment."""
        return now < self._until.get(agent_id, now)

    def shift(self, seconds: float) -> None:
        """The clock was set by so much."""
        self._until = {key: until + seconds for key, until in self._until.items()}
