"""Asterisk's configuration files, as `xucd setup` finds and changes them: text in, text out.

Only what Asterisk itself looks at is looked at: sections, options and includes, not what stands in
comments, of lines or of blocks (``;-- … --;``). A file keeps its line ends and every other byte.
"""

import glob
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from xucd.config.settings_writing import MARK, line_end

OURS = "xucd"
"""The folder below Asterisk's configuration that is xucd's own."""

PLACES = (Path("/etc/asterisk"), Path("/usr/local/etc/asterisk"))
MAX_DEPTH = 10

SECTION = re.compile(r"\s*\[([^]]+)\]\s*(?:\(([^)]*)\))?")
OPTION = re.compile(r"\s*([^=;\[#\s][^=;]*?)\s*=>?\s*(.*?)\s*$")
_EXEC = re.compile(r"""(?i)\s*\#\s*exec\s+["<]?([^\s">]+)""")
_INCLUDE = re.compile(r"""(?i)\s*\#\s*(?:try)?include\s+(?:"([^"]+)"|<([^>]+)>|([^\s;"<]+))""")


class Layout(msgspec.Struct, frozen=True):
    """The files of a PBX that take our includes.

    `generated` says that a program writes the main ones, such as FreePBX or Issabel; then they are
    those which it leaves alone.
    """

    manager: str = "manager.conf"
    extensions: str = "extensions.conf"
    queues: str = "queues.conf"
    generated: bool = False


CUSTOM = Layout("manager_custom.conf", "extensions_custom.conf", "queues_post_custom.conf")


def configuration_folder() -> Path | None:
    """Where this machine's Asterisk has its configuration; None if there is none.

    Raises OSError where it cannot be seen.
    """
    for place in PLACES:
        main = place / "asterisk.conf"
        if is_file(main):
            options = dict(options_in(text_of(main), "directories"))
            return Path(options.get("astetcdir", place))
        if is_file(place / "manager.conf"):
            return place
    return None


def is_file(path: Path) -> bool:
    """Unlike `Path.is_file`, raises PermissionError with every Python where it cannot be seen."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def layout_of(etc: Path) -> Layout:
    """The layout of a PBX: FreePBX's and Issabel's as far as the main files include theirs.

    Raises OSError.
    """
    plain = Layout()

    def chosen(main: str, custom: str) -> str:
        return custom if etc / custom in included_files(etc, main) else main

    found = Layout(
        chosen(plain.manager, CUSTOM.manager),
        chosen(plain.extensions, CUSTOM.extensions),
        chosen(plain.queues, CUSTOM.queues),
    )
    return msgspec.structs.replace(found, generated=found.manager != plain.manager)


def text_of(path: Path) -> str:
    """A file's text, "" if there is none; every byte comes back by `bytes_of`. Raises OSError."""
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""


def bytes_of(text: str) -> bytes:
    """What `text_of` has read."""
    return text.encode("utf-8", "surrogateescape")


