"""The members of our queues as Asterisk has them: whoever made them, whatever they are called.

Of one queue, Asterisk tells its members apart by their interface, literally as configured, and it
wants the same text back when a member is paused or removed. What rings in the end is a phone:

    PJSIP/1001 or Local/1001@from-queue/n     the line's interface, or its device
    Local/1001@default/n                      the line's number, dialled through the dialplan
    …,hint:1001@default or …,PJSIP/1001       the same, by the device whose state counts

Here each member is found by its queue and interface, and by the line that it rings.

A wrap-up pauses all members of an interface at once, those in queues of which xucd knows nothing
included, and overwrites what some of them were paused for. So both are remembered: what each was
paused for before, until the wrap-up ends, and members elsewhere. A restart of xucd forgets them.
"""

from collections.abc import Iterable

import msgspec

from xucd.center.directory import (
    AGENT_MEMBER,
    LOCAL,
    Directory,
    Line,
    as_channels_are_named,
    folded,
)
from xucd.center.events import MemberPaused
from xucd.center.intents import LOGOUT_REASON, WRAPUP_REASON, SetPause
from xucd.center.snapshot import MemberSeen, QueuesSeen

_HINT = "hint:"

Listed = tuple[int, MemberSeen]
"""A member, with its queue's id."""


def paused(member: MemberSeen, is_paused: bool, reason: str) -> MemberSeen:
    """A member that was paused or made ready, with the pause that this has overwritten."""
    overwritten = None
    if is_paused and reason == WRAPUP_REASON and member.paused:
        overwritten = member.overwritten if member.reason == WRAPUP_REASON else member.reason
    return msgspec.structs.replace(
        member,
        paused=is_paused,
        reason=reason,
        overwritten=overwritten,
        unsaid=False,
        freed=False,
    )


def is_named(member: MemberSeen) -> bool:
    """Whether a member is called as those of agents are: xucd made it, or it is to be as if."""
    return member.member.startswith(AGENT_MEMBER)


def is_shelved(member: MemberSeen) -> bool:
    """Whether a member that cannot be removed is kept from being rung: its agent has logged out."""
    return not member.dynamic and member.paused and member.reason == LOGOUT_REASON


def wraps_up(member: MemberSeen) -> bool:
    """Whether a member is paused for a wrap-up."""
    return member.paused and member.reason == WRAPUP_REASON


def after_wrapup(member: MemberSeen) -> SetPause:
    """What ends the pause of a member that wraps up: the one before it, or none."""
    before = member.overwritten
    return SetPause(member.interface, before is not None, before or "", member.queue)


def _remembering(listed: MemberSeen, known: MemberSeen | None) -> MemberSeen:
    """A member as it is listed, with what is known of it and not listed.

    A reload of a changed queues.conf makes all of its members anew: paused as before, for no
    reason.
    """
    if known is None or not (listed.paused or known.freed or known.asked is not None):
        return listed
    without = known.paused and listed.paused and not listed.reason
    made_anew = not listed.dynamic and bool(known.reason)
    unsaid = without and (made_anew or (known.unsaid and wraps_up(known)))
    reason = known.reason if unsaid else listed.reason
    before = paused(known, listed.paused, reason).overwritten
    freed = known.freed and (listed.paused, listed.reason) == (known.paused, known.reason)
    return msgspec.structs.replace(
        listed,
        reason=reason,
        overwritten=before,
        unsaid=unsaid,
        asked=known.asked,
        freed=freed,
    )


