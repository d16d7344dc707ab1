"""Reading callbacks: lists, periods, requests, tickets, and searching among requests.

Every function is one transaction and blocks; `AsyncStore.run` takes them as it takes the methods of
`Store`. `queue_ids` limits what is found to these queues, None to all. All raise `StoreError`.
"""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, String, cast, func, select

from xucd.center.callbacks import (
    ANY_TIME,
    CallbackListRow,
    Condition,
    Found,
    Period,
    Request,
    Search,
    Ticket,
)
from xucd.center.callee import KEYS
from xucd.store import tables
from xucd.store.repository import Store

_lists, _periods = tables.callback_lists, tables.callback_periods
_requests, _tickets = tables.callback_requests, tables.callback_tickets

QueueIds = Collection[int] | None


def lists(store: Store, queue_ids: QueueIds = None) -> list[CallbackListRow]:
    """The lists of these queues, by name."""
    statement = select(_lists).order_by(_lists.c.name)
    if queue_ids is not None:
        statement = statement.where(_lists.c.queue_id.in_(queue_ids))
    with store.reading() as connection:
        return [CallbackListRow(**row) for row in connection.execute(statement).mappings()]


def periods(store: Store) -> list[Period]:
    """All periods, by the time of day."""
    with store.reading() as connection:
        return sorted(
            periods_by_uuid(connection).values(),
            key=lambda period: (period.start, period.end, period.name),
        )


def open_requests(
    store: Store, queue_ids: QueueIds = None, list_uuid: UUID | None = None
) -> list[Request]:
    """The open requests of these queues, or of one list of them, ordered by due date."""
    statement = joined(queue_ids).where(~_requests.c.clotured).order_by(*_DUE_FIRST)
    if list_uuid is not None:
        statement = statement.where(_requests.c.list_uuid == list_uuid)
    with store.reading() as connection:
        return as_requests(connection, statement)


def request(store: Store, request_uuid: UUID) -> Request | None:
    """One request, open or closed."""
    with store.reading() as connection:
        found = as_requests(connection, joined().where(_requests.c.uuid == request_uuid))
    return found[0] if found else None


def request_with_message(store: Store, voice_message_ref: str) -> Request | None:
    """The request for which this message was left; the oldest should there be several."""
    statement = joined().where(_requests.c.voice_message_ref == voice_message_ref)
    with store.reading() as connection:
        found = as_requests(connection, statement.order_by(_requests.c.created).limit(1))
    return found[0] if found else None


def search(store: Store, wanted: Search, queue_ids: QueueIds = None) -> Found:
    """A page of the requests that a search finds."""
    statement = joined(queue_ids)
    if all(condition.field != "clotured" for condition in wanted.conditions):
        statement = statement.where(~_requests.c.clotured)
    for condition in wanted.conditions:
        statement = statement.where(_matches(condition))
    sorting: list[ColumnElement[Any]] = []
    for order in wanted.orders:
        column = SEARCH_COLUMNS[order.field]
        # The two databases disagree about where empty fields come.
        sorting.append((column.desc() if order.descending else column.asc()).nulls_last())
    page = statement.order_by(*sorting, *_DUE_FIRST).offset(wanted.offset).limit(wanted.limit)
    with store.reading() as connection:
        total = connection.scalar(select(func.count()).select_from(statement.subquery())) or 0
        return Found(total, as_requests(connection, page))


def tickets(
    store: Store,
    queue_ids: QueueIds = None,
    list_uuid: UUID | None = None,
    since: float | None = None,
    until: float | None = None,
) -> list[Ticket]:
    """The tickets of these queues, or of one list of them, by when the call was started."""
    statement = select(_tickets).order_by(_tickets.c.started, _tickets.c.uuid)
    if queue_ids is not None:
        statement = statement.where(_tickets.c.queue_id.in_(queue_ids))
    if list_uuid is not None:
        statement = statement.where(_tickets.c.list_uuid == list_uuid)
    if since is not None:
        statement = statement.where(_tickets.c.started >= since)
    if until is not None:
        statement = statement.where(_tickets.c.started < until)
    return _as_tickets(store, statement)


def unfinished_tickets(store: Store, pbx: str) -> list[Ticket]:
    """The tickets whose call, on this PBX, has not been seen to end."""
    here = _tickets.c.pbx == pbx
    return _as_tickets(store, select(_tickets).where(_tickets.c.ended.is_(None), here))