def lines_in(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a file without what is commented out, by index."""
    inside = False
    for index, line in enumerate(text.removeprefix(MARK).splitlines()):
        kept, rest = "", line
        while rest:
            if inside:
                _, end, rest = rest.partition("--;")
                inside = not end
                continue
            comment = re.search(r"(?<!\\);", rest)
            if comment is None:
                kept, rest = kept + rest, ""
            else:
                kept += rest[: comment.start()]
                inside = re.match(r";--(?!-)", rest[comment.start() :]) is not None
                rest = rest[comment.end() + 2 :] if inside else ""
        yield index, kept


def options_in(text: str, section: str) -> Iterator[tuple[str, str]]:
    """The options of a section that is no template, in order, names in lower case."""
    return options_of([text], section)


def options_of(texts: Iterable[str], section: str) -> Iterator[tuple[str, str]]:
    """The same of several files that include each other; the last of a name is what counts.

    Those of the templates and sections that it is made of, ``[section](common)``, come first.
    """
    parts: dict[str, list[_Part]] = {}
    for text in texts:
        part = _Part()
        for _, line in lines_in(text):
            if match := SECTION.match(line):
                marks = [mark.strip() for mark in (match[2] or "").split(",")]
                parents = [mark for mark in marks if mark not in ("", "!", "+")]
                part = _Part("!" in marks, parents)
                parts.setdefault(match[1].strip(), []).append(part)
            elif (match := OPTION.match(line)) and not line.lstrip().startswith("#"):
                part.options.append((match[1].lower(), match[2]))

    def resolved(name: str, above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        own = parts.get(name, [])
        for parent in (parent for part in own for parent in part.parents):
            if parent not in above:
                yield from resolved(parent, (*above, parent))
        for part in own:
            yield from part.options

    if any(not part.is_template for part in parts.get(section, [])):
        yield from resolved(section, (section,))


class _Part(msgspec.Struct):
    """A section as one place of a file has it."""

    is_template: bool = False
    parents: list[str] = []
    options: list[tuple[str, str]] = []


def sections_in(text: str) -> list[str]:
    """The names of all sections, templates left out."""
    found = []
    for _, line in lines_in(text):
        match = SECTION.match(line)
        if match and "!" not in (match[2] or ""):
            found.append(match[1].strip())
    return found


def includes_in(text: str) -> list[str]:
    """What the file includes."""
    return [
        next(filter(None, match.groups()))
        for _, line in lines_in(text)
        if (match := _INCLUDE.match(line))
    ]


def included_files(etc: Path, name: str, depth: int = 0) -> list[Path]:
    """A file and all that it includes. Raises OSError."""
    path = etc / name
    if depth > MAX_DEPTH or not is_file(path):
        return []
    found = [path]
    for included in includes_in(text_of(path)):
        for each in matching(etc, included):
            found += included_files(etc, str(each), depth + 1)
    return found


def programs(etc: Path, name: str) -> list[str]:
    """What of a file is made by programs, which nobody runs here: a line for each. Raises OSError.

    Their arguments, which may be secret, are left out. Asterisk runs them only where asterisk.conf
    says ``execincludes = yes``.
    """
    return [
        f"{path}: #exec {match[1]}"
        for path in included_files(etc, name)
        for _, line in lines_in(text_of(path))
        if (match := _EXEC.match(line))
    ]


def includes(etc: Path, name: str, ours: str) -> bool:
    """Whether a file, or one that it includes, includes `ours` (``xucd/manager.conf``)."""
    return includer(etc, name, etc / ours) is not None


def includer(etc: Path, name: str, ours: Path) -> Path | None:
    """The file of those that a file consists of which includes `ours`. Raises OSError."""
    for path in included_files(etc, name):
        if path != ours and any(
            _is_of(etc, included, ours) for included in includes_in(text_of(path))
        ):
            return path
    return None


def _is_of(etc: Path, included: str, ours: Path) -> bool:
    """Whether an include is of `ours`, which need not be there yet."""
    wanted = os.path.normpath(ours)
    if os.path.normpath(etc / included) == wanted:
        return True
    return any(os.path.normpath(path) == wanted for path in matching(etc, included))


def matching(etc: Path, included: str) -> list[Path]:
    """The files that an include names: as Asterisk takes it, from its folder or absolute."""
    return [etc / name for name in sorted(glob.glob(included, root_dir=etc))]


def with_include(text: str, ours: str, *, try_to: bool = False) -> str:
    """The text with an include of `ours` at its end, in the file's own line ends."""
    end = line_end(text)
    if text and not text.endswith(("\n", "\r")):
        text += end
    directive = "tryinclude" if try_to else "include"
    return f'{text}#{directive} "{ours}"{end}'


def without_include(text: str, ours: str, etc: Path) -> str:
    """The text without the lines that include `ours` alone, however they are written."""
    ended = text.splitlines(keepends=True)
    wanted = os.path.normpath(etc / ours)
    barred = {
        index
        for index, line in lines_in(text)
        if (match := _INCLUDE.match(line))
        and os.path.normpath(etc / next(filter(None, match.groups()))) == wanted
    }
    return "".join(line for index, line in enumerate(ended) if index not in barred)


def is_yes(value: str) -> bool:
    """Whether Asterisk takes an option's value for a yes."""
    return value.lower() in ("yes", "true", "y", "t", "1", "on")
