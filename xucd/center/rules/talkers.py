"""Who talks with a queue's caller, and so has the wrap-up of its call.

A queue rings a member, but another may talk: a colleague picks up, the phone forwards, the member
is a Local channel behind which several phones ring. `AgentConnect` names the channel that talks
beside the member that was asked. Where a queue has our template, the dialplan has paused the
*member* as it was answered (see `xucd-sub-wrap` in asterisk-conf), so here the two are put right:
who only was rung is made ready again, and who talks is paused for its wrap-up.

A queue as it was found has no such step. There who talks is paused by xucd alone, as it reads of
the answer: a call that is over sooner than that may let the next one through.

A caller may also get to another phone without a transfer: taken back from parking, redirected or
bridged by another program. Then it is that phone's agent who works on the call. One who is rung
because of a transfer has an ordinary call, without wrap-up.
"""

from xucd.center import events as ev
from xucd.center.agent import Fact, Stance
from xucd.center.center import Center
from xucd.center.channels import Channel
from xucd.center.intents import WRAPUP_REASON, MarkCaller
from xucd.center.leg import Leg
from xucd.center.live import AgentRecord, LiveAgent
from xucd.center.rules import strangers


def agent_connected(center: Center, event: ev.AgentConnected, now: float) -> None:
    """A queue's caller was answered: its call is that of whoever talks, not of who was asked."""
    caller = center.channels.by_id.get(event.unique_id)
    if caller is not None and caller.from_queue != event.queue:
        caller.from_queue, caller.transferred = event.queue, False
        center.intents.append(MarkCaller(caller.name, event.queue))
        center.channels.touch(caller)
    _count_others(center, event)
    asked = _asked(center, event)
    if asked is not None and _lets_the_next_through(center, event, asked):
        center.report_unprepared(event.queue)
    channel = center.channels.by_id.get(event.member_unique_id)
    if channel is not None:
        channel.queue = event.queue
        center.channels.touch(channel)
    for leg in _talking(center, event, channel, asked):
        if not leg.claimed or leg.queue != event.queue:
            leg.queue = event.queue
            claim(center, leg, now)
    if asked is None or channel is None or asked.stance is not Stance.WRAPPING:
        return
    if not _works(center, asked, channel):
        center.intents.extend(center.wrapup_ends.pauses(asked))


def _count_others(center: Center, event: ev.AgentConnected) -> None:
    """Count the call of a member that is no agent's, and on whose phone none is logged in."""
    queue = center.directory.queue_by_name.get(event.queue)
    member = center.members.get(queue.id, event.interface) if queue is not None else None
    if queue is None or member is None or center.owners.of(member) is not None:
        return
    if center.owners.is_other(member):
        center.calls_of_others[queue.id, member.interface] += 1


def claim_taken_over(center: Center, leg: Leg, now: float) -> None:
    """A phone has been joined to a queue's caller: its agent works on that call from now on.

    Unless it is known already, or the phone was rung since the caller was handed on, or was joined
    to somebody else before: who is asked before a transfer.
    """
    if leg.claimed or not leg.joined:
        return
    caller = caller_of(center, leg)
    if caller is not None:
        leg.queue = caller.from_queue
        claim(center, leg, now)
    leg.claimed = True


def caller_of(center: Center, leg: Leg) -> Channel | None:
    """The queue's caller on whose call a phone works; None where it works on none.

    Nor does a phone that was rung since the caller was handed on.
    """
    caller = next((found for found in center.channels.reach(leg.channel) if found.from_queue), None)
    if caller is None or (caller.transferred and leg.channel.called):
        return None
    return caller


def _talking(
    center: Center, event: ev.AgentConnected, channel: Channel | None, asked: LiveAgent | None
) -> list[Leg]:
    """The calls of our phones that talk by a channel: itself, or those behind its Local halves.

    The halves may be gone by now, or the phone behind them not be joined to them yet. Then it is
    that of the agent who was asked, if it has answered.
    """
    calls, behind = center.phone_calls, [channel] if channel is not None else []
    if channel is not None and channel.is_local:
        behind = [found for found in center.channels.reach(channel) if found.called]
    legs = [leg for found in behind if (leg := calls.legs.get(found.name)) is not None]
    if legs or asked is None or asked.line is None or (channel and not channel.is_local):
        return legs
    caller, leg = center.channels.by_id.get(event.unique_id), calls.talking(asked.line.phone)
    if caller is None or leg is None or not leg.channel.called:
        return []
    return [leg] if leg.channel.linked_id == caller.linked_id else []


def _lets_the_next_through(center: Center, event: ev.AgentConnected, asked: LiveAgent) -> bool:
    """Whether a queue has not paused a member that its dialplan would pause for a wrap-up.

    That is one by an agent's name. One that is paused in another queue alone has been missed, too.
    """
    queue = center.directory.queue_by_name[event.queue]
    member = center.members.get(queue.id, event.interface)
    ours = member is not None and member.member == asked.agent.member_name and not member.paused
    return ours and queue.wrapup > 0 and asked.stance is Stance.READY


def claim(center: Center, leg: Leg, now: float) -> None:
    """Let a call's wrap-up be that of its queue, and its agent be paused for it in time.

    Unless the dialplan has paused it, or it has chosen a pause itself. One whose queues are all on
    other PBXs has no member here that could be paused, and is in its wrap-up at once.
    """
    leg.claimed = leg.works = True
    live = center.agent_record_on(leg.channel.interface)
    queue = center.directory.queue_of_call(leg.queue)
    if live is None or live.line is None or queue is None:
        return
    _add_wrapup(center, live, leg, queue.wrapup)
    if queue.wrapup <= 0 or live.stance is not Stance.READY:
        return
    if live.members:
        live.owe_wrapup()
        center.intents += strangers.pauses(center, live, True, WRAPUP_REASON)
    elif live.elsewhere:
        center.change_stance(live, Fact.PAUSED_FOR_WRAPUP, now)


def _add_wrapup(center: Center, live: AgentRecord, leg: Leg, seconds: int) -> None:
    """Let an agent have the wrap-up of one more call: after several at once, the longest of them.

    One that runs is of a call that is over. It gives way to that of the new call, if this has any.
    """
    if center.wrapup_ends.runs(live):
        if seconds > 0:
            center.wrapup_ends.stop(live.agent.id)
            live.set_wrapup(seconds)
        return
    is_beside = any(each is not leg for each in center.phone_calls.of_queues(live.line))
    if is_beside or live.stance is Stance.WRAPPING or live.owes_wrapup:
        seconds = max(seconds, live.wrapup_s)
    live.set_wrapup(seconds)


def _asked(center: Center, event: ev.AgentConnected) -> LiveAgent | None:
    """The agent that the member is which the queue asked."""
    queue = center.directory.queue_by_name.get(event.queue)
    member = center.members.get(queue.id, event.interface) if queue is not None else None
    return center.owners.of(member) if member is not None else None


def _works(center: Center, live: LiveAgent, channel: Channel) -> bool:
    """Whether an agent talks in a queue's call: the one of this channel, or another."""
    leg = center.phone_calls.talking(live.line.phone) if live.line is not None else None
    return leg is not None and (leg.works or leg.channel.linked_id == channel.linked_id)
