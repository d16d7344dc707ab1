"""When agents' wrap-ups end, and what Asterisk is asked for then.

A wrap-up is a pause of an agent's members; it ends when Asterisk tells that they are unpaused. That
is asked for when its time is over, and again after a while if it has not come about: Asterisk may
be slow, or have other members than one thinks.
"""

import math

from xucd.center.agent import Stance
from xucd.center.intents import Intent, RelistMembers, SetPause
from xucd.center.live import LiveAgent
from xucd.center.memberships import Memberships, wraps_up
from xucd.center.owners import Owners
from xucd.center.snapshot import MemberSeen
from xucd.center.wrapups import Wrapups

RETRY_S = 1.0
"""How long to wait for an unpause to take effect before asking for it again, at first."""

HALF_PAUSED_S = 2.0
"""How long a wrap-up's pause may take to reach all of an agent's memberships, or to leave them."""

Asked = list[Intent | RelistMembers]


class WrapupEnds:
    """The ends of all wrap-ups, and of their pauses that have reached some of an agent's members.

    Moments are epoch seconds.
    """

    def __init__(self, members: Memberships, owners: Owners) -> None:
        self._members = members
        self._owners = owners
        self._running = Wrapups(RETRY_S)
        self._half_paused = Wrapups(HALF_PAUSED_S)

    def begin(self, live: LiveAgent, now: float) -> bool:
        """Let an agent's wrap-up run; whether it did not already."""
        if live.agent.id in self._running:
            return False
        self._running.begin(live.agent.id, now + live.wrapup_s)
        return True

    def runs(self, live: LiveAgent) -> bool:
        """Whether an agent's wrap-up has begun, and not ended."""
        return live.agent.id in self._running

    def end_of(self, live: LiveAgent) -> float:
        """When an agent's wrap-up ends, or is asked to; infinity if none runs."""
        return self._running.end_of(live.agent.id)

    def go_on(self, live: LiveAgent, before: "WrapupEnds") -> None:
        """Let an agent's wrap-up end when it does by those of an older configuration."""
        until = before.end_of(live)
        if until < math.inf:
            self._running.begin(live.agent.id, until)

    def rerun(self, live: LiveAgent, until: float) -> None:
        """Let a wrap-up that runs end at this moment instead."""
        if live.agent.id in self._running:
            self._running.begin(live.agent.id, until)

    def stop(self, agent_id: int) -> None:
        """Let an agent's wrap-up not end by itself; idempotent."""
        self._running.stop(agent_id)

    def forget(self, agent_id: int) -> None:
        """Watch nothing of an agent; idempotent."""
        self._running.stop(agent_id)
        self._half_paused.stop(agent_id)

    def over(self, now: float) -> list[int]:
        """The agents whose wrap-up is over by now; none of them runs any more."""
        return self._running.end_due(now)

    def ask(self, live: LiveAgent, now: float) -> Asked:
        """Ask for the end of a wrap-up, and have it asked for again after a while."""
        return self._ask(live, self._running, now)

    def watch_half_pause(self, live: LiveAgent, now: float) -> None:
        """End a wrap-up's pause of a ready agent's memberships, if it stays.

        Of some of them, or of one who has nothing to wrap up.
        """
        half = live.stance is Stance.READY and any(map(wraps_up, self._everywhere(live)))
        if not half:
            self._half_paused.stop(live.agent.id)
        elif live.agent.id not in self._half_paused:
            self._half_paused.begin(live.agent.id, now + HALF_PAUSED_S)

    def _everywhere(self, live: LiveAgent) -> list[MemberSeen]:
        """An agent's members, and those of their interfaces in queues that are none of ours."""
        found = [member for _, member in self._owners.members(live)]
        for interface in {member.interface for member in found}:
            found += self._members.elsewhere(interface)
        return found

    def is_half_paused(self, live: LiveAgent) -> bool:
        """Whether a wrap-up's pause of an agent's memberships is about to be ended."""
        return live.agent.id in self._half_paused

    def half_over(self, now: float) -> list[int]:
        """The agents of whom such a pause has stayed; none is watched any more."""
        return self._half_paused.end_due(now)

    def ask_for_half(self, live: LiveAgent, now: float) -> Asked:
        """Ask for the end of such a pause, and have it asked for again after a while."""
        return self._ask(live, self._half_paused, now)

    def pauses(self, live: LiveAgent) -> list[SetPause]:
        """What ends a wrap-up's pauses of an agent's members."""
        return self._members.ends_of_wrapup(member for _, member in self._owners.members(live))

    def ask_anew(self, now: float) -> None:
        """Ask again, from the beginning, for what Asterisk was asked for in vain."""
        self._running.ask_anew(now)
        self._half_paused.ask_anew(now)

    def next_end(self, otherwise: float) -> float:
        """When the next of them ends, or `otherwise` if that is before."""
        return self._half_paused.next_end(self._running.next_end(otherwise))

    def shift(self, seconds: float) -> None:
        """The clock was set: all ends are so much later by it."""
        self._running.shift(seconds)
        self._half_paused.shift(seconds)

    def _ask(self, live: LiveAgent, ends: Wrapups, now: float) -> Asked:
        asked = ends.ask(live.agent.id, now)
        wanted: Asked = [*self.pauses(live)]
        if asked > 1:  # once more, Asterisk may only have been slow
            wanted.append(RelistMembers())
        return wanted
