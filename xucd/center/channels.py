"""Every live channel of Asterisk and what connects them: one model, read by all of the centre.

The agent's state, the events of a phone, recordings and the calls of queues are read off the
channels here; the rules in `rules.channels` alone keep them up to date.

A channel belongs to the interface its name begins with (``PJSIP/1001-0000002a`` to
``PJSIP/1001``). One that Asterisk created to ring a phone starts `DOWN`; one that a phone opened
starts in `RING`. That decides the direction, except for a phone that xucd rings so that it dials
for its user: that call is outgoing from the start. All channels of one call share a linked id,
which Asterisk changes when calls are joined.

Recording belongs to the call: it is found under any channel of the same linked id, so it is still
there after a transfer.
"""

from collections.abc import Iterable, Mapping

import msgspec

from xucd.center.agent import CallShown, Phone, Recording
from xucd.center.directory import Directory
from xucd.center.events import ChannelCreated, ChannelState
from xucd.center.snapshot import ChannelSeen

DIAL_ID = "xucd-dial-"
"""How the unique ids of channels begin that xucd rings so that they dial for their user."""

Party = tuple[str, str]
"""Number and name, each "" when it is not known."""

NOBODY: Party = ("", "")

_MOST_LOCALS = 8  # a bound in case Local channels ever go round


