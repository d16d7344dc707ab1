"""What queue members' events do to an agent.

A member is an agent's when its name is the agent's (``Agent/2501``), or when it rings the line on
which the agent is logged in, whatever it is called: `Owners` decides. A member by an agent's
name that appears while the agent is out logs it in on that line, whoever added it. One that must
not is undone: on a line that another agent holds, on a second line, or of an agent that is to be
out.

A member that stands in Asterisk's configuration cannot be removed. Paused for `LOGOUT_REASON` it is
shelved, which is to it what being removed is to others. A stranger (see `Owners`) is never shelved,
and one that is found so is freed.

What is configured for an agent stays as it is, whatever happens to its members.
"""

import msgspec

from xucd.center import events as ev
from xucd.center import memberships
from xucd.center.agent import Fact, Stance
from xucd.center.center import Center
from xucd.center.changes import AgentFound
from xucd.center.directory import Line
from xucd.center.intents import (
    WRAPUP_REASON,
    AddMember,
    RelistMembers,
    RemoveMember,
    SetPause,
)
from xucd.center.live import AgentRecord
from xucd.center.memberships import after_wrapup, is_named, is_shelved, wraps_up
from xucd.center.rules import commanded, judged, strangers
from xucd.center.rules.strangers import free_stray, is_left_paused
from xucd.center.snapshot import MemberSeen


def added(center: Center, event: ev.MemberAdded, now: float) -> None:
    """A member joined a queue: it logs its agent in, completes a login, or adds to the queues."""
    queue = center.directory.queue_by_name.get(event.queue)
    member = MemberSeen(
        queue=queue.name if queue is not None else event.queue,
        interface=event.interface,
        member=event.member,
        penalty=event.penalty,
        paused=event.paused,
        reason=event.reason,
        last_call=0,
        last_pause=0,
        status=event.status,
        state_interface=event.state_interface,
        dynamic=event.dynamic,
    )
    if queue is None:
        center.members.know(member)
    else:
        _appeared(center, queue.id, member, now)


def removed(center: Center, event: ev.MemberRemoved, now: float) -> None:
    """A member left a queue: a step of a logout, or one queue less until the next login."""
    queue = center.directory.queue_by_name.get(event.queue)
    if queue is None:
        center.members.drop_elsewhere(event.queue, event.interface)
        return
    center.intents += center.visitors.removed(queue.id, event)
    member = center.members.drop(queue.id, event.interface)
    if member is not None:
        _disappeared(center, queue.id, member, now)
    else:
        _taken_before_it_was_listed(center, queue.name, event, now)


def denied(center: Center, queue_id: int, interface: str, now: float) -> None:
    """Asterisk refuses to change a member, since it has none: there will be no event of its end."""
    member = center.members.drop(queue_id, interface)
    if member is not None:
        _disappeared(center, queue_id, member, now)


def log_in_found(center: Center, agent_id: int, line: Line, now: float) -> None:
    """Log an agent in on a line which members ring already that nobody has to add."""
    live = center.agent_record(agent_id)
    ours = live.agent.member_name
    found = [
        each
        for each in center.members.on_line(line)
        if (not is_named(each[1]) or each[1].member == ours) and not is_shelved(each[1])
    ]
    if not found:
        return
    take_line(center, live, line, now)
    own = [member for _, member in found if not center.owners.is_stranger(member)]
    if own or live.queues.keys() <= {queue_id for queue_id, _ in found}:
        latest = own[0] if own else found[0][1]
        _follow(center, live, latest.reason, now)
    # else a pause of strangers is none of an agent that is about to have members of its own


def log_in_named(center: Center, agent_id: int, now: float) -> None:
    """Let the members by an agent's name log it in, as if they came now."""
    name = center.directory.agents[agent_id].member_name
    for queue_id, member in center.members.all():
        if member.member == name:
            _log_in_by(center, queue_id, member, now)
    judged.switch(center, center.agent_record(agent_id))


def penalty_changed(center: Center, event: ev.MemberPenalty, now: float) -> None:
    """A member has another penalty."""
    live = _changed(center, event, penalty=event.penalty)
    if live is not None:
        read_members(center, live)
        _settle(center, live)
        center.report_memberships(live)


