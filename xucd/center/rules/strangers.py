"""What is done to queue members that are no agent's own, which `Owners` calls strangers.

While its agent is on pause or wraps up, no stranger rings the agent's phone; afterwards, and once
the agent is out, each is ready again. So are members of queues that xucd does not know, which a
pause of the whole phone reaches, too. What others have paused for a reason of their own stays so.

A pause of an agent is one of its phone's interfaces, in all queues. One that others' pauses share
is paused by queue instead, so that none is overwritten.
"""

import msgspec

from xucd.center import memberships
from xucd.center.agent import Stance
from xucd.center.center import Center
from xucd.center.changes import StationChanged
from xucd.center.directory import Directory
from xucd.center.intents import (
    LOGOUT_REASON,
    WRAPUP_REASON,
    RelistMembers,
    RemoveMember,
    SetPause,
)
from xucd.center.live import AgentRecord, LiveAgent
from xucd.center.memberships import after_wrapup, is_named, is_shelved, wraps_up
from xucd.center.snapshot import MemberSeen
from xucd.center.visitors import is_visitors


def is_left_paused(center: Center, member: MemberSeen) -> bool:
    """Whether a member is paused as that of an agent who is out, and no login would make it ready.

    It is a stranger, which versions of xucd before this one paused, too; its name is of an agent
    that there is no more; or its queue, in which an agent's phone rings, is no longer one of ours.
    """
    if not member.paused or member.reason != LOGOUT_REASON:
        return False
    has_line = center.members.line_of(member) is not None
    if member.queue not in center.directory.queue_by_name and has_line:
        return True
    known = member.member in center.directory.agent_by_member_name
    gone = is_named(member) and not (known and has_line)
    return gone or center.owners.is_stranger(member)


def free_stray(center: Center, member: MemberSeen) -> None:
    """Make a member ready that nobody else will: of a wrap-up or a logout which no agent has."""
    if is_visitors(member.interface):
        return  # its home says when
    if wraps_up(member):
        center.intents.append(after_wrapup(member))
    elif is_left_paused(center, member):
        center.intents.append(_ready(member))


def free_strays(center: Center) -> None:
    """Free members that are nobody's, or wrap up in queues that their owner lacks.

    And those of which Asterisk was asked before, and has not heard.
    """
    for _, member in center.members.all():
        if member.freed:
            free(center, member)
        elif member.paused and center.owners.of(member) is None:
            free_stray(center, member)
    for member in center.members.all_elsewhere():
        if member.freed:
            free(center, member)
            continue
        owner = center.owners.of(member)
        wraps = owner is not None and (owner.stance is Stance.WRAPPING or owner.owes_wrapup)
        if not wraps and (center.members.line_of(member) or is_left_paused(center, member)):
            free_stray(center, member)


def pauses(center: Center, live: LiveAgent, paused: bool, reason: str = "") -> list[SetPause]:
    """What pauses an agent everywhere, or makes it ready; what others have paused stays so.

    Its own members are paused last, and made ready first: strangers follow what is told of them.
    """
    intents: list[SetPause] = []
    interfaces = center.owners.interfaces(live)
    for interface in reversed(interfaces) if paused else interfaces:
        members = [each for _, each in center.owners.members(live) if each.interface == interface]
        members += center.members.elsewhere(interface)
        theirs = [each for each in members if _is_paused_by_others(center, live, each)]
        if not theirs:
            intents.append(SetPause(interface, paused, reason))
            continue
        mine = [each for each in members if each not in theirs]
        intents += [SetPause(interface, paused, reason, each.queue) for each in mine]
        if reason != WRAPUP_REASON:
            intents += [after_wrapup(each) for each in theirs if wraps_up(each)]
    return intents


def _is_paused_by_others(center: Center, live: LiveAgent, member: MemberSeen) -> bool:
    """Whether a member has a pause that others gave it, or gets it back after a wrap-up."""
    is_ours = member.queue in center.directory.queue_by_name
    if not member.paused or (is_ours and not center.owners.is_stranger(member)):
        return False
    reason = member.overwritten if wraps_up(member) else member.reason
    return reason is not None and (live.stance is not Stance.PAUSED or reason != live.reason)


def pause_like(center: Center, live: LiveAgent, member: MemberSeen) -> None:
    """Have a member of one of our queues paused as its agent is, if it is.

    It counts as paused at once: whatever ends the agent's pause from now on is to make it ready.
    """
    if live.stance in (Stance.PAUSED, Stance.WRAPPING):
        reason = WRAPUP_REASON if live.stance is Stance.WRAPPING else live.reason
        center.intents.append(SetPause(member.interface, True, reason, member.queue))
        counted = memberships.paused(member, True, reason)
        asked = None if reason == WRAPUP_REASON else reason
        center.members.know(msgspec.structs.replace(counted, asked=asked))


def undo_late(center: Center, live: LiveAgent | None, member: MemberSeen) -> None:
    """Undo a pause that was asked for as its agent was on it, and is none of it any more.

    Asterisk tells of it by now. What others have done to the member meanwhile is not known for
    sure, so it is as its agent is: nobody else would make it ready.
    """
    if not member.paused or member.asked != member.reason:
        return
    center.members.know(msgspec.structs.replace(member, asked=None))
    if live is None or live.stance not in (Stance.PAUSED, Stance.WRAPPING):
        free(center, member)
    elif live.stance is Stance.PAUSED and live.reason != member.reason:
        pause_like(center, live, member)


def hold_back(center: Center, live: LiveAgent, member: MemberSeen) -> None:
    """Let no call through to an agent on pause by a stranger that has come, and is ready."""
    if not member.paused and center.owners.is_stranger(member):
        pause_like(center, live, member)


