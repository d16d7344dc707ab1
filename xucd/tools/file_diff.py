"""How a change of an operator's file is shown: what goes and what comes, and no secret.

What stays is not shown, but for the section's heading: who sends what setup prints to somebody else
is not to send the passwords that a dialplan has beside the new line.
"""

import difflib
import re
from collections.abc import Iterator

from xucd.tools.whole_files import Change, read

NEW_SECRET, OTHER_SECRET = "(a random secret)", "(a secret)"

_SECRET_KEY = re.compile(
    r"""(?ix) ( \b [\w.-]* (?: secret | passw(?:or)?d | passphrase | token ) "? \s* =>? \s* )
    (?! \(a\ random\ secret\) | "" | '' | [;\#] ) \S .*"""
)
"""A key that holds a secret, in Asterisk's files and in xucd's settings, up to its value."""

_IN_URL = re.compile(r"(//[^/\s:@]*:)[^\s@]+@")
"""The password in an address, such as a database's."""

_HUNK = re.compile(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@")
"""Of a hunk, its first line in the new file, and how many it has there unless that is 1; with 0 the
first is the line above those that are gone."""

_HEADING = re.compile(r"\s*(\[+[^]]+\]+)")


def difference(change: Change) -> str:
    """The change as a unified diff, "" if the file holds that already. Raises `FilesError`."""
    held = read(change.path)
    if held == change.text:
        return ""
    before, after = (
        [_masked(line, change) for line in _lines(text)] for text in (held, change.text)
    )
    names = (str(change.path) if held is not None else "/dev/null", str(change.path))
    lines = [line.rstrip("\r\n") for line in difflib.unified_diff(before, after, *names, n=0)]
    return "\n".join(_with_headings(lines, after))


def _with_headings(lines: list[str], after: list[str]) -> Iterator[str]:
    """A diff whose hunks name the section that they are in, as ``git diff`` does."""
    for line in lines:
        if hunk := _HUNK.fullmatch(line):
            above = after[: int(hunk[1]) - (hunk[2] != "0")]
            found = next(filter(None, map(_HEADING.match, reversed(above))), None)
            yield line if found is None else f"{line} {found[1]}"
        elif line not in ("--- ", "+++ "):
            yield line


def _lines(text: bytes | None) -> list[str]:
    return (text or b"").decode("utf-8", "replace").splitlines()


def _masked(line: str, change: Change) -> str:
    """A line of a file, of whose secrets none is shown: neither ours, nor those of others."""
    if change.secret:
        if change.text.decode("utf-8", "replace").strip() == change.secret and line.strip():
            return NEW_SECRET if line.strip() == change.secret else OTHER_SECRET  # nothing else
        line = line.replace(change.secret, NEW_SECRET)
    return _IN_URL.sub(rf"\1{OTHER_SECRET}@", _SECRET_KEY.sub(rf"\1{OTHER_SECRET}", line))
