"""Numbers and contexts of what is proposed: those that are free, and where a phone dials."""

import itertools
import re
from collections.abc import Iterable, Iterator

from xucd.tools.dialplan import NUMBER, pattern_of
from xucd.tools.discovery import FoundPbx
from xucd.tools.proposed_phones import most

BLOCKS = (9000, 8000, 7000, 6000, 5000, 4000, 3000, 2000, 1000)
"""Where the thousands begin from which numbers are made up, in this order."""


def usual_context(found: FoundPbx) -> str:
    """The context in which most phones dial."""
    return most((phone.context for phone in found.phones if phone.context), "default")


def context_around(found: FoundPbx, context: str) -> str:
    """The context in which phones dial that have their hints in this one."""
    if not context:
        return usual_context(found)
    around = found.dialplan.includers(context)
    if "from-internal" in around:  # FreePBX and Issabel
        return "from-internal"
    return around[-1] if around else context


class Numbers:
    """Which numbers are taken, by the centre or the dialplan, and which are free."""

    def __init__(self, found: FoundPbx, taken: Iterable[str]) -> None:
        self._taken = {place.exten for place in found.dialplan.steps} | set(taken)
        self._dialled = _dialled(found)
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


def _dialled(found: FoundPbx) -> list[str]:
    """What phones can dial: numbers, and patterns such as ``_9.`` for an outside line."""
    reached = found.dialplan.within(usual_context(found))
    return sorted({place.exten for place in found.dialplan.steps if place.context in reached})
