"""What events of channels do to the calls that users of lines are told.

They come after the rules of `channels`, so that the channels already are what the event made them.
"""

from collections.abc import Iterable

from xucd.center import events as ev
from xucd.center.calls import DIAL_ID
from xucd.center.center import Center
from xucd.center.phone_calls import DIALLED, NOBODY, VARIABLE, Leg
from xucd.center.snapshot import Snapshot


def created(center: Center, event: ev.ChannelCreated, now: float) -> None:
    center.phone_calls.know(event.unique_id, (event.number, event.name), NOBODY)
    # The call it belongs to may have got its variables since something was last told of it.
    _judge_call(center, event.linked_id)


def moved(center: Center, event: ev.ChannelMoved, now: float) -> None:
    if event.unique_id in center.calls.channels:
        center.phone_calls.know(
            event.unique_id,
            (event.number, event.name),
            (event.connected_number, event.connected_name),
        )
        _judge_call(center, event.linked_id)


def renamed(center: Center, event: ev.ChannelRenamed, now: float) -> None:
    _judge(center, (event.new, event.old))


def gone(center: Center, event: ev.ChannelGone, now: float) -> None:
    calls = center.phone_calls
    calls.forget(event.unique_id)
    _judge(center, (event.channel,))


def bridge_entered(center: Center, event: ev.BridgeEntered, now: float) -> None:
    if event.unique_id in center.calls.channels:
        center.phone_calls.enter(event.bridge, event.unique_id)
        _judge_bridge(center, event.bridge)


def bridge_left(center: Center, event: ev.BridgeLeft, now: float) -> None:
    center.phone_calls.leave(event.bridge, event.unique_id)
    _judge_bridge(center, event.bridge)


def agent_called(center: Center, event: ev.AgentCalled | ev.AgentConnected, now: float) -> None:
    channel = center.calls.channels.get(event.member_unique_id)
    if channel is not None:
        _judge(center, (channel.name,))


def held(center: Center, event: ev.Held, now: float) -> None:
    leg = _leg(center, event.unique_id)
    if leg is not None:
        leg.held = event.held
        _judge(center, (leg.channel.name,))


def transferred(center: Center, event: ev.Transferred, now: float) -> None:
    leg = _leg(center, event.transferer_unique_id)
    if leg is not None:
        leg.over = True
        _judge(center, (leg.channel.name,))


def variable_set(center: Center, event: ev.VariableSet, now: float) -> None:
    name = event.name.lstrip("_")
    channel = center.calls.channels.get(event.unique_id)
    if channel is None:
        return
    if name.startswith(VARIABLE):
        center.phone_calls.set_variable(event.unique_id, name, event.value)
    elif name == DIALLED and (leg := _leg(center, event.unique_id)) is not None:
        leg.originated, leg.incoming, leg.dialled = True, False, event.value
        leg.channel.incoming, leg.channel.exten = False, event.value


def originate_answered(center: Center, event: ev.OriginateAnswered, now: float) -> None:
    if event.action_id.startswith(DIAL_ID) and not event.ok:
        center.phone_calls.refused.add(event.action_id)


def rebuild_phone_calls(center: Center, snapshot: Snapshot) -> None:
    """Tell the calls anew from a snapshot, of which the channels have been taken in already."""
    _judge(center, center.phone_calls.rebuild(center.calls, snapshot.channels))


def _leg(center: Center, unique_id: str) -> Leg | None:
    channel = center.calls.channels.get(unique_id)
    return center.phone_calls.legs.get(channel.name) if channel is not None else None


def _judge_call(center: Center, linked_id: str) -> None:
    _judge(center, [one.name for one in center.calls.in_call(linked_id)])


def _judge_bridge(center: Center, bridge: str) -> None:
    inside = center.phone_calls.bridges.get(bridge, ())
    channels = center.calls.channels
    _judge(center, [channels[one].name for one in inside if one in channels])


def _judge(center: Center, names: Iterable[str]) -> None:
    for name in names:
        change = center.phone_calls.judge(center.directory, center.calls, center.waiting, name)
        if change is not None:
            center.changes.append(change)
