"""What a command names, looked up and told with the user's rights; a refusal says what lacks."""

from xucd.center.directory import Agent, Line, Queue
from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.commands.context import Context
from xucd.cti import messages as msg
from xucd.cti.session import Session
from xucd.views.agents import agent_state


def meant_agent(agent_id: int | None, who: Session) -> int | None:
    """The id of the agent that a command means: with None the user's own, None if it has none."""
    return who.user.agent_id if agent_id is None else agent_id


def find_agent(context: Context, agent_id: int | None, who: Session) -> LiveAgent:
    """The agent of this id; with None, the user's own.

    Raises `Refused` with `AgentUnknown` or `NotAuthorized`, or with `PbxUnavailable` for one whose
    home is another PBX.
    """
    agent = find_configured(context, agent_id, who)
    live = context.center.agents.get(agent.id)
    if live is None:
        raise away()
    return live


def find_configured(context: Context, agent_id: int | None, who: Session) -> Agent:
    """The agent of this id as configured, wherever its home is; with None, the user's own.

    Raises `Refused` with `AgentUnknown` or `NotAuthorized`.
    """
    wanted = meant_agent(agent_id, who)
    agent = context.center.directory.agents.get(wanted) if wanted is not None else None
    if agent is None:
        raise Refused("AgentUnknown", "There is no such agent.")
    if not who.rights.agent(agent):
        raise not_authorized()
    return agent


def find_queue(
    context: Context, queue_id: int, who: Session, *, silent: bool = True, anywhere: bool = False
) -> Queue:
    """A queue that the user may use; with `anywhere` it may be on another PBX.

    Raises `Refused` with `QueueUnknown` (`silent` as given) or `NotAuthorized`.
    """
    directory = context.center.directory
    queue = (directory.all_queues if anywhere else directory.queues).get(queue_id)
    if queue is None:
        raise Refused("QueueUnknown", "There is no such queue.", silent=silent)
    if not who.rights.queue(queue_id):
        raise not_authorized()
    return queue


def find_group(context: Context, group_id: int, who: Session) -> list[LiveAgent]:
    """The agents of a group that the user may use, as far as they are at home here.

    Raises `Refused` with `GroupUnknown` or `NotAuthorized`.
    """
    if group_id not in context.center.directory.groups:
        raise Refused("GroupUnknown", "There is no such group.")
    if not who.rights.group(group_id):
        raise not_authorized()
    return [live for live in context.center.agents.values() if live.agent.group_id == group_id]


def find_line(context: Context, number: str) -> Line:
    """The line of a number.

    Raises `Refused` with `PhoneNumberUnknown`, or with `PbxUnavailable` for one of another PBX.
    """
    directory = context.center.directory
    line = directory.line_by_number.get(number)
    if line is None and number in directory.numbers_elsewhere:
        raise Refused(
            "PbxUnavailable", "The line is on another telephone system; nothing was done."
        )
    if line is None:
        raise Refused("PhoneNumberUnknown", "There is no line of this number.")
    return line


def state_for(context: Context, live: LiveAgent, who: Session) -> msg.AgentStateEvent:
    """An agent's present state, as the user may see it."""
    center = context.center
    change, pbx = center.state_change(live), center.directory.pbx
    return agent_state(change, context.now(), who.rights, pbx)


def warning_of_reach(live: LiveAgent) -> str | None:
    """The code of a warning where no queue can ring an agent's phone, or None."""
    if live.in_reach:
        return None
    return "PhoneUnreachable" if live.members else "InNoQueue"


def away() -> Refused:
    """The refusal of what is to be asked of another PBX's owner."""
    return Refused(
        "PbxUnavailable", "The agent works at another telephone system; nothing was done."
    )


def not_authorized() -> Refused:
    """The refusal of what the user's rights do not allow."""
    return Refused("NotAuthorized", "The user's profile does not allow this.")
