"""What the database has of one person, found by a phone number: `xucd.center.numbers` compares.

That is callback requests, with the references of voice messages in them, and the tickets of calls.
Figures count calls and hold no number. Sheets of live calls are the daemon's.
"""

from collections.abc import Callable, Iterable
from uuid import UUID

import msgspec
from sqlalchemy import Connection, delete, or_, select, update

from xucd.center.audit import AuditEntry, Target
from xucd.center.callbacks import Request, Ticket
from xucd.center.numbers import last_digits, same_line
from xucd.center.sheets import KeptSheet
from xucd.store import audit, tables
from xucd.store.callback_reading import as_requests, joined
from xucd.store.repository import Store
from xucd.store.versions import person_erased

SHOWN_DIGITS = 3
"""The audit trail names a person by so many last digits of the number.

A hash of a number would be the number: there are so few that all can be tried.
"""

_requests, _tickets = tables.callback_requests, tables.callback_tickets


class PersonData(msgspec.Struct, frozen=True):
    """What is stored of a person, tickets of calls to another number of the person included.

    `sheets` are those of live calls; the database has none.
    """

    requests: list[Request]
    tickets: list[Ticket]
    sheets: tuple[KeptSheet, ...] = ()

    def counts(self) -> dict[str, int]:
        """How much there is of each kind."""
        return {
            "callbackRequests": len(self.requests),
            "callbackTickets": len(self.tickets),
            "voiceMessages": len(self.messages()),
            "sheets": len(self.sheets),
        }

    def messages(self) -> list[str]:
        """The references of the person's voice messages."""
        found = {request.voice_message_ref for request in self.requests}
        return sorted(reference for reference in found if reference)


MakeEntry = Callable[[PersonData], AuditEntry]
"""Makes the entry of the audit trail out of what was found."""


def target(number: str) -> Target:
    """A person as the audit trail names it."""
    return Target("person", None, f"…{last_digits(number, SHOWN_DIGITS)}")


def find(store: Store, number: str, country_code: str) -> PersonData:
    """What is stored of the person with this number. Raises `StoreError`."""
    with store.reading() as connection:
        return _find(connection, number, country_code)


def erase(store: Store, number: str, country_code: str, make_entry: MakeEntry) -> PersonData:
    """Erase what is stored of the person with this number; returns what it was.

    Requests are deleted. Tickets keep their times and outcome, without number and comment. The
    entry of the audit trail is written in the same transaction. `Store.empty_log` is to follow,
    so that SQLite's files keep nothing of it. Raises `StoreError`.
    """
    with store.writing() as connection:
        found = _find(connection, number, country_code)
        uuids = [request.uuid for request in found.requests]
        connection.execute(delete(_requests).where(_requests.c.uuid.in_(uuids)))
        connection.execute(
            update(_tickets)
            .where(_tickets.c.uuid.in_([ticket.uuid for ticket in found.tickets]))
            .values(phone_number="", comment=None)
        )
        audit.append(connection, make_entry(found))
        person_erased(connection)
        return found


def _find(connection: Connection, number: str, country_code: str) -> PersonData:
    same = same_line(number, country_code)
    columns = (_requests.c.uuid, _requests.c.phone_number, _requests.c.mobile_phone_number)
    requests = [
        row.uuid
        for row in connection.execute(select(*columns))
        if any(each and same(each) for each in row[1:])
    ]
    called = connection.execute(select(_tickets.c.phone_number).distinct()).scalars()
    numbers = [each for each in called if each and same(each)]
    return PersonData(
        as_requests(connection, joined().where(_requests.c.uuid.in_(requests))),
        _tickets_of(connection, requests, numbers),
    )


def _tickets_of(
    connection: Connection, requests: Iterable[UUID], numbers: Iterable[str]
) -> list[Ticket]:
    statement = select(_tickets).where(
        _tickets.c.phone_number != "",
        or_(_tickets.c.request_uuid.in_(requests), _tickets.c.phone_number.in_(numbers)),
    )
    rows = connection.execute(statement.order_by(_tickets.c.started)).mappings()
    return [Ticket(**row) for row in rows]
