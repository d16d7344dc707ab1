"""The calls of each line's phone, as the user of the line is told them.

A call of a phone is known by the name of its channel (``PJSIP/1001-0000002a``), which stays with
the phone's end of the call through pick-up and transfers. The unique id that is told is the first
one, and stays, too.

What is told of a call is read off the channels as they are now, and told when it is something
else than before: its stage, the other party, the direction, the queue. The call's ``USR_``
variables go with it, and their coming alone is told with the next thing that happens. Who sits at
the other end is whoever is in the same bridge; before that, whom Asterisk names or who was dialled.

A call that xucd dials for a user (`dial`) first rings the user's own phone. For the user that is a
call it places: it is told as dialing until the phone has been joined to somebody.
"""

from collections.abc import Iterable

from xucd.center.calls import DIAL_ID, Calls, Channel, interface_of
from xucd.center.changes import PhoneCall, PhoneCallChanged, Stage
from xucd.center.directory import Directory
from xucd.center.events import ChannelState
from xucd.center.snapshot import ChannelSeen
from xucd.center.waiting import Waiting

DIALLED = "XUCD_DIAL"
"""The variable of a channel that xucd dials for a user: the number to dial once it is answered."""

VARIABLE = "USR_"

Party = tuple[str, str]
"""Number and name, each "" when it is not known."""

NOBODY: Party = ("", "")


class Leg:
    """One call of one phone. `told` is what was last told of it, None before anything was.

    `unique_id` is the first channel's. `joined` is set once it has been in a bridge with somebody
    (or was about to be),
    `over` once it was transferred away, although its channel may live on for a moment.
    """

    __slots__ = (
        "channel",
        "dialled",
        "held",
        "incoming",
        "joined",
        "originated",
        "over",
        "queue",
        "told",
        "unique_id",
    )

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.unique_id = channel.unique_id
        self.originated = channel.unique_id.startswith(DIAL_ID)
        self.incoming = channel.incoming
        self.dialled = channel.exten
        self.queue = channel.queue
        self.held = False
        self.joined = False
        self.over = False
        self.told: PhoneCall | None = None


