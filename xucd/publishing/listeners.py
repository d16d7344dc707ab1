"""That somebody listens to an agent: told to the agent, and to those at the listening phone."""

from xucd.center.changes import AgentListened
from xucd.center.lines import users_of
from xucd.commands.context import Context
from xucd.cti import messages as msg
from xucd.views import topics
from xucd.views.topics import Topic


def listening(context: Context, change: AgentListened) -> tuple[list[Topic], msg.AgentListen]:
    """What is told of somebody who has begun or stopped to listen, with whom it concerns."""
    audience = [topics.own_agent(change.agent_id)]
    line = context.center.directory.lines.get(change.line_id or 0)
    if line is not None:
        audience += [topics.own_phone(user.id) for user in users_of(context.center, line)]
    body = msg.AgentListen(
        started=change.started, phone_number=change.phone_number, agent_id=change.agent_id
    )
    return audience, body
