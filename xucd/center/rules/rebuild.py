"""Starting anew from a snapshot, after a connection to Asterisk was made or made again.

What is live becomes what Asterisk lists. What is configured stays as it is: no list adds a queue to
an agent's, or takes one away. Asterisk is asked for members in these cases alone:

- An agent remembered as logged in of which Asterisk has no member that xucd could have made is put
  back, paused as it was: Asterisk restarted and lost its dynamic members.
- A login that was begun and never completed is completed, and so are queues that were configured
  anew meanwhile.
- A queue that Asterisk did not have, or that lost the agent without an event while xucd listened,
  gets it as soon as there is the queue.
- A member that Asterisk has made anew, on pause for no reason, is paused again for what it was.
- One that is new to an agent on pause, or in its wrap-up, is paused as the agent's others are.
- A member of an agent remembered as logged out is removed: a logout was interrupted, and its phone
  must not ring. So is a member of an agent that is no longer configured, or has another number, or
  whose home is another PBX, and one on a second line or on another agent's. One that cannot be
  removed is paused.

A member of an agent that xucd never logged in is kept as it is, and so is what others did to the
queues of one that is logged in. What Asterisk has to do is in the intents; the events that answer
them follow as always.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from xucd.center import memberships
from xucd.center.agent import AgentState, Fact, Stance
from xucd.center.arguments import arguments_of
from xucd.center.center import Center
from xucd.center.changes import PhoneChanged
from xucd.center.day import AgentDay
from xucd.center.directory import AGENT_MEMBER, Line, spelled
from xucd.center.intents import (
    LOGOUT_REASON,
    WRAPUP_REASON,
    AddMember,
    RemoveMember,
    SetPause,
    SetPenalty,
)
from xucd.center.live import NOWHERE, AgentRecord
from xucd.center.memberships import is_named, is_shelved
from xucd.center.rules import commanded, found_wrapups, judged, strangers, visitors
from xucd.center.rules.homes import remove_named
from xucd.center.rules.listening import rebuild_listeners
from xucd.center.rules.members import read_members, take_line, update_stance
from xucd.center.rules.phones import rebuild_phone_calls
from xucd.center.rules.queues import queues_counted
from xucd.center.rules.recording import rebuild_recordings
from xucd.center.rules.reservations import rebuild_reservations
from xucd.center.rules.sheets import rebuild_sheets
from xucd.center.snapshot import ChannelSeen, MemberSeen, QueuesSeen, Snapshot

Members = list[tuple[int, MemberSeen]]
"""Members with their queues' ids."""


def rebuild(
    center: Center, snapshot: Snapshot, now: float, heard_until: float | None = None
) -> None:
    """Replace everything live by what `snapshot` holds.

    `heard_until` is the moment since which events are missing; None if none are.
    """
    snapshot = msgspec.structs.replace(
        snapshot,
        callers=tuple(spelled(center.directory, caller) for caller in snapshot.callers),
        channels=tuple(_spelled_data(center, channel) for channel in snapshot.channels),
    )
    center.channels.rebuild(snapshot.channels, snapshot.recorded, snapshot.variables, now)
    rebuild_recordings(center, snapshot)
    queues_counted(center, center.queue_stats.rebuild(snapshot, now), now)
    rebuild_phone_calls(center, now, heard_until)
    rebuild_sheets(center, snapshot)
    devices = {line.phone: _unlisted(line.phone) for line in center.directory.lines.values()}
    devices |= snapshot.devices
    for line in center.directory.lines.values():
        if center.devices.get(line.phone) != devices[line.phone]:
            center.changes.append(PhoneChanged(line.id, devices[line.phone]))
    center.devices = devices
    center.recalls.expect_nothing(None, now)
    center.wrapup_ends.ask_anew(now)
    seen = QueuesSeen(snapshot.queues, snapshot.members)
    commanded.settle_doubts(center)
    rebuild_members(center, seen, now, heard_until=heard_until)
    rebuild_listeners(center, snapshot.channels)
    rebuild_reservations(center, snapshot.asking)


def _unlisted(device: str) -> str:
    """The state of a device that Asterisk does not list.

    It lists all endpoints of PJSIP. Of other drivers, a phone that nobody has used yet may miss.
    """
    return "INVALID" if device.startswith("PJSIP/") else "UNKNOWN"


