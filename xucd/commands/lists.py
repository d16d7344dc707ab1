"""Lists, states and statistics of agents: sent once, or subscribed to.

Of several PBXs, each knows all groups and agents by configuration, but the states, memberships and
statistics of those alone whose home it is.

A list contains what the user's rights allow. `getList` also subscribes to its changes, `getConfig`
does not. Subscribing is idempotent.
"""

import asyncio
from collections.abc import AsyncIterator

from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.commands.context import Context
from xucd.commands.lookup import state_for
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

SLICE = 100
"""After how many agents of an answer the messages of others have their turn."""


async def get_list(context: Context, command: GetList, who: Session) -> None:
    """Send a list, and subscribe to its changes."""
    if command.object_type == "agent":
        context.rights_in_use.add(who.rights)
        subscriptions = [topics.config_subscription(who.rights)]
    elif command.object_type == "queuemember":
        subscriptions = topics.member_subscriptions(who.rights)
    elif command.object_type == "queue":
        subscriptions = topics.queue_subscriptions(topics.QUEUE_CONFIGS, who.rights)
    elif command.object_type == "basequeuemember":
        context.rights_in_use.add(who.rights)
        subscriptions = [topics.default_membership_subscription(who.rights)]
    else:
        subscriptions = []
    for topic in subscriptions:
        context.hub.subscribe(who, topic)
    await _send(context, command.object_type, who)


async def get_config(context: Context, command: GetConfig, who: Session) -> None:
    """Send a list, or the configuration of the user's own line.

    Raises `Refused` with `LineUnknown` for a user without a line.
    """
    await _send(context, command.object_type, who)


async def _send(context: Context, object_type: str, who: Session) -> None:
    center, allowed = context.center, who.rights
    if object_type == "agent":
        agents = center.directory.agents.values()
        listed = [agent_views.agent_entry(agent) for agent in agents if allowed.agent(agent)]
        who.send(msg.AgentList(items=listed))
    elif object_type == "agentgroup":
        who.send(agent_views.groups(center.directory, allowed))
    elif object_type == "queue":
        directory = center.directory
        queues = [queue for queue in directory.queues.values() if allowed.queue(queue.id)]
        items = [agent_views.queue_config(queue, directory.pbx) for queue in queues]
        who.send(msg.QueueList(items=items))
    elif object_type == "queuemember":
        await _send_members(context, who)
    elif object_type == "basequeuemember":
        defaults = await context.journal.default_memberships()
        who.send(agent_views.default_memberships(center.directory, defaults, allowed))
    else:
        line_id = who.user.line_id
        line = center.directory.lines.get(line_id) if line_id is not None else None
        if line is None:
            raise Refused("LineUnknown", "The user has no line.")
        who.send(line_config(line))


async def _send_members(context: Context, who: Session) -> None:
    """Send all memberships, made in slices, as they are in the end.

    A change meanwhile has been told to the client before the list, which must not take it back.
    """

    def of(live: LiveAgent) -> tuple[list[msg.QueueMember], list[msg.QueueMember]]:
        rights = who.rights
        return agent_views.queue_members(live, rights), agent_views.removed_members(live, rights)

    made = {}
    for place, (agent_id, live) in enumerate(list(context.center.agents.items()), 1):
        made[agent_id] = (who.rights, live.told), of(live)
        if place % SLICE == 0:
            await asyncio.sleep(0)
    items: list[msg.QueueMember] = []
    ended: list[msg.QueueMember] = []
    for agent_id, live in context.center.agents.items():
        seen, found = made.get(agent_id, (None, None))
        members, removed = found if found and seen == (who.rights, live.told) else of(live)
        items += members
        ended += removed
    who.send(msg.QueueMemberList(items=items))
    for member in ended:
        who.send(member)


async def get_agent_states(context: Context, command: GetAgentStates, who: Session) -> None:
    """Send the state of every visible agent."""
    async for live in _in_slices(context, who):
        who.send(state_for(context, live, who))


async def get_agent_directory(context: Context, command: GetAgentDirectory, who: Session) -> None:
    """Send all visible agents with their states, in one message."""
    agents = agent_views.visible_agents(context.center, who.rights)
    who.send(
        msg.AgentDirectory(
            directory=[
                msg.DirectoryEntry(
                    agent=agent_views.agent_entry(live.agent),
                    agent_state=state_for(context, live, who),
                )
                for live in agents
            ]
        )
    )


async def subscribe_to_agent_events(
    context: Context, command: SubscribeToAgentEvents, who: Session
) -> None:
    """Subscribe to the states of all visible agents."""
    for topic in topics.state_subscriptions(who.rights):
        context.hub.subscribe(who, topic)


async def subscribe_to_agent_stats(
    context: Context, command: SubscribeToAgentStats, who: Session
) -> None:
    """Send the day's statistics of every visible agent, now and whenever they change."""
    for topic in topics.statistics_subscriptions(who.rights):
        context.hub.subscribe(who, topic)
    async for live in _in_slices(context, who):
        who.send(agent_views.agent_statistics(live, context.now()))


async def _in_slices(context: Context, who: Session) -> AsyncIterator[LiveAgent]:
    """Every visible agent, as it is when its turn comes.

    Raises `Refused` with `NotAuthorized` when the client is dismissed meanwhile.
    """
    agents = [live.agent.id for live in agent_views.visible_agents(context.center, who.rights)]
    for place, agent_id in enumerate(agents, 1):
        live = context.center.agents.get(agent_id)
        if live is not None and who.rights.agent(live.agent):
            yield live
        if place % SLICE == 0:
            await asyncio.sleep(0)
