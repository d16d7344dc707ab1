"""One agent's figures of one local day."""

import msgspec

from xucd.center.agent import AgentState


class AgentDay(msgspec.Struct, frozen=True, gc=False):
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

    def plus(self, added: "AgentDay", times: int = 1) -> "AgentDay":
        """The day with the figures of another added to its own; moments stay as they are."""
        return AgentDay(
            paused_s=self.paused_s + times * added.paused_s,
            wrapup_s=self.wrapup_s + times * added.wrapup_s,
            ready_s=self.ready_s + times * added.ready_s,
            login_at=self.login_at,
            logout_at=self.logout_at,
            inbound_calls=self.inbound_calls + times * added.inbound_calls,
            inbound_answered=self.inbound_answered + times * added.inbound_answered,
            inbound_unanswered=self.inbound_unanswered + times * added.inbound_unanswered,
            inbound_talk_s=self.inbound_talk_s + times * added.inbound_talk_s,
            inbound_ring_s=self.inbound_ring_s + times * added.inbound_ring_s,
            outbound_calls=self.outbound_calls + times * added.outbound_calls,
            outbound_talk_s=self.outbound_talk_s + times * added.outbound_talk_s,
        )

    def minus(self, counted: "AgentDay") -> "AgentDay":
        """The day without the figures of another; moments stay as they are."""
        return self.plus(counted, -1)

    def spend(self, state: AgentState, seconds: float) -> "AgentDay":
        """The day with `seconds` more in a shown state; only ready, pause and wrap-up count."""
        match state:
            case AgentState.READY:
                return self.plus(AgentDay(ready_s=seconds))
            case AgentState.ON_PAUSE:
                return self.plus(AgentDay(paused_s=seconds))
            case AgentState.ON_WRAPUP:
                return self.plus(AgentDay(wrapup_s=seconds))
        return self

    def tomorrow(self) -> "AgentDay":
        """The day that follows: counters at zero, the last login and logout still known."""
        return AgentDay(login_at=self.login_at, logout_at=self.logout_at)
