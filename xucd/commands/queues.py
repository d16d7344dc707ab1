"""Moving agents between queues, one agent or a whole group at a time.

Of an agent that is logged in, Asterisk is asked, and its event changes the membership. Of one that
is out, Asterisk knows nothing: the membership is the store's, and counts from the next login. As
agent-api.txt has it, a failure sends nothing, unless the client asked for an acknowledgement.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from xucd.center.agent import Stance
from xucd.center.directory import Line, Queue
from xucd.center.intents import WRAPUP_REASON, AddMember, Intent, RemoveMember, SetPause, SetPenalty
from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.commands.context import Context, not_authorized, rights
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
    """Put an agent into a queue, or change its penalty there.

    Raises `Refused` with `AgentUnknown`, `QueueUnknown`, `NotAuthorized`, `AsteriskUnavailable`.
    """
    async with context.stations_lock:
        live, queue = _agent(context, command.agent_id, who), context.queue(command.queue_id, who)
        changed = live.queues.get(queue.id) != command.penalty
        await put_in(context, live, queue, command.penalty)
    _tell(context, who, live, queue, changed)


async def remove_agent_from_queue(
    context: Context, command: RemoveAgentFromQueue, who: Session
) -> None:
    """Take an agent out of a queue. Raises as `set_agent_queue`, and `NotMember`."""
    async with context.stations_lock:
        live, queue = _agent(context, command.agent_id, who), context.queue(command.queue_id, who)
        if queue.id not in live.queues:
            raise Refused("NotMember", "The agent is not in this queue.", silent=True)
        await take_out(context, live, queue)
    _tell(context, who, live, queue, changed=True)


async def from_queue_to_queue(
    context: Context, command: MoveAgentsInGroup | AddAgentsInGroup, who: Session
) -> None:
    """Put a group's agents that have a penalty in one queue into another; move or only add."""
    async with context.stations_lock:
        group = context.group(command.group_id, who)
        source, target = (
            context.queue(command.from_queue_id, who),
            context.queue(command.to_queue_id, who),
        )
        chosen = [live for live in group if live.queues.get(source.id) == command.from_penalty]
        leave = isinstance(command, MoveAgentsInGroup) and source.id != target.id
        await _each(
            _move(context, live, source if leave else None, target, command.to_penalty)
            for live in chosen
        )


async def remove_group(
    context: Context, command: RemoveAgentGroupFromQueueGroup, who: Session
) -> None:
    """Take a group's agents that have this penalty in a queue out of it."""
    async with context.stations_lock:
        group, queue = context.group(command.group_id, who), context.queue(command.queue_id, who)
        chosen = [live for live in group if live.queues.get(queue.id) == command.penalty]
        await _each(take_out(context, live, queue) for live in chosen)


async def add_group(
    context: Context, command: AddAgentsNotInQueueFromGroupTo, who: Session
) -> None:
    """Put a group's agents that are not in a queue into it."""
    async with context.stations_lock:
        group, queue = context.group(command.group_id, who), context.queue(command.queue_id, who)
        chosen = [live for live in group if queue.id not in live.queues]
        await _each(put_in(context, live, queue, command.penalty) for live in chosen)


async def set_agent_group(context: Context, command: SetAgentGroup, who: Session) -> None:
    """Move an agent to another group; both must be among the user's."""
    live = context.agent(command.agent_id, who)
    context.group(command.group_id, who)
    if not rights(who).group(live.agent.group_id):
        raise not_authorized()  # one's own agent is not one's to give away
    if live.agent.group_id != command.group_id:
        await context.journal.set_agent_group(live.agent.id, command.group_id)
        context.center.move_to_group(live.agent.id, command.group_id)
        context.publish()


async def _move(
    context: Context, live: LiveAgent, source: Queue | None, target: Queue, penalty: int
) -> None:
    """Put one agent into a queue and then, if one is named, take it out of another."""
    await put_in(context, live, target, penalty)
    if source is not None:
        await take_out(context, live, source)


async def put_in(context: Context, live: LiveAgent, queue: Queue, penalty: int) -> None:
    """Put one agent into a queue or change its penalty, under the desk's `stations_lock`."""
    if live.queues.get(queue.id) == penalty and (
        live.stance is Stance.OUT or queue.id in live.members
    ):
        return
    if live.stance is Stance.OUT or live.line is None:
        await _assign(context, live, queue, penalty)
    else:
        await _asking(
            context,
            lambda: live.queues.get(queue.id) == penalty,
            _joining(live, live.line, queue, penalty),
        )


def _joining(live: LiveAgent, line: Line, queue: Queue, penalty: int) -> list[Intent]:
    """What makes a member of an agent, paused as it is; Asterisk takes the reason afterwards."""
    if queue.id in live.members:
        return [SetPenalty(queue.name, line.interface, penalty)]
    reason = {Stance.PAUSED: live.reason, Stance.WRAPPING: WRAPUP_REASON}.get(live.stance)
    paused = reason is not None
    member = AddMember(queue.name, line.interface, live.agent.member_name, penalty, paused)
    return [member, SetPause(line.interface, True, reason, queue.name)] if reason else [member]


async def take_out(context: Context, live: LiveAgent, queue: Queue) -> None:
    """Take one agent out of a queue, under the desk's `stations_lock`."""
    if queue.id in live.members and live.line is not None:
        await _asking(
            context,
            lambda: queue.id not in live.queues,
            [RemoveMember(queue.name, live.line.interface)],
        )
    else:
        await _assign(context, live, queue, -1)


async def _assign(context: Context, live: LiveAgent, queue: Queue, penalty: int) -> None:
    """Change a queue of an agent of which Asterisk knows nothing: the store's word decides."""
    try:
        await context.journal.set_membership(live.agent.id, queue.id, penalty)
    except Refused as refusal:
        raise _silently(refusal) from None
    context.center.assign(live.agent.id, queue.id, penalty)
    context.publish()


async def _asking(context: Context, done: Callable[[], bool], intents: list[Intent]) -> None:
    """Bring a move about; of a failure, only a client that wants acknowledgements hears."""
    try:
        await context.bring_about(done, *intents, ignore=("AlreadyMember", "NotMember"))
        await context.journal.written()
    except Refused as refusal:
        raise _silently(refusal) from None


def _agent(context: Context, agent_id: int | None, who: Session) -> LiveAgent:
    try:
        return context.agent(agent_id, who)
    except Refused as refusal:
        if refusal.code == "AgentUnknown":
            raise _silently(refusal) from None
        raise


def _silently(refusal: Refused) -> Refused:
    return Refused(refusal.code, refusal.text, silent=True)


async def _each(doings: Iterable[Awaitable[None]]) -> None:
    """Do all of it at once, and fail with the first that fails once all have ended."""
    for outcome in await asyncio.gather(*doings, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


def _tell(context: Context, who: Session, live: LiveAgent, queue: Queue, changed: bool) -> None:
    """Answer the client that asked, unless it listens to members and has been told already."""
    if not changed or who.topics.isdisjoint(topics.queue_told(topics.QUEUE_MEMBERS, queue.id)):
        penalty = live.queues.get(queue.id, -1)
        who.send(msg.QueueMember(agent_id=live.agent.id, queue_id=queue.id, penalty=penalty))
