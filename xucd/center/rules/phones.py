"""What is told of the calls of phones: to their users, and of the agents who sit at them.

`reads` comes after the rules of `channels`, so that the channels already are what the event made
them. It reads anew the calls of all channels that the event touched, then shows the agents at
these phones, and counts what the calls add to their figures of the day.
"""

from collections.abc import Mapping

import msgspec

from xucd.center import events as ev
from xucd.center.center import Center
from xucd.center.channels import DIAL_ID, Channel, interface_of
from xucd.center.events import ChannelState
from xucd.center.leg import Leg
from xucd.center.phone_calls import figures
from xucd.center.rules.talkers import caller_of, claim_taken_over
from xucd.center.under_way import CallUnderWay, CutCall, Rung, call_under_way, figures_of_ended


def reads(center: Center, event: ev.Event, now: float) -> None:
    """Read anew the calls that an event touched, and tell what changed of phones and agents."""
    read_touched(center, now)


def read_touched(center: Center, now: float) -> None:
    """Read anew the calls of channels that were touched, and tell what changed."""
    calls, touched = center.phone_calls, center.channels.take_touched().items()
    phones = {name: interface for name, interface in touched if calls.concerns(name, interface)}
    if not phones:  # the channels of a caller alone, say
        return
    ended = _read(center, phones, now)
    legs = [leg for name in phones if (leg := calls.legs.get(name)) is not None]
    for leg in legs:
        claim_taken_over(center, leg, now)
    moved = [_count(center, leg, now, over=True) for leg in ended]
    moved += [_count(center, leg, now, over=False) for leg in legs]
    counted = {agent_id for agent_id in moved if agent_id is not None}
    for interface in dict.fromkeys(phones.values()):
        live = center.agent_record_on(interface)
        if live is not None:
            before = live.shown
            center.update_shown(live, now)
            if live.shown is not before:
                counted.discard(live.agent.id)
    for agent_id in sorted(counted):
        center.stats_changed(center.agents[agent_id])


def transferred(center: Center, event: ev.Transferred, now: float) -> None:
    """The call is over for whoever transferred it, though its channel may live on for a moment."""
    channel = center.channels.by_id.get(event.transferer_unique_id)
    leg = center.phone_calls.legs.get(channel.name) if channel is not None else None
    if channel is not None and leg is not None:
        leg.over = True
        center.channels.touch(channel)


def joined_again(center: Center, event: ev.BridgeEntered, now: float) -> None:
    """A phone that was transferred away and is joined to somebody again has a call again."""
    channel = center.channels.by_id.get(event.unique_id)
    leg = center.phone_calls.legs.get(channel.name) if channel is not None else None
    if leg is not None:
        leg.over = False


def originate_answered(center: Center, event: ev.OriginateAnswered, now: float) -> None:
    """Record that Asterisk could not even begin a call that xucd dials for a user."""
    if event.action_id.startswith(DIAL_ID) and not event.ok:
        center.phone_calls.refuse(event.action_id)


def rebuild_phone_calls(center: Center, now: float, heard_until: float | None = None) -> None:
    """Read all calls anew, after a snapshot whose channels have been read already.

    `heard_until` is since when nothing was heard of them: a call that is over by now is counted up
    to then, and kept in `UnderWay.cut_calls`, since nobody knows when it ended. A call that is new
    is counted, unless xucd has no memory: then it is taken to be in the figures already.
    """
    center.channels.take_touched()
    legs = center.phone_calls.legs
    for unique_id, before in center.under_way.calls_before.items():
        channel = center.channels.by_id.get(unique_id)
        if channel is not None:
            _restore(channel, before.call, now if heard_until is None else heard_until)
    names = [*legs, *(channel.name for channel in center.channels.by_id.values())]
    known = {name: interface_of(name) for name in names}
    new = [name for name in known if name not in legs]
    for leg in _read(center, known, now):
        if heard_until is None or leg.agent_id is None or leg.twin is not None:
            _count(center, leg, now, over=True)
        else:
            cut = CutCall(leg.agent_id, call_under_way(leg))
            _cut_call(center, leg.channel.unique_id, cut, heard_until)
    for name in new:
        if name in legs:
            _found(center, legs[name], now)
    for unique_id, before in center.under_way.calls_before.items():
        _cut_call(center, unique_id, before, now if heard_until is None else heard_until)
    center.under_way.calls_before.clear()
    center.under_way.knows_calls = True


def _found(center: Center, leg: Leg, now: float) -> None:
    """Count a call that was there when it was listed, as far as it is not counted yet."""
    leg.claimed, leg.works = True, bool(leg.channel.queue) or caller_of(center, leg) is not None
    before = center.under_way.calls_before.pop(leg.channel.unique_id, None)
    if before is not None:
        leg.agent_id, leg.counted = before.agent_id, before.call.counted
    elif not center.under_way.knows_calls:
        leg.counted = figures(leg, now, over=False)
    if (agent_id := _count(center, leg, now, over=False)) is not None:
        center.stats_changed(center.agents[agent_id])


def count_anew(center: Center, name: str, now: float) -> None:
    """Count what the call of a channel has come to, after its times have become known."""
    leg = center.phone_calls.legs.get(name)
    if leg is not None and (agent_id := _count(center, leg, now, over=False)) is not None:
        center.stats_changed(center.agents[agent_id])


def _cut_call(center: Center, unique_id: str, cut: CutCall, end: float) -> None:
    """Count a call to `end` that was over when listed next; a log may tell more of it.

    One that was cut before xucd restarted stays counted to where it was.
    """
    if cut.agent_id not in center.agents:
        return
    live = center.agent_record(cut.agent_id)
    end = end if cut.call.ended is None else cut.call.ended
    counted = figures_of_ended(cut.call, end)
    live.count(counted.minus(cut.call.counted))
    call = msgspec.structs.replace(cut.call, counted=counted, ended=end)
    center.under_way.cut_calls[unique_id] = CutCall(cut.agent_id, call)
    center.stats_changed(live)


def _restore(channel: Channel, call: CallUnderWay, heard_until: float) -> None:
    """Know of a channel what no list tells: when it rang, and when it was answered."""
    channel.rang = call.rang
    if channel.state is ChannelState.UP:
        channel.answered = heard_until if call.answered is None else call.answered


def _read(center: Center, names: Mapping[str, str], now: float) -> list[Leg]:
    """Read the calls of these channels' names, with interfaces, anew; returns those that are no
    more."""
    calls, ended = center.phone_calls, []
    for name, interface in names.items():
        live, before = center.on_device.get(interface), calls.legs.get(name)
        change = calls.update(name, interface, live.agent.id if live is not None else None)
        if change is not None:
            center.changes.append(change)
            for leg in (before, calls.legs.get(name)):
                if leg is not None and leg.agent_id is not None:
                    center.under_way.unwritten.add(leg.agent_id)
        if before is not None and calls.legs.get(name) is not before:
            ended.append(before)
    return ended


def _count(center: Center, leg: Leg, now: float, *, over: bool) -> int | None:
    """Add to an agent's figures what its call has come to; returns the agent's id if any did."""
    if leg.agent_id is None or leg.agent_id not in center.agents:
        return None
    counted = figures(leg, now, over=over)
    if over and leg.twin is None:
        channel = leg.channel
        rung = Rung(leg.agent_id, now, channel.answered is not None, channel.name)
        center.phone_calls.lately[channel.unique_id] = rung
    if counted == leg.counted:
        return None
    center.agent_record(leg.agent_id).count(counted.minus(leg.counted))
    leg.counted = counted
    return leg.agent_id
