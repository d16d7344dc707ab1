"""Which line of a TOML file each of its values stands on.

Python's own reader forgets this, and an error that names the line is worth having. The text has
been read by `tomllib` before, so it is known to be valid: only the marks that divide it matter.
"""

import bisect
import re
import tomllib

from xucd.config.validation import Path

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:\\.|[^"\\])*"' r"|'[^']*'", re.DOTALL
)
_SCALAR = re.compile(r"[^,\]}#\n]*")


def lines_of(text: str) -> dict[Path, int]:
    """Map the path of every table, key and list item of a valid TOML text to its line, from 1."""
    return _Scanner(text).document()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.sizes: dict[Path, int] = {}  # of the lists that are written as [[tables]]

    def document(self) -> dict[Path, int]:
        table: Path = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            table = self.header() if self.text[self.at] == "[" else self.pair(table)
            self.skip(_BLANK)
        return self.lines

    def skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        found = match[0] if match else ""
        self.at += len(found)
        return found

    def note(self, path: Path, at: int) -> None:
        line = bisect.bisect_right(self.starts, at)
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], line)

    def header(self) -> Path:
        """Read ``[a.b]`` or ``[[a.b]]``; the path of the table that it opens."""
        start = self.at
        brackets = 2 if self.text.startswith("[[", self.at) else 1
        self.at += brackets
        keys = self.key()
        self.at += brackets
        path: Path = ()
        for number, key in enumerate(keys, 1):
            path += (key,)
            if number == len(keys) and brackets == 2:
                self.sizes[path] = self.sizes.get(path, 0) + 1
            if path in self.sizes:
                path += (self.sizes[path] - 1,)
        self.note(path, start)
        return path

    def key(self) -> Path:
        """Read a key, dotted or not, up to the ``=`` or ``]`` after it."""
        parts: list[str] = []
        while True:
            self.skip(_BLANK)
            bare = self.skip(_BARE)
            parts.append(bare or tomllib.loads("key = " + self.skip(_STRING))["key"])
            self.skip(_BLANK)
            if self.text[self.at] != ".":
                return tuple(parts)
            self.at += 1

    def pair(self, table: Path) -> Path:
        """Read ``key = value`` inside `table`, and return `table`."""
        start = self.at
        path = table + self.key()
        self.at += 1
        self.note(path, start)
        self.skip(_BLANK)
        self.value(path)
        return table

    def value(self, path: Path) -> None:
        opening = self.text[self.at]
        if opening not in "[{":
            self.skip(_STRING if opening in "\"'" else _SCALAR)
            return
        self.at += 1
        index = 0
        self.skip(_BLANK)
        while self.text[self.at] not in "]}":
            if opening == "{":
                self.pair(path)
            else:
                self.note((*path, index), self.at)
                self.value((*path, index))
                index += 1
            self.skip(_BLANK)
            if self.text[self.at] == ",":
                self.at += 1
                self.skip(_BLANK)
        self.at += 1
