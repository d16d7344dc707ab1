"""The bodies and query parameters of REST requests, one struct for each.

Values are restricted as in the contact centre's file, so that `center export` can be read again.
The docstrings are part of the OpenAPI document.
"""

import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from xucd.config.csv_table import BadLine
from xucd.config.entries import CalleeEntry
from xucd.cti import messages as msg

MAX_REQUESTS = 50_000
FILTER = r"\A([A-Za-z]+)([=~<>])([^\x00-\x1f\x7f-\x9f\u2028\u2029]*)\Z"


class Body(msgspec.Struct, rename="camel", kw_only=True, frozen=True):
    """A body; keys are in camel case."""


class Query(Body, forbid_unknown_fields=True, frozen=True):
    """Query parameters. A misspelt one must not be ignored silently."""


class ErrorBody(msgspec.Struct, frozen=True):
    """An error: `error` is a code for programs, `message` a text for people."""

    error: str
    message: str


class ImportRefused(ErrorBody, frozen=True):
    """Why no requests were added. `lines` are the invalid lines."""

    lines: list[BadLine] = []


class CallbackListEntry(Body, frozen=True):
    """A callback list. It belongs to a queue; `callerId` is the number shown to the callee."""

    uuid: str
    name: str
    queue_id: int
    caller_id: str | None


class CallbackRequestEntry(msg.CallbackRequest, frozen=True, kw_only=True):
    """A callback request. `created` is an ISO 8601 date and time."""

    clotured: bool
    created: str | None


class CallbackRequests(Body, frozen=True):
    """A page of the callback requests found; `total` counts all that were found."""

    total: int
    found: list[CallbackRequestEntry] = msgspec.field(name="list")


class CallbackRequestBody(CalleeEntry, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A callback request to add, or to replace another. One of the two numbers is required.

    Without `dueDate` it is due today, without `preferredPeriodUuid` in the default period.
    """

    due_date: datetime.date | None = None
    preferred_period_uuid: UUID | None = None


Many = Annotated[list[CallbackRequestBody], Meta(min_length=1, max_length=MAX_REQUESTS)]


class CallbackRequestsAdded(Body, frozen=True):
    """How many requests were added, their uuids in the order given, and the lines left out."""

    created: int
    uuids: list[str]
    left_out: list[BadLine]


class AddQuery(Query, frozen=True):
    """With `leaveOut=true`, valid requests are added and invalid ones left out.

    Without it, one invalid request refuses all of them.
    """

    leave_out: bool = False


class SearchQuery(Query, frozen=True):
    """A search; see `find_callback_requests`. `filter` and `order` may be repeated."""

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


class TicketsQuery(Query, frozen=True):
    """Which tickets: those of one list or of all, of calls started from one day to another."""

    list_uuid: UUID | UnsetType = UNSET
    since: datetime.date | UnsetType = msgspec.field(default=UNSET, name="from")
    until: datetime.date | UnsetType = msgspec.field(default=UNSET, name="to")
