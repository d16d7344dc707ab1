"""Every live channel of Asterisk and what connects them: one model, read by all of the centre.

The calls of phones, recordings and the callers of queues are read off the channels here; the rules
in `rules.channels` alone keep them up to date. They are plain facts: what a call is for the user of
a phone (its direction, the other party) is `phone_calls`' to say.

A channel belongs to the interface its name begins with (``PJSIP/1001-0000002a`` to
``PJSIP/1001``). One that Asterisk created to ring somebody starts `DOWN`; one that a phone or a
trunk opened starts in `RING`. Not so with all drivers: those of DAHDI are `RESERVED` at first
either way, and those of SCCP `DOWN`. Who called whom shows when they ring.

Two things hold channels together. The *linked id* joins a caller with all that is rung for it.
Asterisk changes it when calls are joined: to the oldest of all in the bridge, of which it tells for
the channel that enters only; here the others follow. The *bridge* says who talks with whom now, and
goes on through the two halves of a Local channel (``Local/1001@default-00000002;1`` and ``…;2``),
which are one thing: a call that is forwarded, or a member ``Local/…`` of a queue. `reach` follows
both; a recording, a sheet and the queue a caller came through are found by it, so they stay with
the caller through transfers.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from xucd.center.agent import Recording
from xucd.center.arguments import first_argument
from xucd.center.directory import LOCAL
from xucd.center.events import ChannelCreated, ChannelMoved, ChannelState
from xucd.center.snapshot import ChannelSeen

OWN_ID = "xucd-"
"""How the unique ids of all channels begin that xucd has asked for."""

DIAL_ID = "xucd-dial-"
"""How the unique ids of channels begin that xucd rings so that they dial for their user."""

PAIR = 2
"""How many are in the bridge of a call between two: others may be conferences."""

_RUNG = frozenset({ChannelState.DOWN, ChannelState.RINGING})
_PLACED = frozenset({ChannelState.OFFHOOK, ChannelState.RING})
UNDECIDED = frozenset({ChannelState.DOWN, ChannelState.RESERVED, ChannelState.OFFHOOK})
"""States of channels that neither ring nor are heard ringing: nobody has been called yet."""

Party = tuple[str, str]
"""Number and name, each "" when it is not known."""

NOBODY: Party = ("", "")


class FarCall(msgspec.Struct, eq=False, gc=False):
    """The call of another PBX's queue that came over a channel: that PBX, and its linked id there.

    `recording` is whether it is recorded there.
    """

    pbx: str
    linked_id: str
    recording: Recording = "DISABLED"


class Channel(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """One live channel. `since` is when it came to be, in epoch seconds.

    `called` says that Asterisk created it to ring somebody. `own` is the party that Asterisk names
    on the channel itself, `connected` the other end as Asterisk names it; `exten` is the number
    that was dialled on it. `rang` and `answered` are when it first rang and went up, None until
    then. `bridge` is the bridge it is in, "" for none. `queue` is the name of the queue that rang
    it, "" when none did. `held` says that its phone has put the call on hold. `muted` is None while
    it is not recorded, `stopped` says that it was recorded and no longer is. `variables` are its
    ``USR_`` variables. Of a caller, `from_queue` is the name of the queue through which a member
    answered it, and `transferred` says that it was handed on since then. `taken_by` is the unique
    id of the channel that has picked up its call, "" for none. `far` is set if the queue is another
    PBX's. `born` counts channels in the order
    in which they came to be. `is_local` says that it is one half of a Local channel, and so is
    nobody's phone.
    """

    name: str
    unique_id: str
    linked_id: str
    state: ChannelState
    own: Party
    exten: str
    since: float
    called: bool
    interface: str = ""
    connected: Party = NOBODY
    rang: float | None = None
    answered: float | None = None
    bridge: str = ""
    queue: str = ""
    held: bool = False
    muted: bool | None = None
    from_queue: str = ""
    transferred: bool = False
    far: FarCall | None = None
    taken_by: str = ""
    stopped: bool = False
    variables: dict[str, str] = {}
    born: int = 0
    is_local: bool = False

    def __post_init__(self) -> None:
        self.be_named(self.name)

    def be_named(self, name: str) -> None:
        """Have a name, and with it an interface."""
        self.name, self.interface = name, interface_of(name)
        self.is_local = name.startswith(LOCAL)


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
        called=event.state in _RUNG or _is_reserved_for_another(event),
    )


def _is_reserved_for_another(event: ChannelCreated) -> bool:
    """Whether a channel of DAHDI is to ring its phone, or else is that of a phone off the hook."""
    ours = event.unique_id.startswith(OWN_ID)
    return event.state is ChannelState.RESERVED and (ours or event.linked_id != event.unique_id)


def move(channel: Channel, event: ChannelMoved) -> None:
    """Follow a channel's state, and with it who called whom and which number was dialled."""
    if channel.state in UNDECIDED:
        if event.state is ChannelState.RINGING:
            channel.called = True
        elif event.state in _PLACED:
            channel.called = False
            channel.exten = channel.exten or event.exten
    channel.state = event.state


