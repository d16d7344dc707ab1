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
from xucd.tools.dialplan import NUMBER, Dialplan, Place, Step, pattern_of

MAX_HOPS = 5
"""How many jumps lead from a number to a step at most."""

MAX_STOPS = 20_000
"""At how many extensions the ways to one step are followed at most: the rest is given up."""

MAX_VALUES = 8
"""How many values of one text are followed at most."""

INNER = {"execif", "execiftime", "exec", "tryexec"}
"""Applications that run another one, in lower case: Asterisk takes their names in any."""

CHOOSING = {"gotoif", "gosubif", "macroif", "gotoiftime"}
"""Applications that jump to one place of two."""

MACROS = {"macro", "macroexclusive", "macroif"}

_VARIABLE = re.compile(r"\$\{(\w+)(?::(-?\d+)(?::(-?\d+))?)?\}")
_SET = re.compile(r"(?:LOCAL\(|GLOBAL\()?_{0,2}(\w+)\)?\s*=(.*)", re.DOTALL)
_PART = re.compile(r"\$[{[]|.", re.DOTALL)


class Way(msgspec.Struct, frozen=True):
    """One way from a number, or a pattern of numbers, to a step.

    `said` is what the step says there. `rank` orders the ways from one number: those without a
    condition first, then those that a call comes to first. `decided` says that there is one.
    """

    place: Place
    said: str
    rank: tuple[int, tuple[tuple[int, int], ...]]
    decided: bool

    @property
    def hops(self) -> int:
        """How many jumps it has."""
        return len(self.rank[1]) - 1


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


class _Stop(msgspec.Struct, frozen=True):
    """An extension on the way back; `exten` is what was dialled, "" if a pattern leaves it open."""

    place: Place
    exten: str
    index: int
    said: str
    conditions: int
    decided: bool
    path: tuple[tuple[int, int], ...]


class Ways:
    """A dialplan with its jumps, by where they lead."""

    def __init__(self, dialplan: Dialplan) -> None:
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
        self._numbers: dict[str, list[str]] = {}
        for context, exten in self._to_number:
            self._numbers.setdefault(context, []).append(exten)

    def to(self, application: str) -> Iterator[Way]:
        """All ways to the steps of an application, given in lower case; `said` is its first
        argument."""
        for place, runs in self._runs.items():
            for run in runs:
                if run.step.application.lower() == application:
                    said = arguments_of(run.step.data)[0].strip()
                    yield from self._back(place, run, said)

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

    def _back(self, place: Place, run: _Run, said: str) -> Iterator[Way]:
        exten = "" if place.exten.startswith("_") else place.exten
        path = ((run.index, 0),)
        near = [_Stop(place, exten, run.index, said, int(run.chosen), run.chosen, path)]
        seen: set[tuple[Place, str, str]] = set()
        for _ in range(MAX_HOPS + 1):
            further: list[_Stop] = []
            for stop in sorted(near, key=lambda stop: (stop.conditions, stop.path)):
                for value in self._values(stop.place, stop.index, stop.said, stop.exten):
                    key = (stop.place, stop.exten, value)
                    if key in seen or len(seen) >= MAX_STOPS:
                        continue
                    seen.add(key)
                    if not stop.exten or NUMBER.fullmatch(stop.exten):
                        yield Way(
                            Place(stop.place.context, stop.exten or stop.place.exten),
                            value, (stop.conditions, stop.path), stop.decided,
                        )  # fmt: skip
                    further += self._before(stop, value)
            near = further

    def _before(self, stop: _Stop, said: str) -> Iterator[_Stop]:
        """Where a call may have been just before."""
        place = stop.place
        for context in self._around(place.context):
            jumps = list(self._to_context.get(context, ()))
            extens = [stop.exten] if stop.exten else self._numbers.get(context, [])
            for exten in extens:
                if (there := self._to_number.get((context, exten))) and place == self.resolved(
                    context, exten
                ):
                    jumps += there
            for jump in jumps:
                if (source := _source_exten(jump, stop)) is not None:
                    text = _handed_over(said, jump)
                    yield _Stop(
                        jump.source, source, jump.index, text,
                        stop.conditions + jump.conditions, stop.decided or jump.decided,
                        ((jump.index, jump.branch), *stop.path),
                    )  # fmt: skip

    def _values(self, place: Place, index: int, text: str, exten: str) -> list[str]:
        """What a text may be at a step, by what was set before it."""
        before = [each for each in self._set[place] if each[0] < index] or self._set[place]
        values = _with_variables(text, [(name, value) for _, name, value in before])
        return [with_exten(value, exten) for value in values] if exten else values

    def _jumps(self, place: Place) -> Iterator[_Jump]:
        exten = "" if place.exten.startswith("_") else place.exten
        for run in self._runs[place]:
            application = run.step.application.lower()
            for branch, (label, chosen) in enumerate(_labels(run.step)):
                name, bracket, inner = label.partition("(")
                arguments = arguments_of(inner.rstrip().removesuffix(")")) if bracket else []
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
                    open_way = "$" in which and (exten or "${EXTEN" not in which)
                    if which and "$" not in where and not open_way:
                        yield _Jump(
                            place, run.index, branch, int(decided and not timed), decided,
                            where, which, tuple(arguments),
                        )  # fmt: skip


