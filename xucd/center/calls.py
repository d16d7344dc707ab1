"""Channels and what connects them, as far as an agent's phone is concerned.

A channel belongs to the interface its name begins with (``PJSIP/1001-0000002a`` to
``PJSIP/1001``). One that Asterisk created to ring a phone starts `DOWN`; one that a phone opened
starts in `RING`. That decides the direction, but for a phone that xucd rings so that it dials for
its user: that call is its user's own, outgoing from the start. All channels of one call share a
linked id, which Asterisk changes when calls are joined.

Recording belongs to the call: it is found under any channel of the same linked id, so it is still
there after a transfer.
"""

from collections.abc import Iterable, Mapping

from xucd.center.agent import CallShown, Phone, Recording
from xucd.center.directory import Directory
from xucd.center.events import ChannelState
from xucd.center.snapshot import ChannelSeen

DIAL_ID = "xucd-dial-"
"""How the unique ids of channels begin that xucd rings so that they dial for their user."""


class Channel:
    """One live channel. `since` is when it came to be, `answered` when it went up, or None.

    `queue` is the name of the queue that rang it, "" when none did. `muted` is None while it is
    not recorded. `from_queue` says of a caller that an agent answered it through a queue,
    `stopped` that it was recorded and no longer is.
    """

    __slots__ = (
        "answered",
        "bridge",
        "connected_number",
        "exten",
        "from_queue",
        "incoming",
        "interface",
        "linked_id",
        "muted",
        "name",
        "number",
        "queue",
        "rang",
        "since",
        "state",
        "stopped",
        "unique_id",
    )

    def __init__(
        self,
        name: str,
        unique_id: str,
        linked_id: str,
        state: ChannelState,
        number: str,
        exten: str,
        now: float,
    ) -> None:
        self.name = name
        self.unique_id = unique_id
        self.linked_id = linked_id
        self.state = state
        self.number = number
        self.exten = exten
        self.interface = interface_of(name)
        rung = state in (ChannelState.DOWN, ChannelState.RINGING)
        self.incoming = rung and not unique_id.startswith(DIAL_ID)
        self.since = now
        self.rang: float | None = None
        self.answered: float | None = None
        self.connected_number = ""
        self.queue = ""
        self.bridge = ""
        self.muted: bool | None = None
        self.from_queue = False
        self.stopped = False


def interface_of(channel: str) -> str:
    """The interface that a channel's name begins with; a name without a dash is its own."""
    return channel.rpartition("-")[0] or channel


class Calls:
    """Every live channel, and the three questions asked of them.

    What does an interface's phone do, which call does it have, is that call recorded?
    """

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.channels: dict[str, Channel] = {}
        self._by_interface: dict[str, dict[str, Channel]] = {}
        self._by_call: dict[str, dict[str, Channel]] = {}

    def add(self, channel: Channel) -> None:
        """Know a channel; one that is known already is left as it is."""
        if channel.unique_id not in self.channels:
            self.channels[channel.unique_id] = channel
            self._by_interface.setdefault(channel.interface, {})[channel.unique_id] = channel
            self._by_call.setdefault(channel.linked_id, {})[channel.unique_id] = channel

    def remove(self, unique_id: str) -> Channel | None:
        """Forget a channel. Returns it, or None when it was not known."""
        channel = self.channels.pop(unique_id, None)
        if channel is not None:
            _drop(self._by_interface, channel.interface, unique_id)
            _drop(self._by_call, channel.linked_id, unique_id)
        return channel

    def rename(self, unique_id: str, name: str) -> None:
        """Follow a channel to another name, and so perhaps to another interface."""
        channel = self.remove(unique_id)
        if channel is not None:
            channel.name, channel.interface = name, interface_of(name)
            self.add(channel)

    def relink(self, channel: Channel, linked_id: str) -> None:
        """Follow a channel into another call."""
        if channel.linked_id != linked_id:
            _drop(self._by_call, channel.linked_id, channel.unique_id)
            channel.linked_id = linked_id
            self._by_call.setdefault(linked_id, {})[channel.unique_id] = channel

    def on(self, interface: str) -> Iterable[Channel]:
        """The live channels of an interface, oldest first."""
        return self._by_interface.get(interface, {}).values()

    def phone(self, interface: str) -> Phone:
        """What the phone does: talking hides dialing, and dialing hides ringing."""
        found = Phone.IDLE
        for channel in self.on(interface):
            if channel.state is ChannelState.UP:
                return Phone.TALKING
            if channel.incoming and channel.state is ChannelState.RINGING:
                if found is Phone.IDLE:
                    found = Phone.RINGING
            elif not channel.incoming:
                found = Phone.DIALING
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
        if not channel.incoming:
            return channel.exten in self.directory.line_by_number or any(
                channel.exten == queue.number for queue in self.directory.queues.values()
            )
        origin = self.channels.get(channel.linked_id)
        if origin is not None and origin is not channel:
            return origin.interface in self.directory.line_by_interface
        return channel.connected_number in self.directory.line_by_number

    def in_call(self, linked_id: str) -> Iterable[Channel]:
        """The live channels of a call, oldest first."""
        return self._by_call.get(linked_id, {}).values()

    def _recording(self, linked_id: str) -> Recording:
        muted = [one.muted for one in self.in_call(linked_id) if one.muted is not None]
        if not muted:
            return "DISABLED"
        return "PAUSED" if all(muted) else "ACTIVE"

    def inherit(self, before: "Calls") -> None:
        """Know the channels of an older configuration, until a snapshot tells which still live."""
        for channel in before.channels.values():
            self.add(channel)

    def rebuild(
        self, seen: Iterable[ChannelSeen], recorded: Mapping[str, bool], now: float
    ) -> None:
        """Start anew from what Asterisk lists after a reconnection.

        A member's own channel shows the application `AppQueue`; the queue's name stands in the
        data of its caller's `Queue`, found through their common bridge or linked id. The direction
        of a channel that is up is read from its application: Asterisk runs `AppQueue` or `AppDial`
        on a channel that it dialled itself.
        """
        known = dict(self.channels)
        self.channels.clear()
        self._by_interface.clear()
        self._by_call.clear()
        seen = list(seen)
        queue_of_call = {
            one.linked_id: one.application_data.partition(",")[0]
            for one in seen
            if one.application == "Queue"
        }
        for one in seen:
            channel = Channel(
                one.channel,
                one.unique_id,
                one.linked_id,
                one.state,
                one.number,
                one.exten,
                now - one.age,
            )
            channel.connected_number = one.connected_number
            channel.bridge = one.bridge
            channel.muted = recorded.get(one.unique_id)
            old = known.get(one.unique_id)
            channel.from_queue = old is not None and old.from_queue
            channel.stopped = old is not None and old.stopped
            if one.state is ChannelState.RINGING:
                channel.rang = channel.since if old is None else old.rang
            if one.state is ChannelState.UP:
                channel.incoming = one.application in ("AppQueue", "AppDial")
                channel.answered = channel.since if old is None else old.answered or now
                channel.rang = None if old is None else old.rang
            if one.application == "AppQueue":
                channel.queue = queue_of_call.get(one.linked_id, "")
            self.add(channel)


def _drop(index: dict[str, dict[str, Channel]], key: str, unique_id: str) -> None:
    found = index[key]
    del found[unique_id]
    if not found:
        del index[key]
