"""A user's status: the configured names for being ready, and for each kind of pause.

For an agent the status follows its stance. A pause whose reason is no status's name shows as the
first status that pauses. A user without an agent is shown the first status that readies.
"""

from collections.abc import Sequence

from xucd.center.agent import Stance
from xucd.center.live import LiveAgent
from xucd.cti.messages import UserStatus


def pauses(status: UserStatus) -> bool:
    """Whether choosing a status pauses the agent."""
    return any(action.name == "queuepause_all" for action in status.actions)


def readies(status: UserStatus) -> bool:
    """Whether choosing a status makes the agent ready."""
    return any(action.name == "queueunpause_all" for action in status.actions)


def status_of(statuses: Sequence[UserStatus], live: LiveAgent | None) -> str:
    """The name of the status that an agent, or None for who is none, is shown in."""
    paused = live is not None and live.stance is Stance.PAUSED
    reason = live.reason if live is not None else ""
    fitting = [status for status in statuses if (pauses(status) if paused else readies(status))]
    named = [status for status in fitting if status.name == reason]
    return (named or fitting or list(statuses))[0].name
