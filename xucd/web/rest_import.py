"""From what a client sent to requests that can be added, and what is wrong with the others.

Pure, and made to run on a thread of its own: a large file takes a good part of a second.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from xucd.center.callbacks import NewRequest, Period
from xucd.web.rest_bodies import CallbackRequestBody
from xucd.web.rest_csv import BadLine, CsvFile, Row, read

NUMBERS = ("phone_number", "mobile_phone_number")
NO_NUMBER = "There is no number to call."
NAMES = {field.name: field.encode_name for field in msgspec.structs.fields(CallbackRequestBody)}
# The code of a value that is wrong, and what it asks for.
WRONG = {
    "phoneNumber": ("NumberInvalid", "may hold at most 40 of 0-9, *, # and +"),
    "mobilePhoneNumber": ("NumberInvalid", "may hold at most 40 of 0-9, *, # and +"),
    "dueDate": ("DateInvalid", "has to be a day that exists, as YYYY-MM-DD"),
    "firstName": ("NameInvalid", "may hold 100 characters, no comma, brace or control character"),
    "lastName": ("NameInvalid", "may hold 100 characters, no comma, brace or control character"),
    "company": ("TextInvalid", "may hold 1000 characters and no control character"),
    "description": ("TextInvalid", "may hold 1000 characters and no control character"),
}


class Judged(msgspec.Struct, frozen=True):
    """What can be added, and what cannot, each in its order."""

    good: list[NewRequest]
    bad: list[BadLine]


def from_csv(file: CsvFile, periods: Sequence[Period]) -> Judged:
    """The requests in a CSV file. Raises `CsvError`."""
    rows, bad = read(file)
    uuids = {period.name.lower(): period.uuid for period in periods}
    good: list[NewRequest] = []
    for row in rows:
        found = _from_row(row, uuids)
        if isinstance(found, BadLine):
            bad.append(found)
        else:
            good.append(found)
    bad.sort(key=lambda one: one.line)
    return Judged(good, bad)


def from_json(bodies: Sequence[CallbackRequestBody], periods: Sequence[Period]) -> Judged:
    """The requests in an array; the lines of what is wrong are places in it, from 1."""
    uuids = {period.uuid for period in periods}
    judged = Judged([], [])
    for place, body in enumerate(bodies, start=1):
        if body.phone_number is None and body.mobile_phone_number is None:
            judged.bad.append(BadLine(place, "NumberInvalid", NO_NUMBER))
        elif body.preferred_period_uuid not in uuids | {None}:
            judged.bad.append(BadLine(place, "PeriodUnknown", "There is no such period."))
        else:
            judged.good.append(new_request(body))
    return judged


def new_request(body: CallbackRequestBody) -> NewRequest:
    """A body as the contact centre takes it."""
    values = msgspec.structs.asdict(body)
    return NewRequest(period_uuid=values.pop("preferred_period_uuid"), **values)


def _from_row(row: Row, periods: Mapping[str, UUID]) -> NewRequest | BadLine:
    values: dict[str, Any] = {
        name: value for name, value in msgspec.structs.asdict(row).items() if value is not None
    }
    del values["line"]
    if not any(name in values for name in NUMBERS):
        return BadLine(row.line, "NumberInvalid", NO_NUMBER)
    period = values.pop("period", None)
    if period is not None and period.lower() not in periods:
        return BadLine(row.line, "PeriodUnknown", "There is no period of this name.")
    try:
        body = msgspec.convert({NAMES[name]: v for name, v in values.items()}, CallbackRequestBody)
    except msgspec.ValidationError as error:
        column = str(error).rpartition("$.")[2].strip("`")
        code, asks = WRONG[column]
        return BadLine(row.line, code, f"{column} {asks}.")
    made = new_request(body)
    if period is not None:
        made = msgspec.structs.replace(made, period_uuid=periods[period.lower()])
    return made
