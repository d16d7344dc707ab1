"""Starting anew from a snapshot, after a connection to Asterisk was made or made again.

Asterisk owns what is live, so its list wins over what was remembered, with these exceptions:

- An agent remembered as logged in of which Asterisk has no member at all is added again, paused as
  it was: Asterisk restarted and lost its dynamic members.
- A login that was begun and never completed is completed, and so are queues that were configured
  anew meanwhile.
- A member of an agent remembered as logged out is removed: a logout was interrupted, and its phone
  must not ring. So is a member of an agent that is no longer configured, or has another number.
- A member of an agent that xucd never logged in is kept as it is.

What Asterisk has to do for this is in the intents; the events that answer them follow as always.
"""

from collections.abc import Iterable

from xucd.center.agent import AgentState, Fact, Stance
from xucd.center.center import Center
from xucd.center.changes import PhoneChanged
from xucd.center.directory import AGENT_MEMBER, Line
from xucd.center.intents import AddMember, RemoveMember, SetPause, SetPenalty
from xucd.center.live import AgentRecord, Member
from xucd.center.rules.listening import rebuild_listeners
from xucd.center.rules.members import update_stance
from xucd.center.rules.phones import rebuild_phone_calls
from xucd.center.rules.queues import queues_counted
from xucd.center.rules.recording import rebuild_recordings
from xucd.center.rules.sheets import rebuild_sheets
from xucd.center.snapshot import MemberSeen, Snapshot


def rebuild(center: Center, snapshot: Snapshot, now: float) -> None:
    """Replace everything live by what `snapshot` holds."""
    center.channels.rebuild(snapshot.channels, snapshot.recorded, snapshot.variables, now)
    rebuild_recordings(center, snapshot)
    queues_counted(center, center.queue_stats.rebuild(snapshot, now), now)
    rebuild_phone_calls(center, now)
    rebuild_sheets(center, snapshot)
    devices = {line.interface: "INVALID" for line in center.directory.lines.values()}
    devices |= snapshot.devices
    for line in center.directory.lines.values():
        if center.devices.get(line.interface) != devices[line.interface]:
            center.changes.append(PhoneChanged(line.id, devices[line.interface]))
    center.devices = devices
    center.free_lines()
    members: dict[int, list[MemberSeen]] = {}
    for member in snapshot.members:
        agent = center.directory.agent_by_member_name.get(member.member)
        if member.interface not in center.directory.line_by_interface:
            continue
        if agent is not None:
            members.setdefault(agent.id, []).append(member)
        elif _is_left_behind(center, member):
            center.intents.append(RemoveMember(member.queue, member.interface))
    for live in center.agent_records():
        center.suppressed = True
        _rebuild_agent(center, live, members.get(live.agent.id, []), snapshot, now)
        center.suppressed = False
        center.update_shown(live, now)
        _date(center, live, members.get(live.agent.id, []), now)
        _resume_wrapup(center, live, members.get(live.agent.id, []), now)
    rebuild_listeners(center, snapshot.channels)


def _rebuild_agent(
    center: Center, live: AgentRecord, seen: list[MemberSeen], snapshot: Snapshot, now: float
) -> None:
    station = center.stations.get(live.agent.id)
    live.clear_members()
    if station is not None and not station.logged_in:
        center.intents.extend(RemoveMember(member.queue, member.interface) for member in seen)
        center.log_out(live, now)
        return
    line = _line(center, station.line_id if station is not None else None, seen)
    if line is None:
        center.log_out(live, now)
        return
    strays = [member for member in seen if member.interface != line.interface]
    center.intents.extend(RemoveMember(member.queue, member.interface) for member in strays)
    mine = [member for member in seen if member.interface == line.interface]
    if station is None or live.line is not line or live.stance is Stance.OUT:
        center.log_in(live, line, now, station.since if station is not None else None)
    center.hold_line(live, line)
    lost = station is not None and (not mine or not station.settled)
    live.set_wrapup(_wrapup_of_last_call(center, mine))
    _take_over(center, live, mine, keep=lost, now=now)
    if lost and station is not None:
        if station.paused and not live.members:
            center.change_stance(live, Fact.PAUSED, now, station.reason)
        _put_back(center, live, line, snapshot.queues)


