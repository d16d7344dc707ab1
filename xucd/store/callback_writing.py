"""Changing callbacks: each function is one transaction.

Permissions are checked inside the transaction: the function `check` that is passed in gets the
request as it is, locked until the end, and whatever it raises rolls the transaction back. A missing
request, ticket, list or period raises `Unknown`. All raise `StoreError`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import Connection, delete, select, update

from xucd.center.callbacks import CallbackListRow, NewRequest, Request, Ticket, TicketUpdate
from xucd.center.directory import MAIN
from xucd.store import tables
from xucd.store.callback_reading import as_requests, default_of, joined, periods_by_uuid
from xucd.store.journal import day_of
from xucd.store.repository import Store

_lists, _requests, _tickets = (
    tables.callback_lists,
    tables.callback_requests,
    tables.callback_tickets,
)

Check = Callable[[Request], None]
"""Raises unless the request may be changed."""


class NewTicket(msgspec.Struct, frozen=True, kw_only=True):
    """A call that is about to be placed: the fields of `Ticket` that are known by then."""

    uuid: UUID
    request_uuid: UUID
    agent_id: int | None
    phone_number: str
    started: float
    pbx: str = MAIN


class Unknown(Exception):
    """A row that was named does not exist. Nothing was changed."""

    def __init__(self, what: Literal["List", "Period", "Callback", "Ticket"]) -> None:
        super().__init__(what)
        self.what = what


def create(
    store: Store,
    list_uuid: UUID,
    new: Sequence[NewRequest],
    check: Callable[[CallbackListRow], None],
    *,
    now: float,
) -> list[Request]:
    """Add requests to a list, all or none; returns them in the same order.

    `now`, in epoch seconds, is when they are created and what is today. Raises `Unknown`.
    """
    today = day_of(now)
    with store.writing() as connection:
        found = connection.execute(select(_lists).where(_lists.c.uuid == list_uuid)).mappings()
        row = found.one_or_none()
        if row is None:
            raise Unknown("List")
        into = CallbackListRow(**row)
        check(into)
        known = periods_by_uuid(connection)
        if not {request.period_uuid for request in new} <= {None, *known}:
            raise Unknown("Period")
        rows = [
            {
                **msgspec.structs.asdict(request),
                "uuid": uuid4(),
                "list_uuid": list_uuid,
                "due_date": request.due_date or today,
                "clotured": False,
                "created": now,
            }
            for request in new
        ]
        if rows:
            connection.execute(_requests.insert(), rows)
        default = default_of(known)
        return [
            Request(
                period=known.get(row.pop("period_uuid"), default),
                queue_id=into.queue_id,
                agent_id=None,
                **row,
            )
            for row in rows
        ]


def take(store: Store, request_uuid: UUID, agent_id: int, check: Check) -> tuple[bool, Request]:
    """Give a request to an agent if it is free.

    Returns whether it was, and the request as it is now. Raises `Unknown`.
    """
    with store.writing() as connection:
        check(_locked(connection, request_uuid))
        # This statement decides who gets the request when several agents take it at once.
        changed = connection.execute(
            update(_requests)
            .where(_requests.c.uuid == request_uuid)
            .where(_requests.c.agent_id.is_(None), ~_requests.c.clotured)
            .values(agent_id=agent_id)
        )
        return changed.rowcount == 1, _locked(connection, request_uuid)


def release(store: Store, request_uuid: UUID, check: Check) -> tuple[Request, Request]:
    """Make a taken request free again; returns it as it was and as it is now.

    Raises `Unknown`.
    """
    with store.writing() as connection:
        before = _locked(connection, request_uuid)
        check(before)
        _set(connection, request_uuid, {"agent_id": None})
        return before, _locked(connection, request_uuid)


def change(
    store: Store, request_uuid: UUID, new: NewRequest, check: Check, *, now: float
) -> Request:
    """Replace what a request says; its message stays. Raises `Unknown`."""
    values = msgspec.structs.asdict(new)
    del values["voice_message_ref"]
    with store.writing() as connection:
        check(_locked(connection, request_uuid))
        _check_period(connection, new.period_uuid)
        _set(connection, request_uuid, {**values, "due_date": new.due_date or day_of(now)})
        return _locked(connection, request_uuid)


def remove(store: Store, request_uuid: UUID, check: Check) -> Request:
    """Delete a request; returns what it was. Raises `Unknown`."""
    with store.writing() as connection:
        request = _locked(connection, request_uuid)
        check(request)
        connection.execute(delete(_requests).where(_requests.c.uuid == request_uuid))
        return request


def create_ticket(
    store: Store,
    new: NewTicket,
    check: Check,
) -> tuple[Ticket, CallbackListRow]:
    """Record that a request is being called; returns the ticket, and the list.

    The ticket's `list_uuid` and `queue_id` are taken from the request. Raises `Unknown`.
    """
    with store.writing() as connection:
        request = _locked(connection, new.request_uuid)
        check(request)
        ticket = Ticket(
            list_uuid=request.list_uuid,
            queue_id=request.queue_id,
            **msgspec.structs.asdict(new),
        )
        connection.execute(_tickets.insert().values(**msgspec.structs.asdict(ticket)))
        found = select(_lists).where(_lists.c.uuid == request.list_uuid)
        return ticket, CallbackListRow(**connection.execute(found).mappings().one())


def drop_ticket(store: Store, ticket_uuid: UUID) -> None:
    """Delete a ticket whose call could not be placed."""
    with store.writing() as connection:
        connection.execute(delete(_tickets).where(_tickets.c.uuid == ticket_uuid))


def record_answered(store: Store, ticket_uuid: UUID, at: float) -> None:
    """Record when the callee answered, unless that is known already."""
    with store.writing() as connection:
        connection.execute(
            update(_tickets)
            .where(_tickets.c.uuid == ticket_uuid, _tickets.c.answered.is_(None))
            .values(answered=at)
        )


def record_ended(
    store: Store, ticket_uuid: UUID, at: float, duration: float | None, failure: str | None
) -> None:
    """Record that the call is over, unless that is known already."""
    with store.writing() as connection:
        connection.execute(
            update(_tickets)
            .where(_tickets.c.uuid == ticket_uuid, _tickets.c.ended.is_(None))
            .values(ended=at, duration=duration, failure=failure)
        )


def update_ticket(
    store: Store, ticket_uuid: UUID, filled_in: TicketUpdate, check: Check
) -> tuple[Ticket, Request | None, Request | None]:
    """Fill in a ticket, and close its request or open it again.

    Returns the ticket as it is now, the request as it was and as it is now. If the ticket said all
    this before, nothing is changed and the requests are None. Raises `Unknown`.
    """
    with store.writing() as connection:
        this_ticket = _tickets.c.uuid == ticket_uuid
        rows = connection.execute(select(_tickets).where(this_ticket).with_for_update()).mappings()
        row = rows.one_or_none()
        if row is None:
            raise Unknown("Ticket")
        ticket = Ticket(**row)
        if filled_in.is_in(ticket):
            return ticket, None, None
        request = _locked(connection, ticket.request_uuid)
        check(request)
        _check_period(connection, filled_in.period_uuid)
        changes = msgspec.structs.asdict(filled_in)
        connection.execute(update(_tickets).where(this_ticket).values(**changes))
        new_values: dict[str, Any] = {"clotured": True}
        if filled_in.status == "Callback":
            new_values = {"agent_id": None}
            if filled_in.due_date is not None:
                new_values["due_date"] = filled_in.due_date
            if filled_in.period_uuid is not None:
                new_values["period_uuid"] = filled_in.period_uuid
        _set(connection, request.uuid, new_values)
        updated = msgspec.structs.replace(ticket, **changes)
        return updated, request, _locked(connection, request.uuid)


def _check_period(connection: Connection, period_uuid: UUID | None) -> None:
    if period_uuid is not None and period_uuid not in periods_by_uuid(connection):
        raise Unknown("Period")


def _set(connection: Connection, request_uuid: UUID, values: dict[str, Any]) -> None:
    connection.execute(update(_requests).where(_requests.c.uuid == request_uuid).values(**values))


def _locked(connection: Connection, request_uuid: UUID) -> Request:
    """A request, locked until the end of the transaction. Raises `Unknown`."""
    statement = joined().where(_requests.c.uuid == request_uuid).with_for_update(of=_requests)
    found = as_requests(connection, statement)
    if not found:
        raise Unknown("Callback")
    return found[0]
