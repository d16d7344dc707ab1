"""One call of a phone, and what is read of it off the channels: direction, other party, stage.

The other party is whoever the phone is joined to, through bridges and Local channels; before that,
whoever Asterisk names, or the number that was dialled. A phone is never told to talk with itself.

The direction is decided by the part that the phone has in the call, once it is joined to somebody,
and stays from then on: `_is_incoming`. Until then it is what it looks like: `_looks_incoming`. A
phone that picks up is dialing until it is joined.
"""

from xucd.center.agent import Recording
from xucd.center.changes import PhoneCall, Stage
from xucd.center.channels import DIAL_ID, OWN_ID, UNDECIDED, Channel, Channels, Party
from xucd.center.day import AgentDay
from xucd.center.directory import Directory, Line, queue_name
from xucd.center.events import ChannelState
from xucd.center.grammar import name_of, number_of
from xucd.center.parties import party
from xucd.center.waiting import Waiting

DIALLED = "XUCD_DIAL"
"""The variable of a channel that xucd dials for a user: the number to dial once it is answered."""

VARIABLE = "USR_"
"""How the names of variables begin that are the user's."""


def is_users(variable: str) -> bool:
    """Whether a variable is the user's, and of a name that clients may be told."""
    return variable.startswith(VARIABLE) and name_of(variable) == variable


class Leg:
    """One call of one phone. `sent` is what was last told of it, None before anything was.

    `unique_id` is the first channel's. `incoming` may change until `joined`, which is set once it
    has been joined to somebody; `talks` says that it is now. `over` is set once it was transferred
    away, although its channel may live on for a moment. `queue` is the name of the queue that rang
    it or through which its caller came, `internal` says that the other party is one of our own,
    `recording` whether the call is recorded; it stays as it was once nobody is left to talk with.
    `claimed` says that it is known whether it is a queue's call that its agent works on, `works`
    that it is: a wrap-up follows. `dials` says that Asterisk has rung somebody for it, `picks_up`
    that it is about to be joined to somebody for whom another phone rings. `counted` is what it has
    added to its agent's figures so far, and `agent_id` whose these are. `twin` is the call that a
    further channel of the same phone rings for.
    """

    __slots__ = (
        "agent_id",
        "channel",
        "claimed",
        "counted",
        "dials",
        "incoming",
        "internal",
        "joined",
        "over",
        "picks_up",
        "queue",
        "recording",
        "sent",
        "talks",
        "twin",
        "unique_id",
        "works",
    )

    def __init__(self, channel: Channel, agent_id: int | None, twin: "Leg | None") -> None:
        self.channel = channel
        self.unique_id = channel.unique_id
        self.agent_id = agent_id
        self.twin = twin
        self.incoming = channel.called
        self.internal = False
        self.queue = ""
        self.recording: Recording = "DISABLED"
        self.joined = False
        self.talks = False
        self.claimed = False
        self.works = False
        self.dials = False
        self.picks_up = False
        self.over = False
        self.sent: PhoneCall | None = None
        self.counted = AgentDay()

    @property
    def dialled(self) -> str:
        """The number that was dialled on the phone, or is to be dialled for it."""
        return self.channel.exten

    @property
    def is_dialled_for(self) -> bool:
        """Whether Asterisk rings the phone so that it then dials for its user."""
        return self.channel.called and not self.incoming


def talks(channels: Channels, leg: Leg) -> bool:
    """Whether somebody is joined to the phone now."""
    return channels.party(leg.channel) is not None


def read(
    directory: Directory, channels: Channels, waiting: Waiting, leg: Leg, line: Line
) -> PhoneCall | None:
    """What the user of the line is to be told of a call; None while there is nothing yet.

    What is read stays with the call, in its fields.
    """
    channel = leg.channel
    if leg.twin is not None:
        return None
    leg.queue = _queue(channels, waiting, leg) or leg.queue
    peer = channels.party(channel)
    leg.talks = peer is not None
    if not leg.joined:
        leg.incoming = (
            _looks_incoming(channels, leg)
            if peer is None
            else _is_incoming(directory, channels, leg, peer)
        )
        leg.joined = peer is not None
        leg.picks_up = _picks_up(channels, leg)
        leg.recording = channels.recording(channel)
    elif peer is not None:
        leg.recording = channels.recording(channel)
    if channel.state in UNDECIDED:
        return None
    peer = peer or _about_to_be_joined(channels, leg)
    number, name = _other_party(directory, channels, leg, peer, line)
    leg.internal = _is_internal(directory, channels, leg, peer, number)
    return PhoneCall(
        stage=_stage(leg, peer),
        number=number,
        name=name,
        incoming=leg.incoming,
        queue=queue_name(leg.queue),
        linked_id=channel.linked_id,
        unique_id=leg.unique_id,
        variables=_variables(channels, channel),
    )