def _is_left_behind(center: Center, member: MemberSeen) -> bool:
    """Whether a member on one of our lines was that of an agent who has gone from the directory."""
    return member.member.startswith(AGENT_MEMBER) and member.queue in center.directory.queue_by_name


def _line(center: Center, remembered: int | None, seen: Iterable[MemberSeen]) -> Line | None:
    """The line an agent is on: the remembered one, unless Asterisk knows the agent elsewhere."""
    lines = [center.directory.line_by_interface[member.interface] for member in seen]
    line = center.directory.lines.get(remembered) if remembered is not None else None
    if lines and line not in lines:
        return lines[0]
    return line


def _take_over(
    center: Center, live: AgentRecord, mine: list[MemberSeen], *, keep: bool, now: float
) -> None:
    """Make the agent's queues what Asterisk has or, with `keep`, Asterisk's what they are here."""
    for member in mine:
        queue = center.directory.queue_by_name.get(member.queue)
        if queue is None:
            continue
        if keep and queue.id not in live.queues:
            center.intents.append(RemoveMember(member.queue, member.interface))
            continue
        live.put_member(queue.id, Member(member.paused, member.reason, member.status))
        if not keep:
            center.set_penalty(live, queue.id, member.penalty)
        elif live.queues[queue.id] != member.penalty:
            center.intents.append(SetPenalty(member.queue, member.interface, live.queues[queue.id]))
    if not keep:
        for queue_id in [known for known in live.queues if known not in live.members]:
            center.set_penalty(live, queue_id, -1)
    if mine:
        update_stance(center, live, mine[0].reason, now)


def _put_back(center: Center, live: AgentRecord, line: Line, known: frozenset[str]) -> None:
    """Ask for the members that Asterisk lacks, in the queues that it has, paused as the rest."""
    paused = live.stance in (Stance.PAUSED, Stance.WRAPPING)
    lacking = [center.directory.queues[key] for key in live.queues if key not in live.members]
    live.settle(not lacking)
    center.save_station(live)
    center.intents.extend(
        AddMember(queue.name, line.interface, live.agent.member_name, live.queues[queue.id], paused)
        for queue in lacking
        if queue.name in known
    )
    if lacking and live.stance is Stance.PAUSED:
        center.intents.append(SetPause(line.interface, True, live.reason))


def _wrapup_of_last_call(center: Center, mine: Iterable[MemberSeen]) -> int:
    """The wrap-up of the queue whose call the agent had last, in seconds."""
    latest = max(mine, key=lambda member: member.last_call, default=None)
    queue = center.directory.queue_by_name.get(latest.queue) if latest is not None else None
    return queue.wrapup if queue is not None else 0


def _date(center: Center, live: AgentRecord, seen: list[MemberSeen], now: float) -> None:
    """Find since when a state that was not known before has lasted: a pause or a call."""
    if live.shown.state is AgentState.ON_PAUSE and live.stance is Stance.PAUSED:
        live.set_since(float(max((member.last_pause for member in seen), default=0)) or live.since)
    elif live.shown.call is not None and live.since == now and live.line is not None:
        leg = center.phone_calls.talking(live.line.interface)
        live.set_since((leg.channel.answered if leg is not None else None) or now)


def _resume_wrapup(center: Center, live: AgentRecord, seen: list[MemberSeen], now: float) -> None:
    """Go on with a wrap-up that was running; what is over by now ends at once.

    Asterisk does not tell when the call ended, only when the member last ended one and when it
    was last paused; the later of the two is the nearest that can be had.
    """
    if live.shown.state is AgentState.ON_WRAPUP and live.wrapup_s > 0:
        began = max(max(member.last_call, member.last_pause) for member in seen)
        center.rerun_wrapup(live, began + live.wrapup_s)
        live.set_since(min(now, float(began)))
