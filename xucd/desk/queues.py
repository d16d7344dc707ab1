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
from xucd.cti import messages as msg
from xucd.cti import topics
from xucd.cti.asks import (
    AddAgentsInGroup,
    AddAgentsNotInQueueFromGroupTo,
    MoveAgentsInGroup,
    RemoveAgentFromQueue,
    RemoveAgentGroupFromQueueGroup,
    SetAgentGroup,
    SetAgentQueue,
)
from xucd.cti.session import Session
from xucd.desk.commands import carries_out
from xucd.desk.desk import Desk, not_authorized, rights


@carries_out(SetAgentQueue)
async def set_agent_queue(desk: Desk, ask: SetAgentQueue, who: Session) -> None:
    """Put an agent into a queue, or change its penalty there.

    Raises `Refused` with `AgentUnknown`, `QueueUnknown`, `NotAuthorized`, `AsteriskUnavailable`.
    """
    async with desk.seating:
        live, queue = _agent(desk, ask.agent_id, who), desk.queue(ask.queue_id, who)
        changed = live.queues.get(queue.id) != ask.penalty
        await put_in(desk, live, queue, ask.penalty)
    _tell(desk, who, live, queue, changed)


@carries_out(RemoveAgentFromQueue)
async def remove_agent_from_queue(desk: Desk, ask: RemoveAgentFromQueue, who: Session) -> None:
    """Take an agent out of a queue. Raises as `set_agent_queue`, and `NotMember`."""
    async with desk.seating:
        live, queue = _agent(desk, ask.agent_id, who), desk.queue(ask.queue_id, who)
        if queue.id not in live.queues:
            raise Refused("NotMember", "The agent is not in this queue.", silent=True)
        await take_out(desk, live, queue)
    _tell(desk, who, live, queue, changed=True)


@carries_out(MoveAgentsInGroup, AddAgentsInGroup)
async def from_queue_to_queue(
    desk: Desk, ask: MoveAgentsInGroup | AddAgentsInGroup, who: Session
) -> None:
    """Put a group's agents that have a penalty in one queue into another; move or only add."""
    async with desk.seating:
        group = desk.group(ask.group_id, who)
        source, target = desk.queue(ask.from_queue_id, who), desk.queue(ask.to_queue_id, who)
        chosen = [live for live in group if live.queues.get(source.id) == ask.from_penalty]
        leave = isinstance(ask, MoveAgentsInGroup) and source.id != target.id
        await _each(
            _move(desk, live, source if leave else None, target, ask.to_penalty) for live in chosen
        )


@carries_out(RemoveAgentGroupFromQueueGroup)
async def remove_group(desk: Desk, ask: RemoveAgentGroupFromQueueGroup, who: Session) -> None:
    """Take a group's agents that have this penalty in a queue out of it."""
    async with desk.seating:
        group, queue = desk.group(ask.group_id, who), desk.queue(ask.queue_id, who)
        chosen = [live for live in group if live.queues.get(queue.id) == ask.penalty]
        await _each(take_out(desk, live, queue) for live in chosen)


@carries_out(AddAgentsNotInQueueFromGroupTo)
async def add_group(desk: Desk, ask: AddAgentsNotInQueueFromGroupTo, who: Session) -> None:
    """Put a group's agents that are not in a queue into it."""
    async with desk.seating:
        group, queue = desk.group(ask.group_id, who), desk.queue(ask.queue_id, who)
        chosen = [live for live in group if queue.id not in live.queues]
        await _each(put_in(desk, live, queue, ask.penalty) for live in chosen)


@carries_out(SetAgentGroup)
async def set_agent_group(desk: Desk, ask: SetAgentGroup, who: Session) -> None:
    """Move an agent to another group; both must be among the user's."""
    live = desk.agent(ask.agent_id, who)
    desk.group(ask.group_id, who)
    if not rights(who).group(live.agent.group_id):
        raise not_authorized()  # one's own agent is not one's to give away
    if live.agent.group_id != ask.group_id:
        await desk.memory.set_agent_group(live.agent.id, ask.group_id)
        desk.center.move_to_group(live.agent.id, ask.group_id)
        desk.publish()


async def _move(
    desk: Desk, live: LiveAgent, source: Queue | None, target: Queue, penalty: int
) -> None:
    """Put one agent into a queue and then, if one is named, take it out of another."""
    await put_in(desk, live, target, penalty)
    if source is not None:
        await take_out(desk, live, source)


async def put_in(desk: Desk, live: LiveAgent, queue: Queue, penalty: int) -> None:
    """Put one agent into a queue or change its penalty, under the desk's `seating`."""
    if live.queues.get(queue.id) == penalty and (
        live.stance is Stance.OUT or queue.id in live.members
    ):
        return
    if live.stance is Stance.OUT or live.line is None:
        await _assign(desk, live, queue, penalty)
    else:
        await _asking(
            desk,
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


async def take_out(desk: Desk, live: LiveAgent, queue: Queue) -> None:
    """Take one agent out of a queue, under the desk's `seating`."""
    if queue.id in live.members and live.line is not None:
        await _asking(
            desk,
            lambda: queue.id not in live.queues,
            [RemoveMember(queue.name, live.line.interface)],
        )
    else:
        await _assign(desk, live, queue, -1)


async def _assign(desk: Desk, live: LiveAgent, queue: Queue, penalty: int) -> None:
    """Change a queue of an agent of which Asterisk knows nothing: the store's word decides."""
    try:
        await desk.memory.set_membership(live.agent.id, queue.id, penalty)
    except Refused as refusal:
        raise _silently(refusal) from None
    desk.center.assign(live.agent.id, queue.id, penalty)
    desk.publish()


async def _asking(desk: Desk, done: Callable[[], bool], intents: list[Intent]) -> None:
    """Bring a move about; of a failure, only a client that wants acknowledgements hears."""
    try:
        await desk.bring_about(done, *intents, ignore=("AlreadyMember", "NotMember"))
        await desk.memory.written()
    except Refused as refusal:
        raise _silently(refusal) from None


def _agent(desk: Desk, agent_id: int | None, who: Session) -> LiveAgent:
    try:
        return desk.agent(agent_id, who)
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


def _tell(desk: Desk, who: Session, live: LiveAgent, queue: Queue, changed: bool) -> None:
    """Answer the client that asked, unless it listens to members and has been told already."""
    if not changed or who.topics.isdisjoint(topics.queue_told(topics.QUEUE_MEMBERS, queue.id)):
        penalty = live.queues.get(queue.id, -1)
        who.send(msg.QueueMember(agent_id=live.agent.id, queue_id=queue.id, penalty=penalty))
