"""Who listens to which agent, as Asterisk tells it.

A channel listens to one exact channel of an agent's phone, and is hung up with it; so is a phone
that still rings to listen. Who listens is found again after a reconnection: the
application of its channel is `ChanSpy`, and the name of the channel that it hears stands in the
application's data.
"""

from collections.abc import Iterable

import msgspec

from xucd.center import events as ev
from xucd.center.center import Center
from xucd.center.changes import AgentListened
from xucd.center.channels import Channel, interface_of
from xucd.center.events import ChannelState
from xucd.center.intents import HangUp
from xucd.center.snapshot import ChannelSeen

PREFIX = "xucd-listen-"
"""How the unique ids of channels begin that xucd has asked for to listen."""


def listening_id(channel: Channel, token: str) -> str:
    """The unique id for a channel that is to listen to `channel`."""
    return f"{PREFIX}{channel.unique_id}-{token}"


def is_listening(center: Center, interface: str, channel: Channel) -> bool:
    """Whether an interface listens to a channel, or is being rung to do so."""
    prefix = listening_id(channel, "")
    on_phone = center.channels.on(interface)
    return any(own.unique_id.startswith(prefix) for own in on_phone)


def started(center: Center, event: ev.SpyStarted, now: float) -> None:
    """Record who listens to an agent's call."""
    spyer = center.channels.by_id.get(event.spyer_unique_id)
    spied = center.channels.by_id.get(event.spyee_unique_id)
    if spyer is not None and spied is not None:
        begun = _listened(center, spyer, spied)
        if begun is not None:
            _begin(center, event.spyer_unique_id, begun)


def stopped(center: Center, event: ev.SpyStopped, now: float) -> None:
    """Record that somebody listens no longer."""
    _end(center, event.spyer_unique_id)


def gone(center: Center, event: ev.ChannelGone, now: float) -> None:
    """End what a channel listened to, and hang up the phones that still ring to listen to it.

    Asterisk itself hangs up those that listen already.
    """
    _end(center, event.unique_id)
    if interface_of(event.channel) in center.on_device:
        center.intents += [
            HangUp(channel.name)
            for channel in center.channels.by_id.values()
            if channel.unique_id.startswith(f"{PREFIX}{event.unique_id}-")
            and channel.state is not ChannelState.UP
        ]


def rebuild_listeners(center: Center, channels: Iterable[ChannelSeen]) -> None:
    """Find who listens in what Asterisk lists, and who began or stopped meanwhile."""
    by_name = {channel.name: channel for channel in center.channels.by_id.values()}
    found: dict[str, AgentListened] = {}
    for listed in channels:
        if listed.application != "ChanSpy":
            continue
        spied = by_name.get(listed.application_data.partition(",")[0])
        begun = _listened(center, by_name[listed.channel], spied) if spied is not None else None
        if begun is not None:
            found[listed.unique_id] = begun
    for unique_id in [known for known in center.listeners if known not in found]:
        _end(center, unique_id)
    for unique_id, begun in found.items():
        _begin(center, unique_id, begun)


def _listened(center: Center, spyer: Channel, spied: Channel) -> AgentListened | None:
    live = center.on_device.get(spied.interface)
    if live is None:
        return None
    line = center.directory.line_by_device.get(spyer.interface)
    return AgentListened(
        live.agent.id,
        line.number if line is not None else spyer.own[0],
        line.id if line is not None else None,
        True,
    )


def _begin(center: Center, unique_id: str, begun: AgentListened) -> None:
    if unique_id not in center.listeners:
        center.listeners[unique_id] = begun
        center.changes.append(begun)


def _end(center: Center, unique_id: str) -> None:
    begun = center.listeners.pop(unique_id, None)
    if begun is not None:
        center.changes.append(msgspec.structs.replace(begun, started=False))
