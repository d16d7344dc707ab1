"""A user's status: the configured names for being ready, and for each kind of pause.

For an agent the status follows its stance. A pause whose reason is no status's name shows as the
first status that pauses. Who is no agent is shown the first status there is.
"""

from collections.abc import Sequence

from xucd.center.agent import Stance
from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.cti.asks import UserStatusUpdate
from xucd.cti.messages import UserStatus
from xucd.cti.session import Session
from xucd.desk.commands import carries_out
from xucd.desk.desk import Desk
from xucd.desk.pause import pause_agent, unpause_agent


@carries_out(UserStatusUpdate)
async def user_status_update(desk: Desk, ask: UserStatusUpdate, who: Session) -> None:
    """Choose a status: pause or make ready the user's own agent, as the status says.

    Raises `Refused` with `StatusUnknown`, or as pausing does.
    """
    status = next((one for one in desk.statuses if one.name == ask.status), None)
    if status is None:
        raise Refused("StatusUnknown", "There is no such status.")
    if pauses(status):
        await pause_agent(desk, desk.agent(None, who), status.name)
    elif readies(status):
        await unpause_agent(desk, desk.agent(None, who))


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
    fitting = [one for one in statuses if (pauses(one) if paused else readies(one))]
    named = [one for one in fitting if one.name == reason]
    return (named or fitting or list(statuses))[0].name