def paused(center: Center, event: ev.MemberPaused, now: float) -> None:
    """A membership was paused or made ready."""
    queue = center.directory.queue_by_name.get(event.queue)
    if queue is None:
        _paused_elsewhere(center, event, now)
        return
    center.intents += center.visitors.paused(queue.id, event)
    known = center.members.get(queue.id, event.interface)
    if known is None:  # a reload of queues.conf has brought it, without an event
        center.intents.append(RelistMembers())
        return
    member = memberships.paused(known, event.paused, event.reason)
    if is_left_paused(center, member):
        center.members.put(queue.id, member)
        free_stray(center, member)
        return
    if is_shelved(known) and not is_shelved(member):
        _appeared(center, queue.id, member, now)
        return
    center.members.put(queue.id, member)
    if is_shelved(member):
        if not is_shelved(known):
            _disappeared(center, queue.id, member, now)
        return
    live = center.owners.of(member)
    if live is None:
        free_stray(center, member)
    elif wraps_up(member) and not center.has_worked(live):
        # Whoever was asked for a call that another took has nothing to wrap up.
        read_members(center, live)
        center.intents.append(after_wrapup(member))
        center.wrapup_ends.watch_half_pause(live, now)
    else:
        _follow(center, live, event.reason, now)
        if wraps_up(member):
            _spread_wrapup(center, live, event.interface)
        strangers.hold_back_again(center, live, member)
    strangers.undo_late(center, live, member)


def _changed(
    center: Center, event: ev.MemberPenalty | ev.MemberStatus, **values: object
) -> AgentRecord | None:
    """Change a member of one of our queues; returns the agent that it is of, if any."""
    queue = center.directory.queue_by_name.get(event.queue)
    member = center.members.get(queue.id, event.interface) if queue is not None else None
    if queue is None or member is None:
        return None
    member = msgspec.structs.replace(member, **values)
    center.members.put(queue.id, member)
    return center.owners.of(member)


def _paused_elsewhere(center: Center, event: ev.MemberPaused, now: float) -> None:
    """A membership of a queue that is none of ours was paused: a wrap-up does that, too."""
    member = center.members.pause_elsewhere(event)
    if is_left_paused(center, member):
        free_stray(center, member)  # its queue was ours as the logout began
    if center.members.line_of(member) is None:
        return
    live = center.owners.of(member)
    if wraps_up(member) and (live is None or not center.has_worked(live)):
        center.intents.append(after_wrapup(member))
    if live is not None:
        center.wrapup_ends.watch_half_pause(live, now)


def status_changed(center: Center, event: ev.MemberStatus, now: float) -> None:
    """A queue reports what it holds a member's phone to do: free, in use, out of reach."""
    live = _changed(center, event, status=event.status)
    if live is None:
        return
    read_members(center, live)
    if live.stance is Stance.READY:  # any other hides what the phone can do
        center.update_shown(live, now)


def modules_changed(center: Center, event: ev.ModulesChanged, now: float) -> None:
    """Modules came or went: of the members that went with them, no event tells."""
    center.intents.append(RelistMembers())


def read_members(center: Center, live: AgentRecord) -> None:
    """Read off all members which of them are an agent's; one that can be rung counts first.

    Of several in one queue that have the same phone, Asterisk keeps the status of one only up to
    date: it is free if any of them is.
    """
    center.touched.add(live.agent.id)
    members: dict[int, MemberSeen] = {}
    for queue_id, member in center.owners.members(live):
        known = members.get(queue_id)
        if known is None or (known.paused and not member.paused):
            members[queue_id] = member
        elif member.idle and not known.idle and known.paused == member.paused:
            members[queue_id] = msgspec.structs.replace(known, status=member.status)
    live.set_members(members)


def update_stance(center: Center, live: AgentRecord, latest: str, now: float) -> None:
    """Read off an agent's memberships, taken together, what its stance is.

    Its own members count, and strangers only where it has none. `latest` is the reason that came
    last, which counts when a ready agent's memberships were paused for several.
    """
    if not live.members:
        center.update_shown(live, now)  # nothing rings it
        return
    members = [member for _, member in center.owners.counting(live)]
    if not all(member.paused for member in members):
        if live.stance is Stance.PAUSED:  # whoever ended the pause may not have reached them
            strangers.free_paused(center, live, live.reason)
        center.change_stance(live, Fact.UNPAUSED, now)
        center.wrapup_ends.watch_half_pause(live, now)
        return
    reasons = {member.reason for member in members}
    if len(reasons) > 1 and live.stance is not Stance.READY:
        return  # a change of reason is still on its way through the queues
    reason = latest if len(reasons) > 1 else reasons.pop()
    if reason != WRAPUP_REASON:
        before = live.reason if live.stance is Stance.PAUSED else None
        center.change_stance(live, Fact.PAUSED, now, reason)
        if reason != before:
            strangers.spread_pause(center, live, before)
    elif live.stance is Stance.PAUSED:
        # Answering has overwritten a pause that was chosen while the phone rang.
        center.intents += strangers.pauses(center, live, True, live.reason)
    elif center.has_worked(live) or not center.wrapup_ends.is_half_paused(live):
        center.change_stance(live, Fact.PAUSED_FOR_WRAPUP, now)
    center.wrapup_ends.watch_half_pause(live, now)


