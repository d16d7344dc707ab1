"""Changing callbacks: each function is one transaction, decided in the database.

What has to be judged of a request before it is changed is judged inside, by the rule that is passed
in: it is shown the request as it is, which is held until the end, and whatever it raises undoes the
whole. A request that is not there is None, a list or period `Unknown`. All raise `StoreError`.
"""

import datetime
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, delete, select, update

from xucd.center.callbacks import CallbackListRow, NewRequest, Request, Ticket, TicketUpdate
from xucd.store import tables
from xucd.store.callback_reading import as_requests, default_of, joined, periods_by_uuid
from xucd.store.repository import Store

_lists, _requests, _tickets = (
    tables.callback_lists,
    tables.callback_requests,
    tables.callback_tickets,
)

Rule = Callable[[Request], None]
"""Raises unless the request may be changed."""


class Unknown(Exception):
    """There is no such thing in the database: nothing was changed."""

    def __init__(self, what: Literal["List", "Period", "Callback", "Ticket"]) -> None:
        super().__init__(what)
        self.what = what


def create(
    store: Store,
    list_uuid: uuid.UUID,
    wishes: Sequence[NewRequest],
    rule: Callable[[CallbackListRow], None],
    *,
    now: float,
    today: datetime.date,
) -> list[Request]:
    """Add requests to a list, all or none; returns them in the same order. Raises `Unknown`."""
    with store.writing() as connection:
        found = connection.execute(select(_lists).where(_lists.c.uuid == list_uuid)).mappings()
        row = found.one_or_none()
        if row is None:
            raise Unknown("List")
        into = CallbackListRow(**row)
        rule(into)
        known = periods_by_uuid(connection)
        if not {one.period_uuid for one in wishes} <= {None, *known}:
            raise Unknown("Period")
        rows = [
            {
                **msgspec.structs.asdict(wish),
                "uuid": uuid.uuid4(),
                "list_uuid": list_uuid,
                "due_date": wish.due_date or today,
                "clotured": False,
                "created": now,
            }
            for wish in wishes
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


def take(store: Store, request_uuid: uuid.UUID, agent_id: int, rule: Rule) -> tuple[bool, Request]:
    """Give a request to an agent if nobody has it: whether it did, and the request as it is now.

    Raises `Unknown`.
    """
    with store.writing() as connection:
        rule(_held(connection, request_uuid))
        # The one place where it is decided who has it, however many ask in the same instant.
        changed = connection.execute(
            update(_requests)
            .where(_requests.c.uuid == request_uuid)
            .where(_requests.c.agent_id.is_(None), ~_requests.c.clotured)
            .values(agent_id=agent_id)
        )
        return changed.rowcount == 1, _held(connection, request_uuid)


def release(store: Store, request_uuid: uuid.UUID, rule: Rule) -> tuple[Request, Request]:
    """Take a request away from whoever has it; returns it as it was and as it is now.

    Raises `Unknown`.
    """
    with store.writing() as connection:
        before = _held(connection, request_uuid)
        rule(before)
        _set(connection, request_uuid, {"agent_id": None})
        return before, _held(connection, request_uuid)


def change(
    store: Store, request_uuid: uuid.UUID, wish: NewRequest, rule: Rule, *, today: datetime.date
) -> Request:
    """Put a wish in the place of another; its message stays. Raises `Unknown`."""
    values = msgspec.structs.asdict(wish)
    del values["voice_message_ref"]
    with store.writing() as connection:
        rule(_held(connection, request_uuid))
        _check_period(connection, wish.period_uuid)
        _set(connection, request_uuid, {**values, "due_date": wish.due_date or today})
        return _held(connection, request_uuid)


def remove(store: Store, request_uuid: uuid.UUID, rule: Rule) -> Request:
    """Delete a request; returns what it was. Raises `Unknown`."""
    with store.writing() as connection:
        request = _held(connection, request_uuid)
        rule(request)
        connection.execute(delete(_requests).where(_requests.c.uuid == request_uuid))
        return request


def begin_ticket(
    store: Store,
    ticket_uuid: uuid.UUID,
    request_uuid: uuid.UUID,
    number: str,
    agent_id: int | None,
    rule: Rule,
    *,
    now: float,
) -> tuple[Ticket, CallbackListRow]:
    """Note that a request is being called; returns the ticket, and the list. Raises `Unknown`."""
    with store.writing() as connection:
        request = _held(connection, request_uuid)
        rule(request)
        ticket = Ticket(
            uuid=ticket_uuid,
            request_uuid=request_uuid,
            list_uuid=request.list_uuid,
            queue_id=request.queue_id,
            agent_id=agent_id,
            phone_number=number,
            started=now,
        )
        connection.execute(_tickets.insert().values(**msgspec.structs.asdict(ticket)))
        found = select(_lists).where(_lists.c.uuid == request.list_uuid)
        return ticket, CallbackListRow(**connection.execute(found).mappings().one())


def drop_ticket(store: Store, ticket_uuid: uuid.UUID) -> None:
    """Forget a ticket whose call did not even begin."""
    with store.writing() as connection:
        connection.execute(delete(_tickets).where(_tickets.c.uuid == ticket_uuid))


def note_answered(store: Store, ticket_uuid: uuid.UUID, at: float) -> None:
    """Note when the customer answered, unless that is known already."""
    with store.writing() as connection:
        connection.execute(
            update(_tickets)
            .where(_tickets.c.uuid == ticket_uuid, _tickets.c.answered.is_(None))
            .values(answered=at)
        )


def note_ended(
    store: Store, ticket_uuid: uuid.UUID, at: float, duration: float | None, failure: str | None
) -> None:
    """Note that the call is over, unless that is known already."""
    with store.writing() as connection:
        connection.execute(
            update(_tickets)
            .where(_tickets.c.uuid == ticket_uuid, _tickets.c.ended.is_(None))
            .values(ended=at, duration=duration, failure=failure)
        )


def update_ticket(
    store: Store, ticket_uuid: uuid.UUID, wanted: TicketUpdate, rule: Rule
) -> tuple[Ticket, Request | None, Request | None]:
    """Fill in a ticket, and close its request or open it again.

    Returns the ticket as it is now, the request as it was and as it is now. Where the ticket said
    all this before, nothing is changed and there are no requests. Raises `Unknown`.
    """
    with store.writing() as connection:
        mine = _tickets.c.uuid == ticket_uuid
        row = connection.execute(select(_tickets).where(mine).with_for_update()).mappings()
        held = row.one_or_none()
        if held is None:
            raise Unknown("Ticket")
        ticket = Ticket(**held)
        if wanted.is_in(ticket):
            return ticket, None, None
        request = _held(connection, ticket.request_uuid)
        rule(request)
        _check_period(connection, wanted.period_uuid)
        changes = msgspec.structs.asdict(wanted)
        connection.execute(update(_tickets).where(mine).values(**changes))
        becomes: dict[str, Any] = {"clotured": True}
        if wanted.status == "Callback":
            becomes = {"agent_id": None}
            if wanted.due_date is not None:
                becomes["due_date"] = wanted.due_date
            if wanted.period_uuid is not None:
                becomes["period_uuid"] = wanted.period_uuid
        _set(connection, request.uuid, becomes)
        filled = msgspec.structs.replace(ticket, **changes)
        return filled, request, _held(connection, request.uuid)


def _check_period(connection: Connection, period_uuid: uuid.UUID | None) -> None:
    if period_uuid is not None and period_uuid not in periods_by_uuid(connection):
        raise Unknown("Period")


def _set(connection: Connection, request_uuid: uuid.UUID, values: dict[str, Any]) -> None:
    connection.execute(update(_requests).where(_requests.c.uuid == request_uuid).values(**values))


def _held(connection: Connection, request_uuid: uuid.UUID) -> Request:
    """A request, held until the end of the transaction. Raises `Unknown`."""
    statement = joined().where(_requests.c.uuid == request_uuid).with_for_update(of=_requests)
    found = as_requests(connection, statement)
    if not found:
        raise Unknown("Callback")
    return found[0]
