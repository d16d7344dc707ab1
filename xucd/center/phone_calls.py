"""The calls of each line's phone: the one model from which users and supervisors are told of them.

A call of a phone is known by the name of its channel (``PJSIP/1001-0000002a``), which stays with
the phone's end of the call through pick-up and transfers. The unique id that is told is the first
one, and stays, too.

What is told of a call is read off the channels as they are now (see `leg`), and told when it
differs from what was told before: its stage, the other party, the direction, the queue.
`PhoneEvent`, the agent's `AgentOnCall` and its figures are read from here, and so cannot disagree.
The call's ``USR_`` variables go with it; a new variable alone is told with the next change.

A phone that is registered several times may ring with several channels for one call. That is one
call of the phone: the first channel is told, and whichever answers goes on under its id.
"""

from collections.abc import Iterable

import msgspec

from xucd.center.agent import Phone
from xucd.center.changes import PhoneCall, PhoneCallChanged, Stage
from xucd.center.channels import DIAL_ID, UNDECIDED, Channel, Channels
from xucd.center.day import AgentDay
from xucd.center.directory import Directory, Line
from xucd.center.events import ChannelState
from xucd.center.leg import Leg, read
from xucd.center.under_way import Rung
from xucd.center.waiting import Waiting


class PhoneCalls:
    """All calls of all lines' phones, by the name of the channel.

    It also keeps the ids of dialled calls that Asterisk could not even begin, until whoever dialled
    drops them.
    """

    def __init__(self, directory: Directory, channels: Channels, waiting: Waiting) -> None:
        self._directory = directory
        self._channels = channels
        self._waiting = waiting
        self.legs: dict[str, Leg] = {}
        self._by_interface: dict[str, dict[str, Leg]] = {}
        self._expected: set[str] = set()
        self._refused: set[str] = set()
        self.lately: dict[str, Rung] = {}  # by the unique id of the channel

    def expect(self, unique_id: str) -> None:
        """A call of this id is about to be asked for."""
        self._expected.add(unique_id)

    def refuse(self, unique_id: str) -> None:
        """Asterisk could not begin the call of this id; nothing, if nobody waits for it."""
        if unique_id in self._expected:
            self._refused.add(unique_id)

    def is_refused(self, unique_id: str) -> bool:
        """Whether Asterisk could not begin the call of this id."""
        return unique_id in self._refused

    def drop_refusal(self, unique_id: str) -> None:
        """Forget whether the call of this id could be begun; idempotent."""
        self._expected.discard(unique_id)
        self._refused.discard(unique_id)

    def inherit(self, before: "PhoneCalls") -> None:
        """Go on with the calls of an older configuration, and all that is known of them."""
        self.legs, self._by_interface = before.legs, before._by_interface
        self._expected, self._refused = before._expected, before._refused
        self.lately = before.lately

    def forget(self, agent_id: int) -> None:
        """Count no call for an agent any more."""
        for leg in self.legs.values():
            if leg.agent_id == agent_id:
                leg.agent_id = None

    # -- reading it

    def of(self, interface: str) -> list[Leg]:
        """The calls of an interface's phone that have been told, oldest first."""
        return [leg for leg in self._on(interface) if leg.sent is not None and not leg.over]

    def of_queues(self, line: Line | None) -> list[Leg]:
        """The queues' calls in which a line's phone talks, or which it holds."""
        legs = self.of(line.phone) if line is not None else []
        return [leg for leg in legs if leg.works and leg.channel.state is ChannelState.UP]

    def phone(self, interface: str) -> Phone:
        """What the phone does: talking hides dialing, and dialing hides ringing."""
        found = Phone.IDLE
        for leg in self._on(interface):
            state = leg.channel.state
            if state is ChannelState.UP and not leg.picks_up:
                return Phone.TALKING
            if state in UNDECIDED:
                continue
            if not leg.incoming:
                found = Phone.DIALING
            elif state is ChannelState.RINGING and found is Phone.IDLE:
                found = Phone.RINGING
        return found

    def talking(self, interface: str) -> Leg | None:
        """The call by which a phone talks, or None.

        Of several one that is not held, before others one with somebody there, the latest.
        """
        up = [
            leg
            for leg in self._on(interface)
            if leg.channel.state is ChannelState.UP and not leg.picks_up
        ]
        if len(up) > 1:
            return max(up, key=_precedence)
        return up[0] if up else None

    def forks(self, leg: Leg) -> list[Leg]:
        """A call with those that further registrations of its phone ring for."""
        return [leg, *(each for each in self._on(leg.channel.interface) if each.twin is leg)]

    def _on(self, interface: str) -> Iterable[Leg]:
        return self._by_interface.get(interface, _NONE).values()

    # -- keeping it up to date

    def concerns(self, name: str, interface: str) -> bool:
        """Whether a channel is a call of a line's phone, or was."""
        return interface in self._directory.line_by_device or name in self.legs

    def update(self, name: str, interface: str, agent_id: int | None) -> PhoneCallChanged | None:
        """Read a phone's call anew, by its channel's name; returns what is to be told of it.

        `agent_id` is the agent who sits at the phone now, whose call it is if it is a new one.
        """
        line = self._directory.line_by_device.get(interface)
        if line is None:  # or no more: a reload has taken it away
            if name in self.legs:
                self._drop(interface, name)
            return None
        channel = self._channels.named(name, interface)
        leg = self.legs.get(name)
        if leg is None:
            if channel is None:
                return None
            leg = self.legs[name] = Leg(channel, agent_id, self._twin(channel))
            leg.unique_id = _asked_for(self._channels, channel) or leg.unique_id
            self._by_interface.setdefault(interface, {})[name] = leg
        if channel is not None and not leg.over:
            leg.channel = channel
            if leg.twin is not None and channel.state is ChannelState.UP:
                self._take_over(leg, leg.twin)
            call = read(self._directory, self._channels, self._waiting, leg, line)
        else:
            heir = next((each for each in self._on(interface) if each.twin is leg), None)
            if heir is not None:
                self._take_over(heir, leg)
            call = _released(leg)
        if channel is None:
            self._drop(interface, name)
        before, leg.sent = leg.sent, call or leg.sent
        if call is None or (before is not None and _same(before, call)):
            return None
        return PhoneCallChanged(line.id, call)

    def _twin(self, channel: Channel) -> Leg | None:
        """The call that a phone is rung for already, by another of its registrations."""
        if not channel.called:
            return None
        for leg in self._on(channel.interface):
            other = leg.channel
            if other.called and other.linked_id == channel.linked_id and other.answered is None:
                return leg.twin or leg
        return None

    def _take_over(self, leg: Leg, first: Leg) -> None:
        """A further registration of a phone goes on in the place of the first."""
        leg.unique_id, leg.sent, leg.counted = first.unique_id, first.sent, first.counted
        leg.agent_id, leg.queue, leg.twin = first.agent_id, first.queue, None
        first.sent, first.counted = None, AgentDay()
        for each in self._on(leg.channel.interface):
            if each.twin is first or each is first:
                each.twin = leg

    def _drop(self, interface: str, name: str) -> None:
        del self.legs[name]
        del self._by_interface[interface][name]
        if not self._by_interface[interface]:
            del self._by_interface[interface]


