"""How calls come to the steps of a dialplan: from a step back to the numbers that lead to it.

A call goes on by ``Goto``, ``Gosub``, ``Macro`` and their kin, also within ``ExecIf``, into an
extension of a context or of what that includes. On the way back, ``${EXTEN}``, the arguments of a
subroutine and variables that were set before take the place of their names in what the step says.
Of what is decided only during a call, such as a time of day, all ways are followed.
"""

import itertools
import re
from collections.abc import Iterable, Iterator

import msgspec

from xucd.center.arguments import arguments_of
from xucd.tools.dialplan import Dialplan, Place, Step, pattern_of
from xucd.tools.dialplan_texts import (
    MAX_VALUES,
    VARIABLE,
    Spelling,
    apart,
    bracketed,
    sliced,
    spelling,
    with_exten,
    with_variables,
)

MAX_HOPS = 5
"""How many jumps lead from a number to a step at most."""

MAX_STOPS = 4000
"""Through how many extensions the ways to an application's steps lead at most: some 0.2 s."""

PER_EXTENSION, PER_STEP = 4, 100
"""And through how many more for each extension of the dialplan, and for each of the steps."""

INNER = {"execif", "execiftime", "exec", "tryexec"}
"""Applications that run another one, in lower case: Asterisk takes their names in any."""

CHOOSING = {"gotoif", "gosubif", "macroif", "gotoiftime"}
"""Applications that jump to one place of two."""

MACROS = {"macro", "macroexclusive", "macroif"}

_SET = re.compile(r"(?:LOCAL\(|GLOBAL\()?_{0,2}(\w+)\)?\s*=(.*)", re.DOTALL)


class Way(msgspec.Struct, frozen=True):
    """One way from an extension, such as a number or a pattern of numbers, to a step.

    `step` is where this stands, `said` what it says there. `rank` orders the ways from one
    extension: those without a condition first, then those that a call comes to first. `decided`
    says that there is one.
    """

    place: Place
    step: Place
    said: str
    rank: tuple[int, tuple[tuple[int, int], ...]]
    decided: bool

    @property
    def path(self) -> tuple[tuple[int, int], ...]:
        """By which steps and branches a call comes there; what is smaller comes before."""
        return self.rank[1]

    @property
    def hops(self) -> int:
        """How many jumps it has."""
        return len(self.path) - 1


class _Run(msgspec.Struct, frozen=True):
    """An application that an extension runs at an index; `chosen` if a condition decides it."""

    index: int
    step: Step
    chosen: bool


class _Jump(msgspec.Struct, frozen=True):
    """From a place at an index to an extension of a context, either of them as it is written.

    `conditions` counts those that decide it, but for times of day; `branch` orders the places that
    one step leads to.
    """

    source: Place
    index: int
    branch: int
    conditions: int
    decided: bool
    context: str
    exten: str
    arguments: tuple[str, ...]
    spelling: Spelling | None


class _Stop(msgspec.Struct, frozen=True):
    """An extension on the way back; `exten` is what was dialled, "" if a pattern leaves it open.

    `cut` says that a pattern has handed on its number since, without its front: no second such one
    is looked for, of which a dialplan has many.
    """

    place: Place
    exten: str
    index: int
    said: str
    conditions: int
    decided: bool
    path: tuple[tuple[int, int], ...]
    cut: bool = False