def rebuild_members(
    center: Center,
    seen: QueuesSeen,
    now: float,
    *,
    again: bool = False,
    heard_until: float | None = None,
) -> None:
    """Replace the queues and members by those that Asterisk lists.

    With `again` it was connected and heard since the last list: what has gone without an event was
    lost, and not taken away by anybody. `heard_until` is as in `rebuild`: a state that has given
    way to another is counted up to then.
    """
    center.members.rebuild(seen)
    center.free_lines()
    # Once, not for each agent: to know when today began takes a look at the time zone.
    unheard_since = None if heard_until is None else max(heard_until, center.today_since)
    named: dict[str, Members] = {}
    left: set[int] = set()  # whose home is another PBX
    for listed in center.members.all():
        queue_id, member = listed
        agent = center.directory.agent_by_member_name.get(member.member)
        if agent is not None and not center.is_away(agent.id):
            named.setdefault(member.member, []).append(listed)
        elif agent is not None:
            left.add(agent.id)
        elif _is_left_behind(center, member):
            center.undo(queue_id, member)
    for agent_id in left:
        remove_named(center, agent_id)
    # Who was logged in before holds its line, whomever another program has put there since.
    for live in sorted(center.agent_records(), key=lambda each: not _remembered_in(center, each)):
        shown, unheard = live.shown, _unheard(live, unheard_since, now)
        center.suppressed = True
        mine = named.get(live.agent.member_name, [])
        wrapup_s = found_wrapups.kept_wrapup(center, live, heard_until)
        until = center.wrapup_ends.end_of(live) if wrapup_s is not None else math.inf
        _rebuild_agent(center, live, _Found(mine, again, wrapup_s), now)
        center.suppressed = False
        center.update_shown(live, now)
        if live.shown.state is not shown.state:
            live.count(AgentDay().minus(unheard))  # nobody knows how long it has lasted
        center.report_memberships(live)
        members = [member for _, member in center.owners.members(live)]
        if not again or live.shown != shown:
            _date(center, live, members, now)
        strangers.hold_all_back(center, live)
        judged.switch(center, live)
        if not again:
            found_wrapups.claim_calls(center, live, now)
            found_wrapups.resume_wrapup(center, live, members, until, now)
    _shelve_left_ready(center)
    visitors.listed(center, again=again)
    strangers.free_strays(center)
    strangers.pause_again(center)


def _unheard(live: AgentRecord, since: float | None, now: float) -> AgentDay:
    """What is counted today for the agent's state of the time since which nothing was heard."""
    return AgentDay() if since is None else live.spent(since, now)


def _spelled_data(center: Center, channel: ChannelSeen) -> ChannelSeen:
    """A channel whose `Queue` application names its queue as the directory spells it."""
    if channel.application != "Queue":
        return channel
    name, *rest = arguments_of(channel.application_data)
    queue = center.directory.queue_by_name.get(name)
    if queue is None:
        return channel
    return msgspec.structs.replace(channel, application_data=",".join([queue.name, *rest]))


def _remembered_in(center: Center, live: AgentRecord) -> bool:
    station = center.stations.get(live.agent.id)
    return station is not None and station.logged_in


def _is_left_behind(center: Center, member: MemberSeen) -> bool:
    """Whether a member on one of our lines was that of an agent who has gone from the directory."""
    line = center.members.line_of(member)
    ours = line is not None and member.interface in (line.interface, line.judged_interface)
    return ours and member.dynamic and member.member.startswith(AGENT_MEMBER)


class _Found(NamedTuple):
    """What is found of an agent.

    `named` are the members by its name, on whatever line, `again` is as in `rebuild_members`, and
    `wrapup_s` is the wrap-up that it goes on with, in seconds; None if that has to be found.
    """

    named: Members
    again: bool
    wrapup_s: int | None


