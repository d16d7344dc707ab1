"""A user's status: the configured names for being ready, and for each kind of pause.

For an agent the status follows its stance. A pause whose reason is no status's name shows as the
first configured status that pauses. A user without an agent is shown the first status that readies.

Two statuses are there whatever the settings list, since xucd itself shows agents in them: some
clients break at a name that `UsersStatuses` did not have.
"""

from collections.abc import Iterable, Sequence

from xucd.center.agent import MISSED, UNREACHABLE, AgentState, Stance
from xucd.center.live import LiveAgent
from xucd.cti.messages import StatusAction, UserStatus

_PAUSE = [StatusAction(name="queuepause_all", parameters="true")]
OWN = (
    UserStatus(name=MISSED, long_name="Missed call", color="#D9534F", actions=_PAUSE),
    UserStatus(name=UNREACHABLE, long_name="Phone unreachable", color="#7A8699", actions=_PAUSE),
)
_OWN_NAMES = frozenset(status.name for status in OWN)


def with_own(configured: Iterable[UserStatus]) -> tuple[UserStatus, ...]:
    """The configured statuses, and those of `OWN` that they lack."""
    statuses = tuple(configured)
    names = {status.name for status in statuses}
    return (*statuses, *(status for status in OWN if status.name not in names))


def pauses(status: UserStatus) -> bool:
    """Whether choosing a status pauses the agent."""
    return any(action.name == "queuepause_all" for action in status.actions)


def readies(status: UserStatus) -> bool:
    """Whether choosing a status makes the agent ready."""
    return any(action.name == "queueunpause_all" for action in status.actions)


def status_of(statuses: Sequence[UserStatus], live: LiveAgent | None) -> str:
    """The name of the status that an agent, or None for who is none, is shown in."""
    if live is not None and live.stance is Stance.PAUSED:
        reason = live.reason
    elif live is not None and live.shown.state is AgentState.ON_PAUSE:  # its phone is out of reach
        reason = live.shown.cause
    else:
        return next((status for status in statuses if readies(status)), statuses[0]).name
    first = None
    for status in statuses:
        if status.name == reason and pauses(status):
            return reason
        if first is None and status.name not in _OWN_NAMES and pauses(status):
            first = status
    return (first or statuses[0]).name
