"""The REST routes: lists, periods, requests and tickets of callbacks.

Lists and periods are configuration and follow the contact centre's file; here they can be read.
"""

import asyncio
import datetime
from uuid import UUID

import msgspec

from xucd.center import callbacks as rules
from xucd.cti import messages as msg
from xucd.views.callbacks import period_view, request_view
from xucd.web.errors import HttpError
from xucd.web.rest_bodies import (
    AddQuery,
    CallbackListEntry,
    CallbackRequestBody,
    CallbackRequestEntry,
    CallbackRequests,
    CallbackRequestsAdded,
    Many,
    SearchQuery,
    TicketsQuery,
)
from xucd.web.rest_csv import BadLine, CsvError, CsvFile
from xucd.web.rest_import import NO_NUMBER, from_csv, from_json, new_request
from xucd.web.rest_routes import Asker, route
from xucd.web.rest_search import search
from xucd.web.rest_tickets import sheet


class LinesInvalid(HttpError):
    """An import that was turned down, with the lines that are wrong."""

    def __init__(self, lines: list[BadLine]) -> None:
        what = f"{len(lines)} lines are wrong" if lines else "there is no line"
        text = f"Nothing was added: {what}."
        super().__init__(422, "LinesInvalid", text)
        self.more = {"lines": msgspec.to_builtins(lines)}


@route("GET", "/callback_lists", links={"add_callback_requests": "0/uuid"})
async def get_callback_lists(asker: Asker) -> list[CallbackListEntry]:
    """The lists of all queues that the user sees."""
    return [_list(one) for one in await asker.callbacks.lists(asker.rights)]


@route("GET", "/callback_lists/{uuid}", errors=(404,))
async def get_callback_list(asker: Asker, uuid: UUID) -> CallbackListEntry:
    """One list."""
    for one in await asker.callbacks.lists(asker.rights):
        if one.uuid == uuid:
            return _list(one)
    raise HttpError(404, "ListUnknown", "There is no such list.")


@route(
    "POST",
    "/callback_lists/{uuid}/callback_requests",
    errors=(404, 422),
    links={
        "get_callback_request": "uuids/0",
        "change_callback_request": "uuids/0",
        "remove_callback_request": "uuids/0",
    },
)
async def add_callback_requests(
    asker: Asker, uuid: UUID, query: AddQuery, body: CallbackRequestBody | Many | CsvFile
) -> CallbackRequestsAdded:
    """Add one request to a list, or many.

    As JSON, or as CSV in UTF-8 or Latin-1, separated by ``|``, ``;`` or ``,``. The first line of a
    CSV file names its columns, in any order: phoneNumber, mobilePhoneNumber, firstName, lastName,
    company, description, dueDate and period, a period's name. The lines of what is wrong count
    from 1: in CSV from the header, in JSON from the first request.
    """
    periods = await asker.callbacks.periods()
    try:
        if isinstance(body, CsvFile):
            judged = await asyncio.to_thread(from_csv, body, periods)
        else:
            bodies = [body] if isinstance(body, CallbackRequestBody) else body
            judged = await asyncio.to_thread(from_json, bodies, periods)
    except CsvError as error:
        raise HttpError(422, error.code, error.text) from None
    if not judged.good or (judged.bad and not query.leave_out):
        raise LinesInvalid(judged.bad)
    made = await asker.callbacks.create(uuid, judged.good, asker.rights)
    return CallbackRequestsAdded(
        created=len(made), uuids=[str(one.uuid) for one in made], left_out=judged.bad
    )


@route("GET", "/callback_periods")
async def get_callback_periods(asker: Asker) -> list[msg.CallbackPeriod]:
    """All periods of the day in which people like to be called."""
    return [period_view(one) for one in await asker.callbacks.periods()]


@route("GET", "/callback_requests", errors=(422,))
async def find_callback_requests(asker: Asker, query: SearchQuery) -> CallbackRequests:
    """A page of the requests that the user sees.

    Each `filter` is a field, one of ``=``, ``~`` (like: ``%`` and ``_`` stand for any text and any
    character), ``<`` and ``>``, and a value; all have to hold, and nothing after ``=`` finds what
    is empty. Closed requests are found by a filter on clotured. `order` is a field, the other way
    round with ``-`` before it.
    """
    found = await asker.callbacks.find(search(query), asker.rights)
    return CallbackRequests(total=found.total, found=[_request(one) for one in found.requests])


@route("GET", "/callback_requests/{uuid}", errors=(404,))
async def get_callback_request(asker: Asker, uuid: UUID) -> CallbackRequestEntry:
    """One request, open or closed."""
    return _request(await asker.callbacks.get(uuid, asker.rights))


@route("PUT", "/callback_requests/{uuid}", errors=(404, 409, 422))
async def change_callback_request(
    asker: Asker, uuid: UUID, body: CallbackRequestBody
) -> CallbackRequestEntry:
    """Change who is to be called, and when.

    What is left out becomes empty. Who has taken the request keeps it.
    """
    if body.phone_number is None and body.mobile_phone_number is None:
        raise HttpError(422, "NumberInvalid", NO_NUMBER)
    return _request(await asker.callbacks.change(uuid, new_request(body), asker.rights))


@route("DELETE", "/callback_requests/{uuid}", errors=(404,))
async def remove_callback_request(asker: Asker, uuid: UUID) -> None:
    """Remove a request; its tickets stay."""
    await asker.callbacks.remove(uuid, asker.rights)


@route("GET", "/callback_tickets", errors=(404, 422))
async def get_callback_tickets(asker: Asker, query: TicketsQuery) -> CsvFile:
    """The tickets of one list or of all, as CSV, oldest first.

    `from` and `to` are the first and the last day on which a call was begun, local time.
    """
    callbacks = asker.callbacks
    since = query.since if isinstance(query.since, datetime.date) else None
    until = query.until if isinstance(query.until, datetime.date) else None
    tickets = await callbacks.tickets(
        asker.rights,
        query.list_uuid if isinstance(query.list_uuid, UUID) else None,
        since=None if since is None else _midnight(since),
        until=None if until is None else _midnight(until, days=1),
    )
    lists, periods = await callbacks.lists(asker.rights), await callbacks.periods()
    directory = asker.callbacks.context.center.directory
    return await asyncio.to_thread(sheet, tickets, lists, periods, directory)


def _list(one: rules.CallbackListRow) -> CallbackListEntry:
    return CallbackListEntry(
        uuid=str(one.uuid), name=one.name, queue_id=one.queue_id, caller_id=one.caller_id
    )


def _request(one: rules.Request) -> CallbackRequestEntry:
    created = None
    if one.created is not None:
        created = datetime.datetime.fromtimestamp(one.created).astimezone().isoformat()
    view = msgspec.structs.asdict(request_view(one))
    return CallbackRequestEntry(**view | {"clotured": one.clotured, "created": created})


def _midnight(day: datetime.date, days: int = 0) -> float:
    """The epoch second at which a day begins, or that so many days later does."""
    try:
        day += datetime.timedelta(days=days)
        return datetime.datetime.combine(day, datetime.time()).astimezone().timestamp()
    except (OverflowError, ValueError, OSError):  # the first and last days there are
        raise HttpError(422, "DateInvalid", "No call can have been made then.") from None