def _rebuild_agent(center: Center, live: AgentRecord, found: _Found, now: float) -> None:
    named, again, wrapup_s = found
    before = frozenset(live.members)
    live.set_members({})
    live.end_logout()
    station = center.stations.get(live.agent.id)
    reason = live.reason if live.stance is Stance.PAUSED else None
    rung = [
        (line, listed)
        for listed in named
        if (line := center.members.line_of(listed[1])) and not is_shelved(listed[1])
    ]
    out = center.recalls.has(live.agent.id, now) or (station is not None and not station.logged_in)
    lines = [line for line, _ in rung]
    line = None if out else _line(center, station.line_id if station is not None else None, lines)
    if line is None or line.phone in center.on_device:
        for _, (queue_id, member) in rung:
            center.undo(queue_id, member)
        strangers.log_out(center, live, now)
        strangers.end_interrupted_logout(center, live)
        return
    for rings, (queue_id, member) in rung:
        if rings is not line:
            center.undo(queue_id, member)
    take_line(center, live, line, now, station.since if station is not None else None)
    was_paused_for = station.reason if station is not None and station.paused else reason
    if not again:
        _recall_reason(center, live, was_paused_for)
        live.set_wrapup(
            found_wrapups.wrapup_of_last_call(center, live) if wrapup_s is None else wrapup_s
        )
    if station is None:
        _read_stance(center, live, was_paused_for, now)
        return
    corrected = not station.settled and _correct(center, live)
    live.lose(_lacking(center, live, before, again), center.members.queue_ids)
    _read_stance(center, live, was_paused_for, now)
    if not _put_back(center, live, line) and not corrected:
        live.settle()
    center.save_station(live)


def _recall_reason(center: Center, live: AgentRecord, reason: str | None) -> None:
    """Recall what an agent is on pause for, if its members were made anew while nobody listened."""
    if not reason:
        return
    own = center.owners.own(live)
    if any(not each.paused or each.reason or each.dynamic for _, each in own):
        return
    for queue_id, member in own:
        recalled = msgspec.structs.replace(member, reason=reason, unsaid=True)
        center.members.put(queue_id, recalled)
    read_members(center, live)


def _read_stance(center: Center, live: AgentRecord, reason: str | None, now: float) -> None:
    """Read off an agent's members what its stance is; it was on pause for this reason, if any."""
    _pause_newcomers(center, live, WRAPUP_REASON if live.stance is Stance.WRAPPING else reason)
    if live.members:
        update_stance(center, live, next(iter(live.members.values())).reason, now)
    elif reason is not None:
        center.change_stance(live, Fact.PAUSED, now, reason)


def _pause_newcomers(center: Center, live: AgentRecord, reason: str | None) -> None:
    """Pause the members that are new to an agent on pause for this reason, or in its wrap-up.

    A restart of Asterisk makes all of its own anew, a reload of queues.conf brings some. Such a one
    was never paused; one that was, or that somebody added, tells that the agent was made ready.
    They count as paused at once: while Asterisk pauses one after the other, the agent is not ready.
    """
    if reason is None:
        return
    own = center.owners.own(live)
    ready = [each for each in center.owners.counting(live) if not each[1].paused]
    if own and any(each.dynamic or each.last_pause for _, each in ready):
        return
    reason = next((each.reason for _, each in own if each.paused), reason)
    for queue_id, member in ready:
        center.intents.append(SetPause(member.interface, True, reason, member.queue))
        center.members.put(queue_id, memberships.paused(member, True, reason))
    read_members(center, live)


def withdraw_pauses(center: Center) -> None:
    """Do not ask for pauses of agents whom an event has made ready since a list had asked for them.

    Their members that it counted as paused are as they were listed. What others get back stays.
    """
    asked = [each for each in center.intents if isinstance(each, SetPause)]
    pauses = [each for each in asked if each.paused and each.reason != LOGOUT_REASON]
    if not pauses:
        return
    ours = (member for _, member in center.members.all())
    everywhere = [*ours, *center.members.all_elsewhere()]
    given_back = {
        memberships.after_wrapup(each) for each in everywhere if memberships.wraps_up(each)
    }
    ready = {
        member.interface: live
        for live in center.agent_records()
        if live.stance is Stance.READY and not live.owes_wrapup
        for _, member in center.owners.members(live)
    }
    withdrawn = set()
    for intent in pauses:
        live = ready.get(intent.interface)
        if live is None or intent in given_back:
            continue
        withdrawn.add(intent)
        queue = center.directory.queue_by_name.get(intent.queue or "")
        member = center.members.get(queue.id, intent.interface) if queue is not None else None
        if queue is not None and member is not None and member.paused:
            center.members.put(queue.id, memberships.paused(member, False, ""))
            read_members(center, live)
    kept = [
        each for each in center.intents if not (isinstance(each, SetPause) and each in withdrawn)
    ]
    center.intents = [
        msgspec.structs.replace(each, paused=False)
        if isinstance(each, AddMember) and each.interface in ready
        else each
        for each in kept
    ]


