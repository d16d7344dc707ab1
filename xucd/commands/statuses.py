"""A user's status: the configured names for being ready, and for each kind of pause.

For an agent the status follows its stance. A pause whose reason is no status's name shows as the
first status that pauses. Who is no agent is shown the first status there is.
"""

from xucd.center.refused import Refused
from xucd.commands.context import Context
from xucd.commands.pause import pause_agent, unpause_agent
from xucd.cti.commands import UserStatusUpdateCommand
from xucd.cti.session import Session
from xucd.views.statuses import pauses, readies


async def user_status_update(
    context: Context, command: UserStatusUpdateCommand, who: Session
) -> None:
    """Choose a status: pause or make ready the user's own agent, as the status says.

    Raises `Refused` with `StatusUnknown`, or as pausing does.
    """
    status = next((one for one in context.statuses if one.name == command.status), None)
    if status is None:
        raise Refused("StatusUnknown", "There is no such status.")
    if pauses(status):
        await pause_agent(context, context.agent(None, who), status.name)
    elif readies(status):
        await unpause_agent(context, context.agent(None, who))
