"""What events do to the calls that users of lines are told.

They come after the rules of `channels`, so that the channels already are what the event made them.
"""

from collections.abc import Iterable

from xucd.center import events as ev
from xucd.center.center import Center
from xucd.center.channels import DIAL_ID, Channel
from xucd.center.phone_calls import DIALLED, Leg


def created(center: Center, event: ev.ChannelCreated, now: float) -> None:
    """Read the whole call anew: it may have got variables since something was last told of it."""
    _update(center, center.channels.in_call(event.linked_id))


def moved(center: Center, event: ev.ChannelMoved, now: float) -> None:
    """Read the whole call anew of a channel that is known."""
    if event.unique_id in center.channels.by_id:
        _update(center, center.channels.in_call(event.linked_id))


def renamed(center: Center, event: ev.ChannelRenamed, now: float) -> None:
    """Read both names anew: a rename ends the call of the old name and begins one of the new."""
    update_named(center, (event.new, event.old))


def gone(center: Center, event: ev.ChannelGone, now: float) -> None:
    """Tell that a phone's call is over."""
    update_named(center, (event.channel,))


def bridge_entered(center: Center, event: ev.BridgeEntered, now: float) -> None:
    """Read the calls of everybody in the bridge anew."""
    if event.unique_id in center.channels.by_id:
        _update(center, center.channels.in_bridge(event.bridge))


def bridge_left(center: Center, event: ev.BridgeLeft, now: float) -> None:
    """Read the calls of those who stay in the bridge anew."""
    _update(center, center.channels.in_bridge(event.bridge))


def agent_called(center: Center, event: ev.AgentCalled | ev.AgentConnected, now: float) -> None:
    """Tell through which queue a phone is rung."""
    channel = center.channels.by_id.get(event.member_unique_id)
    if channel is not None:
        _update(center, (channel,))


def held(center: Center, event: ev.Held, now: float) -> None:
    """Tell that a phone put its call on hold, or took it back."""
    channel = center.channels.by_id.get(event.unique_id)
    if channel is not None:
        _update(center, (channel,))


def transferred(center: Center, event: ev.Transferred, now: float) -> None:
    """Tell that the call is over for whoever transferred it."""
    leg = _leg(center, event.transferer_unique_id)
    if leg is not None:
        leg.over = True
        _update(center, (leg.channel,))


def variable_set(center: Center, event: ev.VariableSet, now: float) -> None:
    """Take a call that xucd dials for a user for the user's own, to the number to be dialled."""
    leg = _leg(center, event.unique_id)
    if leg is not None and event.name.lstrip("_") == DIALLED:
        leg.originated, leg.incoming, leg.dialled = True, False, event.value


def originate_answered(center: Center, event: ev.OriginateAnswered, now: float) -> None:
    """Record that Asterisk could not even begin a call that xucd dials for a user."""
    if event.action_id.startswith(DIAL_ID) and not event.ok:
        center.phone_calls.refuse(event.action_id)


def rebuild_phone_calls(center: Center) -> None:
    """Read all calls anew, after a snapshot whose channels have been read already."""
    known = [channel.name for channel in center.channels.by_id.values()]
    update_named(center, dict.fromkeys([*center.phone_calls.legs, *known]))


def update_named(center: Center, names: Iterable[str]) -> None:
    """Read the calls of these channels' names anew, and tell what changed."""
    for name in names:
        change = center.phone_calls.update(center.directory, center.channels, center.waiting, name)
        if change is not None:
            center.changes.append(change)


def _update(center: Center, channels: Iterable[Channel]) -> None:
    update_named(center, [channel.name for channel in channels])


def _leg(center: Center, unique_id: str) -> Leg | None:
    channel = center.channels.by_id.get(unique_id)
    return center.phone_calls.legs.get(channel.name) if channel is not None else None
