"""What queue members' events do to an agent.

A member is an agent's when its name is the agent's (``Agent/2501``) and its interface a line of
the directory. A member that appears for an agent that is out logs it in on that line, whoever
added it; a second interface for an agent that is logged in is ignored.
"""

from xucd.center import events as ev
from xucd.center.agent import Fact, Stance
from xucd.center.center import Center
from xucd.center.directory import Line, Queue
from xucd.center.intents import WRAPUP_REASON, SetPause
from xucd.center.live import AgentRecord, Member


def _member(
    center: Center, queue: str, interface: str, member: str
) -> tuple[AgentRecord, Line, Queue] | None:
    agent = center.directory.agent_by_member_name.get(member)
    line = center.directory.line_by_interface.get(interface)
    known = center.directory.queue_by_name.get(queue)
    if agent is None or line is None or known is None:
        return None
    live = center.agent_record(agent.id)
    if live.stance is not Stance.OUT and live.line is not line:
        return None
    return live, line, known


def added(center: Center, event: ev.MemberAdded, now: float) -> None:
    """A member joined a queue: it logs its agent in, completes a login, or adds to the queues."""
    found = _member(center, event.queue, event.interface, event.member)
    if found is None or found[0].leaving:
        return
    live, line, queue = found
    reason = event.reason
    if event.paused and not reason:  # Asterisk takes a reason only once the member is there
        reason = WRAPUP_REASON if live.stance is Stance.WRAPPING else live.reason
    live.put_member(queue.id, Member(event.paused, reason, event.status))
    center.set_penalty(live, queue.id, event.penalty)
    if live.stance is Stance.OUT:
        center.log_in(live, line, now)
    if not live.settled and live.queues.keys() <= live.members.keys():
        center.settle(live.agent.id)
    update_stance(center, live, reason, now)


def removed(center: Center, event: ev.MemberRemoved, now: float) -> None:
    """A member left a queue: a step of a logout, or one queue less."""
    found = _member(center, event.queue, event.interface, event.member)
    if found is None or not found[0].drop_member(found[2].id):
        return
    live, _line, queue = found
    if not live.leaving:
        center.set_penalty(live, queue.id, -1)
        update_stance(center, live, "", now)
    elif not live.members:
        center.log_out(live, now)


def penalty_changed(center: Center, event: ev.MemberPenalty, now: float) -> None:
    """A member has another penalty."""
    found = _member(center, event.queue, event.interface, event.member)
    if found is not None and found[2].id in found[0].members:
        center.set_penalty(found[0], found[2].id, event.penalty)


def paused(center: Center, event: ev.MemberPaused, now: float) -> None:
    """A membership was paused or made ready."""
    found = _member(center, event.queue, event.interface, event.member)
    if found is None or found[2].id not in found[0].members:
        return
    live, _line, queue = found
    member = Member(event.paused, event.reason, live.members[queue.id].status)
    live.put_member(queue.id, member)
    if event.paused and event.reason == WRAPUP_REASON and not center.has_worked(live):
        # Whoever was asked for a call that another took has nothing to wrap up.
        center.intents.append(SetPause(event.interface, False, queue=event.queue))
        return
    update_stance(center, live, event.reason, now)


def status_changed(center: Center, event: ev.MemberStatus, now: float) -> None:
    """A queue reports what it holds a member's phone to do: free, in use, out of reach."""
    found = _member(center, event.queue, event.interface, event.member)
    if found is None or found[2].id not in found[0].members:
        return
    live, _line, queue = found
    member = live.members[queue.id]
    live.put_member(queue.id, Member(member.paused, member.reason, event.status))
    if live.stance is Stance.READY:  # any other hides what the phone can do
        center.update_shown(live, now)


def update_stance(center: Center, live: AgentRecord, latest: str, now: float) -> None:
    """Read off an agent's memberships, taken together, what its stance is.

    `latest` is the reason that came last, which counts when a ready agent's memberships were
    paused for several.
    """
    members = live.members.values()
    if not members:
        return
    if not all(member.paused for member in members):
        center.change_stance(live, Fact.UNPAUSED, now)
        return
    reasons = {member.reason for member in members}
    if len(reasons) > 1 and live.stance is not Stance.READY:
        return  # a change of reason is still on its way through the queues
    reason = latest if len(reasons) > 1 else reasons.pop()
    if reason != WRAPUP_REASON:
        center.change_stance(live, Fact.PAUSED, now, reason)
    elif live.stance is Stance.PAUSED and live.line is not None:
        # Answering has overwritten a pause that was chosen while the phone rang.
        center.intents.append(SetPause(live.line.interface, True, live.reason))
    else:
        center.change_stance(live, Fact.PAUSED_FOR_WRAPUP, now)
