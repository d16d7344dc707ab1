"""Queue memberships of an agent, or of a whole group.

The membership of a logged-in agent is changed in Asterisk, whose event then changes the centre. A
logged-out agent is unknown to Asterisk: its membership is only stored, and takes effect at the next
login. As agent-api.txt has it, a failure is not sent unless the client asked for a result.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from xucd.center.agent import Stance
from xucd.center.directory import Line, Queue
from xucd.center.intents import WRAPUP_REASON, AddMember, Intent, RemoveMember, SetPause, SetPenalty
from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.commands.context import Context
from xucd.commands.lookup import find_agent, find_group, find_queue, not_authorized
from xucd.cti import messages as msg
from xucd.cti.commands import (
    AddAgentsInGroup,
    AddAgentsNotInQueueFromGroupTo,
    MoveAgentsInGroup,
    RemoveAgentFromQueue,
    RemoveAgentGroupFromQueueGroup,
    SetAgentGroup,
    SetAgentQueue,
)
from xucd.cti.session import Session
from xucd.views import topics


async def set_agent_queue(context: Context, command: SetAgentQueue, who: Session) -> None:
    """Add an agent to a queue, or change its penalty there.

    Raises `Refused` with `AgentUnknown`, `QueueUnknown`, `NotAuthorized`, `AsteriskUnavailable`.
    """
    async with context.stations_lock:
        live, queue = (
            _find_agent_silently(context, command.agent_id, who),
            find_queue(context, command.queue_id, who),
        )
        changed = live.queues.get(queue.id) != command.penalty
        await add_to_queue(context, live, queue, command.penalty)
    _confirm(who, live, queue, changed)


async def remove_agent_from_queue(
    context: Context, command: RemoveAgentFromQueue, who: Session
) -> None:
    """Remove an agent from a queue. Raises as `set_agent_queue` does, and `NotMember`."""
    async with context.stations_lock:
        live, queue = (
            _find_agent_silently(context, command.agent_id, who),
            find_queue(context, command.queue_id, who),
        )
        if queue.id not in live.queues:
            raise Refused("NotMember", "The agent is not in this queue.", silent=True)
        await remove_from_queue(context, live, queue)
    _confirm(who, live, queue, changed=True)


async def move_group(
    context: Context, command: MoveAgentsInGroup | AddAgentsInGroup, who: Session
) -> None:
    """Add the agents of a group that have a given penalty in one queue to another.

    `MoveAgentsInGroup` also removes them from the first. Raises as `set_agent_queue` does, and
    `GroupUnknown`.
    """
    async with context.stations_lock:
        group = find_group(context, command.group_id, who)
        source, target = (
            find_queue(context, command.from_queue_id, who),
            find_queue(context, command.to_queue_id, who),
        )
        agents = [live for live in group if live.queues.get(source.id) == command.from_penalty]
        moves = isinstance(command, MoveAgentsInGroup) and source.id != target.id
        await _each(
            _move(context, live, source if moves else None, target, command.to_penalty)
            for live in agents
        )


async def remove_group(
    context: Context, command: RemoveAgentGroupFromQueueGroup, who: Session
) -> None:
    """Remove the agents of a group that have a given penalty in a queue from it.

    Raises as `move_group` does.
    """
    async with context.stations_lock:
        group, queue = (
            find_group(context, command.group_id, who),
            find_queue(context, command.queue_id, who),
        )
        agents = [live for live in group if live.queues.get(queue.id) == command.penalty]
        await _each(remove_from_queue(context, live, queue) for live in agents)


async def add_group(
    context: Context, command: AddAgentsNotInQueueFromGroupTo, who: Session
) -> None:
    """Add the agents of a group that are not in a queue to it. Raises as `move_group` does."""
    async with context.stations_lock:
        group, queue = (
            find_group(context, command.group_id, who),
            find_queue(context, command.queue_id, who),
        )
        agents = [live for live in group if queue.id not in live.queues]
        await _each(add_to_queue(context, live, queue, command.penalty) for live in agents)


async def set_agent_group(context: Context, command: SetAgentGroup, who: Session) -> None:
    """Move an agent to another group; the user needs rights to both.

    Raises `Refused` with `AgentUnknown`, `GroupUnknown`, `NotAuthorized` or `StoreUnavailable`.
    """
    live = find_agent(context, command.agent_id, who)
    find_group(context, command.group_id, who)
    if not who.rights.group(live.agent.group_id):
        raise not_authorized()  # a right to one's own agent alone is not enough
    if live.agent.group_id != command.group_id:
        await context.journal.set_agent_group(live.agent.id, command.group_id)
        context.center.move_to_group(live.agent.id, command.group_id)
        context.publish()


async def _move(
    context: Context, live: LiveAgent, source: Queue | None, target: Queue, penalty: int
) -> None:
    """Add one agent to a queue and then remove it from another, if one is given."""
    await add_to_queue(context, live, target, penalty)
    if source is not None:
        await remove_from_queue(context, live, source)


async def add_to_queue(context: Context, live: LiveAgent, queue: Queue, penalty: int) -> None:
    """Add one agent to a queue or change its penalty, under `stations_lock`."""
    if live.queues.get(queue.id) == penalty and (
        live.stance is Stance.OUT or queue.id in live.members
    ):
        return
    if live.stance is Stance.OUT or live.line is None:
        await _store_membership(context, live, queue, penalty)
    else:
        await _ask(
            context,
            lambda: live.queues.get(queue.id) == penalty,
            _intents_to_join(live, live.line, queue, penalty),
        )


def _intents_to_join(live: LiveAgent, line: Line, queue: Queue, penalty: int) -> list[Intent]:
    """The intents that add a member, paused like the agent; its reason needs a second one."""
    if queue.id in live.members:
        return [SetPenalty(queue.name, line.interface, penalty)]
    reason = {Stance.PAUSED: live.reason, Stance.WRAPPING: WRAPUP_REASON}.get(live.stance)
    paused = reason is not None
    member = AddMember(queue.name, line.interface, live.agent.member_name, penalty, paused)
    return [member, SetPause(line.interface, True, reason, queue.name)] if reason else [member]


async def remove_from_queue(context: Context, live: LiveAgent, queue: Queue) -> None:
    """Remove one agent from a queue, under `stations_lock`."""
    if queue.id in live.members and live.line is not None:
        await _ask(
            context,
            lambda: queue.id not in live.queues,
            [RemoveMember(queue.name, live.line.interface)],
        )
    else:
        await _store_membership(context, live, queue, -1)


async def _store_membership(context: Context, live: LiveAgent, queue: Queue, penalty: int) -> None:
    """Store the membership of an agent that Asterisk does not know; a penalty of -1 removes it."""
    try:
        await context.journal.set_membership(live.agent.id, queue.id, penalty)
    except Refused as refusal:
        raise _silent(refusal) from None
    context.center.assign(live.agent.id, queue.id, penalty)
    context.publish()


async def _ask(context: Context, done: Callable[[], bool], intents: list[Intent]) -> None:
    """Have Asterisk change a membership. Raises silent refusals."""
    try:
        await context.asterisk.bring_about(done, *intents, ignore=("AlreadyMember", "NotMember"))
        await context.journal.written()
    except Refused as refusal:
        raise _silent(refusal) from None


def _find_agent_silently(context: Context, agent_id: int | None, who: Session) -> LiveAgent:
    try:
        return find_agent(context, agent_id, who)
    except Refused as refusal:
        if refusal.code == "AgentUnknown":
            raise _silent(refusal) from None
        raise


def _silent(refusal: Refused) -> Refused:
    return Refused(refusal.code, refusal.text, silent=True)


async def _each(changes: Iterable[Awaitable[None]]) -> None:
    """Await all at once; raise the first exception once all have ended."""
    for outcome in await asyncio.gather(*changes, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


def _confirm(who: Session, live: LiveAgent, queue: Queue, changed: bool) -> None:
    """Send the membership to the client that asked, unless its subscription has done so already."""
    if not changed or who.topics.isdisjoint(topics.queue_topics(topics.QUEUE_MEMBERS, queue.id)):
        penalty = live.queues.get(queue.id, -1)
        who.send(msg.QueueMember(agent_id=live.agent.id, queue_id=queue.id, penalty=penalty))
