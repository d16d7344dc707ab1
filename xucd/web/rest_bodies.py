"""What REST bodies look like: camel case in JSON, one struct for each.

Values are held to what the contact centre's file may hold, so that one can be written from the
other.
"""

import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from xucd.config.entries import WhoToCall
from xucd.cti import messages as msg
from xucd.web.rest_csv import BadLine

MAX_REQUESTS = 50_000
FILTER = r"\A([A-Za-z]+)([=~<>])([^\x00-\x1f\x7f-\x9f\u2028\u2029]*)\Z"


class _Body(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    pass


class _Given(_Body, forbid_unknown_fields=True, frozen=True):
    """A misspelt key must not quietly lose what it holds."""


class ErrorBody(msgspec.Struct, frozen=True):
    """What went wrong: a code for programs, a text for people."""

    error: str
    message: str


class ImportRefused(ErrorBody, frozen=True):
    """Why requests were not added. `lines` are those that are wrong."""

    lines: list[BadLine] = []


class CallbackListEntry(_Body, frozen=True):
    """A list of callbacks, which belongs to a queue. `callerId` is shown to those called."""

    uuid: str
    name: str
    queue_id: int
    caller_id: str | None


class CallbackRequestEntry(msg.CallbackRequest, kw_only=True):
    """Somebody who wants to be called. `created` is an ISO date and time."""

    clotured: bool
    created: str | None


class CallbackRequests(_Body, frozen=True):
    """A page of what was found; `total` counts all that was."""

    total: int
    found: list[CallbackRequestEntry] = msgspec.field(name="list")


class CallbackRequestBody(WhoToCall, frozen=True, kw_only=True):
    """Somebody to call, by at least one of the two numbers.

    Without `dueDate` it is due today, without `preferredPeriodUuid` in the default period.
    """

    due_date: datetime.date | None = None
    preferred_period_uuid: UUID | None = None


Many = Annotated[list[CallbackRequestBody], Meta(min_length=1, max_length=MAX_REQUESTS)]


class CallbackRequestsAdded(_Body, frozen=True):
    """How many requests were added, their uuids in the order given, and the lines left out."""

    created: int
    uuids: list[str]
    left_out: list[BadLine]


class AddQuery(_Given, frozen=True):
    """`leaveOut=true` adds what is right and leaves out what is not; else it is all or nothing."""

    leave_out: bool = False


class SearchQuery(_Given, frozen=True):
    """`filter` may be there several times, and all have to hold.

    Each is a field, one of ``=``, ``~`` (like; ``%`` and ``_`` stand for any text and any
    character), ``<`` and ``>``, and a value; none after ``=`` finds what is empty. Closed requests
    are found by a filter on ``clotured``. `order` is a field, with ``-`` before it the other way
    round.
    """

    filter: Annotated[
        list[
            Annotated[
                str,
                Meta(
                    pattern=FILTER,
                    max_length=200,
                    examples=["dueDate<2031-01-01", "clotured=false", "lastName~%o%"],
                ),
            ]
        ],
        Meta(max_length=20),
    ] = []
    order: Annotated[
        list[Annotated[str, Meta(pattern=r"\A-?[A-Za-z]+\Z", examples=["dueDate", "-lastName"])]],
        Meta(max_length=5),
    ] = []
    offset: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class TicketsQuery(_Given, frozen=True):
    """Tickets of one list or of all; of calls begun from one day to another, both included."""

    list_uuid: UUID | UnsetType = UNSET
    since: datetime.date | UnsetType = msgspec.field(default=UNSET, name="from")
    until: datetime.date | UnsetType = msgspec.field(default=UNSET, name="to")
