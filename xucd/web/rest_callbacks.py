"""What the REST routes do: lists, periods, requests and tickets of callbacks.

`xucd.web.rest_routes` has their methods and paths. The docstrings are part of the OpenAPI document.
Lists and periods are configured in the contact centre's file, so here they can only be read.
"""

import asyncio
import datetime
from uuid import UUID

import msgspec

from xucd.center import callbacks as rules
from xucd.center.audit import Kind, Target
from xucd.config.csv_table import CsvError
from xucd.cti import messages as msg
from xucd.views.callbacks import period_view, request_view
from xucd.web.errors import HttpError, LinesInvalid
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
from xucd.web.rest_csv import CsvFile
from xucd.web.rest_import import NO_NUMBER, from_csv, from_json, new_request
from xucd.web.rest_route import Requester
from xucd.web.rest_search import search
from xucd.web.rest_tickets import sheet


async def get_callback_lists(requester: Requester) -> list[CallbackListEntry]:
    """Get the callback lists of all queues that the user sees."""
    return [_list(row) for row in await requester.callbacks.lists(requester)]


async def get_callback_list(requester: Requester, uuid: UUID) -> CallbackListEntry:
    """Get one callback list."""
    for row in await requester.callbacks.lists(requester):
        if row.uuid == uuid:
            return _list(row)
    raise HttpError(404, "ListUnknown", "There is no such list.")


async def may_add_callback_requests(requester: Requester, uuid: UUID) -> None:
    """Refuse what `add_callback_requests` would, as far as can be told without its body."""
    await requester.callbacks.check_list(uuid, requester)


async def add_callback_requests(
    requester: Requester, uuid: UUID, query: AddQuery, body: CallbackRequestBody | Many | CsvFile
) -> CallbackRequestsAdded:
    """Add one callback request to a list, or many.

    The body is JSON, or CSV in UTF-8 or Latin-1, separated by ``|``, ``;`` or ``,``. The first line
    of a CSV file names its columns, in any order. They are the keys of a JSON request, but for
    ``period``, a period's name, in place of ``preferredPeriodUuid``. Invalid lines are counted from
    1: the header in CSV, the first request in JSON.
    """
    periods = await requester.callbacks.periods()
    try:
        if isinstance(body, CsvFile):
            validated = await asyncio.to_thread(from_csv, body, periods)
        else:
            bodies = [body] if isinstance(body, CallbackRequestBody) else body
            validated = await asyncio.to_thread(from_json, bodies, periods)
    except CsvError as error:
        raise HttpError(422, error.code, error.text) from None
    if not validated.valid or (validated.invalid and not query.leave_out):
        raise LinesInvalid(validated.invalid)
    created = await requester.callbacks.create(uuid, validated.valid, requester)
    return CallbackRequestsAdded(
        created=len(created),
        uuids=[str(request.uuid) for request in created],
        left_out=validated.invalid,
    )


async def get_callback_periods(requester: Requester) -> list[msg.CallbackPeriod]:
    """Get the periods of the day in which callbacks can be wanted."""
    return [period_view(period) for period in await requester.callbacks.periods()]


async def find_callback_requests(requester: Requester, query: SearchQuery) -> CallbackRequests:
    """Search the callback requests that the user sees; get one page of what was found.

    Each `filter` is a field, an operator and a value, and all filters have to match. The operators
    are ``=``, ``<``, ``>`` and ``~`` (like: ``%`` stands for any text, ``_`` for any character).
    ``=`` without a value finds empty fields. Closed requests are found only by a filter on
    ``clotured``. `order` is a field; ``-`` before it reverses the order.
    """
    found = await requester.callbacks.find(search(query), requester)
    return CallbackRequests(total=found.total, found=[request_entry(row) for row in found.requests])


async def get_callback_request(requester: Requester, uuid: UUID) -> CallbackRequestEntry:
    """Get one callback request, open or closed."""
    return request_entry(await requester.callbacks.get(uuid, requester))


async def change_callback_request(
    requester: Requester, uuid: UUID, body: CallbackRequestBody
) -> CallbackRequestEntry:
    """Replace what a callback request says: who is to be called, and when.

    A key that is left out becomes empty. The agent who has taken the request keeps it.
    """
    if body.number is None:
        raise HttpError(422, "NumberInvalid", NO_NUMBER)
    return request_entry(await requester.callbacks.change(uuid, new_request(body), requester))


async def remove_callback_request(requester: Requester, uuid: UUID) -> None:
    """Delete a callback request; its tickets stay."""
    await requester.callbacks.remove(uuid, requester)
    await requester.record(Kind.DELETE_CALLBACK, Target("callback", str(uuid)))


async def get_callback_tickets(requester: Requester, query: TicketsQuery) -> CsvFile:
    """Get the tickets of one callback list or of all, as CSV, oldest first.

    `from` and `to` are the first and the last day on which a call was started, in local time.
    """
    callbacks = requester.callbacks
    since = query.since if isinstance(query.since, datetime.date) else None
    until = query.until if isinstance(query.until, datetime.date) else None
    tickets = await callbacks.tickets(
        requester,
        query.list_uuid if isinstance(query.list_uuid, UUID) else None,
        since=None if since is None else midnight(since),
        until=None if until is None else midnight(until, days=1),
    )
    lists, periods = await callbacks.lists(requester), await callbacks.periods()
    directory = requester.callbacks.context.center.directory
    detail = {"tickets": len(tickets), **msgspec.to_builtins(query)}
    await requester.record(Kind.EXPORT_TICKETS, detail=detail)
    return await asyncio.to_thread(sheet, tickets, lists, periods, directory)


def _list(row: rules.CallbackListRow) -> CallbackListEntry:
    return CallbackListEntry(
        uuid=str(row.uuid), name=row.name, queue_id=row.queue_id, caller_id=row.caller_id
    )


def request_entry(request: rules.Request) -> CallbackRequestEntry:
    """A request as REST answers with it."""
    created = None
    if request.created is not None:
        created = datetime.datetime.fromtimestamp(request.created).astimezone().isoformat()
    view = msgspec.structs.asdict(request_view(request))
    return CallbackRequestEntry(**view | {"clotured": request.clotured, "created": created})


def midnight(day: datetime.date, days: int = 0) -> float:
    """The epoch second at which a day begins, or the one that is `days` later."""
    try:
        day += datetime.timedelta(days=days)
        return datetime.datetime.combine(day, datetime.time()).astimezone().timestamp()
    except (OverflowError, ValueError, OSError):  # the first and last days of the calendar
        raise HttpError(422, "DateInvalid", "The date is out of range.") from None
