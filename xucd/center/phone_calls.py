"""The calls of each line's phone, as the user of the line is told them.

A call of a phone is known by the name of its channel (``PJSIP/1001-0000002a``), which stays with
the phone's end of the call through pick-up and transfers. The unique id that is told is the first
one, and stays, too.

What is told of a call is read off the channels as they are now, and told when it differs from what
was told before: its stage, the other party, the direction, the queue. The call's ``USR_`` variables
go with it; a new variable alone is told with the next change. The other party is whoever is in the
same bridge; before that, whoever Asterisk names, or the number that was dialled.

A call that xucd dials for a user (`dial`) first rings the user's own phone. For the user that is an
outgoing call: it is told as dialing until the phone has been joined to somebody.
"""

import msgspec

from xucd.center.changes import PhoneCall, PhoneCallChanged, Stage
from xucd.center.channels import DIAL_ID, Channel, Channels, Party, interface_of
from xucd.center.directory import Directory
from xucd.center.events import ChannelState
from xucd.center.parties import party
from xucd.center.waiting import Waiting

DIALLED = "XUCD_DIAL"
"""The variable of a channel that xucd dials for a user: the number to dial once it is answered."""

VARIABLE = "USR_"
"""How the names of variables begin that are the user's."""


class Leg:
    """One call of one phone. `sent` is what was last told of it, None before anything was.

    `unique_id` is the first channel's. `joined` is set once it has been in a bridge with somebody,
    or was about to be; `over` once it was transferred away, although its channel may live on for a
    moment.
    """

    __slots__ = (
        "channel",
        "dialled",
        "incoming",
        "joined",
        "originated",
        "over",
        "queue",
        "sent",
        "unique_id",
    )

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.unique_id = channel.unique_id
        self.originated = channel.unique_id.startswith(DIAL_ID)
        self.incoming = channel.incoming
        self.dialled = channel.exten
        self.queue = channel.queue
        self.joined = False
        self.over = False
        self.sent: PhoneCall | None = None


class PhoneCalls:
    """All calls of all lines' phones, by the name of the channel.

    It also keeps the ids of dialled calls that Asterisk could not even begin, until whoever dialled
    drops them.
    """

    def __init__(self) -> None:
        self.legs: dict[str, Leg] = {}
        self._refused: set[str] = set()

    def refuse(self, unique_id: str) -> None:
        """Asterisk could not begin the call of this id."""
        self._refused.add(unique_id)

    def is_refused(self, unique_id: str) -> bool:
        """Whether Asterisk could not begin the call of this id."""
        return unique_id in self._refused

    def drop_refusal(self, unique_id: str) -> None:
        """Forget whether the call of this id could be begun; idempotent."""
        self._refused.discard(unique_id)

    def of(self, interface: str) -> list[Leg]:
        """The calls of an interface's phone that have been told, oldest first."""
        return [
            leg
            for leg in self.legs.values()
            if leg.channel.interface == interface and leg.sent is not None and not leg.over
        ]

    def update(
        self, directory: Directory, channels: Channels, waiting: Waiting, name: str
    ) -> PhoneCallChanged | None:
        """Read a phone's call anew, by its channel's name; returns what is to be told of it."""
        interface = interface_of(name)
        line = directory.line_by_interface.get(interface)
        if line is None:
            return None
        channel = next((found for found in channels.on(interface) if found.name == name), None)
        leg = self.legs.get(name)
        if leg is None:
            if channel is None:
                return None
            leg = self.legs[name] = Leg(channel)
        if channel is not None and not leg.over:
            leg.channel = channel
            leg.queue = leg.queue or channel.queue or _queue(channels, waiting, leg)
            call = _call(directory, channels, leg)
        else:
            call = _released(leg)
        if channel is None:
            del self.legs[name]
        before, leg.sent = leg.sent, call or leg.sent
        if call is None or (before is not None and _same(before, call)):
            return None
        return PhoneCallChanged(line.id, call)


def talks(channels: Channels, leg: Leg) -> bool:
    """Whether somebody else is in the phone's bridge now."""
    return any(found is not leg.channel for found in channels.in_bridge(leg.channel.bridge))