# -- direction


def _is_incoming(directory: Directory, channels: Channels, leg: Leg, peer: Channel) -> bool:
    """The direction of a call that is joined to somebody, by who called whom.

    A queue's caller has called, whatever joined it to the phone, and a phone for which Asterisk has
    rung somebody has called, whoever picked that up. Otherwise, whoever was there first
    has called: one who was dialled after the phone was there was dialled for it, one who was
    dialled before (by a dialler, or a colleague who parked it) is handed to it. A phone that
    Asterisk rang was called by one who placed a call. Of two who both placed a call, the later came
    to the other (a pick-up, a call taken back from parking), unless it is a stranger that another
    program joined to a phone which waited for it.
    """
    channel = leg.channel
    if channel.unique_id.startswith(DIAL_ID):
        return False
    older = peer.born < channel.born
    if leg.queue:
        return True
    if channel.called and leg.incoming and leg.sent is not None:
        return True
    if leg.dials and not leg.incoming:
        return False
    if peer.called:
        return older or _is_left_to(channels, leg)
    return channel.called or older or peer.interface not in directory.line_by_device


def _is_left_to(channels: Channels, leg: Leg) -> bool:
    """Whether a call that a snapshot shows was handed over by one who called both, and has left.

    A phone that is rung so that it dials is no such one: no Dial is run on its channel, or a Local
    channel is between the two.
    """
    found = leg.sent is None and leg.channel.called
    return found and not any(each.is_local for each in channels.reach(leg.channel))


def _looks_incoming(channels: Channels, leg: Leg) -> bool:
    """The direction of a call that is joined to nobody yet.

    A phone that Asterisk rings is called if there is somebody who could call it; otherwise it is
    rung so that it dials for its user: by an Originate of ours or of another program (a CRM).
    """
    channel = leg.channel
    if not channel.called:
        return bool(leg.queue)  # whose caller it has picked up
    if channel.unique_id.startswith(OWN_ID):
        return not channel.unique_id.startswith(DIAL_ID)
    if channel.linked_id == channel.unique_id:
        return bool(leg.queue)
    origin = channels.by_id.get(channel.linked_id)
    if leg.queue or origin is None or not origin.is_local:
        return True
    return any(
        found.born < channel.born
        and not found.is_local
        and found.interface != channel.interface  # another registration of the same phone
        for found in channels.in_call(channel.linked_id)
    )


def _picks_up(channels: Channels, leg: Leg) -> bool:
    """Whether a call that the phone placed is a pick-up that joins it to somebody in a moment.

    So it is if Asterisk answers it without having dialled anybody, and names another party than the
    number that was dialled. Who called whom shows once they are joined. A call that was answered
    before it was known is none: it may be parked.
    """
    channel = leg.channel
    leg.dials = leg.dials or bool(_dialled_by(channels, channel))
    if leg.joined or leg.queue or leg.sent is None or channel.called:
        return False
    alone = not leg.dials and all(found is channel for found in channels.in_call(channel.linked_id))
    up = channel.state is ChannelState.UP
    others = channel.connected[0] not in ("", number_of(leg.dialled))
    return leg.picks_up or (up and alone and others)


# -- the other party


def _about_to_be_joined(channels: Channels, leg: Leg) -> Channel | None:
    """Whom the phone dialled and who has answered: the two are joined in a moment."""
    mine = leg.channel
    if leg.joined or leg.incoming or mine.state is not ChannelState.UP:
        return None
    answered = [found for found in _dialled_by(channels, mine) if found.state is ChannelState.UP]
    return answered[0] if len(answered) == 1 else None


def _dialled_by(channels: Channels, mine: Channel) -> list[Channel]:
    """Whom Asterisk rings for a channel that was there before."""
    return [
        found
        for found in channels.in_call(mine.linked_id)
        if found.born > mine.born and found.called and not found.is_local
    ]


