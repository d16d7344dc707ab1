"""One agent's figures of one local day."""

import msgspec

from xucd.center.agent import AgentState


class AgentDay(msgspec.Struct):
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

    def spend(self, state: AgentState, seconds: float) -> None:
        """Count `seconds` spent in a shown state; only ready, pause and wrap-up are counted."""
        if state is AgentState.READY:
            self.ready_s += seconds
        elif state is AgentState.ON_PAUSE:
            self.paused_s += seconds
        elif state is AgentState.ON_WRAPUP:
            self.wrapup_s += seconds

    def tomorrow(self) -> "AgentDay":
        """The day that follows: counters at nought, the last login and logout still known."""
        return AgentDay(login_at=self.login_at, logout_at=self.logout_at)
