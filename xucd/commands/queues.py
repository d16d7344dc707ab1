"""Queue memberships of an agent, or of a whole group.

What is configured is stored first, and a logged-in agent's membership then changed in Asterisk,
whose event changes the centre. Where Asterisk refuses, what is configured is as before; where it
does not answer, it is asked to undo the change, which it may yet make. A logged-out agent's
membership is only stored, and takes effect at the next login. As agent-api.txt has it, a failure is
not sent unless the client asked for a result.
"""

import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from xucd.center.agent import Stance
from xucd.center.center import Center
from xucd.center.changes import StationChanged
from xucd.center.directory import Queue
from xucd.center.intents import AddMember, Intent, RemoveMember, SetPenalty
from xucd.center.live import LiveAgent
from xucd.center.refused import Refused
from xucd.center.rules import commanded
from xucd.center.snapshot import MemberSeen
from xucd.center.station import Station
from xucd.commands.asterisk import UNANSWERED
from xucd.commands.context import Context
from xucd.commands.few_at_a_time import few_at_a_time
from xucd.commands.locks import agent_key
from xucd.commands.lookup import find_agent, find_group, find_queue, meant_agent, not_authorized
from xucd.commands.members import NO_SUCH_MEMBER, join, leave
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

GroupCommand = (
    MoveAgentsInGroup
    | AddAgentsInGroup
    | RemoveAgentGroupFromQueueGroup
    | AddAgentsNotInQueueFromGroupTo
)


async def set_agent_queue(context: Context, command: SetAgentQueue, who: Session) -> None:
    """Add an agent to a queue, or change its penalty there.

    Raises `Refused` with `AgentUnknown`, `QueueUnknown`, `NotAuthorized`, `AsteriskUnavailable`.
    """
    async with context.stations(who, meant_agent(command.agent_id, who)):
        live, queue = (
            _find_agent_silently(context, command.agent_id, who),
            find_queue(context, command.queue_id, who, anywhere=True),
        )
        changed = _penalty(live, queue) != command.penalty
        await add_to_queue(context, live, queue, command.penalty)
    _confirm(who, live, queue, changed)


async def remove_agent_from_queue(
    context: Context, command: RemoveAgentFromQueue, who: Session
) -> None:
    """Remove an agent from a queue. Raises as `set_agent_queue` does, and `NotMember`."""
    async with context.stations(who, meant_agent(command.agent_id, who)):
        live, queue = (
            _find_agent_silently(context, command.agent_id, who),
            find_queue(context, command.queue_id, who, anywhere=True),
        )
        configured = live.queues.keys() | live.elsewhere.keys()
        if queue.id not in configured and not _own(context, live, queue):
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
    async with context.stations(who):
        group = find_group(context, command.group_id, who)
        source, target = (
            find_queue(context, command.from_queue_id, who, anywhere=True),
            find_queue(context, command.to_queue_id, who, anywhere=True),
        )
        agents = [live for live in group if _penalty(live, source) == command.from_penalty]
        moves = isinstance(command, MoveAgentsInGroup) and source.id != target.id

        async def move(live: LiveAgent) -> None:
            if _penalty(live, source) == command.from_penalty:
                left = source if moves else None
                await _move(context, live, left, target, command.to_penalty)

        await _each(context, command, who, agents, move)


async def remove_group(
    context: Context, command: RemoveAgentGroupFromQueueGroup, who: Session
) -> None:
    """Remove the agents of a group that have a given penalty in a queue from it.

    Raises as `move_group` does.
    """
    async with context.stations(who):
        group, queue = (
            find_group(context, command.group_id, who),
            find_queue(context, command.queue_id, who, anywhere=True),
        )
        agents = [live for live in group if _penalty(live, queue) == command.penalty]

        async def remove(live: LiveAgent) -> None:
            if _penalty(live, queue) == command.penalty:
                await remove_from_queue(context, live, queue)

        await _each(context, command, who, agents, remove)


async def add_group(
    context: Context, command: AddAgentsNotInQueueFromGroupTo, who: Session
) -> None:
    """Add the agents of a group that are not in a queue to it. Raises as `move_group` does."""
    async with context.stations(who):
        group, queue = (
            find_group(context, command.group_id, who),
            find_queue(context, command.queue_id, who, anywhere=True),
        )
        agents = [live for live in group if _penalty(live, queue) < 0]

        async def add(live: LiveAgent) -> None:
            if _penalty(live, queue) < 0:
                await add_to_queue(context, live, queue, command.penalty)

        await _each(context, command, who, agents, add)


async def set_agent_group(context: Context, command: SetAgentGroup, who: Session) -> None:
    """Move an agent to another group; the user needs rights to both.

    Raises `Refused` with `AgentUnknown`, `GroupUnknown`, `NotAuthorized` or `StoreUnavailable`.
    """
    async with context.stations(who, meant_agent(command.agent_id, who)):
        live = find_agent(context, command.agent_id, who)
        find_group(context, command.group_id, who)
        if not who.rights.group(live.agent.group_id):
            raise not_authorized()  # a right to one's own agent alone is not enough
        if live.agent.group_id != command.group_id:
            agent_id = live.agent.id
            await context.journal.set_agent_group(agent_id, command.group_id, who.check)
            commanded.move_to_group(context.center, agent_id, command.group_id)
            context.publish()