_NONE: dict[str, Leg] = {}
"""The calls of a phone that has none: never written to."""


def _precedence(leg: Leg) -> tuple[bool, bool, bool, float]:
    channel = leg.channel
    return not leg.over, not channel.held, leg.talks, channel.answered or 0.0


def _asked_for(channels: Channels, channel: Channel) -> str:
    """The id of xucd's under which a phone with several registrations is rung to dial, or ""."""
    origin = channels.by_id.get(channel.linked_id) if channel.called else None
    if origin is None or not origin.is_local or origin.state is ChannelState.UP:
        return ""
    return origin.unique_id if origin.unique_id.startswith(DIAL_ID) else ""


def _released(leg: Leg) -> PhoneCall | None:
    if leg.sent is None:
        return None
    return msgspec.structs.replace(leg.sent, stage=Stage.RELEASED)


def _same(before: PhoneCall, call: PhoneCall) -> bool:
    """Whether a client need not be told; another linked id alone is not worth a message."""
    if call.stage is Stage.RELEASED:
        return before.stage is Stage.RELEASED
    if call.linked_id != before.linked_id:
        call = msgspec.structs.replace(call, linked_id=before.linked_id)
    return before == call


# -- figures


def figures(leg: Leg, now: float, *, over: bool) -> AgentDay:
    """What a call adds to its agent's figures of the day, as far as it is known by now.

    A phone that is rung so that it dials for its user counts once its user has picked it up, one
    that xucd itself dials from the start.
    """
    channel = leg.channel
    answered = channel.answered
    if leg.twin is not None:
        return AgentDay()
    if not leg.incoming:
        unasked = channel.called and not leg.unique_id.startswith(DIAL_ID)
        if unasked and answered is None:
            return AgentDay()
        talked = now - answered if over and answered is not None else 0.0
        return AgentDay(outbound_calls=1, outbound_talk_s=talked)
    rang = answered if channel.rang is None else channel.rang
    if rang is None:
        return AgentDay()
    if answered is None:
        if not over:
            return AgentDay(inbound_calls=1)
        return AgentDay(inbound_calls=1, inbound_unanswered=1, inbound_ring_s=now - rang)
    return AgentDay(
        inbound_calls=1,
        inbound_answered=1,
        inbound_ring_s=max(0.0, answered - rang),
        inbound_talk_s=now - answered if over else 0.0,
    )
