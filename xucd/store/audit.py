"""The audit trail in the database: appending, reading, and the deletion of what has expired.

Entries have increasing ids in the order in which they became durable: a reader who has seen one
gets no entry with a smaller id later.
"""

import os
import pwd
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, select, text

from xucd.center.audit import COMMAND_LINE, Actor, AuditEntry, Kind, Target
from xucd.store import tables
from xucd.store.repository import Store

_audit, _meta = tables.audit, tables.meta

# The key of the advisory lock under which PostgreSQL gives out ids; any number works.
LOCK = 0x78756365
EXPIRED_BEFORE = "audit_expired_before"
"""The key of `meta` that lets the triggers pass a deletion, within its transaction."""

MAX_TARGETS = 50
"""An entry names so many targets; `detail` says how many there were in all."""


class StoredEntry(msgspec.Struct, frozen=True):
    """An entry as it was read."""

    id: int
    entry: AuditEntry


class AuditSearch(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries: from `since` to before `until`, in epoch seconds, of one login, of one kind.

    `cursor` is the id of the last entry of the page before.
    """

    since: float | None = None
    until: float | None = None
    login: str | None = None
    kind: Kind | None = None
    cursor: int | None = None
    newest_first: bool = False
    limit: int = 100


def write(store: Store, *entries: AuditEntry) -> None:
    """Append entries, in one transaction. Raises `StoreError`."""
    with store.writing() as connection:
        append(connection, *entries)


def append(connection: Connection, *entries: AuditEntry) -> None:
    """Append entries in a transaction that does what they tell of."""
    if not entries:
        return
    if connection.dialect.name == "postgresql":
        # Otherwise a smaller id could become visible after a larger one.
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    connection.execute(_audit.insert(), [_row(entry) for entry in entries])


def read(store: Store, search: AuditSearch) -> list[StoredEntry]:
    """The entries that a search finds, at most `limit`. Raises `StoreError`."""
    column = _audit.c.id
    statement = select(_audit).limit(search.limit)
    statement = statement.order_by(column.desc() if search.newest_first else column)
    if search.since is not None:
        statement = statement.where(_audit.c.at >= search.since)
    if search.until is not None:
        statement = statement.where(_audit.c.at < search.until)
    if search.login is not None:
        statement = statement.where(_audit.c.login == search.login)
    if search.kind is not None:
        statement = statement.where(_audit.c.kind == search.kind)
    if search.cursor is not None:
        cursor = search.cursor
        statement = statement.where(column < cursor if search.newest_first else column > cursor)
    with store.reading() as connection:
        return [_stored(row) for row in connection.execute(statement).mappings()]


def expire(store: Store, before: float, limit: int) -> int:
    """Delete entries from before an epoch second, at most `limit`; returns how many.

    The last entry stays in any case: SQLite would give its id to the next one.
    """
    last = select(func.max(_audit.c.id)).scalar_subquery()
    oldest = (
        select(_audit.c.id)
        .where(_audit.c.at < before, _audit.c.id < last)
        .order_by(_audit.c.id)
        .limit(limit)
    )
    this_key = _meta.c.key == EXPIRED_BEFORE
    with store.writing() as connection:
        connection.execute(_meta.insert().values(key=EXPIRED_BEFORE, value=repr(before)))
        deleted = connection.execute(delete(_audit).where(_audit.c.id.in_(oldest)))
        connection.execute(delete(_meta).where(this_key))
        return deleted.rowcount


def command_line(
    kind: Kind, targets: Sequence[Target] = (), detail: Mapping[str, object] | None = None
) -> AuditEntry:
    """An entry of what the operating system's user does now by the command line."""
    who = {"osUser": pwd.getpwuid(os.getuid()).pw_name}
    if sudo := os.environ.get("SUDO_USER"):
        who["sudoUser"] = sudo[:64]
    return AuditEntry(
        at=time.time(),
        actor=Actor(COMMAND_LINE),
        kind=kind,
        targets=tuple(targets),
        detail={**who, **(detail or {})},
    )


def _row(entry: AuditEntry) -> dict[str, Any]:
    targets, detail = entry.targets, dict(entry.detail)
    if len(targets) > MAX_TARGETS:
        detail["targets"] = len(targets)
    return {
        "at": entry.at,
        "kind": entry.kind.value,
        "outcome": entry.outcome[:40],
        "user_id": entry.actor.user_id,
        "login": entry.actor.login[:64],
        "address": entry.actor.address[:64],
        "session": entry.actor.session[:64],
        "targets": msgspec.to_builtins(targets[:MAX_TARGETS]),
        "detail": detail,
    }


def _stored(row: Mapping[Any, Any]) -> StoredEntry:
    entry = AuditEntry(
        at=row["at"],
        actor=Actor(row["login"], row["user_id"], row["address"], row["session"]),
        kind=Kind(row["kind"]),
        targets=tuple(msgspec.convert(row["targets"], list[Target])),
        detail=row["detail"],
        outcome=row["outcome"],
    )
    return StoredEntry(row["id"], entry)
