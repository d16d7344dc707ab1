"""Callback requests in a CSV file, and CSV files as answers.

`xucd.config.csv_table` reads the lines and `xucd.web.rest_import` validates the values.
"""

import csv
import io
import re

import msgspec

from xucd.center.callee import KEYS, NUMBER_KEYS
from xucd.config import csv_table
from xucd.config.csv_table import BadLine, CsvError

COLUMNS = (*KEYS.values(), "dueDate", "period")
_KNOWN = {column.lower(): column for column in COLUMNS}


class CsvFile(msgspec.Struct, frozen=True):
    """A file as it was sent. `charset` is what the client declared, None if nothing."""

    data: bytes
    charset: str | None = None


class Row(msgspec.Struct, frozen=True):
    """A line's values by column, without the empty ones."""

    line: int
    values: dict[str, str]


def read(file: CsvFile) -> tuple[list[Row], list[BadLine]]:
    """The rows of a file, and its invalid lines, each in the order of the file.

    Any white space in a value, also a line end, becomes one space. Raises `CsvError` with
    `CharsetUnknown`, `CharsetInvalid`, `HeaderInvalid` or `TooManyLines`.
    """
    table = csv_table.read(_decoded(file.data, file.charset), _KNOWN)
    if not set(NUMBER_KEYS) & set(table.columns):
        text = f"The header has neither of the columns {' and '.join(NUMBER_KEYS)}."
        raise CsvError("HeaderInvalid", text)
    rows = []
    for number, found in table.records:
        values = (" ".join(value.split()) for value in found)
        named = zip(table.columns, values, strict=True)
        rows.append(Row(number, {name: value for name, value in named if value}))
    return rows, table.bad


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
