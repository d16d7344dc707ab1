"""Deleting what has been kept for long enough, in small steps, at start and once a day.

Each step is one short transaction: whatever else wants the database comes between two of them. What
was deleted is told in the audit trail by its number.
"""

import asyncio
import contextlib
import datetime
import time
from collections.abc import Callable, Mapping
from typing import Final

import structlog
from sqlalchemy import Table, delete, exists, func, select, tuple_, update

from xucd.center.audit import XUCD, AuditEntry, Kind
from xucd.config.settings import Retention
from xucd.store import audit, tables
from xucd.store.errors import StoreError
from xucd.store.journal import day_of
from xucd.store.repository import Store
from xucd.store.worker import AsyncStore

STEP = 200
"""How many rows one transaction deletes."""

DAY_S = 86_400.0
RETRY_S = 3600.0

_requests, _tickets = tables.callback_requests, tables.callback_tickets

log = structlog.get_logger()


def _days(table: Table) -> Callable[[Store, float, int], int]:
    """What deletes the figures of days before the day of an epoch second."""

    def expire(store: Store, before: float, limit: int) -> int:
        key = tuple_(*table.primary_key.columns)
        oldest = select(*table.primary_key.columns).where(table.c.day < day_of(before))
        with store.writing() as connection:
            gone = delete(table).where(key.in_(oldest.order_by(table.c.day).limit(limit)))
            return connection.execute(gone).rowcount

    return expire


def _callback_tickets(store: Store, before: float, limit: int) -> int:
    oldest = select(_tickets.c.uuid).where(_tickets.c.started < before).limit(limit)
    with store.writing() as connection:
        gone = delete(_tickets).where(_tickets.c.uuid.in_(oldest))
        return connection.execute(gone).rowcount


def _callback_requests(store: Store, before: float, limit: int) -> int:
    called = exists().where(
        _tickets.c.request_uuid == _requests.c.uuid, _tickets.c.started >= before
    )
    closed = (
        select(_requests.c.uuid)
        .where(_requests.c.clotured, _requests.c.due_date < day_of(before), ~called)
        .where(func.coalesce(_requests.c.created, 0) < before)
        .limit(limit)
    )
    with store.writing() as connection:
        gone = delete(_requests).where(_requests.c.uuid.in_(closed))
        return connection.execute(gone).rowcount


def _voice_messages(store: Store, before: float, limit: int) -> int:
    left = (
        select(_requests.c.uuid)
        .where(_requests.c.clotured, _requests.c.voice_message_ref.is_not(None))
        .where(_requests.c.created < before)
        .limit(limit)
    )
    with store.writing() as connection:
        forgotten = update(_requests).where(_requests.c.uuid.in_(left))
        return connection.execute(forgotten.values(voice_message_ref=None)).rowcount


def _gaps(store: Store, before: float, limit: int) -> int:
    ended = select(tables.gaps.c.uuid).where(tables.gaps.c.ended < before).limit(limit)
    with store.writing() as connection:
        return connection.execute(delete(tables.gaps).where(tables.gaps.c.uuid.in_(ended))).rowcount


KEPT: Final[tuple[tuple[str, str, Callable[[Store, float, int], int]], ...]] = (
    ("agentDays", "figures_days", _days(tables.agent_days)),
    ("queueDays", "figures_days", _days(tables.queue_days)),
    ("gaps", "figures_days", _gaps),
    # Tickets last: a request is kept from its last call.
    ("voiceMessages", "voice_messages_days", _voice_messages),
    ("callbackRequests", "callback_requests_days", _callback_requests),
    ("callbackTickets", "callback_tickets_days", _callback_tickets),
    ("auditEntries", "audit_days", audit.expire),
)
"""Each kind of data: its name in the trail, its setting, and what deletes `limit` rows of it."""


async def expire(
    store: AsyncStore, retention: Retention, now: float, untold: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Delete what has expired by `now`, in epoch seconds; returns how much of each kind.

    `untold` is what was deleted before, and is not in the trail yet. Raises `Interrupted`.
    """
    deleted = dict(untold or {})

    async def tell() -> None:
        if deleted:
            entry = AuditEntry(at=now, actor=XUCD, kind=Kind.EXPIRE, detail=deleted)
            await store.run(audit.write, entry)

    try:
        await _expire(store, retention, now, deleted)
        await tell()
    except asyncio.CancelledError:  # xucd stops
        with contextlib.suppress(StoreError):
            await tell()
        raise
    except StoreError as error:
        raise Interrupted(str(error), deleted) from error
    return deleted


class Interrupted(StoreError):
    """The database failed; `deleted` stays deleted, and is not in the trail yet."""

    def __init__(self, reason: str, deleted: Mapping[str, int]) -> None:
        super().__init__(reason)
        self.deleted = deleted


async def _expire(
    store: AsyncStore, retention: Retention, now: float, deleted: dict[str, int]
) -> None:
    for name, setting, step in KEPT:
        days: int = getattr(retention, setting)
        if not days:
            continue
        before = _midnight(now, days)
        count = STEP
        while count:
            deleting = asyncio.ensure_future(store.run(step, before, STEP))
            try:
                count = await asyncio.shield(deleting)
            except asyncio.CancelledError:  # what was begun is done, and to be told
                deleted[name] = deleted.get(name, 0) + await deleting
                raise
            if count:
                deleted[name] = deleted.get(name, 0) + count


async def expire_daily(store: AsyncStore, retention: Retention) -> None:
    """Delete what has expired, now and then once a day, until cancelled."""
    untold: Mapping[str, int] = {}
    while True:
        try:
            deleted = await expire(store, retention, time.time(), untold)
            untold = {}
            if deleted:
                counts = ", ".join(f"{count} {name}" for name, count in deleted.items())
                log.info("deleted what was kept for long enough", deleted=counts)
            await asyncio.sleep(DAY_S)
        except Interrupted as error:
            untold = error.deleted
            log.error("cannot delete what was kept for long enough", reason=str(error))
            await asyncio.sleep(RETRY_S)


def _midnight(now: float, days: int) -> float:
    """The epoch second at which the local day that is `days` back began."""
    day = day_of(now) - datetime.timedelta(days=days)
    return datetime.datetime.combine(day, datetime.time()).astimezone().timestamp()
