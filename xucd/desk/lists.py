"""What a client may look at, once or from now on.

A list shows what the user's rights let through. `getList` also subscribes to what changes in it,
`getConfig` does not. Subscribing twice is no error.
"""

from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.cti import messages as msg
from xucd.cti import topics, views
from xucd.cti.asks import (
    GetAgentDirectory,
    GetAgentStates,
    GetConfig,
    GetList,
    SubscribeToAgentEvents,
    SubscribeToAgentStats,
)
from xucd.cti.session import Session
from xucd.desk.commands import carries_out
from xucd.desk.desk import Desk, rights


@carries_out(GetList)
async def get_list(desk: Desk, ask: GetList, who: Session) -> None:
    """Send one list, and from now on what changes in it."""
    if ask.object_type == "agent":
        desk.seen_with.add(rights(who))
        heard = [topics.configs_heard(rights(who))]
    elif ask.object_type == "queuemember":
        heard = topics.queues_heard(topics.QUEUE_MEMBERS, rights(who))
    elif ask.object_type == "queue":
        heard = topics.queues_heard(topics.QUEUE_CONFIGS, rights(who))
    elif ask.object_type == "basequeuemember":
        desk.seen_with.add(rights(who))
        heard = [topics.default_memberships_heard(rights(who))]
    else:
        heard = []
    for topic in heard:
        desk.hub.subscribe(who, topic)
    await _send(desk, ask.object_type, who)


@carries_out(GetConfig)
async def get_config(desk: Desk, ask: GetConfig, who: Session) -> None:
    """Send one list, or the configuration of the user's own line.

    Raises `Refused` with `LineUnknown` for a user without a line.
    """
    await _send(desk, ask.object_type, who)


async def _send(desk: Desk, object_type: str, who: Session) -> None:
    center, seen = desk.center, rights(who)
    agents = views.visible_agents(center, seen)
    if object_type == "agent":
        who.send(msg.AgentList(items=[views.agent_entry(live.agent) for live in agents]))
    elif object_type == "agentgroup":
        who.send(views.groups(center.directory, seen))
    elif object_type == "queue":
        queues = [one for one in center.directory.queues.values() if seen.queue(one.id)]
        who.send(msg.QueueList(items=[views.queue_config(queue) for queue in queues]))
    elif object_type == "queuemember":
        who.send(views.queue_members(center.agents.values(), seen))
    elif object_type == "basequeuemember":
        defaults = await desk.memory.default_memberships()
        who.send(views.default_memberships(center.directory, defaults, seen))
    else:
        line_id = who.user.line_id
        line = center.directory.lines.get(line_id) if line_id is not None else None
        if line is None:
            raise Refused("LineUnknown", "The user has no line.")
        who.send(views.line_config(line))


@carries_out(GetAgentStates)
async def get_agent_states(desk: Desk, ask: GetAgentStates, who: Session) -> None:
    """Send every visible agent's state."""
    for live in views.visible_agents(desk.center, rights(who)):
        who.send(_state(desk, live))


@carries_out(GetAgentDirectory)
async def get_agent_directory(desk: Desk, ask: GetAgentDirectory, who: Session) -> None:
    """Send every visible agent with its state, as one message."""
    agents = views.visible_agents(desk.center, rights(who))
    who.send(
        msg.AgentDirectory(
            directory=[
                msg.DirectoryEntry(
                    agent=views.agent_entry(live.agent), agent_state=_state(desk, live)
                )
                for live in agents
            ]
        )
    )


@carries_out(SubscribeToAgentEvents)
async def subscribe_to_agent_events(desk: Desk, ask: SubscribeToAgentEvents, who: Session) -> None:
    """From now on send every visible agent's states."""
    for topic in topics.agents_heard(topics.AGENT_STATES, rights(who)):
        desk.hub.subscribe(who, topic)


@carries_out(SubscribeToAgentStats)
async def subscribe_to_agent_stats(desk: Desk, ask: SubscribeToAgentStats, who: Session) -> None:
    """Send every visible agent's figures of the day, and from now on when they move."""
    for topic in topics.agents_heard(topics.AGENT_STATS, rights(who)):
        desk.hub.subscribe(who, topic)
    for live in views.visible_agents(desk.center, rights(who)):
        who.send(views.agent_statistics(live, desk.now()))


def _state(desk: Desk, live: LiveAgent) -> msg.AgentStateEvent:
    return views.agent_state(desk.center.told(live), desk.now())
