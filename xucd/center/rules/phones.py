"""What is told of the calls of phones: to their users, and of the agents who sit at them.

`reads` comes after the rules of `channels`, so that the channels already are what the event made
them. It reads anew the calls of all channels that the event touched, then shows the agents at
these phones, and counts what the calls add to their figures of the day.
"""

from collections.abc import Iterable

from xucd.center import events as ev
from xucd.center.center import Center
from xucd.center.channels import DIAL_ID, interface_of
from xucd.center.leg import Leg
from xucd.center.phone_calls import figures
from xucd.center.rules.talkers import claim_taken_over


def reads(center: Center, event: ev.Event, now: float) -> None:
    """Read anew the calls that an event touched, and tell what changed of phones and agents."""
    names = center.channels.take_touched()
    if not names:
        return
    ended = _read(center, names, now)
    for name in names:
        leg = center.phone_calls.legs.get(name)
        if leg is not None:
            claim_taken_over(center, leg)
    counted = {
        agent_id
        for leg in (*ended, *(center.phone_calls.legs.get(name) for name in names))
        if leg is not None and (agent_id := _count(center, leg, now, over=leg in ended)) is not None
    }
    for interface in dict.fromkeys(interface_of(name) for name in names):
        live = center.agent_record_on(interface)
        if live is not None:
            before = live.shown
            center.update_shown(live, now)
            if live.shown != before:
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


def rebuild_phone_calls(center: Center, now: float) -> None:
    """Read all calls anew, after a snapshot whose channels have been read already.

    What a call that was there before xucd has added to its agent's figures is in these already.
    """
    center.channels.take_touched()
    legs = center.phone_calls.legs
    known = dict.fromkeys([*legs, *(channel.name for channel in center.channels.by_id.values())])
    new = [name for name in known if name not in legs]
    for leg in _read(center, known, now):
        _count(center, leg, now, over=True)
    for name in new:
        if name in legs:
            leg = legs[name]
            leg.counted, leg.claimed = figures(leg, now, over=False), True
            leg.works = bool(leg.channel.queue)


def _read(center: Center, names: Iterable[str], now: float) -> list[Leg]:
    """Read the calls of these channels' names anew; returns those that are no more."""
    ended = []
    for name in names:
        calls, live = center.phone_calls, center.on_interface.get(interface_of(name))
        before = calls.legs.get(name)
        change = calls.update(
            center.directory,
            center.channels,
            center.waiting,
            name,
            live.agent.id if live is not None else None,
        )
        if change is not None:
            center.changes.append(change)
        if before is not None and calls.legs.get(name) is not before:
            ended.append(before)
    return ended


def _count(center: Center, leg: Leg, now: float, *, over: bool) -> int | None:
    """Add to an agent's figures what its call has come to; returns the agent's id if any did."""
    if leg.agent_id is None or leg.agent_id not in center.agents:
        return None
    counted = figures(leg, now, over=over)
    if counted == leg.counted:
        return None
    center.agent_record(leg.agent_id).count(counted.minus(leg.counted))
    leg.counted = counted
    return leg.agent_id