# -- parts of the other transactions on callbacks


def joined(queue_ids: QueueIds = None) -> Select[Any]:
    """All requests of these queues, each with its list's queue."""
    statement = (
        select(_requests, _lists.c.queue_id)
        .join(_lists, _requests.c.list_uuid == _lists.c.uuid)
        .outerjoin(_periods, _requests.c.period_uuid == _periods.c.uuid)
    )
    return statement if queue_ids is None else statement.where(_lists.c.queue_id.in_(queue_ids))


def as_requests(connection: Connection, statement: Select[Any]) -> list[Request]:
    """The requests that a selection of `joined` finds; without a period they get the default."""
    known = periods_by_uuid(connection)
    default = default_of(known)
    rows = [dict(row) for row in connection.execute(statement).mappings()]
    taken = any(row["agent_id"] is not None for row in rows)
    open_tickets = _open_tickets(connection) if taken else {}
    return [
        Request(
            period=known.get(row.pop("period_uuid"), default),
            ticket_uuid=open_tickets.get(row["uuid"]),
            **row,
        )
        for row in rows
    ]


def _open_tickets(connection: Connection) -> dict[UUID, UUID]:
    """By request, the last ticket that its taker has not filled in."""
    statement = (
        select(_tickets.c.request_uuid, _tickets.c.uuid)
        .join(_requests, _tickets.c.request_uuid == _requests.c.uuid)
        .where(_tickets.c.status.is_(None), _tickets.c.agent_id == _requests.c.agent_id)
        .where(~_requests.c.clotured)
        .order_by(_tickets.c.started)
    )
    return {
        request_uuid: ticket_uuid for request_uuid, ticket_uuid in connection.execute(statement)
    }


def default_of(known: Mapping[UUID | None, Period]) -> Period:
    """The default period."""
    return next((period for period in known.values() if period.default), ANY_TIME)


def periods_by_uuid(connection: Connection) -> dict[UUID | None, Period]:
    """All periods."""
    return {row["uuid"]: Period(**row) for row in connection.execute(select(_periods)).mappings()}


def _as_tickets(store: Store, statement: Select[Any]) -> list[Ticket]:
    with store.reading() as connection:
        return [Ticket(**row) for row in connection.execute(statement).mappings()]


def _of_default(column: ColumnElement[Any], own: ColumnElement[Any]) -> ColumnElement[Any]:
    """A period's own value, that of the default period where a request has none."""
    default = select(column).where(_default.c.default).limit(1).scalar_subquery()
    return func.coalesce(own, default)


_default = _periods.alias()
_DUE_FIRST = (_requests.c.due_date, _requests.c.created, _requests.c.uuid)
SEARCH_COLUMNS: dict[str, ColumnElement[Any]] = {
    "uuid": _requests.c.uuid,
    "listUuid": _requests.c.list_uuid,
    "listName": _lists.c.name,
    "queueId": _lists.c.queue_id,
    **{key: _requests.c[name] for name, key in KEYS.items()},
    "agentId": _requests.c.agent_id,
    "dueDate": _requests.c.due_date,
    "preferredPeriodUuid": _of_default(_default.c.uuid, _requests.c.period_uuid),
    "preferredPeriod": _of_default(_default.c.name, _periods.c.name),
    "voiceMessageRef": _requests.c.voice_message_ref,
    "clotured": _requests.c.clotured,
    "created": _requests.c.created,
}


def _matches(condition: Condition) -> ColumnElement[bool]:
    column, value = SEARCH_COLUMNS[condition.field], condition.value
    if condition.operator == "<":
        return column < value
    if condition.operator == ">":
        return column > value
    if condition.operator == "=":
        return column == value  # of None, SQLAlchemy makes IS NULL
    text: ColumnElement[str] = cast(column, String)
    pattern = _pattern(str(value))
    if condition.field in ("uuid", "listUuid", "preferredPeriodUuid"):
        # SQLite stores them as 32 digits, PostgreSQL shows them with hyphens.
        text, pattern = func.replace(text, "-", ""), pattern.replace("-", "")
    # A pattern has no escape character: without this, a backslash would be one on PostgreSQL.
    return text.ilike(pattern, escape="\x01")


def _pattern(value: str) -> str:
    return value if "%" in value else f"%{value}%"