def _appeared(center: Center, queue_id: int, member: MemberSeen, now: float) -> None:
    """A member is there that was not, or is shelved no more."""
    center.members.put(queue_id, member)
    _log_in_by(center, queue_id, member, now)
    live = center.owners.of(member)
    if live is None:
        free_stray(center, member)
    elif live.leaving:
        center.touched.add(live.agent.id)
        if not center.owners.is_stranger(member):
            center.undo(queue_id, member)
    else:
        if member.paused and not member.reason:
            # Asterisk takes a reason only once the member is there.
            reason = WRAPUP_REASON if live.stance is Stance.WRAPPING else live.reason
            member = msgspec.structs.replace(member, reason=reason, unsaid=True)
            center.members.put(queue_id, member)
        strangers.hold_back(center, live, member)  # first: it ends no pause
        _follow(center, live, member.reason, now)
        if live.line is not None and judged.is_other_way(live, live.line, member.interface):
            judged.switch(center, live)  # another program has added it


def _log_in_by(center: Center, queue_id: int, member: MemberSeen, now: float) -> None:
    """Let a member by the name of an agent that is out log it in; undo one that must not be."""
    agent = center.directory.agent_by_member_name.get(member.member)
    line = center.members.line_of(member)
    if agent is None or line is None or is_shelved(member):
        return
    if center.is_away(agent.id):
        center.changes.append(AgentFound(agent.id, line.id))
        return
    live = center.agent_record(agent.id)
    if live.stance is not Stance.OUT:
        if live.line is not line:
            center.undo(queue_id, member)
    elif live.leaving or center.recalls.has(agent.id, now) or _is_claimed(center, live, line):
        center.undo(queue_id, member)
    else:
        take_line(center, live, line, now)


def take_line(
    center: Center, live: AgentRecord, line: Line, now: float, since: float | None = None
) -> None:
    """Have an agent logged in on a line since this moment or now, with the members that ring it."""
    center.hold_line(live, line)
    moved = live.line is not line or live.stance is Stance.OUT
    live.set_line(line)
    read_members(center, live)
    if moved:
        center.log_in(live, line, now, since)


def _is_claimed(center: Center, live: AgentRecord, line: Line) -> bool:
    """Whether another agent is logged in on a line, or just logging in there."""
    holder = center.on_device.get(line.phone)
    return (holder is not None and not holder.leaving) or center.is_expected(line, live.agent.id)


def _disappeared(center: Center, queue_id: int, member: MemberSeen, now: float) -> None:
    """A member is there no more, or is shelved."""
    holder = _holder(center, member)
    if holder is None:
        return
    read_members(center, holder)
    if holder.leaving or center.recalls.has(holder.agent.id, now):
        if not center.owners.own(holder):
            strangers.log_out(center, holder, now)
        return
    if queue_id not in holder.members:
        holder.take_out(queue_id)
    _follow(center, holder, "", now)


def _taken_before_it_was_listed(
    center: Center, queue: str, event: ev.MemberRemoved, now: float
) -> None:
    """Somebody removed a member, and a list without it came first: it is not to be put back."""
    member = MemberSeen(queue, event.interface, event.member, 0, False, "", 0, 0)
    live = None if center.owners.is_stranger(member) else center.owners.of(member)
    queue_id = center.directory.queue_by_name[queue].id
    if live is None or queue_id not in live.lost or queue_id in live.changing:
        return
    adding = [
        each
        for each in center.intents
        if isinstance(each, AddMember) and (each.queue, each.interface) == (queue, event.interface)
    ]
    for intent in adding:
        center.intents.remove(intent)
    if not adding:  # it has been sent
        center.intents.append(RemoveMember(queue, event.interface))
    live.take_out(queue_id)
    _follow(center, live, "", now)


def _holder(center: Center, member: MemberSeen) -> AgentRecord | None:
    """The agent whose member it was, before it was shelved."""
    return center.owners.of(msgspec.structs.replace(member, paused=False))


def _follow(center: Center, live: AgentRecord, latest: str, now: float) -> None:
    """Read an agent anew from its members; `latest` is the reason that came last."""
    read_members(center, live)
    _settle(center, live)
    center.report_memberships(live)
    update_stance(center, live, latest, now)


def _settle(center: Center, live: AgentRecord) -> None:
    """End a login once the agent is in all of its queues that Asterisk has, as configured."""
    if live.settled:
        return
    own = {queue_id for queue_id, _ in center.owners.own(live)}
    if all(
        queue_id in live.members
        and (queue_id not in own or live.members[queue_id].penalty == penalty)
        for queue_id, penalty in live.queues.items()
        if queue_id in center.members.queue_ids
    ):
        commanded.settle(center, live.agent.id)


def _spread_wrapup(center: Center, live: AgentRecord, paused: str) -> None:
    """Pause an agent's members of other interfaces, which the dialplan's pause does not reach."""
    waiting = {
        member.interface
        for _, member in center.owners.members(live)
        if member.interface != paused and not member.paused
    }
    for interface in sorted(waiting):
        center.intents.append(SetPause(interface, True, WRAPUP_REASON))
