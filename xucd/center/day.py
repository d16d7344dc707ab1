"""One agent's figures of one local day."""

import msgspec

from xucd.center.agent import AgentState

_SPENT_IN: dict[AgentState, str] = {
    AgentState.READY: "ready_s",
    AgentState.ON_PAUSE: "paused_s",
    AgentState.ON_WRAPUP: "wrapup_s",
}
"""The figure in which time spent in a shown state is counted; other states are not counted."""


class AgentDay(msgspec.Struct, frozen=True):
    """What an agent did since local midnight. Times in seconds, moments in epoch seconds.

    Counted from events, never taken over from Asterisk's own counters, which have been wrong
    under load.
    """

    paused_s: float = 0.0
    wrapup_s: float = 0.0
    ready_s: float = 0.0
    login_at: float | None = None
    logout_at: float | None = None
    inbound_calls: int = 0
    inbound_answered: int = 0
    inbound_unanswered: int = 0
    inbound_talk_s: float = 0.0
    inbound_ring_s: float = 0.0
    outbound_calls: int = 0
    outbound_talk_s: float = 0.0

    def plus(self, **figures: float) -> "AgentDay":
        """The day with these added to its figures: ``day.plus(inbound_calls=1)``."""
        sums = {name: getattr(self, name) + added for name, added in figures.items()}
        return msgspec.structs.replace(self, **sums)

    def spend(self, state: AgentState, seconds: float) -> "AgentDay":
        """The day with `seconds` more spent in a shown state."""
        name = _SPENT_IN.get(state)
        return self if name is None else self.plus(**{name: seconds})

    def tomorrow(self) -> "AgentDay":
        """The day that follows: counters at nought, the last login and logout still known."""
        return AgentDay(login_at=self.login_at, logout_at=self.logout_at)
