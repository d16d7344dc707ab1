"""What events of channels, queue calls, recordings and devices do.

They tell what an agent's phone does, and through which queue, and they are what an agent's figures
of the day are counted from.
"""

from collections.abc import Iterable

from xucd.center import events as ev
from xucd.center.calls import Channel
from xucd.center.center import Center
from xucd.center.changes import PhoneChanged


def created(center: Center, event: ev.ChannelCreated, now: float) -> None:
    channel = Channel(
        event.channel,
        event.unique_id,
        event.linked_id,
        event.state,
        event.number,
        event.exten,
        now,
    )
    if event.unique_id not in center.calls.channels:
        center.calls.add(channel)
        live = center.on_interface.get(channel.interface)
        if live is not None:
            if not channel.incoming:
                live.day.outbound_calls += 1
            center.look(live, now)


def moved(center: Center, event: ev.ChannelMoved, now: float) -> None:
    channel = center.calls.channels.get(event.unique_id)
    if channel is None:
        return
    center.calls.relink(channel, event.linked_id)
    channel.connected_number = event.connected_number
    channel.state = event.state
    live = center.on_interface.get(channel.interface)
    if event.state is ev.ChannelState.RINGING and channel.rang is None:
        channel.rang = now
        if live is not None and channel.incoming:
            live.day.inbound_calls += 1
    elif event.state is ev.ChannelState.UP and channel.answered is None:
        channel.answered = now
        if live is not None and channel.incoming:
            if channel.rang is None:  # a phone may answer without ever saying that it rings
                live.day.inbound_calls += 1
            live.day.inbound_answered += 1
            live.day.inbound_ring_s += now - (channel.rang or now)
    if live is not None:
        center.look(live, now)


def renamed(center: Center, event: ev.ChannelRenamed, now: float) -> None:
    channel = center.calls.channels.get(event.unique_id)
    if channel is None:
        return
    before = channel.interface
    center.calls.rename(event.unique_id, event.new)
    _look_on(center, {before, channel.interface}, now)


def gone(center: Center, event: ev.ChannelGone, now: float) -> None:
    center.waiting.leave(event.unique_id)
    channel = center.calls.remove(event.unique_id)
    live = center.on_interface.get(channel.interface) if channel is not None else None
    if channel is None or live is None:
        return
    queue = center.directory.queue_by_name.get(channel.queue)
    if queue is not None:
        live.wrapup_s = queue.wrapup
    if channel.answered is not None:
        talked = now - channel.answered
        if channel.incoming:
            live.day.inbound_talk_s += talked
        else:
            live.day.outbound_talk_s += talked
    elif channel.incoming and channel.rang is not None:
        live.day.inbound_unanswered += 1
        live.day.inbound_ring_s += now - channel.rang
    before = live.shown
    center.look(live, now)
    if live.shown == before:
        center.tell_stats(live)


def bridge_entered(center: Center, event: ev.BridgeEntered, now: float) -> None:
    channel = center.calls.channels.get(event.unique_id)
    if channel is not None:
        channel.bridge = event.bridge
        center.calls.relink(channel, event.linked_id)
        _look_on(center, (channel.interface,), now)


def bridge_left(center: Center, event: ev.BridgeLeft, now: float) -> None:
    channel = center.calls.channels.get(event.unique_id)
    if channel is not None and channel.bridge == event.bridge:
        channel.bridge = ""


def recording_changed(
    center: Center, event: ev.RecordingStarted | ev.RecordingStopped | ev.RecordingMuted, now: float
) -> None:
    channel = center.calls.channels.get(event.unique_id)
    if channel is None:
        return
    if isinstance(event, ev.RecordingStarted):
        channel.muted = False
    elif isinstance(event, ev.RecordingStopped):
        channel.muted = None
    elif channel.muted is not None:  # Asterisk says so of a channel without recording too
        channel.muted = event.muted
    interfaces = {one.interface for one in center.calls.in_call(channel.linked_id)}
    _look_on(center, interfaces, now)


def _look_on(center: Center, interfaces: Iterable[str], now: float) -> None:
    for interface in interfaces:
        live = center.on_interface.get(interface)
        if live is not None:
            center.look(live, now)


def caller_joined(center: Center, event: ev.CallerJoined, now: float) -> None:
    center.waiting.join(event)


def caller_left(center: Center, event: ev.CallerLeft | ev.CallerAbandoned, now: float) -> None:
    center.waiting.leave(event.unique_id)


def agent_called(center: Center, event: ev.AgentCalled | ev.AgentConnected, now: float) -> None:
    if isinstance(event, ev.AgentCalled):
        center.waiting.ring(event.unique_id, True)
    channel = center.calls.channels.get(event.member_unique_id)
    if channel is not None:
        channel.queue = event.queue
        _look_on(center, (channel.interface,), now)


def agent_rang_no_answer(center: Center, event: ev.AgentRangNoAnswer, now: float) -> None:
    center.waiting.ring(event.unique_id, False)


def device_changed(center: Center, event: ev.DeviceChanged, now: float) -> None:
    if center.devices.get(event.device) == event.state:
        return
    center.devices[event.device] = event.state
    line = center.directory.line_by_interface.get(event.device)
    if line is not None:
        center.changes.append(PhoneChanged(line.id, event.state))
