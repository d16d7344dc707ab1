"""The REST route of the audit trail. The docstrings are part of the OpenAPI document."""

import asyncio
import datetime
import json
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from xucd.center.audit import Kind, Target
from xucd.store import audit
from xucd.store.audit import AuditSearch, StoredEntry
from xucd.web.errors import HttpError
from xucd.web.rest_bodies import Body, Query
from xucd.web.rest_csv import CsvFile, write
from xucd.web.rest_route import Requester

HEADER = [
    "id", "at", "kind", "outcome", "actor", "userId", "address", "session", "targets", "detail",
]  # fmt: skip

Moment = Annotated[str, Meta(max_length=40, examples=["2031-08-01", "2031-08-01T08:00:00Z"])]


class AuditQuery(Query, frozen=True):
    """Which entries: from one moment to another, of one actor, of one kind.

    A moment is a day or an ISO 8601 date and time; without an offset it is local. A day includes
    all of it. `cursor` is the `next` of the page before.
    """

    since: Moment | UnsetType = msgspec.field(default=UNSET, name="from")
    until: Moment | UnsetType = msgspec.field(default=UNSET, name="to")
    actor: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    order: Literal["oldest", "newest"] = "oldest"
    cursor: Annotated[int, Meta(ge=0, le=2**63 - 1)] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    format: Literal["json", "csv"] = "json"


class ListedAuditEntry(Body, frozen=True):
    """An entry of the audit trail. `at` is an ISO 8601 date and time; names are as of then.

    `actor` is a login, ``command line``, or ``xucd``; `outcome` is ``ok``, ``asked`` (the action
    has an entry of its own) or the code of a refusal.
    """

    id: int
    at: str
    kind: Kind
    outcome: str
    actor: str
    user_id: int | None
    address: str
    session: str
    targets: list[Target]
    detail: dict[str, Any]


class AuditPage(Body, frozen=True):
    """A page of the audit trail. `next` is the cursor of the page after, null on the last one."""

    found: list[ListedAuditEntry] = msgspec.field(name="list")
    next: int | None = None


async def get_audit(requester: Requester, query: AuditQuery) -> AuditPage | CsvFile:
    """Get a page of the audit trail, as JSON or as CSV.

    Entries come in the order in which they became durable. What was refused is counted, and its
    entry says in `detail` how many `times`, and `since` when.
    """
    search = AuditSearch(
        since=_moment(query.since),
        until=_moment(query.until, end=True),
        login=None if query.actor is UNSET else query.actor,
        kind=None if query.kind is UNSET else query.kind,
        cursor=None if query.cursor is UNSET else query.cursor,
        newest_first=query.order == "newest",
        limit=query.limit + 1,  # one more shows whether there is another page
    )
    requester.services.audit.flush()
    filters = msgspec.to_builtins(query)
    await requester.record(Kind.READ_AUDIT, detail=filters)
    found = await requester.callbacks.context.journal.read(audit.read, search)
    page, more = found[: query.limit], len(found) > query.limit
    if query.format == "csv":
        return await asyncio.to_thread(_sheet, page)
    entries = [_entry(stored) for stored in page]
    return AuditPage(found=entries, next=entries[-1].id if more else None)


def _entry(stored: StoredEntry) -> ListedAuditEntry:
    entry = stored.entry
    return ListedAuditEntry(
        id=stored.id,
        at=_iso(entry.at),
        kind=entry.kind,
        outcome=entry.outcome,
        actor=entry.actor.login,
        user_id=entry.actor.user_id,
        address=entry.actor.address,
        session=entry.actor.session,
        targets=list(entry.targets),
        detail=dict(entry.detail),
    )


def _sheet(found: list[StoredEntry]) -> CsvFile:
    rows: list[list[object]] = []
    for stored in found:
        entry = _entry(stored)
        targets = ", ".join(f"{each.type} {each.id} {each.name}".strip() for each in entry.targets)
        rows.append(
            [
                entry.id,
                entry.at,
                entry.kind.value,
                entry.outcome,
                entry.actor,
                entry.user_id,
                entry.address,
                entry.session,
                targets,
                json.dumps(entry.detail, ensure_ascii=False),
            ]
        )
    return CsvFile(write(HEADER, rows))


def _iso(at: float) -> str:
    return datetime.datetime.fromtimestamp(at).astimezone().isoformat(timespec="milliseconds")


def _moment(text: str | UnsetType, *, end: bool = False) -> float | None:
    """The epoch second of a moment; of a day its beginning, or its end."""
    if text is UNSET:
        return None
    try:
        if len(text) == len("2031-08-01"):
            day = datetime.date.fromisoformat(text) + datetime.timedelta(days=1 if end else 0)
            moment = datetime.datetime.combine(day, datetime.time())
        else:
            moment = datetime.datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.astimezone()).timestamp()
    except (ValueError, OverflowError, OSError):
        text = "A moment has to be a date or an ISO 8601 date and time that exists."
        raise HttpError(422, "DateInvalid", text) from None
