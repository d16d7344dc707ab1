"""Whether an agent's phone may ring now, and for which call the agent is then kept.

A queue of another PBX knows late what an agent does, so its home is asked before each ring. See
docs/adr/0022, and the context `xucd-agent` of `asterisk-conf/extensions.conf`.
"""

from collections.abc import Mapping

from xucd.center import events as ev
from xucd.center.agent import Stance
from xucd.center.center import Center
from xucd.center.channels import Channel, FarCall
from xucd.center.directory import Line
from xucd.center.events import ChannelState
from xucd.center.intents import MarkCaller
from xucd.center.live import LiveAgent
from xucd.center.reservations import Asking, Reservation


def may_ring(center: Center, asking: Asking, channel: str, now: float) -> Line | None:
    """The line to ring for a channel, whose agent is kept for it from now on; None for no.

    A channel that is not alive, as far as is known, gets a no: nothing would tell of its end. One
    over which a queue of another PBX calls is to this centre that queue's caller.
    """
    line = center.directory.line_by_number.get(asking.number)
    live = center.on_device.get(line.phone) if line is not None else None
    if line is None or live is None or channel not in center.channels.by_id:
        return None
    kept = center.reservations.of(live.agent.id)
    if kept is not None and kept.channel != channel:
        return None
    if asking.far_id and asking.queue_id not in live.elsewhere:
        return None  # it has been taken out of the queue, of which the other PBX has not heard
    if not _is_free(center, live, line, now):
        return None
    center.reservations.keep(Reservation(live.agent.id, channel, asking.far_id))
    queue = center.directory.queues_elsewhere.get(asking.queue_id)
    if queue is not None:
        caller = center.channels.by_id[channel]
        caller.from_queue, caller.far = queue.mark, FarCall(queue.pbx, asking.linked_id)
        center.intents.append(MarkCaller(caller.name, queue.mark))
    return line


def still_may_ring(center: Center, line: Line, channel: str) -> bool:
    """Whether an agent that is kept for a channel is still to be rung; if not, it is released."""
    kept = center.reservations.for_channel(channel)
    if kept is None:
        return False
    live = center.agents.get(kept.agent_id)
    if live is not None and live.stance is Stance.READY and not live.leaving:
        held = center.on_device.get(line.phone)
        if held is live:
            return True
    center.reservations.release(kept)
    return False


def _is_free(center: Center, live: LiveAgent, line: Line, now: float) -> bool:
    """Whether an agent may be given a call: it is ready, stays, and its phone has no call."""
    if live.stance is not Stance.READY or live.owes_wrapup or live.leaving:
        return False
    if center.recalls.has(live.agent.id, now):
        return False
    return not any(center.channels.on(line.phone))


def rung(center: Center, event: ev.ChannelCreated, now: float) -> None:
    """Know the phone's channel of the call that its agent is kept for."""
    if not center.reservations:
        return
    channel = center.channels.by_id[event.unique_id]
    kept = _kept_on(center, channel.interface)
    asker = center.channels.by_id.get(kept.channel) if kept is not None else None
    if kept is None or asker is None or kept.phone:
        return
    if channel.linked_id == asker.linked_id:
        center.reservations.phone_is(kept, channel.unique_id, answered=False)


def dial_ended(center: Center, event: ev.DialEnded, now: float) -> None:
    """Know which of the phone's channels has answered; if it is another phone's, free the agent."""
    kept = center.reservations.for_channel(event.unique_id)
    if kept is None or event.status != "ANSWER":
        return
    channel = center.channels.by_id.get(event.dest_unique_id)
    if channel is not None and kept is _kept_on(center, channel.interface):
        center.reservations.phone_is(kept, channel.unique_id, answered=True)
    else:
        center.reservations.release(kept)


def picked_up(center: Center, event: ev.PickedUp, now: float) -> None:
    """Free an agent whose call another phone has picked up: the one that asked lives on."""
    channel = center.channels.by_id.get(event.target_unique_id)
    kept = _kept_on(center, channel.interface) if channel is not None else None
    if kept is not None and not kept.answered:
        center.reservations.release(kept)


def gone(center: Center, event: ev.ChannelGone, now: float) -> None:
    """Free an agent once the channel that asked has hung up, or the phone's that answered it."""
    kept = center.reservations.for_channel(event.unique_id)
    if kept is None:
        kept = center.reservations.for_phone(event.unique_id)
        if kept is None or not kept.answered:
            return
    center.reservations.release(kept)


def rebuild_reservations(center: Center, asking: Mapping[str, Asking]) -> None:
    """Read off the listed channels for which calls agents are kept, and keep no others.

    `asking` is, by unique id, what channels ask for, or have asked for: xucd may have said yes just
    before. One that is up has got an answer, and keeps the agent for as long as they talk. Of two
    that ask for one agent, the one with its phone goes before, and then the older one.
    """
    center.reservations.clear()
    found = []
    for unique_id, asked in asking.items():
        channel = center.channels.by_id.get(unique_id)
        line = center.directory.line_by_number.get(asked.number)
        live = center.on_device.get(line.phone) if line is not None else None
        queue = center.directory.queues_elsewhere.get(asked.queue_id)
        if channel is not None and queue is not None and channel.far is None:
            channel.far = FarCall(queue.pbx, asked.linked_id)
        if channel is None or line is None or live is None:
            continue
        phone = _phone_of(center, channel, line)
        answered = channel.state is ChannelState.UP
        if phone or not answered:
            kept = Reservation(live.agent.id, unique_id, asked.far_id, phone, answered)
            found.append((not phone, channel.born, kept))
    for _, _, kept in sorted(found, key=lambda each: each[:2]):
        if center.reservations.of(kept.agent_id) is None:
            center.reservations.keep(kept)


def _phone_of(center: Center, asker: Channel, line: Line) -> str:
    """The phone's channel that rings for the one that asked, or talks with it; "" for none."""
    channels = center.channels
    up = asker.state is ChannelState.UP
    there = channels.reach(asker) if up else channels.in_call(asker.linked_id)
    return next((each.unique_id for each in there if each.interface == line.phone), "")


def _kept_on(center: Center, device: str) -> Reservation | None:
    """What the agent at a phone is kept for."""
    live = center.on_device.get(device)
    return center.reservations.of(live.agent.id) if live is not None else None