class Channel(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """One live channel. `since` is when it came to be, in epoch seconds.

    `own` is the party that Asterisk names on the channel itself, `connected` the other end as
    Asterisk names it; `exten` is the number that was dialled on it. `rang` and `answered` are when
    it first rang and went up, None until then. `bridge` is the bridge it is in, "" for none.
    `queue` is the name of the queue that rang it, "" when none did. `held` says that its phone has
    put the call on hold. `muted` is None while it is not recorded. `from_queue` says of a caller
    that an agent answered it through a queue, `stopped` that it was recorded and no longer is.
    `variables` are its ``USR_`` variables.
    """

    name: str
    unique_id: str
    linked_id: str
    state: ChannelState
    own: Party
    exten: str
    since: float
    interface: str = ""
    incoming: bool = False
    connected: Party = NOBODY
    rang: float | None = None
    answered: float | None = None
    bridge: str = ""
    queue: str = ""
    held: bool = False
    muted: bool | None = None
    from_queue: bool = False
    stopped: bool = False
    variables: dict[str, str] = {}

    def __post_init__(self) -> None:
        self.interface = interface_of(self.name)
        rung = self.state in (ChannelState.DOWN, ChannelState.RINGING)
        self.incoming = rung and not self.unique_id.startswith(DIAL_ID)


def interface_of(channel: str) -> str:
    """The interface that a channel's name begins with; a name without a dash is its own."""
    return channel.rpartition("-")[0] or channel


def created_channel(event: ChannelCreated, now: float) -> Channel:
    """The channel that an event tells of."""
    return Channel(
        name=event.channel,
        unique_id=event.unique_id,
        linked_id=event.linked_id,
        state=event.state,
        own=(event.number, event.name),
        exten=event.exten,
        since=now,
    )


class Channels:
    """Every live channel, by unique id, interface, call and bridge.

    `by_id` is to be read only: channels come, go and move by the methods here, which keep the
    indexes in step.
    """

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.by_id: dict[str, Channel] = {}
        self._by_interface: dict[str, dict[str, Channel]] = {}
        self._by_call: dict[str, dict[str, Channel]] = {}
        self._by_bridge: dict[str, dict[str, Channel]] = {}

    # -- keeping it up to date

    def add(self, channel: Channel) -> None:
        """Add a channel; one that is known already is left as it is."""
        if channel.unique_id not in self.by_id:
            self.by_id[channel.unique_id] = channel
            _put(self._by_interface, channel.interface, channel)
            _put(self._by_call, channel.linked_id, channel)
            if channel.bridge:
                _put(self._by_bridge, channel.bridge, channel)

    def remove(self, unique_id: str) -> Channel | None:
        """Remove a channel. Returns it, or None when it was not known."""
        channel = self.by_id.pop(unique_id, None)
        if channel is not None:
            _drop(self._by_interface, channel.interface, unique_id)
            _drop(self._by_call, channel.linked_id, unique_id)
            if channel.bridge:
                _drop(self._by_bridge, channel.bridge, unique_id)
        return channel

    def rename(self, unique_id: str, name: str) -> None:
        """Give a channel another name, and so perhaps another interface."""
        channel = self.by_id.get(unique_id)
        if channel is not None:
            _drop(self._by_interface, channel.interface, unique_id)
            channel.name, channel.interface = name, interface_of(name)
            _put(self._by_interface, channel.interface, channel)

    def relink(self, channel: Channel, linked_id: str) -> None:
        """Move a channel to another call."""
        if channel.linked_id != linked_id:
            _drop(self._by_call, channel.linked_id, channel.unique_id)
            channel.linked_id = linked_id
            _put(self._by_call, linked_id, channel)

    def enter_bridge(self, channel: Channel, bridge: str) -> None:
        """Put a channel into a bridge; it is in one at a time. Idempotent."""
        if channel.bridge == bridge:
            return
        self.leave_bridge(channel, channel.bridge)
        channel.bridge = bridge
        _put(self._by_bridge, bridge, channel)

    def leave_bridge(self, channel: Channel, bridge: str) -> None:
        """Take a channel out of a bridge; no error if it is not in it."""
        if bridge and channel.bridge == bridge:
            _drop(self._by_bridge, bridge, channel.unique_id)
            channel.bridge = ""

    # -- reading it

    def on(self, interface: str) -> Iterable[Channel]:
        """The live channels of an interface, oldest first."""
        return self._by_interface.get(interface, {}).values()

    def in_call(self, linked_id: str) -> Iterable[Channel]:
        """The live channels of a call, oldest first."""
        return self._by_call.get(linked_id, {}).values()

    def in_bridge(self, bridge: str) -> Iterable[Channel]:
        """The channels in a bridge, in the order in which they entered it."""
        return self._by_bridge.get(bridge, {}).values()

    def other_half(self, channel: Channel) -> str:
        """The unique id of a Local channel's other half (``…;1`` of ``…;2``), or ""."""
        name, mark, half = channel.name.rpartition(";")
        if not mark:
            return ""
        wanted = f"{name};{'2' if half == '1' else '1'}"
        halves = self.on(channel.interface)
        return next((each.unique_id for each in halves if each.name == wanted), "")

    def behind(self, unique_id: str) -> Channel | None:
        """Who stands behind a Local channel: whoever is in a bridge with its other half, or None.

        Through several Local channels one after the other, too.
        """
        for _ in range(_MOST_LOCALS):
            channel = self.by_id.get(unique_id)
            other = self.by_id.get(self.other_half(channel)) if channel is not None else None
            if other is None:
                break
            met = next((each for each in self.in_bridge(other.bridge) if each is not other), None)
            if met is None or ";" not in met.name:
                return met
            unique_id = met.unique_id
        return None

    def phone(self, interface: str) -> Phone:
        """What the phone does: talking hides dialing, and dialing hides ringing."""
        found = Phone.IDLE
        for channel in self.on(interface):
            if channel.state is ChannelState.UP:
                return Phone.TALKING
            if not channel.incoming:
                found = Phone.DIALING
            elif channel.state is ChannelState.RINGING and found is Phone.IDLE:
                found = Phone.RINGING
        return found

    def talking(self, interface: str) -> Channel | None:
        """The channel by which an interface talks: the one that went up last, or None."""
        up = [channel for channel in self.on(interface) if channel.state is ChannelState.UP]
        return max(up, key=lambda channel: channel.answered or 0.0, default=None)

    def call(self, channel: Channel) -> CallShown:
        """What clients are shown of the call that a channel of an agent's phone is in."""
        return CallShown(
            acd=bool(channel.queue),
            incoming=channel.incoming,
            internal=self._is_internal(channel),
            recording=self._recording(channel.linked_id),
        )

    def _is_internal(self, channel: Channel) -> bool:
        """Whether the other party is one of our own: known by number dialled, or by its phone."""
        directory = self.directory
        if not channel.incoming:
            return channel.exten in directory.line_by_number or any(
                channel.exten == queue.number for queue in directory.queues.values()
            )
        origin = self.by_id.get(channel.linked_id)
        if origin is not None and origin is not channel:
            return origin.interface in directory.line_by_interface
        return channel.connected[0] in directory.line_by_number

    def _recording(self, linked_id: str) -> Recording:
        muted = [channel.muted for channel in self.in_call(linked_id) if channel.muted is not None]
        if not muted:
            return "DISABLED"
        return "PAUSED" if all(muted) else "ACTIVE"

    # -- starting anew

    def inherit(self, before: "Channels") -> None:
        """Take over the channels of an older configuration, until a snapshot lists those alive."""
        for channel in before.by_id.values():
            self.add(channel)

    def rebuild(
        self, seen: Iterable[ChannelSeen], recorded: Mapping[str, bool], now: float
    ) -> None:
        """Start anew from what Asterisk lists after a reconnection.

        A member's own channel shows the application `AppQueue`; the queue's name stands in the
        data of its caller's `Queue`, found through their common bridge or linked id. The direction
        of a channel that is up is read from its application: Asterisk runs `AppQueue` or `AppDial`
        on a channel that it dialled itself. What no list tells is kept from before: when a channel
        rang and was answered, its variables, a hold, what is known of its recording.
        """
        known, seen = self.by_id, list(seen)
        self.by_id = {}
        for index in (self._by_interface, self._by_call, self._by_bridge):
            index.clear()
        queue_of_call = {
            listed.linked_id: listed.application_data.partition(",")[0]
            for listed in seen
            if listed.application == "Queue"
        }
        for listed in seen:
            channel = _listed_channel(listed, known.get(listed.unique_id), now)
            channel.muted = recorded.get(listed.unique_id)
            if listed.application == "AppQueue":
                channel.queue = queue_of_call.get(listed.linked_id, "")
            self.add(channel)


def _listed_channel(listed: ChannelSeen, old: Channel | None, now: float) -> Channel:
    channel = Channel(
        name=listed.channel,
        unique_id=listed.unique_id,
        linked_id=listed.linked_id,
        state=listed.state,
        own=(listed.number, listed.name),
        exten=listed.exten,
        since=now - listed.age,
        connected=(listed.connected_number, listed.connected_name),
        bridge=listed.bridge,
    )
    if old is not None:
        channel.variables, channel.held = old.variables, old.held
        channel.from_queue, channel.stopped = old.from_queue, old.stopped
    if listed.state is ChannelState.RINGING:
        channel.rang = channel.since if old is None else old.rang
    if listed.state is ChannelState.UP:
        channel.incoming = listed.application in ("AppQueue", "AppDial")
        channel.answered = channel.since if old is None else old.answered or now
        channel.rang = None if old is None else old.rang
    return channel


def _put(index: dict[str, dict[str, Channel]], key: str, channel: Channel) -> None:
    index.setdefault(key, {})[channel.unique_id] = channel


def _drop(index: dict[str, dict[str, Channel]], key: str, unique_id: str) -> None:
    found = index[key]
    del found[unique_id]
    if not found:
        del index[key]
