"""A small Asterisk without a network: the truth that the centre is to follow.

Queues with members and callers, channels, bridges and phones. Each word below is something that
somebody does; what the real one says of it is put on `wire`, as typed events, in its order. A
snapshot can be taken at every moment. The words need not be legal: who does not exist does nothing.
"""

from collections.abc import Iterator

import msgspec

from xucd.center import events as ev
from xucd.center.events import ChannelState, DeviceStatus
from xucd.center.intents import (
    WRAPUP_REASON,
    AddMember,
    Intent,
    MarkCaller,
    RelistMembers,
    RemoveMember,
    SetPause,
    SetPenalty,
)
from xucd.center.snapshot import ChannelSeen, MemberSeen, Snapshot

OUTSIDE = "0230210082"
DEVICE = {
    DeviceStatus.NOT_IN_USE: "NOT_INUSE",
    DeviceStatus.IN_USE: "INUSE",
    DeviceStatus.RINGING: "RINGING",
    DeviceStatus.RINGING_IN_USE: "RINGINUSE",
    DeviceStatus.ON_HOLD: "ONHOLD",
    DeviceStatus.UNAVAILABLE: "UNAVAILABLE",
}


class SimChannel(msgspec.Struct, kw_only=True, eq=False):
    """A live channel. `queue` is the queue in which it waits, or that rings it as a member."""

    name: str
    unique_id: str
    linked_id: str
    interface: str
    state: ChannelState
    since: float
    number: str = ""
    exten: str = ""
    bridge: str = ""
    held: bool = False
    recorded: bool | None = None
    application: str = ""
    data: str = ""
    queue: str = ""
    dials: str = ""
    mark: str = ""


