"""Choosing a user's status: it makes the user's agent ready, or pauses it by this reason.

Which status an agent is shown in is for `xucd.views.statuses`.
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
) -> str | None:
    """Set the user's status: pause its agent or make it ready, depending on the status.

    Raises `Refused` with `StatusUnknown`, or as pausing does: nobody can choose to be unreachable.
    """
    status = next(
        (known for known in context.options.statuses if known.name == command.status), None
    )
    if status is None:
        raise Refused("StatusUnknown", "There is no such status.")
    if pauses(status):
        await pause_agent(context, find_agent(context, None, who), status.name, who)
    elif readies(status):
        return await unpause_agent(context, find_agent(context, None, who), who)
    return None