def apart(text: str, at: str) -> list[str]:
    """A text parted at a character that stands in no expression and in no brackets."""
    parts = [""]
    depth = 0
    for part in _PART.findall(text):
        if part[-1] in "{[(":
            depth += 1
        elif part in "}])":
            depth = max(0, depth - 1)
        if part == at and not depth:
            parts.append("")
        else:
            parts[-1] += part
    return parts


def values_of(text: str, steps: Iterable[Step]) -> list[str]:
    """What a text may be by variables that these steps set; the others stay in it."""
    return _with_variables(text, [(name, value) for _, name, value in _settings(_runs(steps))])


def with_exten(text: str, exten: str) -> str:
    """A text with what ``${EXTEN}``, ``${EXTEN:1}`` and the like are in an extension."""

    def value(found: re.Match[str]) -> str:
        return _sliced(exten, found) if found[1] == "EXTEN" else found[0]

    return _VARIABLE.sub(value, text)


def exten_for(pattern: str, text: str, wanted: str) -> str | None:
    """What of a pattern was dialled, if a text with ``${EXTEN}`` or ``${EXTEN:1}`` is as wanted."""
    variables = list(_VARIABLE.finditer(text))
    if len(variables) != 1 or variables[0][1] != "EXTEN" or variables[0][3]:
        return None
    found = variables[0]
    before, after, lost = text[: found.start()], text[found.end() :], int(found[2] or 0)
    if "$" in before + after or lost < 0:
        return None
    # What was cut off at the front is known where the pattern has it in so many words.
    front = pattern[1 : 1 + lost]
    if len(front) != lost or (lost and not NUMBER.fullmatch(front)):
        return None
    folded = wanted.lower()
    if len(wanted) < len(before + after) or not (
        folded.startswith(before.lower()) and folded.endswith(after.lower())
    ):
        return None
    exten = front + wanted[len(before) : len(wanted) - len(after)]
    return exten if pattern_of(pattern).fullmatch(exten) else None


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


def _with_variables(text: str, settings: list[tuple[str, str]]) -> list[str]:
    """What a text may be; of ``${IF(…?a:b)}`` both."""
    if "$" not in text:
        return [text]
    values = [text]
    for _ in range(3):  # a value may have variables itself
        values = list(dict.fromkeys(itertools.chain.from_iterable(
            _once(value, settings) for value in values
        )))[:MAX_VALUES]  # fmt: skip
    return values


def _once(text: str, settings: list[tuple[str, str]]) -> Iterator[str]:
    if text.startswith("${IF(") and text.endswith(")}"):
        _, *rest = apart(text[len("${IF(") : -len(")}")], "?")
        if rest:
            yield from (each.strip().strip('"') for each in apart("?".join(rest), ":"))
            return
    names = {found[1] for found in _VARIABLE.finditer(text)}
    for name, _ in settings:
        if name in names:
            # The value set last is the most likely one.
            for other, value in reversed(settings):
                if other == name and value != text:
                    yield _put(text, name, value)
            return
    yield text


def _put(text: str, name: str, value: str) -> str:
    def replaced(found: re.Match[str]) -> str:
        if found[1] != name:
            return found[0]
        return value if found[2] is None or "$" in value else _sliced(value, found)

    return _VARIABLE.sub(replaced, text)


def _sliced(value: str, found: re.Match[str]) -> str:
    """What ``${NAME:1:3}`` is of a value, as Asterisk cuts it."""
    start, length = int(found[2] or 0), int(found[3] or 0)
    rest = value[start:] if start >= 0 else value[max(0, len(value) + start) :]
    return rest[:length] if found[3] else rest


def _source_exten(jump: _Jump, stop: _Stop) -> str | None:
    """What was dialled where a jump begins, "" if that is open; None if it does not lead there."""
    if not jump.source.exten.startswith("_"):
        return jump.source.exten
    if "$" not in jump.exten or not stop.exten:
        return ""
    return exten_for(jump.source.exten, jump.exten, stop.exten)


def _handed_over(said: str, jump: _Jump) -> str:
    """What a step says, in the words of where a jump begins."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name.startswith("ARG") and name[3:].isdecimal() and jump.arguments:
            number = int(name[3:])
            given = jump.arguments[number - 1] if 0 < number <= len(jump.arguments) else ""
            return given if found[2] is None or "$" in given else _sliced(given, found)
        if name == "EXTEN" and found[2] is None:
            return jump.exten
        return found[0]

    return _VARIABLE.sub(value, said)


def _breadth(place: Place) -> tuple[int, ...]:
    """Orders patterns as Asterisk tries them: what matches less at an earlier digit first."""
    widths = {"X": 10, "Z": 9, "N": 8, ".": 200, "!": 300}
    parts = re.findall(r"\[[^]]*\]|.", place.exten)
    return (*(widths.get(part.upper(), 1 if len(part) == 1 else 7) for part in parts), 400)