def _shelve_left_ready(center: Center) -> None:
    """Shelve the members that ring the phone of an agent who is out: they have lost their pause."""
    out = [each.line_id for each in center.stations.values() if not each.logged_in]
    if center.at_home is not None:
        agents = center.directory.agents.values()
        out += [each.line_id for each in agents if each.line_id and center.is_away(each.id)]
    for line_id in out:
        line = center.directory.lines.get(line_id)
        if line is None or line.phone in center.on_device:
            continue
        for queue_id, member in center.members.on_line(line):
            left = not member.dynamic and not is_named(member)
            if left and not center.owners.is_stranger(member):
                center.undo(queue_id, member)


def _line(center: Center, remembered: int | None, lines: Sequence[Line]) -> Line | None:
    """The line an agent is on: the remembered one, unless its members ring others."""
    line = center.directory.lines.get(remembered) if remembered is not None else None
    if lines and line not in lines:
        return lines[0]
    return line


def _correct(center: Center, live: AgentRecord) -> bool:
    """Have Asterisk make an agent's members what is configured for it, as far as it can.

    Returns whether it was asked for another penalty, which is then still to come.
    """
    live.settle(False)
    asked = False
    for queue_id, member in center.owners.members(live):
        penalty = live.queues.get(queue_id, -1)
        if center.owners.is_stranger(member):
            continue
        if penalty >= 0 and member.penalty != penalty:
            center.intents.append(SetPenalty(member.queue, member.interface, penalty))
            asked = True
        elif penalty < 0 and member.dynamic and member.member == live.agent.member_name:
            center.intents.append(RemoveMember(member.queue, member.interface))
            center.members.drop(queue_id, member.interface)
    read_members(center, live)
    return asked


def _lacking(
    center: Center, live: AgentRecord, before: frozenset[int], again: bool
) -> frozenset[int]:
    """The configured queues that lack an agent by no one's will."""
    absent = live.queues.keys() - live.members.keys()
    if not absent:
        return NOWHERE
    if not live.settled:
        return frozenset(absent)
    if again:
        return frozenset((absent & (before | live.lost)) - live.taken - live.changing)
    if not any(member.dynamic for _, member in center.owners.own(live)):
        return frozenset(absent - live.taken)
    for queue_id in (absent & center.members.queue_ids) - live.lost:
        live.take_out(queue_id)
    return frozenset(absent - live.taken)


def _put_back(center: Center, live: AgentRecord, line: Line) -> bool:
    """Ask for the members that Asterisk lacks, in the queues that it has, paused as the rest.

    Returns whether there was one.
    """
    paused, way = live.stance in (Stance.PAUSED, Stance.WRAPPING), live.way_to(line)
    lacking = [queue_id for queue_id in live.lost if queue_id in center.members.queue_ids]
    for queue_id in sorted(lacking):
        queue = center.directory.queues[queue_id]
        shelved = [member for each, member in center.members.on_line(line) if each == queue_id]
        if shelved:
            center.intents.append(SetPause(shelved[0].interface, False, "", queue.name))
            continue
        center.intents.append(
            AddMember(
                queue.name,
                way.interface,
                live.agent.member_name,
                live.queues[queue_id],
                paused,
                way.state_interface,
            )
        )
        if live.stance is Stance.WRAPPING:
            center.intents.append(SetPause(way.interface, True, WRAPUP_REASON, queue.name))
    if lacking and live.stance is Stance.PAUSED:
        center.intents.append(SetPause(way.interface, True, live.reason))
    return bool(lacking)


def _date(center: Center, live: AgentRecord, seen: list[MemberSeen], now: float) -> None:
    """Find since when a state that was not known before has lasted: a pause or a call."""
    if live.shown.state is AgentState.ON_PAUSE and live.stance is Stance.PAUSED:
        live.set_since(float(max((member.last_pause for member in seen), default=0)) or live.since)
    elif live.shown.call is not None and live.since == now and live.line is not None:
        leg = center.phone_calls.talking(live.line.phone)
        live.set_since((leg.channel.answered if leg is not None else None) or now)
