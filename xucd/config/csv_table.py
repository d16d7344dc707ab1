"""Reading a table out of a CSV file, as spreadsheets write them.

The first line names the columns, in any order; its separator holds for the whole file. A line that
cannot be read is reported by its number, the header being line 1. Reading goes on at the next line,
even after a quote that is never closed. Spreadsheets write rows and columns without a text where a
table is formatted beyond its contents: these are none.
"""

import csv
from collections.abc import Iterator, Mapping

import msgspec

SEPARATORS = "|;,"
MAX_LINES = 50_000
# The most lines of one quoted field. It bounds the cost of an unclosed quote.
MAX_SPAN = 50


class CsvError(Exception):
    """The file as a whole cannot be read: `code` for a program, `text` for a person."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


class BadLine(msgspec.Struct, frozen=True):
    """An invalid line, with the code of its error. `line` counts from 1."""

    line: int
    error: str
    message: str


class CsvTable(msgspec.Struct, frozen=True):
    """The names of a file's columns, its records with their lines, and the lines that are none."""

    columns: list[str]
    records: list[tuple[int, list[str]]]
    bad: list[BadLine]


def read(text: str, known: Mapping[str, str]) -> CsvTable:
    """The table in a text. `known` is what columns are called, by their names in small letters.

    Raises `CsvError` with `HeaderInvalid` or `TooManyLines`.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # The header's end, too. Counted before there are lines: 8 MiB may be 8 million of them.
    if text.count("\n") > MAX_LINES + 1:
        raise CsvError("TooManyLines", f"At most {MAX_LINES} lines can be imported at once.")
    lines = text.split("\n")
    first, separator = _header_line(lines)
    columns = _columns(lines[first], separator, known)
    table = CsvTable([column for column in columns if column], [], [])
    for number, found in _records(lines, first + 1, separator):
        if isinstance(found, str):
            table.bad.append(BadLine(number, "LineInvalid", found))
            continue
        cells = found[: max(len(columns), _filled(found))]
        if not _filled(cells):
            continue
        if len(cells) != len(columns):
            wrong = f"The line has {len(cells)} fields, the header {len(columns)}."
            table.bad.append(BadLine(number, "LineInvalid", wrong))
        elif nameless := [i for i, cell in enumerate(cells) if cell.strip() and not columns[i]]:
            wrong = f"Column {nameless[0] + 1} has no name in the header."
            table.bad.append(BadLine(number, "LineInvalid", wrong))
        else:
            named = zip(columns, cells, strict=True)
            table.records.append((number, [cell for column, cell in named if column]))
    return table


def _filled(cells: list[str]) -> int:
    """How many cells a row has up to the last one with a text."""
    return max((at for at, cell in enumerate(cells, start=1) if cell.strip()), default=0)


def _header_line(lines: list[str]) -> tuple[int, str]:
    """The index of the header, and the separator of its columns, which no column name holds."""
    blank = f' \t"{SEPARATORS}'
    first = next((index for index, line in enumerate(lines) if line.strip(blank)), None)
    if first is None:
        raise CsvError("HeaderInvalid", "The file is empty.")
    return first, next((mark for mark in SEPARATORS if mark in lines[first]), SEPARATORS[0])


def _columns(line: str, separator: str, known: Mapping[str, str]) -> list[str]:
    """The header's columns, "" for one without a name."""
    try:
        names = next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error:
        raise CsvError("HeaderInvalid", "The header has an unclosed quote.") from None
    columns: list[str] = []
    for place, name in enumerate(names, start=1):
        column = known.get(name.strip().lower()) if name.strip() else ""
        if column is None:
            allowed = ", ".join(dict.fromkeys(known.values()))
            text = f"Column {place} of the header is not one of {allowed}."
            raise CsvError("HeaderInvalid", text)
        if column and column in columns:
            raise CsvError("HeaderInvalid", f"The header names column {place} twice.")
        columns.append(column)
    return columns[: _filled(columns)]


def _records(lines: list[str], at: int, separator: str) -> Iterator[tuple[int, list[str] | str]]:
    """Each record's line number, with its fields or with the text of an error."""
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        ahead = (f"{lines[i]}\n" for i in range(at, min(at + MAX_SPAN, len(lines))))
        reader = csv.reader(ahead, delimiter=separator, strict=True)
        try:
            yield at + 1, next(reader)
            at += reader.line_num
        except csv.Error:
            yield at + 1, "A quote is not closed, or is in the middle of a field."
            at += 1