class PhoneCalls:
    """All calls of all lines' phones, by the name of the channel.

    `refused` are the ids of dialled calls that Asterisk could not even begin; whoever dialled
    takes them out.
    """

    def __init__(self) -> None:
        self.legs: dict[str, Leg] = {}
        self.refused: set[str] = set()
        self.bridges: dict[str, dict[str, None]] = {}
        self._bridge_of: dict[str, str] = {}
        self._own: dict[str, Party] = {}
        self._connected: dict[str, Party] = {}
        self._variables: dict[str, dict[str, str]] = {}

    # -- what is asked of it

    def of(self, interface: str) -> list[Leg]:
        """The calls of an interface's phone that have been told, oldest first."""
        return [
            leg
            for leg in self.legs.values()
            if leg.channel.interface == interface and leg.told is not None and not leg.over
        ]

    def talks(self, leg: Leg) -> bool:
        """Whether somebody is in a bridge with the phone now."""
        bridge = leg.channel.bridge
        return bool(bridge) and len(self.bridges.get(bridge, ())) > 1

    # -- what the rules tell it

    def know(self, unique_id: str, own: Party, connected: Party) -> None:
        """Remember whom Asterisk names on a channel."""
        self._own[unique_id] = own
        self._connected[unique_id] = connected

    def enter(self, bridge: str, unique_id: str) -> None:
        """A channel is in a bridge."""
        self.bridges.setdefault(bridge, {})[unique_id] = None
        self._bridge_of[unique_id] = bridge

    def leave(self, bridge: str, unique_id: str) -> None:
        """A channel is no longer in a bridge, whether or not it was."""
        inside = self.bridges.get(bridge)
        if inside is not None:
            inside.pop(unique_id, None)
            if not inside:
                del self.bridges[bridge]

    def set_variable(self, unique_id: str, name: str, value: str) -> None:
        """A variable of a call; only `USR_` ones are the user's."""
        self._variables.setdefault(unique_id, {})[name] = value

    def forget(self, unique_id: str) -> None:
        """A channel is gone."""
        self.leave(self._bridge_of.get(unique_id, ""), unique_id)
        for known in (self._bridge_of, self._own, self._connected, self._variables):
            known.pop(unique_id, None)

    def judge(
        self, directory: Directory, calls: Calls, waiting: Waiting, name: str
    ) -> PhoneCallChanged | None:
        """See what there is to be told of a phone's call, by its name, and remember it as told."""
        interface = interface_of(name)
        line = directory.line_by_interface.get(interface)
        if line is None:
            return None
        channel = next((one for one in calls.on(interface) if one.name == name), None)
        leg = self.legs.get(name)
        if leg is None:
            if channel is None:
                return None
            leg = self.legs[name] = Leg(channel)
        if channel is not None and not leg.over:
            leg.channel = channel
            leg.queue = leg.queue or channel.queue or _queue(calls, waiting, leg)
            seen = self._seen(directory, calls, leg)
        else:
            seen = _released(leg)
        if channel is None:
            del self.legs[name]
        before, leg.told = leg.told, seen or leg.told
        if seen is None or (before is not None and _same(before, seen)):
            return None
        return PhoneCallChanged(line.id, seen)

    def rebuild(self, calls: Calls, seen: Iterable[ChannelSeen]) -> list[str]:
        """Start anew from a snapshot; returns the names of the calls to judge.

        What was known of a channel that is still there is kept: of a snapshot's channels nobody
        says whether they are held, nor what their variables are.
        """
        known = {one.unique_id: one for one in seen}
        self.bridges.clear()
        self._bridge_of.clear()
        self._variables = {key: held for key, held in self._variables.items() if key in known}
        self._own = {key: (one.number, one.name) for key, one in known.items()}
        self._connected = {
            key: (one.connected_number, one.connected_name) for key, one in known.items()
        }
        for channel in calls.channels.values():
            if channel.bridge:
                self.enter(channel.bridge, channel.unique_id)
        return list(dict.fromkeys([*self.legs, *(one.name for one in calls.channels.values())]))

    # -- reading it off

    def _seen(self, directory: Directory, calls: Calls, leg: Leg) -> PhoneCall | None:
        """What the user of the line is to be told of a call; None while there is nothing yet."""
        channel = leg.channel
        if channel.state is ChannelState.DOWN:
            return None
        peer = self._peer(calls, leg)
        if self._picks_up(calls, leg, peer):
            leg.incoming = True
        leg.joined = leg.joined or peer is not None
        number, name = self._other(directory, leg, peer)
        return PhoneCall(
            stage=_stage(leg),
            number=number,
            name=name,
            incoming=leg.incoming,
            queue=leg.queue,
            linked_id=channel.linked_id,
            unique_id=leg.unique_id,
            variables=self._variables_of(calls, channel),
        )

    def _peer(self, calls: Calls, leg: Leg) -> Channel | None:
        """The channel at the other end, if the call is joined to one, or is about to be."""
        mine = leg.channel
        for unique_id in self.bridges.get(mine.bridge, ()) if mine.bridge else ():
            channel = calls.channels.get(unique_id)
            if channel is not None and channel is not mine:
                return channel
        if leg.joined or leg.incoming or mine.state is not ChannelState.UP:
            return None
        # Whom it dialled has answered, and the two are joined in a moment.
        up = [
            one
            for one in calls.in_call(mine.linked_id)
            if one is not mine and one.state is ChannelState.UP and one.incoming
        ]
        return up[0] if len(up) == 1 else None

    def _picks_up(self, calls: Calls, leg: Leg, peer: Channel | None) -> bool:
        """Whether a call that the phone placed has turned out to be a call to somebody else.

        It is joined to one who placed a call itself or, just before, was answered without having
        dialled anybody, and Asterisk names another party than the number that was dialled.
        """
        if leg.incoming or leg.joined or leg.originated:
            return False
        if peer is not None:
            return not peer.incoming
        channel = leg.channel
        connected = self._connected.get(channel.unique_id, NOBODY)
        alone = all(one is channel for one in calls.in_call(channel.linked_id))
        up = channel.state is ChannelState.UP
        return up and alone and connected[0] not in ("", leg.dialled)

    def _other(self, directory: Directory, leg: Leg, peer: Channel | None) -> Party:
        connected = self._connected.get(leg.channel.unique_id, NOBODY)
        if peer is not None:
            own = self._own.get(peer.unique_id, NOBODY)
            line = directory.line_by_interface.get(peer.interface)
            if line is not None:
                # One that was picked up still has the name of whose phone it rang.
                return line.number, own[1] if own[0] == line.number else ""
            if own[0]:
                return own
        if leg.told is not None and leg.joined:
            return leg.told.number, leg.told.name
        if leg.incoming:
            return connected
        return (leg.dialled, "") if leg.dialled not in ("", "s") else connected

    def _variables_of(self, calls: Calls, channel: Channel) -> dict[str, str]:
        """The variables of the whole call; the phone's own channel has the last word."""
        found: dict[str, str] = {}
        for one in (*calls.in_call(channel.linked_id), channel):
            found |= self._variables.get(one.unique_id, {})
        return found


def _queue(calls: Calls, waiting: Waiting, leg: Leg) -> str:
    """The queue that rings a phone: a phone may ring before the queue's own event says so."""
    if not leg.incoming or leg.joined:
        return ""
    return waiting.queue_among(one.unique_id for one in calls.in_call(leg.channel.linked_id))


def _stage(leg: Leg) -> Stage:
    up = leg.channel.state is ChannelState.UP
    if up and leg.held:
        return Stage.ON_HOLD
    if up and (leg.joined or not leg.originated):
        return Stage.ESTABLISHED
    return Stage.RINGING if leg.incoming else Stage.DIALING


def _released(leg: Leg) -> PhoneCall | None:
    if leg.told is None:
        return None
    told = leg.told
    return PhoneCall(
        stage=Stage.RELEASED,
        number=told.number,
        name=told.name,
        incoming=told.incoming,
        queue=told.queue,
        linked_id=told.linked_id,
        unique_id=told.unique_id,
        variables=told.variables,
    )


def _same(before: PhoneCall, seen: PhoneCall) -> bool:
    """Whether a client need not be told; another linked id alone is not worth a word."""
    if seen.stage is Stage.RELEASED:
        return before.stage is Stage.RELEASED
    return (
        before.stage is seen.stage
        and (before.number, before.name) == (seen.number, seen.name)
        and (before.incoming, before.queue) == (seen.incoming, seen.queue)
        and before.variables == seen.variables
    )