def hold_back_again(center: Center, live: LiveAgent, member: MemberSeen) -> None:
    """Let no call through to an agent on pause by a stranger that was made ready.

    One that shares an interface with the agent's own may be the first of which Asterisk tells that
    all are ready. A list, which comes after the others, tells whether they are.
    """
    if member.paused or not center.owners.is_stranger(member):
        return
    if all(own.interface != member.interface for _, own in center.owners.own(live)):
        pause_like(center, live, member)
    elif live.stance in (Stance.PAUSED, Stance.WRAPPING):
        center.intents.append(RelistMembers())


def hold_all_back(center: Center, live: LiveAgent) -> None:
    """Pause the strangers that ring an agent on pause: they came unheard, or lost their pause."""
    for _, member in center.owners.strangers(live):
        hold_back(center, live, member)


def spread_pause(center: Center, live: LiveAgent, before: str | None) -> None:
    """Pause the strangers of an agent that is on pause now, for another reason than `before`.

    None is that it was on no pause. Whoever has paused it may not have reached them. Of those that
    share an interface with its own, the event may be on its way; a list tells.
    """
    own = {member.interface for _, member in center.owners.own(live)}
    for _, member in center.owners.members(live):
        if center.owners.is_stranger(member) and (not member.paused or member.reason == before):
            if member.interface not in own:
                pause_like(center, live, member)
            elif not member.paused:
                center.intents.append(RelistMembers())


def pause_again(center: Center) -> None:
    """Tell Asterisk anew what members are paused for, which a reload of queues.conf made it forget.

    Other programs see it, and a restart of xucd finds it. What others have paused is left to them.
    """
    ours = [member for _, member in center.members.all()]
    for member in (*ours, *center.members.all_elsewhere()):
        if member.unsaid and not member.dynamic and _is_paused_by_us(center, member):
            center.intents.append(SetPause(member.interface, True, member.reason, member.queue))


def _is_paused_by_us(center: Center, member: MemberSeen) -> bool:
    live = center.owners.of(member)
    if live is None:
        return is_shelved(member) and not is_left_paused(center, member)
    if live.stance is Stance.PAUSED:
        return member.reason == live.reason
    return wraps_up(member) and (live.stance is Stance.WRAPPING or live.owes_wrapup)


def log_out(center: Center, live: AgentRecord, now: float) -> None:
    """Log an agent out, and free the strangers paused with it; no error if it is out."""
    if live.stance is not Stance.OUT:
        let_go(center, live)
    center.log_out(live, now)


def let_go(center: Center, live: LiveAgent) -> None:
    """Free the strangers that were paused with an agent which goes now."""
    line = live.line
    if line is None or center.on_device.get(line.phone, live) is not live:
        return
    if live.stance is Stance.PAUSED:
        free_paused(center, live, live.reason)
    for member in _unowned(center, live):
        if wraps_up(member):
            center.intents.append(after_wrapup(member))


def end_interrupted_logout(center: Center, live: AgentRecord) -> None:
    """Free the strangers that a logout was to free, if xucd was killed before it did."""
    station = center.stations.get(live.agent.id)
    if station is None or station.logged_in or not station.paused:
        return
    if live.line is not None and live.line.phone not in center.on_device:
        free_paused(center, live, station.reason)
    ended = msgspec.structs.replace(station, paused=False, reason="")
    center.expect_station(ended)
    center.changes.append(StationChanged(ended, True))


def free_paused(center: Center, live: LiveAgent, reason: str) -> None:
    """Make the strangers ready that were paused with an agent, for this reason."""
    for member in _unowned(center, live):
        if member.paused and member.reason == reason:
            free(center, member)


def free(center: Center, member: MemberSeen) -> None:
    """Make a member ready; asked for again if the connection is lost before it is."""
    ready = _ready(member)
    if ready not in center.intents:
        center.intents.append(ready)
    center.members.know(msgspec.structs.replace(member, asked=None, freed=True))


def left_behind(center: Center, after: Directory) -> list[RemoveMember | SetPause]:
    """What ends the members that nobody would look after any more once the directory changes.

    With a line or a queue, its agents' members go. Of an agent that the new directory lacks, or its
    line, strangers and members of Asterisk's configuration stay: those on pause with it are freed.
    """
    freed: list[RemoveMember | SetPause] = [
        RemoveMember(member.queue, member.interface)
        for live in center.agents.values()
        for _, member in center.owners.own(live)
        if member.dynamic
        and not (
            live.line is not None
            and live.line.interface in after.line_by_interface
            and member.queue in after.queue_by_name
        )
    ]
    freed += [
        RemoveMember(member.queue, member.interface)
        for _, member in center.members.all()
        if is_visitors(member.interface) and member.queue not in after.queue_by_name
    ]
    for live in center.agents.values():
        line = live.line
        if line is None or live.stance is not Stance.PAUSED:
            continue
        if live.agent.id in after.agents and line.interface in after.line_by_interface:
            continue
        static = [member for _, member in center.owners.own(live) if not member.dynamic]
        members = [*_unowned(center, live), *static]
        freed += [_ready(each) for each in members if each.paused and each.reason == live.reason]
    return freed


def _unowned(center: Center, live: LiveAgent) -> list[MemberSeen]:
    """The members that ring an agent's line: strangers, and all in queues that are none of ours."""
    line = live.line
    if line is None:
        return []
    found = [member for _, member in center.members.on_line(line)]
    strangers = [each for each in found if center.owners.is_stranger(each)]
    elsewhere = center.members.all_elsewhere()
    return [*strangers, *(each for each in elsewhere if center.members.line_of(each) is line)]


def _ready(member: MemberSeen) -> SetPause:
    return SetPause(member.interface, False, "", member.queue)