def _other_party(
    directory: Directory, channels: Channels, leg: Leg, peer: Channel | None, line: Line
) -> Party:
    met = _met(directory, leg, peer, line) if peer is not None else None
    if met is not None:
        return met
    if leg.sent is not None and leg.joined:
        return leg.sent.number, leg.sent.name
    connected = leg.channel.connected
    if leg.incoming:
        colleague = _named_colleague(directory, channels, leg)
        if colleague is not None and _is_somebody(colleague[0], line):
            return colleague
        return connected if _is_somebody(connected[0], line) or not connected[0] else ("", "")
    origin = channels.by_id.get(leg.channel.linked_id, leg.channel)
    for dialled in (leg.dialled, origin.exten if origin.is_local else ""):
        if _is_somebody(dialled, line):
            known = dialled in directory.line_by_number or dialled in directory.queue_numbers
            return (dialled, "") if known else party(dialled, "")
    for found in _dialled_by(channels, leg.channel):
        if _is_somebody(found.own[0], line):
            return found.own[0], ""
    return connected if _is_somebody(connected[0], line) else ("", "")


def _met(directory: Directory, leg: Leg, peer: Channel, line: Line) -> Party | None:
    """Number and name of whom a phone is joined to; None where its channel does not tell."""
    theirs, (number, name) = directory.line_by_device.get(peer.interface), peer.own
    if theirs is not None:
        # A call that was picked up still has the name of the phone that it rang.
        is_theirs = number == (number_of(theirs.number) or "")
        is_number = directory.line_by_caller_id.get(name) is theirs
        return theirs.number, name if is_theirs and not is_number else ""
    if leg.is_dialled_for and name in (leg.channel.own[1], leg.channel.connected[1]):
        name = ""  # the one under which Asterisk was told to dial
    if _is_somebody(number, line):
        return number, name
    return ("", name) if not number and name not in ("", "s") else None


def _named_colleague(directory: Directory, channels: Channels, leg: Leg) -> Party | None:
    """Who calls from one of our phones whose number holds letters, None for anybody else.

    Of such a number, Asterisk's events tell at most a name: a stranger's might be markup.
    """
    number, name = leg.channel.connected
    if number:
        return None
    caller = channels.by_id.get(leg.channel.linked_id)
    if caller is None:
        return None
    # A phone that Asterisk rings by itself, and is called, is rung by xucd, which gave the name.
    is_begun = caller is leg.channel
    line = None if is_begun else directory.line_by_device.get(caller.interface)
    if line is None and not (is_begun or caller.is_local):
        return None  # a caller from outside may have any name
    by_name = directory.line_by_caller_id.get(name)
    if line is None or number_of(line.number):
        line = by_name
    return None if line is None else (line.number, "" if line is by_name else name)


def _is_somebody(number: str, line: Line) -> bool:
    """Whether a number can be another party's: not none, not the dialplan's ``s``, not our own."""
    return number not in ("", "s", line.number)


def _is_internal(
    directory: Directory, channels: Channels, leg: Leg, peer: Channel | None, number: str
) -> bool:
    """Whether the other party is one of our own: by its phone, else by its number."""
    if peer is not None:
        return peer.interface in directory.line_by_device
    if leg.incoming:
        origin = channels.by_id.get(leg.channel.linked_id)
        if origin is not None and origin is not leg.channel and not origin.is_local:
            return origin.interface in directory.line_by_device
    return number in directory.line_by_number or (
        not leg.incoming and number in directory.queue_numbers
    )


# -- the rest of what is told


def _queue(channels: Channels, waiting: Waiting, leg: Leg) -> str:
    """The queue that rings a phone, or through which whoever it talks with was answered."""
    channel = leg.channel
    for found in channels.reach(channel):
        if found.from_queue:
            return found.from_queue
    if channel.queue or leg.joined or not channel.called:
        return channel.queue
    # A phone may ring before the queue's own event says so, behind a Local channel, or for a caller
    # who is handed on.
    in_call = channels.in_call(channel.linked_id)
    came = (found.from_queue for found in in_call if found.from_queue)
    return waiting.queue_among(found.unique_id for found in in_call) or next(came, "")


def _variables(channels: Channels, channel: Channel) -> dict[str, str]:
    """The variables of the whole call; those of the phone's own channel win."""
    found: dict[str, str] = {}
    for each in channels.in_call(channel.linked_id):
        if each.variables:
            found |= each.variables
    if channel.variables:
        found |= channel.variables
    return found


def _stage(leg: Leg, peer: Channel | None) -> Stage:
    up = leg.channel.state is ChannelState.UP
    if up and leg.channel.held:
        return Stage.ON_HOLD
    waits = leg.is_dialled_for or leg.picks_up
    if up and (leg.joined or peer is not None or not waits):
        return Stage.ESTABLISHED
    return Stage.RINGING if leg.incoming else Stage.DIALING
