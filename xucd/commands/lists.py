"""What a client may look at, once or from now on.

A list shows what the user's rights let through. `getList` also subscribes to what changes in it,
`getConfig` does not. Subscribing twice is no error.
"""

from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.commands.context import Context, rights
from xucd.cti import messages as msg
from xucd.cti.commands import (
    GetAgentDirectory,
    GetAgentStates,
    GetConfig,
    GetList,
    SubscribeToAgentEvents,
    SubscribeToAgentStats,
)
from xucd.cti.session import Session
from xucd.views import agents as agent_views
from xucd.views import topics
from xucd.views.phones import line_config


async def get_list(context: Context, command: GetList, who: Session) -> None:
    """Send one list, and from now on what changes in it."""
    if command.object_type == "agent":
        context.seen_with.add(rights(who))
        heard = [topics.configs_heard(rights(who))]
    elif command.object_type == "queuemember":
        heard = topics.queues_heard(topics.QUEUE_MEMBERS, rights(who))
    elif command.object_type == "queue":
        heard = topics.queues_heard(topics.QUEUE_CONFIGS, rights(who))
    elif command.object_type == "basequeuemember":
        context.seen_with.add(rights(who))
        heard = [topics.default_memberships_heard(rights(who))]
    else:
        heard = []
    for topic in heard:
        context.hub.subscribe(who, topic)
    await _send(context, command.object_type, who)


async def get_config(context: Context, command: GetConfig, who: Session) -> None:
    """Send one list, or the configuration of the user's own line.

    Raises `Refused` with `LineUnknown` for a user without a line.
    """
    await _send(context, command.object_type, who)


async def _send(context: Context, object_type: str, who: Session) -> None:
    center, seen = context.center, rights(who)
    agents = agent_views.visible_agents(center, seen)
    if object_type == "agent":
        who.send(msg.AgentList(items=[agent_views.agent_entry(live.agent) for live in agents]))
    elif object_type == "agentgroup":
        who.send(agent_views.groups(center.directory, seen))
    elif object_type == "queue":
        queues = [one for one in center.directory.queues.values() if seen.queue(one.id)]
        who.send(msg.QueueList(items=[agent_views.queue_config(queue) for queue in queues]))
    elif object_type == "queuemember":
        who.send(agent_views.queue_members(center.agents.values(), seen))
    elif object_type == "basequeuemember":
        defaults = await context.journal.default_memberships()
        who.send(agent_views.default_memberships(center.directory, defaults, seen))
    else:
        line_id = who.user.line_id
        line = center.directory.lines.get(line_id) if line_id is not None else None
        if line is None:
            raise Refused("LineUnknown", "The user has no line.")
        who.send(line_config(line))


async def get_agent_states(context: Context, command: GetAgentStates, who: Session) -> None:
    """Send every visible agent's state."""
    for live in agent_views.visible_agents(context.center, rights(who)):
        who.send(_state(context, live))


async def get_agent_directory(context: Context, command: GetAgentDirectory, who: Session) -> None:
    """Send every visible agent with its state, as one message."""
    agents = agent_views.visible_agents(context.center, rights(who))
    who.send(
        msg.AgentDirectory(
            directory=[
                msg.DirectoryEntry(
                    agent=agent_views.agent_entry(live.agent), agent_state=_state(context, live)
                )
                for live in agents
            ]
        )
    )


async def subscribe_to_agent_events(
    context: Context, command: SubscribeToAgentEvents, who: Session
) -> None:
    """From now on send every visible agent's states."""
    for topic in topics.agents_heard(topics.AGENT_STATES, rights(who)):
        context.hub.subscribe(who, topic)


async def subscribe_to_agent_stats(
    context: Context, command: SubscribeToAgentStats, who: Session
) -> None:
    """Send every visible agent's figures of the day, and from now on when they move."""
    for topic in topics.agents_heard(topics.AGENT_STATS, rights(who)):
        context.hub.subscribe(who, topic)
    for live in agent_views.visible_agents(context.center, rights(who)):
        who.send(agent_views.agent_statistics(live, context.now()))


def _state(context: Context, live: LiveAgent) -> msg.AgentStateEvent:
    return agent_views.agent_state(context.center.state_change(live), context.now())
