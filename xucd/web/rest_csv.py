"""Reading callback requests out of a CSV file, as spreadsheets write them.

The first line names the columns, in any order; what separates them there separates them below. A
line that cannot be read is told by its number, the header being line 1, and costs no other line:
reading goes on at the one after it, even where a quote was opened and never closed. What the values
mean is judged elsewhere.
"""

import csv
import io
import re
from collections.abc import Iterator

import msgspec

COLUMNS = {
    "phoneNumber": "phone_number",
    "mobilePhoneNumber": "mobile_phone_number",
    "firstName": "first_name",
    "lastName": "last_name",
    "company": "company",
    "description": "description",
    "dueDate": "due_date",
    "period": "period",
}
SEPARATORS = "|;,"
MAX_LINES = 50_000
# Over how many lines one quoted field may go. It bounds what an unclosed quote costs.
MAX_SPAN = 50


class CsvFile(msgspec.Struct, frozen=True):
    """A file as it is sent. `charset` is what its sender says; without it the bytes tell."""

    data: bytes
    charset: str | None = None


class CsvError(Exception):
    """The file as a whole cannot be read: `code` for a program, `text` for a person."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


class BadLine(msgspec.Struct, frozen=True):
    """A line that cannot be taken. `line` counts from 1, which is the header."""

    line: int
    error: str
    message: str


class Row(msgspec.Struct, frozen=True, gc=False):
    """A line's values, None where a column is empty or missing. `period` is a name."""

    line: int
    phone_number: str | None = None
    mobile_phone_number: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    description: str | None = None
    due_date: str | None = None
    period: str | None = None


def read(file: CsvFile) -> tuple[list[Row], list[BadLine]]:
    """The rows of a file, and the lines that are none, each in the order of the file.

    Any white space in a value, line ends too, becomes one space. Raises `CsvError` with
    `CharsetUnknown`, `CharsetInvalid`, `HeaderInvalid` or `TooManyLines`.
    """
    lines = _decoded(file.data, file.charset).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(lines) > MAX_LINES + 2:  # the header, and what follows the last line's end
        raise CsvError("TooManyLines", f"At most {MAX_LINES} lines can be imported at once.")
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
            values = (" ".join(value.split()) or None for value in found)
            rows.append(Row(number, **dict(zip(names, values, strict=True))))
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
                text = "The file is not written in the UTF-8 that it is sent as."
                raise CsvError("CharsetInvalid", text) from None
        case "latin-1" | "latin1" | "iso-8859-1" | "us-ascii" | "windows-1252":
            return _latin(data)
    raise CsvError("CharsetUnknown", "The file has to be in UTF-8 or Latin-1.")


def _latin(data: bytes) -> str:
    """Latin-1 as browsers take it: with the letters that Windows writes among its controls."""
    try:
        return data.decode("windows-1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _header_line(lines: list[str]) -> tuple[int, str]:
    """Where the header is, and what separates its columns: the names themselves hold neither."""
    first = next((index for index, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise CsvError("HeaderInvalid", "The file is empty.")
    return first, next((one for one in SEPARATORS if one in lines[first]), SEPARATORS[0])


def _columns(line: str, separator: str) -> list[str]:
    known = {name.lower(): field for name, field in COLUMNS.items()}
    try:
        names = next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error:
        raise CsvError("HeaderInvalid", "The header has an unclosed quote.") from None
    columns = []
    for place, name in enumerate(names, start=1):
        field = known.get(name.strip().lower())
        if field is None:
            text = f"Column {place} of the header is none of {', '.join(COLUMNS)}."
            raise CsvError("HeaderInvalid", text)
        if field in columns:
            raise CsvError("HeaderInvalid", f"Column {place} of the header is there twice.")
        columns.append(field)
    if not {"phone_number", "mobile_phone_number"} & set(columns):
        raise CsvError("HeaderInvalid", "The header names no column with a number to call.")
    return columns


def _records(lines: list[str], at: int, separator: str) -> Iterator[tuple[int, list[str] | str]]:
    """Each record's line number, with its fields or with what is wrong with it."""
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
            yield at + 1, "A quote is not closed, or stands in the middle of a field."
            at += 1


def written(header: list[str], rows: list[list[object]]) -> bytes:
    """A CSV file with a byte order mark, without which spreadsheets take UTF-8 for Latin-1."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_harmless(value) for value in row])
    return text.getvalue().encode("utf-8-sig")


def _harmless(value: object) -> object:
    """Keep spreadsheets from running what somebody typed into a field as a formula."""
    if not isinstance(value, str) or not value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return value
    # A number to dial stays as it is: nothing in it can be run.
    return value if re.fullmatch(r"\+[0-9]+", value) else "'" + value
