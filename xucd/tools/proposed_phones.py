"""Whose phone a queue's member rings: the phones of a PBX as its queues reach them.

A phone is told by its device. A member names it outright, by its state interface, or by a number of
the dialplan: then the number's hint says which phone it is.
"""

import re
from collections import Counter
from collections.abc import Iterable

import msgspec

from xucd.center.directory import LOCAL, as_channels_are_named, folded
from xucd.config.entries import MAX_PENALTY
from xucd.tools.dialplan import NUMBER, Dialplan, Hint, is_phone
from xucd.tools.discovery import FoundMember, FoundPbx, FoundPhone
from xucd.tools.phone_numbers import phone_of_hint
from xucd.tools.proposed_names import is_phones


class Reached(msgspec.Struct, frozen=True):
    """The phone that a member rings; `guess` says what of it the PBX does not tell, "" if it does.

    The phone's device is "" where it is unknown.
    """

    phone: FoundPhone
    guess: str = ""


class RungPhone(msgspec.Struct):
    """A phone as queues ring it, and in which queues it is a member."""

    phone: FoundPhone
    members: list[tuple[str, FoundMember]] = []
    guesses: list[str] = []

    @property
    def key(self) -> str:
        """What tells it from others: its device, or the interface of a phone that is unknown."""
        return self.phone.device or self.interface

    @property
    def interface(self) -> str:
        """By which most queues ring it."""
        return most(as_channels_are_named(member.interface) for _, member in self.members)

    @property
    def person(self) -> str:
        """The name that most queues have for who is there; "" if they name nobody."""
        names = (member.name.strip() for _, member in self.members)
        return most(name for name in names if not is_phones(name))


def rung_phones(found: FoundPbx) -> list[RungPhone]:
    """The members' phones, by number; a member whose phone is unknown stands for itself.

    What one queue tells of the phone behind an interface, as by a state interface, holds for all.
    """
    all_of_them: dict[str, RungPhone] = {}
    reach = _Reach(found)
    members = [
        (queue.name, member, folded(member.interface), reach.phone_of(member))
        for queue in found.queues
        for member in queue.members
    ]
    told: dict[str, Reached] = {}
    for _, _, interface, reached in sorted(members, key=lambda each: bool(each[3].guess)):
        if reached.phone.device:
            told.setdefault(interface, reached)
    for queue_name, member, interface, own in members:
        reached = own if own.phone.device and not own.guess else told.get(interface, own)
        key = folded(reached.phone.device) or interface
        station = all_of_them.setdefault(key, RungPhone(reached.phone))
        station.members.append((queue_name, member))
        if reached.guess and reached.guess not in station.guesses:
            station.guesses.append(reached.guess)
    return sorted(
        all_of_them.values(),
        key=lambda station: (len(station.phone.number), station.phone.number, station.key),
    )


class _Reach:
    """The hints and phones of a PBX, by what members say."""

    def __init__(self, found: FoundPbx) -> None:
        self._dialplan = found.dialplan
        self._phones = {phone.device: phone for phone in found.phones}
        self._hints = {(hint.number, hint.context): hint for hint in found.dialplan.hints}
        self._hints_by_number = _by_number(found.dialplan.hints)
        self._dialled_by_number = _by_number(found.dialplan.dialled)
        self._named: dict[str, list[FoundPhone]] = {}
        for phone in found.phones:
            self._named.setdefault(phone.device.partition("/")[2], []).append(phone)

    def phone_of(self, member: FoundMember) -> Reached:
        for device in map(as_channels_are_named, (member.interface, member.state_interface)):
            if is_phone(device):
                return Reached(self._phones.get(device, FoundPhone(device)))
        number, context = _extension(as_channels_are_named(member.interface), LOCAL)
        hints = self._hints_by_number.get(number, [])
        certain = _leads_to(self._dialplan, context, hints)
        if member.state_interface.startswith("hint:"):
            place = _extension(member.state_interface, "hint:")
            named = self._hints.get(place)
            hints = [named] if named else self._hints_by_number.get(place[0], hints)
            certain = [named] if named else []
        for hint in sorted(hints, key=lambda hint: hint not in certain):
            device, why = phone_of_hint(hint)
            if device:
                if hint not in certain:
                    why = f"from the hint {hint.number}@{hint.context}"
                return self._at(member, device, hint, why)
        dialled = self._dialled_by_number.get(number, [])
        for hint in (*_leads_to(self._dialplan, context, dialled), *dialled):
            why = f"from the Dial() of {number}@{hint.context}"
            return self._at(member, hint.devices[0], hint, why)
        named_so = self._named.get(number, [])
        if len(named_so) == 1:
            return self._at(member, named_so[0].device, Hint(number, "", ()), "from its name")
        return Reached(FoundPhone("", number=number if NUMBER.fullmatch(number) else ""))

    def _at(self, member: FoundMember, device: str, hint: Hint, why: str) -> Reached:
        """The phone of a device, with the number by which the member rings it if it has none."""
        phone = self._phones.get(device, FoundPhone(device))
        if not phone.number or phone.guess:
            phone = msgspec.structs.replace(
                phone, number=hint.number, hint_context=hint.context, guess=""
            )
        said = f"DOUBTFUL: that {member.interface} rings {device} is guessed {why}"
        return Reached(phone, said if why else "")


def _by_number(hints: Iterable[Hint]) -> dict[str, list[Hint]]:
    found: dict[str, list[Hint]] = {}
    for hint in hints:
        found.setdefault(hint.number, []).append(hint)
    return found


def _extension(interface: str, kind: str) -> tuple[str, str]:
    """The number and the context of ``Local/204@from-queue/n`` or ``hint:204@ext-local``."""
    if not interface.startswith(kind):
        return "", ""
    number, _, context = re.sub(r"/[a-zA-Z]+\Z", "", interface.removeprefix(kind)).partition("@")
    return number, context or "default"


def _leads_to(dialplan: Dialplan, context: str, hints: Iterable[Hint]) -> list[Hint]:
    """The hints that stand in a context or in one that it includes."""
    reached = dialplan.within(context)
    return [hint for hint in hints if hint.context in reached]


def doubts(station: RungPhone) -> list[str]:
    """What is odd about a phone's members."""
    notes = [*station.guesses]
    members = [member for _, member in station.members]
    reached_by = {as_channels_are_named(member.interface) for member in members}
    ways = sorted(reached_by - {station.interface})
    if ways:
        notes.append(f"DOUBTFUL: queues also reach this phone by {', '.join(ways)}")
    names = sorted({m.name for m in members if not is_phones(m.name)})
    if len(names) > 1:
        notes.append(f"DOUBTFUL: its members have several names: {'; '.join(names)}")
    notes += [
        f"DOUBTFUL: its penalty in {queue} is {member.penalty}; {MAX_PENALTY} is the highest here"
        for queue, member in station.members
        if member.penalty > MAX_PENALTY
    ]
    kinds = sorted({member.membership for member in members})
    if kinds != ["static"]:
        notes.append(f"its members are {' and '.join(kinds)}")
    return notes


def most(values: Iterable[str], default: str = "") -> str:
    """The most frequent value; of several, the first in order."""
    counted = Counter(values)
    return min(counted, key=lambda value: (-counted[value], value), default=default)
