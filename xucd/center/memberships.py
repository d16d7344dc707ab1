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

from collections import Counter
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
from xucd.center.snapshot import MemberSeen

_HINT = "hint:"


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
    if known is None:
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
        self._members: dict[tuple[int, str], MemberSeen] = {}
        self._by_line: dict[int, dict[tuple[int, str], MemberSeen]] = {}
        self._elsewhere: dict[tuple[str, str], MemberSeen] = {}
        self.queue_ids: frozenset[int] = frozenset(directory.queues)
        """The queues that Asterisk has; all, before it was asked."""

    def rebuild(self, queues: Iterable[str], members: Iterable[MemberSeen]) -> None:
        """Start anew from what Asterisk lists."""
        known = self._directory.queue_by_name
        self.queue_ids = frozenset(known[name].id for name in queues if name in known)
        before, elsewhere = dict(self._members), dict(self._elsewhere)
        self._members.clear()
        self._by_line.clear()
        self._elsewhere.clear()
        for member in members:
            if member.queue in known:
                key = known[member.queue].id, member.interface
                self.put(key[0], _remembering(member, before.get(key)))
            else:
                name = member.queue, member.interface
                self._elsewhere[name] = _remembering(member, elsewhere.get(name))

    def inherit(self, before: "Memberships") -> None:
        """Go on with what another configuration's members were paused for."""
        for queue_id, member in before.all():
            if queue_id in self._directory.queues:
                self.put(queue_id, member)
        self._elsewhere = before._elsewhere

    def put(self, queue_id: int, member: MemberSeen) -> None:
        """Asterisk has this member."""
        self.drop(queue_id, member.interface)
        key = queue_id, member.interface
        self._members[key] = member
        line = self.line_of(member)
        if line is not None:
            self._by_line.setdefault(line.id, {})[key] = member

    def know(self, member: MemberSeen) -> None:
        """Know this of a member, in a queue of ours or elsewhere."""
        queue = self._directory.queue_by_name.get(member.queue)
        if queue is not None:
            self.put(queue.id, member)
        else:
            self._elsewhere[member.queue, member.interface] = member

    def pause_elsewhere(self, event: MemberPaused) -> MemberSeen:
        """A member was paused or made ready in a queue that is none of ours."""
        key = event.queue, event.interface
        known = self._elsewhere.get(key)
        if known is None:
            known = MemberSeen(event.queue, event.interface, event.member, 0, False, "", 0, 0)
        self._elsewhere[key] = paused(known, event.paused, event.reason)
        return self._elsewhere[key]

    def drop_elsewhere(self, queue: str, interface: str) -> None:
        """Asterisk has no such member any more in a queue that is none of ours."""
        self._elsewhere.pop((queue, interface), None)

    def all_elsewhere(self) -> list[MemberSeen]:
        """Every member of queues that are none of ours."""
        return list(self._elsewhere.values())

    def elsewhere(self, interface: str) -> list[MemberSeen]:
        """An interface's members in queues that are none of ours."""
        return [member for (_, key), member in self._elsewhere.items() if key == interface]

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
        key = queue_id, interface
        member = self._members.pop(key, None)
        line = self.line_of(member) if member is not None else None
        if line is not None:
            del self._by_line[line.id][key]
        return member

    def get(self, queue_id: int, interface: str) -> MemberSeen | None:
        """The member of this interface."""
        return self._members.get((queue_id, interface))

    def all(self) -> list[tuple[int, MemberSeen]]:
        """Every member, with its queue's id."""
        return [(queue_id, member) for (queue_id, _), member in self._members.items()]

    def in_reach(self) -> dict[int, int]:
        """How many members of each queue that Asterisk has can be reached, by its id.

        `LoggedIn` of Asterisk's `QueueSummary` counts them likewise.
        """
        reached = Counter(
            queue_id for (queue_id, _), member in self._members.items() if member.status.in_reach
        )
        return {queue_id: reached[queue_id] for queue_id in self.queue_ids}

    def on_line(self, line: Line) -> list[tuple[int, MemberSeen]]:
        """The members that ring a line, with their queues' ids; its own interface comes first."""
        found = self._by_line.get(line.id, {}).items()
        members = [(queue_id, member) for (queue_id, _), member in found]
        return sorted(members, key=lambda each: each[1].interface != line.interface)

    def line_of(self, member: MemberSeen) -> Line | None:
        """The line that a member rings, None for a phone that is none of ours."""
        return self.line_of_device(member.interface) or self.line_of_device(member.state_interface)

    def line_of_device(self, device: str) -> Line | None:
        """The line of an interface or of a device that stands for one."""
        directory = self._directory
        device = as_channels_are_named(device)
        line = directory.line_by_interface.get(device) or directory.line_by_device.get(device)
        line = line or directory.line_by_folded.get(folded(device))
        if line is None and device.startswith((LOCAL, _HINT)):
            number = device.removeprefix(LOCAL).removeprefix(_HINT).partition("@")[0]
            line = directory.line_by_number.get(number)
        return line