class SimAsterisk:
    """`wrapups` names the queues whose dialplan pauses a member as it answers."""

    def __init__(self, queues: list[str], phones: list[str], wrapups: set[str], now: float) -> None:
        self.now = now
        self.members: dict[str, dict[str, MemberSeen]] = {queue: {} for queue in queues}
        self.callers: dict[str, list[str]] = {queue: [] for queue in queues}
        self.joined: dict[str, float] = {}
        self.channels: dict[str, SimChannel] = {}
        self.phones = phones
        self.wrapups = wrapups
        self.wire: list[ev.Event] = []
        self._unregistered: set[str] = set()
        self._status = dict.fromkeys(phones, DeviceStatus.NOT_IN_USE)
        self._made = 0

    # -- members

    def add_member(
        self, queue: str, interface: str, member: str, penalty: int = 0, paused: bool = False
    ) -> bool:
        return self._add(
            MemberSeen(
                queue,
                interface,
                member,
                penalty,
                paused,
                "",
                last_call=0,
                last_pause=int(self.now) if paused else 0,
            )
        )

    def configure_member(self, queue: str, interface: str, member: str) -> None:
        """The configuration has a member, which nobody can remove."""
        self._add(MemberSeen(queue, interface, member, 0, False, "", 0, 0, dynamic=False))

    def _add(self, member: MemberSeen) -> bool:
        queue, interface = member.queue, member.interface
        if queue not in self.members or interface in self.members[queue]:
            return False
        status = self._status.get(interface, DeviceStatus.INVALID)
        self.members[queue][interface] = msgspec.structs.replace(member, status=status)
        self._say(
            ev.MemberAdded(
                queue,
                interface,
                member.member,
                member.penalty,
                member.paused,
                "",
                status,
                dynamic=member.dynamic,
            )
        )
        return True

    def remove_member(self, queue: str, interface: str) -> bool:
        member = self.members.get(queue, {}).get(interface)
        if member is None or not member.dynamic:
            return False
        del self.members[queue][interface]
        self._say(ev.MemberRemoved(queue, interface, member.member))
        return True

    def set_penalty(self, queue: str, interface: str, penalty: int) -> bool:
        member = self.members.get(queue, {}).get(interface)
        if member is None:
            return False
        self._put(member, penalty=penalty)
        self._say(ev.MemberPenalty(queue, interface, member.member, penalty))
        return True

    def pause(
        self, interface: str, paused: bool, reason: str = "", queue: str | None = None
    ) -> bool:
        """Pause or make ready in one queue or all; says so even where nothing changes."""
        found = [
            members[interface]
            for name, members in self.members.items()
            if interface in members and queue in (None, name)
        ]
        for member in found:
            last = int(self.now) if paused else member.last_pause
            kept = reason if paused else ""
            self._put(member, paused=paused, reason=kept, last_pause=last)
            self._say(ev.MemberPaused(member.queue, interface, member.member, paused, kept))
        return bool(found)

    def carry_out(self, intent: Intent | RelistMembers) -> bool:
        """Do what xucd asks; False where Asterisk refuses."""
        match intent:
            case AddMember(queue, interface, member, penalty, paused, _):
                return self.add_member(queue, interface, member, penalty, paused)
            case RemoveMember(queue, interface):
                return self.remove_member(queue, interface)
            case SetPenalty(queue, interface, penalty):
                return self.set_penalty(queue, interface, penalty)
            case SetPause(interface, paused, reason, queue):
                return self.pause(interface, paused, reason, queue)
            case MarkCaller(channel, queue, transferred):
                for each in self.channels.values():
                    if each.name == channel:
                        each.mark = f"{queue},transferred" if transferred else queue
        return True

    def drop_queue(self, queue: str) -> None:
        """A reload takes a queue away in which nobody waits; no event tells of its members."""
        if not self.callers.get(queue) and not any(
            each.queue == queue for each in self.channels.values()
        ):
            self.members.pop(queue, None)
            self.callers.pop(queue, None)
            self._say(ev.ModulesChanged("app_queue.so"))

    def bring_queue(self, queue: str) -> None:
        self.members.setdefault(queue, {})
        self.callers.setdefault(queue, [])
        self._say(ev.ModulesChanged("app_queue.so"))

    def restart(self) -> None:
        """All that is live goes without a word; static members stay, and nothing is paused."""
        self.channels.clear()
        self.joined.clear()
        for queue in self.members:
            self.callers[queue].clear()
            self.members[queue] = {
                interface: msgspec.structs.replace(member, paused=False, reason="", last_pause=0)
                for interface, member in self.members[queue].items()
                if not member.dynamic
            }
        self._status = {phone: self._status_of(phone) for phone in self.phones}

    # -- callers

    def call_in(self, queue: str) -> str:
        """Somebody calls from outside and waits in a queue; returns the channel's unique id."""
        caller = self._create("PJSIP/trunk", ChannelState.RING, OUTSIDE, exten="3000")
        caller.application, caller.data, caller.queue = "Queue", f"{queue},r", queue
        self._say(ev.CallerSent(queue, caller.unique_id))
        if queue not in self.callers:
            self._gone(caller)
            return caller.unique_id
        self.callers[queue].append(caller.unique_id)
        self.joined[caller.unique_id] = self.now
        position = len(self.callers[queue])
        self._say(
            ev.CallerJoined(
                queue, caller.name, caller.unique_id, position, OUTSIDE, "", at="q,3000,1"
            )
        )
        return caller.unique_id

    def ring(self, unique_id: str, interface: str) -> None:
        """A queue rings a member for a caller who waits, if it may."""
        caller = self.channels.get(unique_id)
        if caller is None or not self.waits(unique_id) or self._rung_for(caller) is not None:
            return
        member = self.members[caller.queue].get(interface)
        if (
            member is None
            or member.paused
            or self._status.get(interface) is not DeviceStatus.NOT_IN_USE
        ):
            return
        phone = self._create(interface, ChannelState.DOWN, linked=caller.linked_id)
        phone.application, phone.queue = "AppQueue", caller.queue
        self._say(ev.AgentCalled(caller.queue, caller.unique_id, phone.unique_id))
        self._move(phone, ChannelState.RINGING)

    def answer(self, unique_id: str) -> None:
        """A phone that rings is answered: a queue's, or one that somebody dials."""
        phone = self.channels.get(unique_id)
        if phone is None or phone.state is not ChannelState.RINGING:
            return
        other = self._rings(phone)
        if other is None:
            return
        self._move(phone, ChannelState.UP)
        if phone.application == "AppQueue":
            queue = phone.queue
            self._leave(other)
            if queue in self.wrapups:
                self.pause(phone.interface, True, WRAPUP_REASON)
            self._join(other, phone)
            self._say(
                ev.AgentConnected(queue, other.unique_id, phone.unique_id, 3, phone.interface)
            )
        else:
            self._say(ev.DialEnded(other.unique_id, phone.unique_id, "ANSWER"))
            if other.state is not ChannelState.UP:
                self._move(other, ChannelState.UP)
            self._join(other, phone)

    def refuse(self, unique_id: str) -> None:
        """A phone that rings refuses, or nobody answers it."""
        phone = self.channels.get(unique_id)
        if phone is None or phone.state is not ChannelState.RINGING:
            return
        other = self._rings(phone)
        if phone.application == "AppQueue" and other is not None:
            self._say(ev.AgentRangNoAnswer(other.unique_id))
            self._gone(phone)
        elif other is not None:
            self._say(ev.DialEnded(other.unique_id, phone.unique_id, "BUSY"))
            self._gone(phone)
            self.hang_up(other.unique_id)
        else:
            self._gone(phone)

    def time_over(self, unique_id: str) -> None:
        """A queue lets a caller go, who then hears a last message."""
        self._let_go(unique_id, "TIMEOUT", abandoned=True)

    def press_key(self, unique_id: str) -> None:
        """A caller leaves its queue by a key, and goes on elsewhere."""
        self._let_go(unique_id, "", abandoned=False)

    def _let_go(self, unique_id: str, status: str, *, abandoned: bool) -> None:
        caller = self.channels.get(unique_id)
        if caller is None or not self.waits(unique_id):
            return
        queue = caller.queue
        self._stop_ringing(caller)
        waited = int(self.now - self.joined[unique_id])
        at = "q,3000,1" if abandoned else "keys,0,1"
        if abandoned:
            self._say(ev.CallerAbandoned(queue, unique_id, waited, at))
        self._leave(caller, at)
        if status:
            self._say(ev.VariableSet(unique_id, "QUEUESTATUS", status))
        caller.application, caller.data = "Wait", "10"

    # -- calls

    def dial(self, interface: str, to: str) -> None:
        """A phone calls another of ours, which rings."""
        if interface == to or to in self._unregistered:
            return
        caller = self._create(interface, ChannelState.RING, number_of(interface), number_of(to))
        caller.application, caller.data, caller.dials = "Dial", to, to
        phone = self._create(to, ChannelState.DOWN, linked=caller.linked_id)
        phone.application = "AppDial"
        self._move(phone, ChannelState.RINGING)

    def hold(self, unique_id: str, held: bool) -> None:
        channel = self.channels.get(unique_id)
        if channel is not None and channel.state is ChannelState.UP and channel.held != held:
            channel.held = held
            self._say(ev.Held(unique_id, held))
            self._tell_devices()

    def record(self, unique_id: str) -> None:
        channel = self.channels.get(unique_id)
        if channel is not None and channel.recorded is None:
            channel.recorded = False
            self._say(ev.RecordingStarted(channel.name, unique_id))

    def mute(self, unique_id: str, muted: bool) -> None:
        channel = self.channels.get(unique_id)
        if channel is not None and channel.recorded is not None:
            channel.recorded = muted
            self._say(ev.RecordingMuted(unique_id, muted))

    def transfer(self, unique_id: str, to: str) -> None:
        """A phone that talks hands the other party on to another phone, blindly."""
        channel = self.channels.get(unique_id)
        peer = self._peer(channel) if channel is not None else None
        if channel is None or peer is None or to in (channel.interface, peer.interface):
            return
        self._part(channel)
        self._say(ev.Transferred(unique_id, (peer.unique_id,)))
        self._gone(channel)
        self._part(peer)
        peer.application, peer.data, peer.dials = "Dial", to, to
        phone = self._create(to, ChannelState.DOWN, linked=peer.linked_id)
        phone.application = "AppDial"
        self._move(phone, ChannelState.RINGING)

    def hang_up(self, unique_id: str) -> None:
        """A channel ends, and with it whoever it talks with, rings or is rung by."""
        channel = self.channels.get(unique_id)
        if channel is None:
            return
        self._say(ev.HangupRequested(unique_id))
        if self.waits(unique_id):
            waited = int(self.now - self.joined[unique_id])
            queue = channel.queue
            self._stop_ringing(channel)
            self._say(ev.CallerAbandoned(queue, unique_id, waited, "q,3000,1"))
            self._leave(channel)
            self._gone(channel)
            return
        peer = self._peer(channel) or self._rung_for(channel) or self._rings(channel)
        if peer is not None and self.waits(peer.unique_id):
            self.refuse(unique_id)
            return
        for each in (channel, peer):
            if each is not None:
                self._part(each)
        for each in (channel, peer):
            if each is not None:
                self._gone(each)

    def unregister(self, interface: str, gone: bool) -> None:
        """A phone is unplugged, or back."""
        (self._unregistered.add if gone else self._unregistered.discard)(interface)
        self._tell_devices()

    # -- what it lists

    def waits(self, unique_id: str) -> bool:
        return any(unique_id in callers for callers in self.callers.values())

    def snapshot(self) -> Snapshot:
        channels = [
            ChannelSeen(
                channel=each.name,
                unique_id=each.unique_id,
                linked_id=each.linked_id,
                state=each.state,
                number=each.number,
                name="",
                connected_number="",
                connected_name="",
                exten=each.exten,
                application=each.application,
                application_data=each.data,
                bridge=each.bridge,
                age=int(self.now - each.since),
                dialled=each.exten,
            )
            for each in self.channels.values()
        ]
        return Snapshot(
            queues=frozenset(self.members),
            members=tuple(self.all_members()),
            callers=tuple(
                ev.CallerJoined(
                    queue, self.channels[each].name, each, place, OUTSIDE, "",
                    int(self.now - self.joined[each]), "q,3000,1",
                )
                for queue, callers in self.callers.items()
                for place, each in enumerate(callers, 1)
            ),
            channels=tuple(channels),
            devices={phone: DEVICE[status] for phone, status in self._status.items()},
            recorded={
                each.unique_id: each.recorded
                for each in self.channels.values()
                if each.recorded is not None
            },
            queued={each.unique_id: each.mark for each in self.channels.values() if each.mark},
        )  # fmt: skip

    def all_members(self) -> Iterator[MemberSeen]:
        for members in self.members.values():
            yield from members.values()

    def device(self, interface: str) -> str:
        return DEVICE[self._status[interface]]

    def talking(self, interface: str) -> bool:
        return any(each.state is ChannelState.UP for each in self.on(interface))

    def on(self, interface: str) -> list[SimChannel]:
        return [each for each in self.channels.values() if each.interface == interface]

    # -- parts

    def _say(self, event: ev.Event) -> None:
        self.wire.append(event)

    def _put(self, member: MemberSeen, **values: object) -> None:
        changed = msgspec.structs.replace(member, **values)
        self.members[member.queue][member.interface] = changed

    def _create(
        self, interface: str, state: ChannelState, number: str = "", exten: str = "",
        linked: str = "",
    ) -> SimChannel:  # fmt: skip
        self._made += 1
        unique_id = f"{int(self.now)}.{self._made}"
        channel = SimChannel(
            name=f"{interface}-{self._made:08x}",
            unique_id=unique_id,
            linked_id=linked or unique_id,
            interface=interface,
            state=state,
            since=self.now,
            number=number or number_of(interface),
            exten=exten,
        )
        self.channels[unique_id] = channel
        self._say(
            ev.ChannelCreated(
                channel.name, unique_id, channel.linked_id, state, channel.number, "", exten
            )
        )
        self._tell_devices()
        return channel

    def _move(self, channel: SimChannel, state: ChannelState) -> None:
        channel.state = state
        self._say(
            ev.ChannelMoved(channel.unique_id, channel.linked_id, state, channel.number, "", "", "")
        )
        self._tell_devices()

    def _gone(self, channel: SimChannel) -> None:
        self._part(channel)
        del self.channels[channel.unique_id]
        self._say(ev.ChannelGone(channel.name, channel.unique_id))
        if channel.application == "AppQueue":
            for members in self.members.values():
                if channel.interface in members and channel.state is ChannelState.UP:
                    self._put(members[channel.interface], last_call=int(self.now))
        self._tell_devices()

    def _join(self, first: SimChannel, second: SimChannel) -> None:
        bridge = f"bridge-{first.unique_id}-{second.unique_id}"
        for channel in (first, second):
            channel.bridge, channel.linked_id = bridge, first.linked_id
            self._say(ev.BridgeEntered(bridge, channel.unique_id, first.linked_id))

    def _part(self, channel: SimChannel) -> None:
        if channel.bridge:
            self._say(ev.BridgeLeft(channel.bridge, channel.unique_id))
            channel.bridge = ""

    def _leave(self, caller: SimChannel, at: str = "q,3000,1") -> None:
        self.callers[caller.queue].remove(caller.unique_id)
        self._say(ev.CallerLeft(caller.queue, caller.unique_id, at))
        del self.joined[caller.unique_id]
        caller.queue = ""

    def _stop_ringing(self, caller: SimChannel) -> None:
        phone = self._rung_for(caller)
        if phone is not None:
            self._gone(phone)

    def _peer(self, channel: SimChannel) -> SimChannel | None:
        return next(
            (
                each
                for each in self.channels.values()
                if channel.bridge and each.bridge == channel.bridge and each is not channel
            ),
            None,
        )

    def _rung_for(self, channel: SimChannel) -> SimChannel | None:
        """The phone that rings for a channel that waits in a queue or dials."""
        if not (channel.dials or self.waits(channel.unique_id)):
            return None
        return next(
            (
                each
                for each in self.channels.values()
                if each is not channel
                and each.linked_id == channel.linked_id
                and each.state in (ChannelState.DOWN, ChannelState.RINGING)
            ),
            None,
        )

    def _rings(self, phone: SimChannel) -> SimChannel | None:
        """For whom a phone rings."""
        return next(
            (each for each in self.channels.values() if self._rung_for(each) is phone), None
        )

    def _status_of(self, interface: str) -> DeviceStatus:
        channels = self.on(interface)
        if interface in self._unregistered:
            return DeviceStatus.UNAVAILABLE
        rings = any(each.state is ChannelState.RINGING for each in channels)
        busy = [each for each in channels if each.state in (ChannelState.UP, ChannelState.RING)]
        if busy and all(each.held for each in busy) and not rings:
            return DeviceStatus.ON_HOLD
        if busy:
            return DeviceStatus.RINGING_IN_USE if rings else DeviceStatus.IN_USE
        return DeviceStatus.RINGING if rings else DeviceStatus.NOT_IN_USE

    def _tell_devices(self) -> None:
        for phone in self.phones:
            status = self._status_of(phone)
            if status is self._status[phone]:
                continue
            self._status[phone] = status
            self._say(ev.DeviceChanged(phone, DEVICE[status]))
            for member in list(self.all_members()):
                if member.interface == phone:
                    self._put(member, status=status)
                    self._say(ev.MemberStatus(member.queue, phone, member.member, status))


def number_of(interface: str) -> str:
    """The number of one of our phones, by its interface."""
    return interface.removeprefix("PJSIP/") if interface != "PJSIP/trunk" else OUTSIDE
