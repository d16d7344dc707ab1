"""Changing single keys of a settings file, and nothing else of it.

Comments, order, line ends and a byte order mark stay. A key that stands there is replaced in its
line; one that is shown as a comment (``# secret_file = "…"``) is written below that; any other goes
to the end of its section.
"""

import re
import tomllib
from collections.abc import Mapping

import tomli_w

Value = str | int | bool
Keys = Mapping[tuple[str, str], Value | None]
"""By section and key ("" for those above all sections); None takes a key out."""


class CannotWrite(Exception):
    """The text is of a form that cannot be changed here. The text says which key."""


MARK = "\ufeff"
"""What editors on Windows write in front: it is no part of TOML."""


def line_end(text: str) -> str:
    """How the lines of a text end."""
    return "\r\n" if "\r\n" in text else "\n"


def with_keys(text: str, keys: Keys) -> str:
    """The settings with these keys. Raises `CannotWrite`."""
    if text.startswith(MARK):
        return MARK + with_keys(text.removeprefix(MARK), keys)
    for (section, key), value in keys.items():
        if _value(text, section, key) != value:
            changed = _with_key(text, section, key, value)
            try:
                done = _value(changed, section, key) == value
            except CannotWrite:
                done = False
            if not done:
                name = f"{section}.{key}" if section else key
                raise CannotWrite(f"cannot write {name} there: write it by hand")
            text = changed
    return text


def _value(text: str, section: str, key: str) -> object:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CannotWrite(f"is not valid TOML: {error}") from error
    table = values.get(section) if section else values
    return table.get(key) if isinstance(table, dict) else None


def _with_key(text: str, section: str, key: str, value: Value | None) -> str:
    end = line_end(text)
    lines = text.splitlines(keepends=True)
    first, last = _section(lines, section)
    if first is None:
        if value is None:
            return text
        gap = "" if not text or text.endswith(end * 2) else end if text.endswith("\n") else end * 2
        return f"{text}{gap}[{section}]{end}{_line(key, value, end)}"
    present = re.compile(rf"\s*{key}\s*=")
    for index in range(first, last):
        if present.match(lines[index]):
            lines[index] = "" if value is None else _line(key, value, end)
            return "".join(lines)
    if value is None:
        return text
    shown = re.compile(rf"#\s*{key}\s*=")
    place = next((index + 1 for index in range(first, last) if shown.match(lines[index])), None)
    if place is None:
        place = last
        while place > first and (not lines[place - 1].strip() or lines[place - 1][0] == "#"):
            place -= 1  # comments above the next section belong to that
    if place and not lines[place - 1].endswith("\n"):
        lines[place - 1] += end
    lines.insert(place, _line(key, value, end))
    return "".join(lines)


def _section(lines: list[str], section: str) -> tuple[int | None, int]:
    """The first line below a section's heading, and the one after its last."""
    heading = re.compile(r"\s*\[+\s*([^]\s]+)\s*\]+")
    first = None if section else 0
    for index, line in enumerate(lines):
        if match := heading.match(line):
            if first is not None:
                return first, index
            if match[1] == section and not line.lstrip().startswith("[["):
                first = index + 1
    return first, len(lines)


def _line(key: str, value: Value, end: str) -> str:
    return tomli_w.dumps({key: value}).replace("\n", end)
