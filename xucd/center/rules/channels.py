"""What events of channels, queue calls, recordings and devices do.

They keep the model of channels up to date, which all other rules read; and they tell what an
agent's phone does, and through which queue, and count an agent's figures of the day.
"""

from collections.abc import Iterable

from xucd.center import events as ev
from xucd.center.center import Center
from xucd.center.changes import PhoneChanged
from xucd.center.channels import Channel, created_channel
from xucd.center.day import AgentDay
from xucd.center.live import AgentRecord
from xucd.center.phone_calls import DIALLED, VARIABLE


def created(center: Center, event: ev.ChannelCreated, now: float) -> None:
    """Add a channel; one that a phone opened is an outbound call of its agent."""
    if event.unique_id in center.channels.by_id:
        return
    channel = created_channel(event, now)
    center.channels.add(channel)
    live = center.agent_record_on(channel.interface)
    if live is not None:
        if not channel.incoming:
            live.count(AgentDay(outbound_calls=1))
        center.update_shown(live, now)


def moved(center: Center, event: ev.ChannelMoved, now: float) -> None:
    """Follow a channel's state and parties; count a call that rings or is answered."""
    channel = center.channels.by_id.get(event.unique_id)
    if channel is None:
        return
    center.channels.relink(channel, event.linked_id)
    channel.own = (event.number, event.name)
    channel.connected = (event.connected_number, event.connected_name)
    channel.state = event.state
    live = center.agent_record_on(channel.interface)
    if event.state is ev.ChannelState.RINGING and channel.rang is None:
        channel.rang = now
        if live is not None and channel.incoming:
            live.count(AgentDay(inbound_calls=1))
    elif event.state is ev.ChannelState.UP and channel.answered is None:
        channel.answered = now
        if live is not None and channel.incoming:
            _count_answered(live, channel, now)
    if live is not None:
        center.update_shown(live, now)


def _count_answered(live: AgentRecord, channel: Channel, now: float) -> None:
    # A phone may answer without ever saying that it rings.
    unseen = channel.rang is None
    live.count(
        AgentDay(
            inbound_calls=int(unseen),
            inbound_answered=1,
            inbound_ring_s=0.0 if channel.rang is None else now - channel.rang,
        )
    )


def renamed(center: Center, event: ev.ChannelRenamed, now: float) -> None:
    """Follow a channel to another name, and so perhaps to another agent's phone."""
    channel = center.channels.by_id.get(event.unique_id)
    if channel is None:
        return
    before = channel.interface
    center.channels.rename(event.unique_id, event.new)
    _update_agents(center, {before, channel.interface}, now)


def gone(center: Center, event: ev.ChannelGone, now: float) -> None:
    """Remove a channel; count its call, and let its agent wrap up for as long as its queue says."""
    channel = center.channels.remove(event.unique_id)
    live = center.agent_record_on(channel.interface) if channel is not None else None
    if channel is None or live is None:
        return
    queue = center.directory.queue_by_name.get(channel.queue)
    if queue is not None:
        live.set_wrapup(queue.wrapup)
    if channel.answered is not None and channel.incoming:
        live.count(AgentDay(inbound_talk_s=now - channel.answered))
    elif channel.answered is not None:
        live.count(AgentDay(outbound_talk_s=now - channel.answered))
    elif channel.incoming and channel.rang is not None:
        live.count(AgentDay(inbound_unanswered=1, inbound_ring_s=now - channel.rang))
    before = live.shown
    center.update_shown(live, now)
    if live.shown == before:
        center.stats_changed(live)


def bridge_entered(center: Center, event: ev.BridgeEntered, now: float) -> None:
    """Put a channel into a bridge, and into the call of that bridge."""
    channel = center.channels.by_id.get(event.unique_id)
    if channel is not None:
        center.channels.enter_bridge(channel, event.bridge)
        center.channels.relink(channel, event.linked_id)
        _update_agents(center, (channel.interface,), now)


def bridge_left(center: Center, event: ev.BridgeLeft, now: float) -> None:
    """Take a channel out of a bridge."""
    channel = center.channels.by_id.get(event.unique_id)
    if channel is not None:
        center.channels.leave_bridge(channel, event.bridge)


def held(center: Center, event: ev.Held, now: float) -> None:
    """Record that a phone put its call on hold, or took it back."""
    channel = center.channels.by_id.get(event.unique_id)
    if channel is not None:
        channel.held = event.held
        _update_agents(center, (channel.interface,), now)


def recording_changed(
    center: Center, event: ev.RecordingStarted | ev.RecordingStopped | ev.RecordingMuted, now: float
) -> None:
    """Record whether a channel is recorded, and show it to all agents in its call."""
    channel = center.channels.by_id.get(event.unique_id)
    if channel is None:
        return
    if isinstance(event, ev.RecordingStarted):
        channel.muted = False
    elif isinstance(event, ev.RecordingStopped):
        channel.muted = None
    elif channel.muted is not None:  # Asterisk says so of a channel without recording too
        channel.muted = event.muted
    in_call = center.channels.in_call(channel.linked_id)
    _update_agents(center, {member.interface for member in in_call}, now)


def _update_agents(center: Center, interfaces: Iterable[str], now: float) -> None:
    for interface in interfaces:
        live = center.agent_record_on(interface)
        if live is not None:
            center.update_shown(live, now)


def agent_called(center: Center, event: ev.AgentCalled | ev.AgentConnected, now: float) -> None:
    """Record through which queue a member's phone is rung, and for which caller."""
    if isinstance(event, ev.AgentCalled):
        center.waiting.ring(event.unique_id, True)
    channel = center.channels.by_id.get(event.member_unique_id)
    if channel is not None:
        channel.queue = event.queue
        _update_agents(center, (channel.interface,), now)


def agent_rang_no_answer(center: Center, event: ev.AgentRangNoAnswer, now: float) -> None:
    """Record that no phone rings any more for a caller."""
    center.waiting.ring(event.unique_id, False)


def variable_set(center: Center, event: ev.VariableSet, now: float) -> None:
    """Keep a user's variable with its channel, which Asterisk names with its underscores.

    A channel that xucd rings so that it dials is an outgoing call to the number it is to dial.
    """
    name = event.name.lstrip("_")
    channel = center.channels.by_id.get(event.unique_id)
    if channel is None:
        return
    if name.startswith(VARIABLE):
        channel.variables[name] = event.value
    elif name == DIALLED:
        channel.incoming, channel.exten = False, event.value


def device_changed(center: Center, event: ev.DeviceChanged, now: float) -> None:
    """Record a device's state, and tell that of a line's phone."""
    if center.devices.get(event.device) == event.state:
        return
    center.devices[event.device] = event.state
    line = center.directory.line_by_interface.get(event.device)
    if line is not None:
        center.changes.append(PhoneChanged(line.id, event.state))