class Channels:
    """Every live channel, by unique id, interface, call and bridge.

    `by_id` is to be read only: channels come, go and move by the methods here, which keep the
    indexes in step, and remember whose calls are to be read anew (`touch`, `take_touched`).
    """

    def __init__(self) -> None:
        self._born = 0
        self._touched: dict[str, str] = {}  # names, in order, with the interfaces
        self.by_id: dict[str, Channel] = {}
        self._by_interface: dict[str, dict[str, Channel]] = {}
        self._by_call: dict[str, dict[str, Channel]] = {}
        self._by_bridge: dict[str, dict[str, Channel]] = {}
        self._reached: dict[str, tuple[Channel, ...]] = {}  # as far as it has been asked for

    # -- keeping it up to date

    def add(self, channel: Channel) -> None:
        """Add a channel; one that is known already is left as it is."""
        if channel.unique_id not in self.by_id:
            self._reached.clear()
            self._born += 1
            channel.born = self._born
            self.by_id[channel.unique_id] = channel
            _put(self._by_interface, channel.interface, channel)
            _put(self._by_call, channel.linked_id, channel)
            if channel.bridge:
                _put(self._by_bridge, channel.bridge, channel)

    def remove(self, unique_id: str) -> Channel | None:
        """Remove a channel. Returns it, or None when it was not known."""
        channel = self.by_id.get(unique_id)
        if channel is not None:
            self.touch(channel)
            self._reached.clear()
            del self.by_id[unique_id]
            _drop(self._by_interface, channel.interface, unique_id)
            _drop(self._by_call, channel.linked_id, unique_id)
            if channel.bridge:
                _drop(self._by_bridge, channel.bridge, unique_id)
        return channel

    def rename(self, unique_id: str, name: str) -> None:
        """Give a channel another name, and so perhaps another interface."""
        channel = self.by_id.get(unique_id)
        if channel is not None:
            self.touch(channel)
            self._reached.clear()
            _drop(self._by_interface, channel.interface, unique_id)
            channel.be_named(name)
            _put(self._by_interface, channel.interface, channel)
            self.touch(channel)

    def relink(self, channel: Channel, linked_id: str) -> None:
        """Move a channel to another call, and with it all that it is joined to."""
        for each in (channel, *self.reach(channel)):
            if each.linked_id != linked_id:
                _drop(self._by_call, each.linked_id, each.unique_id)
                each.linked_id = linked_id
                _put(self._by_call, linked_id, each)

    def enter_bridge(self, channel: Channel, bridge: str) -> None:
        """Put a channel into a bridge; it is in one at a time. Idempotent."""
        if channel.bridge == bridge:
            return
        self.leave_bridge(channel, channel.bridge)
        self._reached.clear()
        channel.bridge = bridge
        _put(self._by_bridge, bridge, channel)

    def leave_bridge(self, channel: Channel, bridge: str) -> None:
        """Take a channel out of a bridge; no error if it is not in it."""
        if bridge and channel.bridge == bridge:
            self._touch_joined(channel)  # for others of its call nothing changes
            self._reached.clear()
            _drop(self._by_bridge, bridge, channel.unique_id)
            channel.bridge = ""

    def touch(self, channel: Channel) -> None:
        """Have the calls of this channel and of all that belong to it read anew."""
        self._touched[channel.name] = channel.interface
        for found in self.in_call(channel.linked_id):
            self._touched[found.name] = found.interface
        self._touch_joined(channel)

    def _touch_joined(self, channel: Channel) -> None:
        self._touched[channel.name] = channel.interface
        for found in self.reach(channel):
            self._touched[found.name] = found.interface

    def take_touched(self) -> dict[str, str]:
        """Names and interfaces of the channels touched since this was last asked, in order."""
        touched, self._touched = self._touched, {}
        return touched

    # -- reading it

    def on(self, interface: str) -> Iterable[Channel]:
        """The live channels of an interface, oldest first."""
        return self._by_interface.get(interface, _NONE).values()

    def named(self, name: str, interface: str) -> Channel | None:
        """The live channel of a name, which begins with this interface; None if there is none."""
        for channel in self._by_interface.get(interface, _NONE).values():
            if channel.name == name:
                return channel
        return None

    def in_call(self, linked_id: str) -> Iterable[Channel]:
        """The live channels of a call, oldest first."""
        return self._by_call.get(linked_id, _NONE).values()

    def in_bridge(self, bridge: str) -> Iterable[Channel]:
        """The channels in a bridge, in the order in which they entered it."""
        return self._by_bridge.get(bridge, _NONE).values()

    def reach(self, channel: Channel) -> tuple[Channel, ...]:
        """All that a channel is joined to, nearest first: by bridges, and through Local halves.

        An event asks for it many times over; it is found once for as long as nothing moves.
        """
        if not channel.bridge and not channel.is_local:
            return ()
        found = self._reached.get(channel.unique_id)
        if found is None:
            found = self._reached[channel.unique_id] = tuple(self._joined(channel))
        return found

    def _joined(self, channel: Channel) -> Iterator[Channel]:
        seen, bridges = {channel.unique_id}, {""}
        ahead = [channel]
        for found in ahead:
            half = self.other_half(found)
            near = [] if half is None else [half]
            if found.bridge not in bridges:
                bridges.add(found.bridge)
                near = [*self.in_bridge(found.bridge), *near]
            for each in near:
                if each.unique_id not in seen:
                    seen.add(each.unique_id)
                    ahead.append(each)
                    yield each

    def party(self, channel: Channel) -> Channel | None:
        """Whom a channel talks with: the nearest that is no Local half; None for nobody."""
        for found in self.reach(channel):
            if not found.is_local:
                return found
        return None

    def talk(self, channel: Channel) -> list[Channel]:
        """A channel and all that it is joined to or, while it is joined to none, its whole call."""
        return list(dict.fromkeys(self._around(channel)))

    def _around(self, channel: Channel) -> tuple[Channel, ...]:
        """What `talk` returns, some of it twice."""
        joined = self.reach(channel)
        if self.party(channel) is None:
            return (channel, *joined, *self.in_call(channel.linked_id))
        return (channel, *joined)

    def recording(self, channel: Channel) -> Recording:
        """Whether the call of a channel is recorded."""
        around = list(self._around(channel))
        paused = [each.muted for each in around if each.muted is not None]
        far = [each.far.recording for each in around if each.far is not None]
        paused += [each == "PAUSED" for each in far if each != "DISABLED"]
        if not paused:
            return "DISABLED"
        return "PAUSED" if all(paused) else "ACTIVE"

    def other_half(self, channel: Channel) -> Channel | None:
        """The other half of a Local channel (``…;1`` of ``…;2``); None of any other channel."""
        if not channel.is_local:
            return None
        name = channel.name[:-1] + ("2" if channel.name.endswith("1") else "1")
        return self.named(name, channel.interface)

    def shift(self, seconds: float) -> None:
        """The clock was set: all moments are so much later by it."""
        for channel in self.by_id.values():
            channel.since += seconds
            channel.rang = None if channel.rang is None else channel.rang + seconds
            channel.answered = None if channel.answered is None else channel.answered + seconds

    # -- starting anew

    def inherit(self, before: "Channels") -> None:
        """Take over the channels of an older configuration, until a snapshot lists those alive."""
        for channel in before.by_id.values():
            self.add(channel)

    def rebuild(
        self,
        seen: Iterable[ChannelSeen],
        recorded: Mapping[str, bool],
        variables: Mapping[str, dict[str, str]],
        now: float,
    ) -> None:
        """Start anew from what Asterisk lists after a reconnection.

        A member's own channel shows the application `AppQueue`; the queue's name stands in the
        data of its caller's `Queue`, found through their common bridge or linked id. What no list
        tells is kept from before: when a channel rang and was answered, its variables, a hold, what
        is known of its recording.
        """
        known = self.by_id
        self.by_id = {}
        self._reached.clear()
        for index in (self._by_interface, self._by_call, self._by_bridge):
            index.clear()
        seen = list(seen)
        queue_of_call = {
            listed.linked_id: first_argument(listed.application_data)
            for listed in seen
            if listed.application == "Queue"
        }
        channels = []
        for listed in seen:
            channel = _listed_channel(listed, known.get(listed.unique_id), now)
            channel.muted = recorded.get(listed.unique_id)
            if listed.unique_id not in known:
                channel.variables = variables.get(listed.unique_id, {})
            if listed.application == "AppQueue":
                channel.queue = queue_of_call.get(listed.linked_id, "")
            channels.append(channel)
        for channel in sorted(channels, key=_seniority):
            self.add(channel)
        for channel in self.by_id.values():
            if channel.bridge and len(self._by_bridge[channel.bridge]) == PAIR:
                oldest = min((channel, *self.reach(channel)), key=lambda each: each.born)
                self.relink(oldest, oldest.linked_id)


