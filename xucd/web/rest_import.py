"""From the bodies of an import to requests that can be added, and to the errors of invalid ones.

Pure, and made to run on a thread of its own: a large file takes a good part of a second.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from msgspec.inspect import StrType, StructType, UnionType

from xucd.center.callbacks import NewRequest, Period
from xucd.center.callee import NUMBER_KEYS
from xucd.config import validation
from xucd.config.csv_table import BadLine
from xucd.config.entries import CalleeEntry
from xucd.web.rest_bodies import CallbackRequestBody
from xucd.web.rest_csv import CsvFile, Row, read

NO_NUMBER = f"There is no number to call: {' or '.join(NUMBER_KEYS)} is required."
# The code of an invalid value, by the pattern that it does not match.
CODES = {
    validation.NUMBER: "NumberInvalid",
    validation.SPOKEN_NAME: "NameInvalid",
    validation.TEXT: "TextInvalid",
}


class Validated(msgspec.Struct, frozen=True):
    """The requests that can be added, and the errors of those that cannot, each in their order."""

    valid: list[NewRequest]
    invalid: list[BadLine]


def _value_errors() -> dict[str, tuple[str, str]]:
    """The code and the text of an error in each column."""
    shape = msgspec.inspect.type_info(CalleeEntry)
    assert isinstance(shape, StructType)
    errors = {"dueDate": ("DateInvalid", "dueDate has to be a day that exists, as YYYY-MM-DD.")}
    for column in shape.fields:
        assert isinstance(column.type, UnionType)
        text = next(part for part in column.type.types if isinstance(part, StrType))
        assert text.pattern is not None
        asks = validation.PATTERN_HELP[text.pattern]
        errors[column.encode_name] = (
            CODES[text.pattern],
            f"{column.encode_name} {asks}, and at most {text.max_length} characters.",
        )
    return errors


VALUE_ERRORS = _value_errors()


def from_csv(file: CsvFile, periods: Sequence[Period]) -> Validated:
    """The requests in a CSV file. Raises `CsvError`."""
    rows, invalid = read(file)
    uuids = {period.name.lower(): period.uuid for period in periods}
    valid: list[NewRequest] = []
    for row in rows:
        found = _from_row(row, uuids)
        if isinstance(found, BadLine):
            invalid.append(found)
        else:
            valid.append(found)
    invalid.sort(key=lambda bad: bad.line)
    return Validated(valid, invalid)


def from_json(bodies: Sequence[CallbackRequestBody], periods: Sequence[Period]) -> Validated:
    """The requests in an array; the lines of errors are places in it, from 1."""
    uuids = {period.uuid for period in periods}
    validated = Validated([], [])
    for place, body in enumerate(bodies, start=1):
        if body.number is None:
            validated.invalid.append(BadLine(place, "NumberInvalid", NO_NUMBER))
        elif body.preferred_period_uuid not in uuids | {None}:
            validated.invalid.append(BadLine(place, "PeriodUnknown", "There is no such period."))
        else:
            validated.valid.append(new_request(body))
    return validated


def new_request(body: CallbackRequestBody) -> NewRequest:
    """A body as the contact centre takes it."""
    values = msgspec.structs.asdict(body)
    return NewRequest(period_uuid=values.pop("preferred_period_uuid"), **values)


def _from_row(row: Row, periods: Mapping[str, UUID]) -> NewRequest | BadLine:
    values = dict(row.values)
    if not values.keys() & set(NUMBER_KEYS):
        return BadLine(row.line, "NumberInvalid", NO_NUMBER)
    period = values.pop("period", None)
    if period is not None and period.lower() not in periods:
        return BadLine(row.line, "PeriodUnknown", "There is no period of this name.")
    try:
        body = msgspec.convert(values, CallbackRequestBody)
    except msgspec.ValidationError as error:
        column = str(error).rpartition("$.")[2].strip("`")
        return BadLine(row.line, *VALUE_ERRORS[column])
    request = new_request(body)
    if period is None:
        return request
    return msgspec.structs.replace(request, period_uuid=periods[period.lower()])
