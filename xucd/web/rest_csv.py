"""Reading callback requests out of a CSV file, as spreadsheets write them.

The first line names the columns, in any order; its separator holds for the whole file. A line that
cannot be read is reported by its number, the header being line 1. Reading goes on at the next line,
even after a quote that is never closed. `xucd.web.rest_import` validates the values.
"""

import csv
import io
import re
from collections.abc import Iterator

import msgspec

from xucd.center.callee import KEYS, NUMBER_KEYS

COLUMNS = (*KEYS.values(), "dueDate", "period")
SEPARATORS = "|;,"
MAX_LINES = 50_000
# The most lines of one quoted field. It bounds the cost of an unclosed quote.
MAX_SPAN = 50


class CsvFile(msgspec.Struct, frozen=True):
    """A file as it was sent. `charset` is what the client declared, None if nothing."""

    data: bytes
    charset: str | None = None


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


class Row(msgspec.Struct, frozen=True):
    """A line's values by column, without the empty ones."""

    line: int
    values: dict[str, str]


def read(file: CsvFile) -> tuple[list[Row], list[BadLine]]:
    """The rows of a file, and its invalid lines, each in the order of the file.

    Any white space in a value, also a line end, becomes one space. Raises `CsvError` with
    `CharsetUnknown`, `CharsetInvalid`, `HeaderInvalid` or `TooManyLines`.
    """
    text = _decoded(file.data, file.charset).replace("\r\n", "\n").replace("\r", "\n")
    # The header's end, too. Counted before there are lines: 8 MiB may be 8 million of them.
    if text.count("\n") > MAX_LINES + 1:
        raise CsvError("TooManyLines", f"At most {MAX_LINES} lines can be imported at once.")
    lines = text.split("\n")
    first, separator = _header_line(lines)
    names = _columns(lines[first], separator)
    rows: list[Row] = []
    bad: list[BadLine] = []
    for number, found in _records(lines, first + 1, separator):
        if isinstance(found, str):
            bad.append(BadLine(number, "LineInvalid", found))
        elif len(found) != len(names):
            text = f"The line has {len(found)} fields, the header {len(names)}."
            bad.append(BadLine(number, "LineInvalid", text))
        else:
            values = (" ".join(value.split()) for value in found)
            named = zip(names, values, strict=True)
            rows.append(Row(number, {name: value for name, value in named if value}))
    return rows, bad


def _decoded(data: bytes, charset: str | None) -> str:
    match (charset or "").lower():
        case "":
            try:
                return data.decode("utf-8-sig")
            except UnicodeDecodeError:
                return _latin(data)
        case "utf-8" | "utf8":
            try:
                return data.decode("utf-8-sig")
            except UnicodeDecodeError:
                text = "The file is declared as UTF-8 and is not valid UTF-8."
                raise CsvError("CharsetInvalid", text) from None
        case "latin-1" | "latin1" | "iso-8859-1" | "us-ascii" | "windows-1252":
            return _latin(data)
    raise CsvError("CharsetUnknown", "The charset of the file has to be UTF-8 or Latin-1.")


def _latin(data: bytes) -> str:
    """Decode Latin-1 as browsers do, as Windows-1252 if possible."""
    try:
        return data.decode("windows-1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _header_line(lines: list[str]) -> tuple[int, str]:
    """The index of the header, and the separator of its columns, which no column name holds."""
    first = next((index for index, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise CsvError("HeaderInvalid", "The file is empty.")
    return first, next((mark for mark in SEPARATORS if mark in lines[first]), SEPARATORS[0])


def _columns(line: str, separator: str) -> list[str]:
    known = {column.lower(): column for column in COLUMNS}
    try:
        names = next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error:
        raise CsvError("HeaderInvalid", "The header has an unclosed quote.") from None
    columns = []
    for place, name in enumerate(names, start=1):
        column = known.get(name.strip().lower())
        if column is None:
            text = f"Column {place} of the header is not one of {', '.join(COLUMNS)}."
            raise CsvError("HeaderInvalid", text)
        if column in columns:
            raise CsvError("HeaderInvalid", f"The header names column {place} twice.")
        columns.append(column)
    if not set(NUMBER_KEYS) & set(columns):
        text = f"The header has neither of the columns {' and '.join(NUMBER_KEYS)}."
        raise CsvError("HeaderInvalid", text)
    return columns


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


def write(header: list[str], rows: list[list[object]]) -> bytes:
    """A CSV file, with a byte order mark: without it, spreadsheets read UTF-8 as Latin-1."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_without_formula(value) for value in row])
    return text.getvalue().encode("utf-8-sig")


def _without_formula(value: object) -> object:
    """A value that spreadsheets do not run as a formula."""
    if not isinstance(value, str) or not value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return value
    # A number to dial is no formula.
    return value if re.fullmatch(r"\+[0-9]+", value) else "'" + value
