"""What the texts of a dialplan may be, with what is put in for their variables.

What is set before a step, ``${EXTEN}`` and ``${EXTEN:1}`` are put in; of ``${IF(…?a:b)}`` there are
both values. What only a call knows stays as it is written.
"""

import itertools
import re
from collections.abc import Iterator

import msgspec

from xucd.tools.dialplan import NUMBER, pattern_of

MAX_VALUES = 8
"""How many values of one text are followed at most."""

VARIABLE = re.compile(r"\$\{(\w+)(?::(-?\d+)(?::(-?\d+))?)?\}")
"""A variable's name, and where a part of its value begins and how long it is."""

UNKNOWN = "${}"
"""Stands in a text for what cannot be told: no queue, phone or extension is called so."""

_IF = "${IF("
_PART = re.compile(r"\$[{[]|.", re.DOTALL)


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


def bracketed(text: str) -> tuple[str, str]:
    """A text as far as the first bracket that stands in no expression, and what is behind that."""
    depth = at = 0
    for part in _PART.findall(text):
        if part == "(" and not depth:
            return text[:at], text[at + 1 :]
        if part in ("${", "$[") or (depth and part in "{["):
            depth += 1
        elif part in "}]":
            depth = max(0, depth - 1)
        at += len(part)
    return text, ""


def with_exten(text: str, exten: str) -> str:
    """A text with what ``${EXTEN}``, ``${EXTEN:1}`` and the like are in an extension."""

    def value(found: re.Match[str]) -> str:
        return sliced(exten, found) if found[1] == "EXTEN" else found[0]

    return VARIABLE.sub(value, text)


class Spelling(msgspec.Struct, frozen=True):
    """How a text with ``${EXTEN}`` or ``${EXTEN:1}`` is spelled by a pattern's number."""

    front: str
    before: str
    after: str
    pattern: re.Pattern[str]

    def exten_for(self, wanted: str) -> str | None:
        """What was dialled, if the text is as wanted, in any case; None if nothing makes it so."""
        middle = len(wanted) - len(self.after)
        if middle < len(self.before) or not (
            wanted[: len(self.before)].lower() == self.before
            and wanted[middle:].lower() == self.after
        ):
            return None
        exten = self.front + wanted[len(self.before) : middle]
        return exten if self.pattern.fullmatch(exten) else None


def spelling(pattern: str, text: str) -> Spelling | None:
    """How a text is spelled by a pattern's number; None if that cannot be told backwards."""
    variables = list(VARIABLE.finditer(text))
    if len(variables) != 1 or variables[0][1] != "EXTEN" or variables[0][3]:
        return None
    found = variables[0]
    before, after, lost = text[: found.start()], text[found.end() :], int(found[2] or 0)
    # What was cut off at the front is known where the pattern has it in so many words.
    front = pattern[1 : 1 + max(0, lost)]
    if "$" in before + after or lost < 0 or len(front) != lost:
        return None
    if lost and not NUMBER.fullmatch(front):
        return None
    return Spelling(front, before.lower(), after.lower(), pattern_of(pattern))


def with_variables(text: str, settings: list[tuple[str, str]]) -> list[str]:
    """What a text may be; of ``${IF(…?a:b)}`` both."""
    values = [text]
    for _ in range(3):  # a value may have variables itself
        if not any(_is_open(value, settings) for value in values):
            break
        done = {_first_set(value, settings) for value in values if not value.startswith(_IF)}
        every = itertools.chain.from_iterable(_once(value, settings) for value in values)
        values = list(dict.fromkeys(every))[:MAX_VALUES]
        # What is made of its own value, as by Set(N=${N:1}), is put in once.
        settings = [
            each for each in settings if each[0] not in done or each[0] not in _named(each[1])
        ]
    return values


def _is_open(text: str, settings: list[tuple[str, str]]) -> bool:
    """Whether a text has a part that has values."""
    return "$" in text and (
        text.startswith(_IF) or any(f"${{{name}" in text for name, _ in settings)
    )


def _once(text: str, settings: list[tuple[str, str]]) -> Iterator[str]:
    if text.startswith(_IF) and text.endswith(")}"):
        _, *rest = apart(text[len(_IF) : -len(")}")], "?")
        if rest:
            yield from (each.strip().strip('"') for each in apart("?".join(rest), ":"))
            return
    name = _first_set(text, settings)
    # The value set last is the most likely one.
    values = [value for other, value in reversed(settings) if other == name and value != text]
    yield from (_put(text, name, value) for value in values) if values else [text]


def _named(text: str) -> set[str]:
    """The variables that a text names."""
    return {found[1] for found in VARIABLE.finditer(text)}


def _first_set(text: str, settings: list[tuple[str, str]]) -> str:
    """Which of the variables that a text names is set first; "" for none."""
    names = _named(text)
    return next((name for name, _ in settings if name in names), "")


def _put(text: str, name: str, value: str) -> str:
    def replaced(found: re.Match[str]) -> str:
        if found[1] != name:
            return found[0]
        return sliced(value, found)

    return VARIABLE.sub(replaced, text)


def sliced(value: str, found: re.Match[str]) -> str:
    """What ``${NAME:1:3}`` is of a value, as Asterisk cuts it; also of one with variables."""
    if found[2] is None:
        return value
    if "$" in value:
        return _sliced_open(value, found)
    start, length = int(found[2]), int(found[3] or 0)
    rest = value[start:] if start >= 0 else value[max(0, len(value) + start) :]
    return rest[:length] if found[3] else rest


def _sliced_open(value: str, found: re.Match[str]) -> str:
    """What is cut out of a value that is not known wholly, as far as this can be told."""
    front, start = value.index("$"), int(found[2])
    variable = VARIABLE.fullmatch(value, front)
    if variable is not None and variable[2] is None and not front:
        return f"${{{variable[1]}{found[0][found.end(1) - found.start() : -1]}}}"
    if start < 0:
        return UNKNOWN
    if found[3] is not None:
        end = start + int(found[3])
        return value[start:end] if start <= end <= front else UNKNOWN
    if start <= front:
        return value[start:]
    if variable is None or variable[3] is not None or int(variable[2] or 0) < 0:
        return UNKNOWN
    return f"${{{variable[1]}:{int(variable[2] or 0) + start - front}}}"