def _seniority(channel: Channel) -> tuple[float, int]:
    """Older channels first. Asterisk makes unique ids of the second and a number that counts."""
    second, _, number = channel.unique_id.rpartition(".")
    if second.isdecimal() and number.isdecimal():
        return float(second), int(number)
    return channel.since, 0


def _was_called(listed: ChannelSeen) -> bool:
    """Whether Asterisk created a channel to ring somebody.

    It runs `AppQueue` or `AppDial` on one that it dialled itself, until that is handed on. No
    number was dialled on such a one, and mostly it still belongs to the call of another.
    """
    if listed.state in _RUNG:
        return True
    if listed.dialled:
        return False
    handed_on = listed.dialled is not None and listed.linked_id != listed.unique_id
    return handed_on or listed.application in ("AppQueue", "AppDial")


def _listed_channel(listed: ChannelSeen, old: Channel | None, now: float) -> Channel:
    channel = Channel(
        name=listed.channel,
        unique_id=listed.unique_id,
        linked_id=listed.linked_id,
        state=listed.state,
        own=(listed.number, listed.name),
        exten=listed.dialled or listed.exten,
        since=now - listed.age,
        called=_was_called(listed),
        connected=(listed.connected_number, listed.connected_name),
        bridge=listed.bridge,
    )
    if old is not None:
        channel.since, channel.called, channel.queue = old.since, old.called, old.queue
        channel.exten = old.exten or channel.exten
        channel.variables, channel.held = old.variables, old.held
        channel.from_queue, channel.transferred = old.from_queue, old.transferred
        channel.far, channel.stopped = old.far, old.stopped
    if listed.state is ChannelState.RINGING:
        channel.rang = channel.since if old is None else old.rang
    if listed.state is ChannelState.UP:
        channel.answered = channel.since if old is None else old.answered or now
        channel.rang = None if old is None else old.rang
    return channel


_NONE: dict[str, Channel] = {}
"""The channels of an interface, a call or a bridge that has none: never written to."""


def _put(index: dict[str, dict[str, Channel]], key: str, channel: Channel) -> None:
    index.setdefault(key, {})[channel.unique_id] = channel


def _drop(index: dict[str, dict[str, Channel]], key: str, unique_id: str) -> None:
    found = index[key]
    del found[unique_id]
    if not found:
        del index[key]
