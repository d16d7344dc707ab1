"""The REST routes of the data of a person. The docstrings are part of the OpenAPI document."""

import datetime
from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from xucd.center.audit import AuditEntry, Kind
from xucd.center.callbacks import Ticket
from xucd.store import persons
from xucd.store.persons import PersonData
from xucd.web.rest_bodies import Body, CallbackRequestEntry
from xucd.web.rest_callbacks import request_entry
from xucd.web.rest_route import Requester

NUMBER = r"\A[0-9+*#(][0-9+*#() ./-]{0,39}\Z"


class PersonBody(Body, frozen=True, forbid_unknown_fields=True):
    """Whose data: a phone number, in any of the forms in which it may be stored."""

    number: Annotated[str, Meta(pattern=NUMBER, examples=["+49301234567", "0301234567"])]


class PersonFound(Body, frozen=True):
    """How much is stored of a person, and under which numbers.

    `voiceMessages` are the references of messages; their files are Asterisk's. `sheets` counts
    those of calls that last.
    """

    callback_requests: int
    callback_tickets: int
    voice_messages: list[str]
    sheets: int
    numbers: list[str]


class CallbackTicketEntry(Body, frozen=True):
    """The ticket of a callback's call. Times are ISO 8601 dates and times, `duration` seconds."""

    uuid: str
    request_uuid: str
    queue_id: int
    agent_id: int | None
    phone_number: str
    started: str
    answered: str | None
    ended: str | None
    duration: float | None
    failure: str | None
    status: str | None
    comment: str | None


class SheetEntry(Body, frozen=True):
    """The sheet of a call that lasts, by its name in the settings.

    `channel` is the caller's; `values` are those of placeholders.
    """

    name: str
    channel: str
    values: Mapping[str, str]


class PersonExport(Body, frozen=True):
    """All that is stored of a person."""

    callback_requests: list[CallbackRequestEntry]
    callback_tickets: list[CallbackTicketEntry]
    sheets: list[SheetEntry]


async def find_person(requester: Requester, body: PersonBody) -> PersonFound:
    """Find out how much is stored of the person with a phone number."""
    found = await requester.callbacks.find_person(body.number, requester)
    await _record(requester, Kind.FIND_PERSON, body.number, found)
    return summary(found)


async def export_person(requester: Requester, body: PersonBody) -> PersonExport:
    """Get all that is stored of the person with a phone number."""
    found = await requester.callbacks.find_person(body.number, requester)
    await _record(requester, Kind.EXPORT_PERSON, body.number, found)
    return export(found)


async def erase_person(requester: Requester, body: PersonBody) -> PersonFound:
    """Erase what is stored of the person with a phone number; get how much it was.

    Callback requests are deleted. Tickets keep times and outcome, without number and comment.
    Sheets of calls that last are emptied. Pages that have missed messages cannot resume.
    """
    trail, actor = requester.services.audit, requester.actor

    def make_entry(found: PersonData) -> AuditEntry:
        return AuditEntry(
            at=trail.now(),
            actor=actor,
            kind=Kind.ERASE_PERSON,
            targets=(persons.target(body.number),),
            detail=found.counts(),
        )

    return summary(await requester.callbacks.erase_person(body.number, make_entry, requester))


def summary(found: PersonData) -> PersonFound:
    """How much was found."""
    numbers = {ticket.phone_number for ticket in found.tickets}
    for request in found.requests:
        numbers |= {request.phone_number or "", request.mobile_phone_number or ""}
    return PersonFound(
        callback_requests=len(found.requests),
        callback_tickets=len(found.tickets),
        voice_messages=found.messages(),
        sheets=len(found.sheets),
        numbers=sorted(numbers - {""}),
    )


def export(found: PersonData) -> PersonExport:
    """All that was found."""
    return PersonExport(
        callback_requests=[request_entry(request) for request in found.requests],
        callback_tickets=[_ticket(ticket) for ticket in found.tickets],
        sheets=[
            SheetEntry(name=sheet.profile.name, channel=sheet.channel, values=sheet.known)
            for sheet in found.sheets
        ],
    )


async def _record(requester: Requester, kind: Kind, number: str, found: PersonData) -> None:
    await requester.record(kind, persons.target(number), detail=found.counts())


def _ticket(ticket: Ticket) -> CallbackTicketEntry:
    return CallbackTicketEntry(
        uuid=str(ticket.uuid),
        request_uuid=str(ticket.request_uuid),
        queue_id=ticket.queue_id,
        agent_id=ticket.agent_id,
        phone_number=ticket.phone_number,
        started=_iso(ticket.started),
        answered=None if ticket.answered is None else _iso(ticket.answered),
        ended=None if ticket.ended is None else _iso(ticket.ended),
        duration=ticket.duration,
        failure=ticket.failure,
        status=ticket.status,
        comment=ticket.comment,
    )


def _iso(at: float) -> str:
    return datetime.datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")