def _call(directory: Directory, channels: Channels, leg: Leg) -> PhoneCall | None:
    """What the user of the line is to be told of a call; None while there is nothing yet."""
    channel = leg.channel
    if channel.state is ChannelState.DOWN:
        return None
    peer = _peer(channels, leg)
    if _picks_up(channels, leg, peer):
        leg.incoming = True
    leg.joined = leg.joined or peer is not None
    number, name = _other_party(directory, leg, peer)
    return PhoneCall(
        stage=_stage(leg),
        number=number,
        name=name,
        incoming=leg.incoming,
        queue=leg.queue,
        linked_id=channel.linked_id,
        unique_id=leg.unique_id,
        variables=_variables(channels, channel),
    )


def _peer(channels: Channels, leg: Leg) -> Channel | None:
    """The channel at the other end, if the call is joined to one, or is about to be."""
    mine = leg.channel
    for channel in channels.in_bridge(mine.bridge):
        if channel is not mine:
            return channel
    if leg.joined or leg.incoming or mine.state is not ChannelState.UP:
        return None
    # Whom it dialled has answered, and the two are joined in a moment.
    answered = [
        channel
        for channel in channels.in_call(mine.linked_id)
        if channel is not mine and channel.state is ChannelState.UP and channel.incoming
    ]
    return answered[0] if len(answered) == 1 else None


def _picks_up(channels: Channels, leg: Leg, peer: Channel | None) -> bool:
    """Whether a call that the phone placed has turned out to be a pick-up of somebody else's call.

    It is joined to a channel that placed a call itself or, just before, was answered without having
    dialled anybody, and Asterisk names another party than the number that was dialled.
    """
    if leg.incoming or leg.joined or leg.originated:
        return False
    if peer is not None:
        return not peer.incoming
    channel = leg.channel
    alone = all(found is channel for found in channels.in_call(channel.linked_id))
    up = channel.state is ChannelState.UP
    return up and alone and channel.connected[0] not in ("", leg.dialled)


def _other_party(directory: Directory, leg: Leg, peer: Channel | None) -> Party:
    if peer is not None:
        line = directory.line_by_interface.get(peer.interface)
        if line is not None:
            # A call that was picked up still has the name of the phone that it rang.
            return line.number, peer.own[1] if peer.own[0] == line.number else ""
        if peer.own[0]:
            return peer.own
    if leg.sent is not None and leg.joined:
        return leg.sent.number, leg.sent.name
    if leg.incoming:
        return leg.channel.connected
    return party(leg.dialled, "") if leg.dialled not in ("", "s") else leg.channel.connected


def _variables(channels: Channels, channel: Channel) -> dict[str, str]:
    """The variables of the whole call; those of the phone's own channel win."""
    found: dict[str, str] = {}
    for each in (*channels.in_call(channel.linked_id), channel):
        found |= each.variables
    return found


def _queue(channels: Channels, waiting: Waiting, leg: Leg) -> str:
    """The queue that rings a phone: a phone may ring before the queue's own event says so."""
    if not leg.incoming or leg.joined:
        return ""
    in_call = channels.in_call(leg.channel.linked_id)
    return waiting.queue_among(channel.unique_id for channel in in_call)


def _stage(leg: Leg) -> Stage:
    up = leg.channel.state is ChannelState.UP
    if up and leg.channel.held:
        return Stage.ON_HOLD
    if up and (leg.joined or not leg.originated):
        return Stage.ESTABLISHED
    return Stage.RINGING if leg.incoming else Stage.DIALING


def _released(leg: Leg) -> PhoneCall | None:
    if leg.sent is None:
        return None
    return msgspec.structs.replace(leg.sent, stage=Stage.RELEASED)


def _same(before: PhoneCall, call: PhoneCall) -> bool:
    """Whether a client need not be told; another linked id alone is not worth a message."""
    if call.stage is Stage.RELEASED:
        return before.stage is Stage.RELEASED
    return before == msgspec.structs.replace(call, linked_id=before.linked_id)
