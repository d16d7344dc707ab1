"""A user's status: the configured names for being ready, and for each kind of pause.

An agent's status follows its stance. A pause whose reason is not the name of a status shows as the
first status that pauses. A user without an agent has the first status.
"""

from xucd.center.refused import Refused
from xucd.commands.context import Context
from xucd.commands.lookup import find_agent
from xucd.commands.pause import pause_agent, unpause_agent
from xucd.cti.commands import UserStatusUpdateCommand
from xucd.cti.session import Session
from xucd.views.statuses import pauses, readies


async def user_status_update(
    context: Context, command: UserStatusUpdateCommand, who: Session
) -> None:
    """Set the user's status: pause its agent or make it ready, depending on the status.

    Raises `Refused` with `StatusUnknown`, or as pausing does.
    """
    status = next(
        (known for known in context.options.statuses if known.name == command.status), None
    )
    if status is None:
        raise Refused("StatusUnknown", "There is no such status.")
    if pauses(status):
        await pause_agent(context, find_agent(context, None, who), status.name)
    elif readies(status):
        await unpause_agent(context, find_agent(context, None, who))
