"""Numbers and contexts of what is proposed: a queue's, those that are free, where a phone dials."""

import itertools
import re
from collections.abc import Collection, Iterable, Iterator

from xucd.tools.dialplan import NUMBER, Place, pattern_of
from xucd.tools.discovery import FoundPbx, FoundPhone, FoundQueue
from xucd.tools.proposed_phones import most, rung_phones

BLOCKS = (9000, 8000, 7000, 6000, 5000, 4000, 3000, 2000, 1000)
"""Where the thousands begin from which numbers are made up, in this order."""


MENU = {"background", "waitexten"}
"""Applications that wait for a caller's choice, in lower case."""


def context_of(found: FoundPbx, phone: FoundPhone) -> str:
    """The context in which a phone dials: told, or that around its hint; "" if neither is known."""
    if phone.context or not phone.hint_context:
        return phone.context
    around = found.dialplan.includers(phone.hint_context)
    if "from-internal" in around:  # FreePBX and Issabel
        return "from-internal"
    return around[-1] if around else phone.hint_context


def inside_contexts(found: FoundPbx) -> list[str]:
    """The contexts in which phones dial, each once, that of most phones first.

    A device that may be a trunk counts only where nothing better is known: first come members and
    phones with hints, then devices that are named as an extension which they can dial.
    """
    members = {station.phone.device for station in rung_phones(found)}
    known = [(phone, context_of(found, phone)) for phone in found.phones]
    known = [(phone, context) for phone, context in known if context]
    extens = {place.exten for place in found.dialplan.steps}
    for contexts in (
        [context for phone, context in known if phone.device in members or phone.number],
        [context for phone, context in known if phone.device.partition("/")[2] in extens],
        [context for _, context in known],
    ):
        if contexts:
            usual = most(contexts)
            return [usual, *sorted(set(contexts) - {usual})]
    return []


class QueueNumbers:
    """Which number each queue gets: the best one that leads to it, each number for one queue."""

    def __init__(
        self,
        found: FoundPbx,
        inside: list[str],
        queues: Iterable[FoundQueue],
        taken: Collection[str],
    ) -> None:
        self._found = found
        dialplan = found.dialplan
        self._usual = dialplan.within(inside[0]) if inside else set()
        self._inside = {name for context in inside for name in dialplan.within(context)}
        self._menus = {
            place.context
            for place, steps in dialplan.steps.items()
            if any(step.application.lower() in MENU for step in steps)
        }
        self._given: dict[str, Place] = {}
        gone = set(taken)
        ranked = sorted(
            (self._distance(place), order, queue.name, place)
            for queue in queues
            for order, place in enumerate(queue.places)
        )
        for _, _, queue, place in ranked:
            if queue not in self._given and place.exten not in gone:
                self._given[queue] = place
                gone.add(place.exten)

    def of(self, queue: FoundQueue) -> tuple[Place | None, list[str]]:
        """The number of a queue, None if it has none of its own, and what to say of it."""
        place = self._given.get(queue.name)
        if place is None:
            return None, [f"DOUBTFUL: {self._lack(queue)}"]
        notes = []
        if self._inside and place.context not in self._inside:
            notes.append(
                f"DOUBTFUL: {place.exten} is a choice of the menu {place.context}, and no number"
                " that phones dial"
                if place.context in self._menus
                else f"DOUBTFUL: {place.exten} is not dialled by phones, but leads to it in the"
                f" context {place.context}"
            )
        if leads := self._found.shared.get(place):
            others = " and ".join(leads.queues[1:])
            notes.append(
                f"DOUBTFUL: during a call it is decided whether {place.exten} leads to it or to"
                f" {others}"
                if leads.decided
                else f"from it, calls of {place.exten} go on to {others}"
            )
        if more := {each.exten for each in queue.places} - {place.exten}:
            notes.append(f"also reached by {', '.join(sorted(more))}")
        return place, notes

    def _distance(self, place: Place) -> int:
        """How far a number is from those that phones dial."""
        if place.context in self._usual:
            return 0
        if place.context in self._inside:
            return 1
        return 3 if place.context in self._menus else 2

    def _lack(self, queue: FoundQueue) -> str:
        if queue.places:
            place = queue.places[0]
            return f"its number {place.exten} in {place.context} is that of another queue, too"
        for place, leads in self._found.shared.items():
            if queue.name in leads.queues:
                return f"{place.exten} leads to it, but first of all to {leads.queues[0]}"
        return "no number of the dialplan was found that leads to it"


class Numbers:
    """Which numbers are taken, by the centre or the dialplan, and which are free."""

    def __init__(self, found: FoundPbx, inside: str, taken: Iterable[str]) -> None:
        self._taken = {place.exten for place in found.dialplan.steps} | set(taken)
        self._dialled = _dialled(found, inside)
        patterns = [exten for exten in self._dialled if exten.startswith("_")]
        self._patterns = [pattern_of(exten) for exten in patterns]
        self._fixed = [pattern_of(exten) for exten in patterns if not re.search("[.!]", exten)]
        self._made_up = self._unused()

    def is_of_a_phone(self, name: str) -> bool:
        """Whether a device's name is a number that can be dialled, as one of inside alone.

        A pattern for any number of digits, such as ``_9.``, leads outside, and a number that phones
        do not reach comes from there.
        """
        if not NUMBER.fullmatch(name):
            return False
        return name in self._dialled or any(each.fullmatch(name) for each in self._fixed)

    def take(self, number: str) -> None:
        """Let a number be free no more."""
        self._taken.add(number)

    def free(self) -> str:
        """Take a number that nothing has, and that leads nowhere where phones dial."""
        number = next(number for number in self._made_up if number not in self._taken)
        self.take(number)
        return number

    def _unused(self) -> Iterator[str]:
        for number in (str(n) for start in BLOCKS for n in range(start, start + 1000)):
            if not any(pattern.fullmatch(number) for pattern in self._patterns):
                yield number
        # Where phones can dial any number of four digits, a longer one is as good as another.
        yield from map(str, itertools.count(10_000))


def _dialled(found: FoundPbx, inside: str) -> list[str]:
    """What phones can dial: numbers, and patterns such as ``_9.`` for an outside line."""
    reached = found.dialplan.within(inside)
    return sorted({place.exten for place in found.dialplan.steps if place.context in reached})
