"""Asterisk's manager interface, by manager.conf: where it listens, and having it switched on.

manager.conf is read as Asterisk reads it: an include stands for what is in its file, and a section
goes on through it. Of several ``[general]`` the first counts, with what each ``[general](+)`` adds;
of an option that is there twice, the last.
"""

import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec

from xucd.config.settings_writing import MARK, line_end
from xucd.tools.asterisk_files import (
    MAX_DEPTH,
    OPTION,
    SECTION,
    included_files,
    includes_in,
    is_file,
    is_yes,
    lines_in,
    matching,
    options_of,
    text_of,
)

MAIN = "manager.conf"
EVERYWHERE = ("", "0.0.0.0", "::")
"""The addresses at which a server is reached from anywhere."""

SWITCHED_ON = {"enabled": "yes", "bindaddr": "127.0.0.1"}


class ManagerPlace(msgspec.Struct, frozen=True):
    """Where the manager interface listens.

    `host` is where this machine reaches it, `bound` its ``bindaddr`` as `file` has it; that is the
    file of [general] where there is none.
    """

    enabled: bool
    host: str
    port: int
    bound: str
    file: Path


def manager_place(etc: Path) -> ManagerPlace:
    """Where the manager interface listens. Raises OSError."""
    general = _general(etc)
    texts = [text_of(path) for path in included_files(etc, MAIN)]
    inherited = [
        option
        for line in general
        if not line.key and line.value
        for option in options_of([*texts, f"[ ]({line.value})"], "")
    ]
    options = dict([*inherited, *((line.key, line.value) for line in general if line.key)])
    bound = options.get("bindaddr", "")
    naming = [line.path for line in general if line.key == "bindaddr"]
    *_, file = (etc / MAIN, *(line.path for line in general[:1]), *naming)
    address, port = bound.strip("[]"), options.get("port", "5038")
    return ManagerPlace(
        is_yes(options.get("enabled", "no")),
        "127.0.0.1" if address in EVERYWHERE or address == "localhost" else address,
        int(port) if port.isdecimal() else 5038,
        bound,
        file,
    )


def own_addresses(host: str) -> frozenset[str]:
    """The addresses of a host that are this machine's; none of one that nobody knows."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return frozenset()
    return frozenset(str(at[0]) for family, _, _, _, at in found if _can_be_bound(family, at))


def _can_be_bound(family: int, at: tuple[object, ...]) -> bool:
    with socket.socket(family, socket.SOCK_DGRAM) as own:
        try:
            own.bind(at)
        except OSError:
            return False
    return True


def is_of(etc: Path, host: str, port: int) -> bool:
    """Whether what listens there is the manager interface that is configured here.

    Raises OSError.
    """
    place, own = manager_place(etc), own_addresses(host)
    if port != place.port or not own:
        return False
    # Of several Asterisks on a machine, each may have an address of its own.
    near = ("127.0.0.1", "::1", place.host)
    return place.bound.strip("[]") in EVERYWHERE or not own.isdisjoint(near)


class _Line(msgspec.Struct, frozen=True):
    """A line of [general]: an option, or a heading without a key, whose value are its templates."""

    path: Path
    index: int
    key: str
    value: str


def _general(etc: Path) -> list[_Line]:
    """The lines of the [general] that counts, in order. Raises OSError."""
    found: list[_Line] = []

    def read(path: Path, depth: int, *, inside: bool) -> None:
        if depth > MAX_DEPTH or not is_file(path):
            return
        for index, line in lines_in(text_of(path)):
            if heading := SECTION.match(line):
                marks = [mark.strip() for mark in (heading[2] or "").split(",")]
                named = heading[1].strip().lower() == "general" and "!" not in marks
                inside = named and ("+" in marks or not found)
                if inside:
                    templates = ",".join(mark for mark in marks if mark not in ("", "+"))
                    found.append(_Line(path, index, "", templates))
            elif included := includes_in(line):
                for each in matching(etc, included[0]):
                    read(each, depth + 1, inside=inside)
            elif inside and (option := OPTION.match(line)):
                found.append(_Line(path, index, option[1].lower(), option[2]))

    read(etc / MAIN, 0, inside=False)
    return found


def switched_on(etc: Path) -> dict[Path, str]:
    """The files as they are to be, with ``enabled = yes`` under the [general] that counts.

    It is added to manager.conf if there is none. The interface is opened to this machine alone,
    unless its ``bindaddr`` is one address. Raises OSError.
    """
    general = _general(etc)
    texts = {line.path: text_of(line.path) for line in general}
    if not general:
        text = text_of(etc / MAIN)
        end, mark = line_end(text), MARK if text.startswith(MARK) else ""
        added = f"[general]{end}{_options(SWITCHED_ON, end)}{end}"
        return {etc / MAIN: mark + added + text.removeprefix(mark)}
    lines = {path: text.splitlines(keepends=True) for path, text in texts.items()}
    wanted = dict(SWITCHED_ON)
    for line in general:
        if line.key == "enabled" or (
            line.key == "bindaddr" and line.value.strip("[]") in EVERYWHERE
        ):
            end = line_end(texts[line.path])
            lines[line.path][line.index] = f"{line.key} = {SWITCHED_ON[line.key]}{end}"
        wanted.pop(line.key, None)
    heading = general[0]
    own, end = lines[heading.path], line_end(texts[heading.path])
    if not own[heading.index].endswith(("\n", "\r")):
        own[heading.index] += end
    own.insert(heading.index + 1, _options(wanted, end))
    return {path: "".join(ended) for path, ended in lines.items()}


def without_manager_enabled(text: str, before: str) -> str:
    """A file without what `switched_on` made of `before`; what else it has stays."""
    old, present = [*_general_options(before)], [*_general_options(text)]
    if is_yes(dict(option[1:] for option in old).get("enabled", "no")):
        return text  # nothing was to be switched on
    ended, end = text.splitlines(keepends=True), line_end(text)
    for key, value in SWITCHED_ON.items():
        lines = [before.splitlines()[index] for index, name, _ in old if name == key]
        found = [index for index, name, _ in present if name == key]
        if not found:
            continue
        if len(found) != max(len(lines), 1):
            return "".join(ended)  # somebody has written others
        for number, index in enumerate(found):
            if ended[index].strip() == f"{key} = {value}":
                ended[index] = f"{lines[number]}{end}" if lines else ""
    return "".join(ended)


def _general_options(text: str) -> Iterator[tuple[int, str, str]]:
    """The options of [general] in one file: the index of each line, name in lower case, value.

    What is above all headings is of the section of a file that includes this one.
    """
    inside = True
    for index, line in lines_in(text):
        if match := SECTION.match(line):
            inside = match[1].strip().lower() == "general"
        elif inside and (match := OPTION.match(line)):
            yield index, match[1].lower(), match[2]


def _options(wanted: dict[str, str], end: str) -> str:
    return "".join(f"{key} = {value}{end}" for key, value in wanted.items())
