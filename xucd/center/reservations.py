"""For which call each agent is kept whose phone is rung through the judging context.

That context of the dialplan asks, before it dials, whether an agent's phone may ring. After a yes
the agent is *kept* for the channel that asked: from then until that channel hangs up, or the
phone's that answered it, whichever comes first. (After a transfer the one that asked may live on.)
The rules are in `rules.reservations`.
"""

import msgspec

from xucd.center.directory import LOCAL

NUMBER_MARK, ID_MARK = "XUCDNUMBER", "XUCDID"
"""The variables of a channel in the judging context: the number of the line that it is to ring,
and its call's id at another PBX. Their names are not among those whose events Asterisk sends."""

QUEUE_DIGITS = 9
"""The most digits of a queue's id: ids have no more."""


CONTEXT = "xucd-agent"
"""The judging context: the interface of a member through it is ``Local/1001@xucd-agent``."""


def is_judged(interface: str) -> bool:
    """Whether a member of this interface is rung through the judging context."""
    return interface.startswith(LOCAL) and interface.split("/")[1].endswith(f"@{CONTEXT}")


class Asking(msgspec.Struct, frozen=True, gc=False):
    """What a channel of the judging context asks for: a line, by its number.

    `far_id` names a call of another PBX's queue: ``QUEUE:ID``, with the queue's id and the linked
    id of its caller there. It is "" for a call of this PBX.
    """

    number: str
    far_id: str = ""

    @property
    def queue_id(self) -> int:
        """The id of the other PBX's queue, 0 for none."""
        queue = self.far_id.partition(":")[0]
        return int(queue) if queue.isdecimal() and len(queue) <= QUEUE_DIGITS else 0

    @property
    def linked_id(self) -> str:
        """The call's linked id at the other PBX."""
        return self.far_id.partition(":")[2]


class Reservation(msgspec.Struct, eq=False, gc=False):
    """An agent, kept for a call. `channel` is the unique id of the channel that asked.

    `phone` is the unique id of the phone's channel, "" until it is rung: of several, the first or
    the one that has `answered`. `far_id` is as in `Asking`.
    """

    agent_id: int
    channel: str
    far_id: str = ""
    phone: str = ""
    answered: bool = False


class Reservations:
    """All agents that are kept, by their id and by the channel that asked: one for each."""

    def __init__(self) -> None:
        self._by_agent: dict[int, Reservation] = {}
        self._by_channel: dict[str, Reservation] = {}
        self._by_phone: dict[str, Reservation] = {}

    def of(self, agent_id: int) -> Reservation | None:
        """What an agent is kept for, or None."""
        return self._by_agent.get(agent_id)

    def for_channel(self, unique_id: str) -> Reservation | None:
        """The reservation for which this channel asked, or None."""
        return self._by_channel.get(unique_id)

    def for_phone(self, unique_id: str) -> Reservation | None:
        """The reservation whose phone's channel this is, or None."""
        return self._by_phone.get(unique_id)

    def keep(self, reservation: Reservation) -> None:
        """Keep an agent, in place of whatever it, or the channel, had before."""
        if (before := self.of(reservation.agent_id)) is not None:
            self.release(before)
        if (before := self.for_channel(reservation.channel)) is not None:
            self.release(before)
        self._by_agent[reservation.agent_id] = reservation
        self._by_channel[reservation.channel] = reservation
        if reservation.phone:
            self._by_phone[reservation.phone] = reservation

    def phone_is(self, reservation: Reservation, unique_id: str, *, answered: bool) -> None:
        """A channel of the phone rings for the channel that asked, or has answered it."""
        self._by_phone.pop(reservation.phone, None)
        reservation.phone, reservation.answered = unique_id, answered
        self._by_phone[unique_id] = reservation

    def release(self, reservation: Reservation) -> None:
        """Keep an agent no longer."""
        del self._by_agent[reservation.agent_id]
        del self._by_channel[reservation.channel]
        self._by_phone.pop(reservation.phone, None)

    def clear(self) -> None:
        """Keep nobody."""
        for each in (self._by_agent, self._by_channel, self._by_phone):
            each.clear()

    def __len__(self) -> int:
        return len(self._by_agent)