class Memberships:
    """All members of our queues, by queue id and interface; and what is paused elsewhere."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._members: dict[int, dict[str, Listed]] = {}  # by queue id and interface
        self._by_line: dict[int, tuple[Listed, ...]] = {}  # in the order of `on_line`
        self._elsewhere: dict[str, dict[str, MemberSeen]] = {}  # by interface and queue
        self.queue_ids: frozenset[int] = frozenset(directory.queues)
        """The queues that Asterisk has; all, before it was asked."""

    def rebuild(self, seen: QueuesSeen) -> None:
        """Start anew from what Asterisk lists; queues are called as the directory spells them."""
        known = self._directory.queue_by_name
        self.queue_ids = frozenset(known[name].id for name in seen.queues if name in known)
        before, self._members = self._members, {}
        elsewhere, self._elsewhere = self._elsewhere, {}
        for each in seen.members:
            member, interface = each, each.interface
            queue = known.get(member.queue)
            if queue is None:
                there = elsewhere.get(interface, {}).get(member.queue)
                self._know_elsewhere(_remembering(member, there))
                continue
            if member.queue != queue.name:
                member = msgspec.structs.replace(member, queue=queue.name)
            listed = before.get(queue.id, _NONE).get(interface)
            if listed is not None:
                member = _remembering(member, listed[1])
            self._members.setdefault(queue.id, {})[interface] = queue.id, member
        self._by_line = self._sorted_by_line()

    def _sorted_by_line(self) -> dict[int, tuple[Listed, ...]]:
        """All members by the line that they ring, in the order of `on_line`.

        Asterisk lists one queue after the other.
        """
        by_line: dict[int, list[Listed]] = {}
        others: dict[int, list[Listed]] = {}
        for listed in self.all():
            line = self.line_of(listed[1])
            if line is not None:
                is_own = listed[1].interface == line.interface
                (by_line if is_own else others).setdefault(line.id, []).append(listed)
        for line_id, more in others.items():
            by_line.setdefault(line_id, []).extend(more)
        return {line_id: tuple(found) for line_id, found in by_line.items()}

    def inherit(self, before: "Memberships") -> None:
        """Go on with what another configuration's members were paused for."""
        for queue_id, member in before.all():
            if queue_id in self._directory.queues:
                self.put(queue_id, member)
        self._elsewhere = before._elsewhere

    def put(self, queue_id: int, member: MemberSeen) -> None:
        """Asterisk has this member."""
        line, listed = self.line_of(member), (queue_id, member)
        of_queue = self._members.setdefault(queue_id, {})
        known = of_queue.pop(member.interface, None)
        if known is not None:
            self._leave_line(known)
        of_queue[member.interface] = listed
        if line is None:
            return
        there = self._by_line.get(line.id, ())
        if there and member.interface == line.interface != there[-1][1].interface:
            others = (at for at, (_, each) in enumerate(there) if each.interface != line.interface)
            at = next(others)
            self._by_line[line.id] = (*there[:at], listed, *there[at:])
        else:
            self._by_line[line.id] = (*there, listed)

    def know(self, member: MemberSeen) -> None:
        """Know this of a member, in a queue of ours or elsewhere."""
        queue = self._directory.queue_by_name.get(member.queue)
        if queue is not None:
            self.put(queue.id, member)
        else:
            self._know_elsewhere(member)

    def pause_elsewhere(self, event: MemberPaused) -> MemberSeen:
        """A member was paused or made ready in a queue that is none of ours."""
        known = self._elsewhere.get(event.interface, {}).get(event.queue)
        if known is None:
            known = MemberSeen(event.queue, event.interface, event.member, 0, False, "", 0, 0)
        member = paused(known, event.paused, event.reason)
        self._know_elsewhere(member)
        return member

    def _know_elsewhere(self, member: MemberSeen) -> None:
        self._elsewhere.setdefault(member.interface, {})[member.queue] = member

    def drop_elsewhere(self, queue: str, interface: str) -> None:
        """Asterisk has no such member any more in a queue that is none of ours."""
        there = self._elsewhere.get(interface, {})
        if there.pop(queue, None) is not None and not there:
            del self._elsewhere[interface]

    def all_elsewhere(self) -> list[MemberSeen]:
        """Every member of queues that are none of ours."""
        return [member for there in self._elsewhere.values() for member in there.values()]

    def elsewhere(self, interface: str) -> list[MemberSeen]:
        """An interface's members in queues that are none of ours."""
        return list(self._elsewhere.get(interface, {}).values())

    def ends_of_wrapup(self, ours: Iterable[MemberSeen]) -> list[SetPause]:
        """What ends a wrap-up's pauses of an agent's members.

        An interface of which another pause is to stay in some queue, or to come back, is made ready
        in each other queue alone: nothing rings it in that one, not even for a moment. Pauses come
        back first, so that who is ready has them.
        """
        by_interface: dict[str, list[MemberSeen]] = {}
        for member in ours:
            by_interface.setdefault(member.interface, []).append(member)
        intents: list[SetPause] = []
        for interface, found in by_interface.items():
            members = [*found, *self.elsewhere(interface)]
            paused = [member for member in members if wraps_up(member)]
            stays = len(paused) < sum(member.paused for member in members)
            if stays or any(member.overwritten is not None for member in paused):
                before = sorted(paused, key=lambda member: member.overwritten is None)
                intents += [after_wrapup(member) for member in before]
            elif paused:
                intents.append(SetPause(interface, False))
        return intents

    def drop(self, queue_id: int, interface: str) -> MemberSeen | None:
        """Asterisk has no such member any more. Returns it, or None if it was not known."""
        listed = self._members.get(queue_id, _NONE).pop(interface, None)
        if listed is None:
            return None
        self._leave_line(listed)
        return listed[1]

    def _leave_line(self, listed: Listed) -> None:
        line = self.line_of(listed[1])
        if line is not None:
            there = [each for each in self._by_line.pop(line.id) if each is not listed]
            if there:
                self._by_line[line.id] = tuple(there)

    def get(self, queue_id: int, interface: str) -> MemberSeen | None:
        """The member of this interface."""
        listed = self._members.get(queue_id, _NONE).get(interface)
        return listed[1] if listed is not None else None

    def all(self) -> list[Listed]:
        """Every member, with its queue's id."""
        return [listed for of_queue in self._members.values() for listed in of_queue.values()]

    def in_reach(self) -> dict[int, int]:
        """How many members of each queue that Asterisk has can be reached, by its id.

        `LoggedIn` of Asterisk's `QueueSummary` counts them likewise.
        """
        return {
            queue_id: sum(each.in_reach for _, each in self._members.get(queue_id, _NONE).values())
            for queue_id in self.queue_ids
        }

    def on_line(self, line: Line) -> tuple[Listed, ...]:
        """The members that ring a line, with their queues' ids; its own interface comes first."""
        return self._by_line.get(line.id, ())

    def line_of(self, member: MemberSeen) -> Line | None:
        """The line that a member rings, None for a phone that is none of ours."""
        line = self._directory.line_by_interface.get(member.interface)
        if line is not None:  # as it is configured, nearly always
            return line
        return self.line_of_device(member.interface) or self.line_of_device(member.state_interface)

    def line_of_device(self, device: str) -> Line | None:
        """The line of an interface or of a device that stands for one."""
        directory = self._directory
        # As it is configured, nearly always.
        line = directory.line_by_interface.get(device)
        if line is not None:
            return line
        device = as_channels_are_named(device)
        line = directory.line_by_interface.get(device) or directory.line_by_device.get(device)
        line = line or directory.line_by_folded.get(folded(device))
        if line is None and device.startswith((LOCAL, _HINT)):
            number = device.removeprefix(LOCAL).removeprefix(_HINT).partition("@")[0]
            line = directory.line_by_number.get(number)
        return line


_NONE: dict[str, Listed] = {}
"""The members of a queue that has none: never written to."""
