"""Putting one agent into one queue of Asterisk, and taking it out, whatever is there already.

On a line there may be a member of another name, or one that stands in Asterisk's configuration:
that one can be neither added nor removed. If it is the agent's own, it is made ready in place of
being added, and shelved (paused for `LOGOUT_REASON`) in place of being removed, if the agent logs
out. A stranger (see `xucd.center.owners`) stays as it is.
"""

from xucd.center.agent import Stance
from xucd.center.directory import Line, Queue
from xucd.center.intents import (
    LOGOUT_REASON,
    WRAPUP_REASON,
    AddMember,
    Intent,
    RemoveMember,
    SetPause,
    SetPenalty,
)
from xucd.center.live import LiveAgent
from xucd.center.memberships import is_shelved
from xucd.center.refused import Refused
from xucd.center.rules.members import denied, log_in_found
from xucd.center.snapshot import MemberSeen
from xucd.commands.context import Context

NO_SUCH_MEMBER = frozenset({"NotMember", "NoSuchQueue", "AsteriskLacksAction"})
"""Refusals to change a member which say that there is none."""


async def join(context: Context, live: LiveAgent, line: Line, queue: Queue, penalty: int) -> None:
    """Make an agent a member of a queue with this penalty, paused as it is elsewhere.

    A stranger that rings the line there already is left as it is: a second member would ring the
    same phone. Raises `Refused`.
    """
    ask, interface = context.asterisk.ask, live.way_to(line).interface
    there = _there(context, line, queue)
    if await _takes_over(context, live, there, line, penalty):
        return
    known = there is not None and there.member == live.agent.member_name
    adding = _intents_to_add(live, line, queue, penalty)
    try:
        await ask(*adding)
    except Refused as refusal:
        if refusal.code != "AlreadyMember":
            raise
        if known and live.stance is not Stance.OUT:
            await ask(SetPenalty(queue.name, interface, penalty))
            return
        if there is None:  # a reload has brought it, without an event
            await context.asterisk.relist_members()
            there = _there(context, line, queue)
            if await _takes_over(context, live, there, line, penalty):
                return
        try:
            await ask(RemoveMember(queue.name, interface), *adding, ignore=("NotMember",))
        except Refused as again:
            if again.code != "MemberNotDynamic":
                raise
            await ask(SetPause(interface, False, "", queue.name))


def _there(context: Context, line: Line, queue: Queue) -> MemberSeen | None:
    """The member that rings a line in a queue; the agents' own come first."""
    found = [each for key, each in context.center.members.on_line(line) if key == queue.id]
    return min(found, key=context.center.owners.is_stranger, default=None)


async def _takes_over(
    context: Context, live: LiveAgent, there: MemberSeen | None, line: Line, penalty: int
) -> bool:
    """Let a member that is not added be the agent's, if it can be. Raises `Refused`."""
    if there is None:
        return False
    stranger = context.center.owners.is_stranger(there)
    if not stranger and there.dynamic and there.interface == live.way_to(line).interface:
        return False
    if live.stance is Stance.OUT:
        log_in_found(context.center, live.agent.id, line, context.now())
        context.publish()
    if not stranger:
        await context.asterisk.ask(*_intents_to_take_over(live, there, penalty))
    return True


async def release(context: Context, live: LiveAgent, member: MemberSeen) -> None:
    """Have a parked member ring again, unless its agent is paused. Raises `Refused`."""
    intents = _intents_to_take_over(live, member, member.penalty)
    await context.asterisk.ask(*intents, ignore=NO_SUCH_MEMBER)


async def leave(context: Context, queue_id: int, member: MemberSeen) -> None:
    """Have a member ring no phone: remove it, or park it. Raises `Refused`."""
    try:
        if member.dynamic:
            await context.asterisk.ask(RemoveMember(member.queue, member.interface))
            return
    except Refused as refusal:
        if refusal.code in NO_SUCH_MEMBER:
            denied(context.center, queue_id, member.interface, context.now())
            context.publish()
            return
        if refusal.code != "MemberNotDynamic":
            raise
    parking = SetPause(member.interface, True, LOGOUT_REASON, member.queue)
    await context.asterisk.ask(parking, ignore=NO_SUCH_MEMBER)


def _intents_to_take_over(live: LiveAgent, member: MemberSeen, penalty: int) -> list[Intent]:
    """The intents that make a member of somebody else's making the agent's."""
    intents: list[Intent] = []
    if live.stance is Stance.OUT and member.paused:
        intents.append(SetPause(member.interface, False, "", member.queue))
    elif is_shelved(member):
        reason = _pause(live)
        intents.append(SetPause(member.interface, reason is not None, reason or "", member.queue))
    if member.penalty != penalty:
        intents.append(SetPenalty(member.queue, member.interface, penalty))
    return intents


def _intents_to_add(live: LiveAgent, line: Line, queue: Queue, penalty: int) -> list[Intent]:
    """The intents that add a member, paused like the agent; its reason needs a second one."""
    reason = _pause(live)
    paused = reason is not None
    way, name = live.way_to(line), live.agent.member_name
    member = AddMember(queue.name, way.interface, name, penalty, paused, way.state_interface)
    return [member, SetPause(way.interface, True, reason, queue.name)] if reason else [member]


def _pause(live: LiveAgent) -> str | None:
    """The reason for which an agent is paused, None for one that is not."""
    return {Stance.PAUSED: live.reason, Stance.WRAPPING: WRAPUP_REASON}.get(live.stance)
