"""What events of channels, recordings and devices do to the model of channels.

All other rules read that model. Here nothing is told of anybody: whose calls are to be read anew is
noted with the channels, for `phones.reads` to do.
"""

from xucd.center import events as ev
from xucd.center.center import Center
from xucd.center.changes import PhoneChanged
from xucd.center.channels import DIAL_ID, created_channel, move
from xucd.center.grammar import text_of
from xucd.center.intents import MarkCaller
from xucd.center.leg import DIALLED, is_users


def created(center: Center, event: ev.ChannelCreated, now: float) -> None:
    """Add a channel."""
    if event.unique_id not in center.channels.by_id:
        channel = created_channel(event, now)
        center.channels.add(channel)
        center.channels.touch(channel)


def moved(center: Center, event: ev.ChannelMoved, now: float) -> None:
    """Follow a channel's state and parties, and when it first rang and was answered."""
    channel = center.channels.by_id.get(event.unique_id)
    if channel is None:
        return
    if not channel.bridge:  # in a bridge it is as told of whoever entered last
        center.channels.relink(channel, event.linked_id)
    channel.own = (event.number, event.name)
    channel.connected = (event.connected_number, event.connected_name)
    move(channel, event)
    if event.state is ev.ChannelState.RINGING and channel.rang is None:
        channel.rang = now
    elif event.state is ev.ChannelState.UP and channel.answered is None:
        channel.answered = now
    center.channels.touch(channel)


def renamed(center: Center, event: ev.ChannelRenamed, now: float) -> None:
    """Follow a channel to another name, and so perhaps to another phone."""
    center.channels.rename(event.unique_id, event.new)


def gone(center: Center, event: ev.ChannelGone, now: float) -> None:
    """Remove a channel."""
    center.channels.remove(event.unique_id)


def bridge_entered(center: Center, event: ev.BridgeEntered, now: float) -> None:
    """Put a channel into a bridge, and all that are in it into the call of the oldest.

    Asterisk gives the older linked id to all of them, but tells it of the one that enters only.
    Who is parked is joined to nobody, though all who are parked are in one bridge.
    """
    channel = center.channels.by_id.get(event.unique_id)
    if channel is None:
        return
    if event.holding:
        center.channels.leave_bridge(channel, channel.bridge)
    else:
        center.channels.enter_bridge(channel, event.bridge)
    if not event.conference and not event.holding:
        center.channels.relink(channel, event.linked_id)
    center.channels.touch(channel)


def bridge_left(center: Center, event: ev.BridgeLeft, now: float) -> None:
    """Take a channel out of a bridge."""
    channel = center.channels.by_id.get(event.unique_id)
    if channel is not None:
        center.channels.leave_bridge(channel, event.bridge)


def picked_up(center: Center, event: ev.PickedUp, now: float) -> None:
    """Record who is about to take the place of a channel that rings."""
    channel = center.channels.by_id.get(event.target_unique_id)
    if channel is not None:
        channel.taken_by = event.unique_id


def implied(center: Center, event: ev.ChannelGone) -> tuple[ev.Event, ...]:
    """The events before this one that Asterisk leaves out.

    Where a phone answers while it is picked up, it is told to enter the bridge. Then the picker is
    there in its place, which no event says but the hangup of one that has not left.
    """
    channel = center.channels.by_id.get(event.unique_id)
    if channel is None or not channel.bridge or channel.taken_by not in center.channels.by_id:
        return ()
    bridge = channel.bridge
    left = ev.BridgeLeft(bridge, channel.unique_id)
    return left, ev.BridgeEntered(bridge, channel.taken_by, channel.linked_id)


def held(center: Center, event: ev.Held, now: float) -> None:
    """Record that a phone put its call on hold, or took it back."""
    channel = center.channels.by_id.get(event.unique_id)
    if channel is not None:
        channel.held = event.held
        center.channels.touch(channel)


def recording_changed(
    center: Center, event: ev.RecordingStarted | ev.RecordingStopped | ev.RecordingMuted, now: float
) -> None:
    """Record whether a channel is recorded."""
    channel = center.channels.by_id.get(event.unique_id)
    if channel is None:
        return
    if isinstance(event, ev.RecordingStarted):
        channel.muted = False
    elif isinstance(event, ev.RecordingStopped):
        channel.muted = None
    elif channel.muted is not None:  # Asterisk says so of a channel without recording too
        channel.muted = event.muted
    center.channels.touch(channel)


def agent_called(center: Center, event: ev.AgentCalled, now: float) -> None:
    """Record through which queue a member is rung, and for which caller."""
    center.waiting.ring(event.unique_id, True)
    channel = center.channels.by_id.get(event.member_unique_id)
    if channel is not None:
        channel.queue = event.queue
        center.channels.touch(channel)


def agent_rang_no_answer(center: Center, event: ev.AgentRangNoAnswer, now: float) -> None:
    """Record that no phone rings any more for a caller."""
    center.waiting.ring(event.unique_id, False)


def transferred(center: Center, event: ev.Transferred, now: float) -> None:
    """Record of those whom a phone talked with that they were handed on."""
    for unique_id in event.transferee_unique_ids:
        channel = center.channels.by_id.get(unique_id)
        if channel is not None and not channel.transferred:
            channel.transferred = True
            if channel.from_queue:
                center.intents.append(MarkCaller(channel.name, channel.from_queue, True))


def variable_set(center: Center, event: ev.VariableSet, now: float) -> None:
    """Keep a user's variable with its channel, which Asterisk names with its underscores.

    A channel that xucd rings so that it dials is an outgoing call to the number it is to dial.
    """
    name = event.name.lstrip("_")
    channel = center.channels.by_id.get(event.unique_id)
    if channel is None:
        return
    if is_users(name):
        channel.variables[name] = text_of(event.value)
    elif name == DIALLED:
        channel.exten = event.value


def originate_answered(center: Center, event: ev.OriginateAnswered, now: float) -> None:
    """Record which number a phone dials that Asterisk rang so that it does.

    Or one that picked it up, and so goes on in its place.
    """
    channel = center.channels.by_id.get(event.unique_id)
    if channel is None or not event.number or channel.unique_id.startswith(DIAL_ID):
        return
    if event.ok:
        channel.called, channel.exten = True, event.number
        center.channels.touch(channel)


def device_changed(center: Center, event: ev.DeviceChanged, now: float) -> None:
    """Record a device's state, and tell that of a line's phone."""
    if center.devices.get(event.device) == event.state:
        return
    center.devices[event.device] = event.state
    line = center.directory.line_by_device.get(event.device)
    if line is not None:
        center.changes.append(PhoneChanged(line.id, event.state))