async def _move(
    context: Context, live: LiveAgent, source: Queue | None, target: Queue, penalty: int
) -> None:
    """Add one agent to a queue and then remove it from another, if one is given."""
    await add_to_queue(context, live, target, penalty)
    if source is not None:
        try:
            await remove_from_queue(context, live, source)
        except Refused as refusal:
            refusal.partly = True
            raise


async def add_to_queue(context: Context, live: LiveAgent, queue: Queue, penalty: int) -> None:
    """Add one agent, which the caller holds, to a queue, or change its penalty there.

    In a queue of another PBX it becomes a member as the owner of that one hears of it.
    """
    if queue.id not in context.center.directory.queues:
        if live.elsewhere.get(queue.id) != penalty:
            await _configure_elsewhere(context, live, queue, penalty)
        return
    line, out = live.line, live.stance is Stance.OUT
    member = next(iter(_own(context, live, queue)), None)
    # A second member would ring a stranger's phone twice: the agent has the stranger's calls.
    aside = out or (member is None and queue.id in live.members)
    there = aside or (member is not None and member.penalty == penalty)
    if there and live.queues.get(queue.id) == penalty and not context.in_doubt(live):
        return
    if aside or line is None:
        await _configure(context, live, queue, penalty)
        return
    if member is not None:
        asking = context.asterisk.ask(SetPenalty(queue.name, member.interface, penalty))
        undoing: Intent = SetPenalty(queue.name, member.interface, member.penalty)
    else:
        asking = join(context, live, line, queue, penalty)
        undoing = RemoveMember(queue.name, live.way_to(line).interface)

    def done() -> bool:
        if member is not None:
            there = context.center.members.get(queue.id, member.interface)
            return there is not None and there.penalty == penalty
        return any(each.penalty == penalty for each in _own(context, live, queue))

    change = _Change(live, queue, penalty, done, undoing)
    await _change(context, change, asking, in_time=member is not None)


async def remove_from_queue(context: Context, live: LiveAgent, queue: Queue) -> None:
    """Remove one agent, which the caller holds, from a queue."""
    if queue.id not in context.center.directory.queues:
        if queue.id in live.elsewhere:
            await _configure_elsewhere(context, live, queue, -1)
        return
    line = live.line
    found = _own(context, live, queue)
    if any(not member.dynamic for member in found):
        text = (
            "This member stands in Asterisk's own configuration (queues.conf, a database, FreePBX),"
            " which alone can take it out of the queue. It can be paused."
        )
        raise Refused("MemberNotDynamic", text, silent=True)
    stranger = not found and queue.id in live.members
    doubted = context.in_doubt(live) and not stranger
    if live.stance is Stance.OUT or line is None or not (found or doubted):
        await _configure(context, live, queue, -1)
        return
    way = live.way_to(line)
    interface = found[0].interface if found else way.interface
    penalty = found[0].penalty if found else live.queues.get(queue.id, 0)
    undoing = AddMember(
        queue.name,
        interface,
        live.agent.member_name,
        penalty,
        live.stance is not Stance.READY,
        found[0].state_interface if found else way.state_interface,
    )
    change = _Change(live, queue, -1, lambda: not _own(context, live, queue), undoing)
    await _change(context, change, _leave(context, queue, found, way.interface))


def _own(context: Context, live: LiveAgent, queue: Queue) -> list[MemberSeen]:
    """An agent's own members in a queue: those of other programs are not to be changed."""
    return [member for key, member in context.center.owners.own(live) if key == queue.id]