class Ways:
    """A dialplan with its jumps, by where they lead.

    `given_up` has the applications to whose steps there were more ways than are followed.
    """

    def __init__(self, dialplan: Dialplan) -> None:
        self.given_up: set[str] = set()
        self._dialplan = dialplan
        self._runs = {place: list(_runs(steps)) for place, steps in dialplan.steps.items()}
        self._set = {place: _settings(runs) for place, runs in self._runs.items()}
        self._patterns: dict[str, list[tuple[re.Pattern[str], Place]]] = {}
        for place in sorted(dialplan.steps, key=_breadth):
            if place.exten.startswith("_"):
                entry = (pattern_of(place.exten), place)
                self._patterns.setdefault(place.context, []).append(entry)
        self._to_number: dict[tuple[str, str], list[_Jump]] = {}
        self._to_context: dict[str, list[_Jump]] = {}
        for jump in itertools.chain.from_iterable(map(self._jumps, self._runs)):
            if "$" in jump.exten:
                self._to_context.setdefault(jump.context, []).append(jump)
            else:
                self._to_number.setdefault((jump.context, jump.exten), []).append(jump)
        self._outer: dict[str, list[str]] = {}
        self._found: dict[tuple[str, str], Place | None] = {}
        self._before_it: dict[tuple[Place, str], list[tuple[_Jump, str]]] = {}
        self._numbers: dict[str, list[str]] = {}
        for context, exten in self._to_number:
            self._numbers.setdefault(context, []).append(exten)

    def to(self, application: str) -> Iterator[Way]:
        """All ways to the steps of an application, given in lower case; `said` is its first
        argument."""
        found = [
            (place, run)
            for place, runs in self._runs.items()
            for run in runs
            if run.step.application.lower() == application
        ]
        left = MAX_STOPS + PER_EXTENSION * len(self._runs) + PER_STEP * len(found)
        going = [self._back(place, run, left) for place, run in found]
        while going and left > 0:
            # All get the same; what the most leave over is for those to which many ways lead.
            share, further = max(1, left // len(going)), []
            for back in going:
                stops = list(itertools.islice(back, share))
                left -= len(stops)
                yield from stops
                if len(stops) == share:
                    further.append(back)
            going = further
        if any(True for back in going for _ in back):
            self.given_up.add(application)

    def resolved(self, context: str, exten: str) -> Place | None:
        """The extension that a call to a number of a context comes to, as Asterisk finds it."""
        if (context, exten) not in self._found:
            self._found[context, exten] = self._find(context, exten)
        return self._found[context, exten]

    def _find(self, context: str, exten: str) -> Place | None:
        for name in self._dialplan.in_order(context):
            if (place := Place(name, exten)) in self._dialplan.steps:
                return place
            for pattern, place in self._patterns.get(name, ()):
                if pattern.fullmatch(exten):
                    return place
        return None

    def _around(self, context: str) -> list[str]:
        """A context and those that include it."""
        if context not in self._outer:
            self._outer[context] = [context, *self._dialplan.includers(context)]
        return self._outer[context]

    def _back(self, place: Place, run: _Run, most: int) -> Iterator[Way]:
        """The ways to a step, those with the fewest jumps first; `most` with each jump more."""
        said = arguments_of(run.step.data)[0].strip()
        exten = "" if place.exten.startswith("_") else place.exten
        path = ((run.index, 0),)
        near = [_Stop(place, exten, run.index, said, int(run.chosen), run.chosen, path)]
        seen: set[tuple[Place, str, str]] = set()
        for _ in range(MAX_HOPS + 1):
            further: list[_Stop] = []
            for stop in sorted(near, key=lambda stop: (stop.conditions, stop.path)):
                for value in self._values(stop.place, stop.index, stop.said, stop.exten):
                    key = (stop.place, stop.exten, value)
                    if key in seen:
                        continue
                    seen.add(key)
                    yield Way(
                        Place(stop.place.context, stop.exten or stop.place.exten), place, value,
                        (stop.conditions, stop.path), stop.decided,
                    )  # fmt: skip
                    further += itertools.islice(self._before(stop, value), most - len(further))
            near = further

    def _before(self, stop: _Stop, said: str) -> Iterator[_Stop]:
        """Where a call may have been just before."""
        for jump, source in self._jumps_to(stop.place, stop.exten):
            cuts = jump.spelling is not None and bool(jump.spelling.front)
            if not (stop.cut and cuts):
                yield _Stop(
                    jump.source, source, jump.index, _handed_over(said, jump),
                    stop.conditions + jump.conditions, stop.decided or jump.decided,
                    ((jump.index, jump.branch), *stop.path),
                    stop.cut or cuts,
                )  # fmt: skip

    def _jumps_to(self, place: Place, exten: str) -> list[tuple[_Jump, str]]:
        """The jumps to an extension, each with what was dialled where it begins, "" if open."""
        if (place, exten) not in self._before_it:
            jumps: list[_Jump] = []
            for context in self._around(place.context):
                jumps += self._to_context.get(context, ())
                for number in [exten] if exten else self._numbers.get(context, ()):
                    there = self._to_number.get((context, number), [])
                    jumps += there if place == self.resolved(context, number) else []
            sources = [(jump, _source_exten(jump, exten)) for jump in jumps]
            self._before_it[place, exten] = [
                (jump, source) for jump, source in sources if source is not None
            ]
        return self._before_it[place, exten]

    def _values(self, place: Place, index: int, text: str, exten: str) -> list[str]:
        """What a text may be at a step, by what was set before it."""
        before = [each for each in self._set[place] if each[0] < index] or self._set[place]
        values = with_variables(text, [(name, value) for _, name, value in before])
        return [with_exten(value, exten) for value in values] if exten else values

    def _jumps(self, place: Place) -> Iterator[_Jump]:
        exten = "" if place.exten.startswith("_") else place.exten
        for run in self._runs[place]:
            application = run.step.application.lower()
            for branch, (label, chosen) in enumerate(_labels(run.step)):
                name, inner = bracketed(label)
                arguments = arguments_of(inner.rstrip().removesuffix(")")) if inner else []
                parts = [part.strip() for part in apart(name, ",")]
                if application in MACROS:
                    parts, arguments = [f"macro-{parts[0]}", "s", "1"], arguments_of(label)[1:]
                if len(parts) < 2:
                    continue  # within the extension
                context, number = (place.context, parts[0]) if len(parts) == 2 else parts[:2]
                decided = chosen or run.chosen
                timed = application == "gotoiftime"
                for where, which in itertools.islice(
                    itertools.product(
                        self._values(place, run.index, context, exten),
                        self._values(place, run.index, number, exten),
                    ),
                    MAX_VALUES,
                ):
                    spelled = spelling(place.exten, which) if "$" in which else None
                    # A feature's code before a number, such as *72, makes no number of its own.
                    known = (
                        spelled.front.isdecimal() or not spelled.front
                        if spelled
                        else ("$" not in which)
                    )
                    if which and "$" not in where and known:
                        yield _Jump(
                            place, run.index, branch, int(decided and not timed), decided,
                            where, which, tuple(arguments), spelled,
                        )  # fmt: skip


def values_of(text: str, steps: Iterable[Step]) -> list[str]:
    """What a text may be by variables that these steps set; the others stay in it."""
    return with_variables(text, [(name, value) for _, name, value in _settings(_runs(steps))])


def _runs(steps: Iterable[Step]) -> Iterator[_Run]:
    """What steps run, each also what runs within ``ExecIf``."""
    for index, step in enumerate(steps):
        application = step.application.lower()
        if application not in INNER:
            yield _Run(index, step, False)
            continue
        chosen = "if" in application
        condition, *rest = apart(step.data, "?")
        for inner in apart("?".join(rest), ":") if chosen else [condition]:
            name, bracket, data = inner.strip().partition("(")
            if bracket:
                yield _Run(index, Step(name.strip(), data.removesuffix(")")), chosen)


def _settings(runs: Iterable[_Run]) -> list[tuple[int, str, str]]:
    """The variables that are set: at which step, by name, and the value."""
    settings = []
    for run in runs:
        application = run.step.application.lower()
        if application == "set":
            pairs = [run.step.data]
        elif application == "mset":
            pairs = arguments_of(run.step.data)
        else:
            continue
        for pair in pairs:
            if found := _SET.fullmatch(pair.strip()):
                settings.append((run.index, found[1], found[2].strip().strip('"')))
    return settings


def _labels(step: Step) -> list[tuple[str, bool]]:
    """What a step may jump to, as it is written, and whether a condition decides it."""
    application = step.application.lower()
    if application in ("goto", "gosub", "macro", "macroexclusive"):
        return [(step.data, False)]
    if application not in CHOOSING:
        return []
    _, *rest = apart(step.data, "?")
    return [(label.strip(), True) for label in apart("?".join(rest), ":") if label.strip()]


def _source_exten(jump: _Jump, exten: str) -> str | None:
    """What was dialled where a jump begins, "" if that is open; None if it does not lead there."""
    if not jump.source.exten.startswith("_"):
        return jump.source.exten
    if jump.spelling is None or not exten:
        return ""
    return jump.spelling.exten_for(exten)


def _handed_over(said: str, jump: _Jump) -> str:
    """What a step says, in the words of where a jump begins."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name.startswith("ARG") and name[3:].isdecimal() and jump.arguments:
            number = int(name[3:])
            given = jump.arguments[number - 1] if 0 < number <= len(jump.arguments) else ""
            return sliced(given, found)
        if name == "EXTEN":
            return sliced(jump.exten, found)
        return found[0]

    return VARIABLE.sub(value, said)


def _breadth(place: Place) -> tuple[int, ...]:
    """Orders patterns as Asterisk tries them: what matches less at an earlier digit first."""
    widths = {"X": 10, "Z": 9, "N": 8, ".": 200, "!": 300}
    parts = re.findall(r"\[[^]]*\]|.", place.exten)
    return (*(widths.get(part.upper(), 1 if len(part) == 1 else 7) for part in parts), 400)