async def _leave(context: Context, queue: Queue, found: list[MemberSeen], interface: str) -> None:
    """Remove an agent's members from a queue, or one that Asterisk may yet add."""
    for member in found:
        await leave(context, queue.id, member)
    if not found:
        await context.asterisk.ask(RemoveMember(queue.name, interface), ignore=NO_SUCH_MEMBER)


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of a logged-in agent's membership to a penalty, -1 for none.

    `done` says whether Asterisk has it; `undoing` is what undoes it.
    """

    live: LiveAgent
    queue: Queue
    penalty: int
    done: Callable[[], bool]
    undoing: Intent


async def _change(
    context: Context,
    change: _Change,
    asking: Coroutine[Any, Any, None],
    *,
    in_time: bool = False,
) -> None:
    """Store a membership, then have Asterisk change it; undo it where Asterisk does not.

    Meanwhile the agent is stored as one whose queues are not settled: a start after a kill
    completes the change. `in_time` is as in `AsteriskRequests.until`. Raises silent refusals.
    """
    center, agent_id, queue_id = context.center, change.live.agent.id, change.queue.id
    before, unsettled = change.live.queues.get(queue_id, -1), _unsettled(center, agent_id)
    try:
        context.asterisk.check_current()
        await context.journal.set_membership(agent_id, queue_id, change.penalty, unsettled)
    except Refused as refusal:
        asking.close()
        raise _silent(refusal) from None
    commanded.begin_change(center, agent_id, queue_id)
    changed: int | None = None
    answered = False
    try:
        await context.asterisk.until(change.done, asking, agent_id=agent_id, in_time=in_time)
        changed, answered = change.penalty, True
    except Refused as refusal:
        answered = refusal.code not in UNANSWERED
        if not answered:
            center.doubted.add(agent_id)
            context.asterisk.fire(change.undoing, then=partial(_undone, context, center, agent_id))
        with contextlib.suppress(Refused):
            await context.journal.set_membership(agent_id, queue_id, before)
        raise _silent(refusal) from None
    finally:
        commanded.end_change(center, agent_id, queue_id, context.now(), changed)
        context.publish()
        if answered:
            _store_station(context, agent_id)


def _unsettled(center: Center, agent_id: int) -> Station | None:
    """What is stored of an agent while its queues are changed, None if it is that already."""
    station = center.stations.get(agent_id)
    if station is None or not (station.logged_in and station.settled):
        return None
    return msgspec.structs.replace(station, settled=False)


def _undone(context: Context, center: Center, agent_id: int) -> None:
    """Asterisk has undone what it had not answered."""
    center.doubted.discard(agent_id)
    _store_station(context, agent_id)


def _store_station(context: Context, agent_id: int) -> None:
    """Store an agent as it is again, unless another of its queues is being changed."""
    live = context.center.agents.get(agent_id)
    station = context.center.stations.get(agent_id)
    if live is not None and not live.changing and station is not None and station.settled:
        context.journal.write_changes([StationChanged(station, kept=True)])


async def _configure(context: Context, live: LiveAgent, queue: Queue, penalty: int) -> None:
    """Change what is configured of an agent that is not a member; a penalty of -1 removes it."""
    try:
        await context.journal.set_membership(live.agent.id, queue.id, penalty)
    except Refused as refusal:
        raise _silent(refusal) from None
    commanded.configure(context.center, live.agent.id, queue.id, penalty, context.now())
    context.publish()


async def _configure_elsewhere(
    context: Context, live: LiveAgent, queue: Queue, penalty: int
) -> None:
    """Change what is configured of an agent in a queue of another PBX; -1 removes it."""
    try:
        await context.journal.set_membership(live.agent.id, queue.id, penalty)
    except Refused as refusal:
        raise _silent(refusal) from None
    commanded.configure_elsewhere(context.center, live.agent.id, queue.id, penalty)
    context.publish()


def _penalty(live: LiveAgent, queue: Queue) -> int:
    """An agent's penalty in a queue as clients are told it, -1 when it is not in it."""
    told = live.told.get(queue.id)
    return told.penalty if told is not None else -1


def _find_agent_silently(context: Context, agent_id: int | None, who: Session) -> LiveAgent:
    try:
        return find_agent(context, agent_id, who)
    except Refused as refusal:
        if refusal.code == "AgentUnknown":
            raise _silent(refusal) from None
        raise


def _silent(refusal: Refused) -> Refused:
    silent = Refused(refusal.code, refusal.text, silent=True)
    silent.partly = refusal.partly
    return silent


async def _each(
    context: Context,
    command: GroupCommand,
    who: Session,
    agents: Sequence[LiveAgent],
    change: Callable[[LiveAgent], Awaitable[None]],
) -> None:
    """Change these agents, each while it is held; raise the first exception once all have ended.

    By its turn an agent may be another than it was, by a command of somebody else: one that has
    left the group is left alone.

    Raises `Refused` with `NotAuthorized` when the client was dismissed meanwhile: then some are
    changed, and the text says how many.
    """

    async def change_one(live: LiveAgent) -> None:
        async with context.locks.holding(agent_key(live.agent.id)):
            allowed = who.rights.agent(live.agent)
            if allowed and live.agent.group_id == command.group_id:
                await change(live)

    failures = [
        outcome for outcome in await few_at_a_time(agents, change_one) if outcome is not None
    ]
    if not failures:
        return
    changed, failure = len(agents) - len(failures), failures[0]
    if who.dismissed:
        text = f"The rights to do this have ended; {changed} of {len(agents)} agents were changed."
        failure = Refused("NotAuthorized", text)
    if isinstance(failure, Refused):
        in_part = (each for each in failures if isinstance(each, Refused) and each.partly)
        failure.partly = changed > 0 or any(in_part)
    raise failure


def _confirm(who: Session, live: LiveAgent, queue: Queue, changed: bool) -> None:
    """Send the membership to the client that asked, unless its subscription has done so already."""
    if not changed or who.topics.keys().isdisjoint(
        topics.queue_topics(topics.QUEUE_MEMBERS, queue.id)
    ):
        penalty = _penalty(live, queue)
        who.send(msg.QueueMember(agent_id=live.agent.id, queue_id=queue.id, penalty=penalty))
