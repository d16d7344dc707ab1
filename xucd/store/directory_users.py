"""Users as a directory (OpenID Connect, LDAP) knows them, and the sign-ins that a provider began.

What a directory's groups give a user lies beside what the centre's file says, so that applying the
file again takes nothing away. A user whom a directory has brought has an `origin`; the file neither
holds nor removes it, until it names the same login.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, func, select, update

from xucd.center.audit import XUCD, Actor, AuditEntry, Kind, Target
from xucd.store import audit, tables
from xucd.store.repository import Granted, Store
from xucd.store.rows import put_rows
from xucd.store.versions import users_changed

FIRST_ID: Final = 1_000_000
"""Where the ids of those begin whom a directory brings: far from those that files give."""


class DirectoryUser(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom a directory knows. `granted` is None where its groups decide nothing.

    `is_member` tells that they do not, or that one of its groups is granted something.
    """

    login: str
    first_name: str
    last_name: str
    origin: str
    granted: Granted | None
    is_member: bool


def admit(
    store: Store, user: DirectoryUser, address: str, at: float, *, create: bool
) -> tuple[bool, bool]:
    """Write down what a directory says of a user who signs in; returns (may sign in, has changed).

    A member who is not known is made with `create`. Whom a directory has brought, and who is no
    member any more, may not sign in. What has changed is told to the audit trail in the
    same transaction. `at` is in epoch seconds. Raises `StoreError`.
    """
    table, given = tables.users, msgspec.to_builtins(user.granted)
    with store.writing(alone=True) as connection:
        columns = (table.c.id, table.c.granted, table.c.origin)
        row = connection.execute(select(*columns).where(table.c.login == user.login)).first()
        if row is not None:
            welcome = user.is_member or row.origin is None
            # JSON has lists where `Granted` has tuples.
            known = None if row.granted is None else msgspec.convert(row.granted, Granted)
            if known == user.granted:
                return welcome, False
            changed = update(table).where(table.c.id == row.id).values(granted=given)
            connection.execute(changed)
            users_changed(connection)
            entry = _entry(Kind.SET_PROFILE, user, row.id, address, at)
            detail = {**entry.detail, "before": row.granted, "after": given}
            audit.append(connection, msgspec.structs.replace(entry, detail=detail))
            return welcome, True
        if not (create and user.is_member):
            return False, False
        user_id = _add(connection, user, given)
        users_changed(connection)
        entry = _entry(Kind.ADD_USER, user, user_id, address, at)
        audit.append(
            connection, msgspec.structs.replace(entry, detail={**entry.detail, "after": given})
        )
        return True, True


def revise(store: Store, remaining: Callable[[str, Granted], Granted | None], at: float) -> None:
    """Take from users what no grant gives any more; told to the audit trail.

    `remaining` says what is left of what groups gave, by the method of the sign-in. `at` is in
    epoch seconds. Raises `StoreError`.
    """
    table = tables.users
    columns = (table.c.id, table.c.login, table.c.granted, table.c.origin)
    with store.writing(alone=True) as connection:
        for row in connection.execute(select(*columns).where(table.c.granted.is_not(None))).all():
            given = msgspec.convert(row.granted, Granted)
            left = remaining(given.by or row.origin or "", given)
            if left == given:
                continue
            after = msgspec.to_builtins(left)
            connection.execute(update(table).where(table.c.id == row.id).values(granted=after))
            users_changed(connection)
            entry = AuditEntry(
                at=at,
                actor=XUCD,
                kind=Kind.SET_PROFILE,
                targets=(Target("user", row.id, row.login),),
                detail={"before": row.granted, "after": after},
            )
            audit.append(connection, entry)


def remove(store: Store, login: str, entry: AuditEntry) -> bool:
    """Remove a user whom a directory has brought; its sign-ins end. False if there is no such one.

    The audit trail gets the entry in the same transaction. Raises `StoreError`.
    """
    table = tables.users
    with store.writing(alone=True) as connection:
        brought = table.c.origin.is_not(None)
        gone = connection.execute(delete(table).where(table.c.login == login, brought))
        if gone.rowcount == 1:
            users_changed(connection)
            audit.append(connection, entry)
        return gone.rowcount == 1


def next_id(connection: Connection) -> int:
    """The id of the next user whom a directory brings."""
    last: int | None = connection.scalar(select(func.max(tables.users.c.id)))
    return max(last or 0, FIRST_ID - 1) + 1


def _add(connection: Connection, user: DirectoryUser, given: Any) -> int:
    table = tables.users
    user_id = next_id(connection)
    connection.execute(
        table.insert().values(
            id=user_id,
            login=user.login,
            first_name=user.first_name,
            last_name=user.last_name,
            queue_ids=[],
            group_ids=[],
            rights=[],
            origin=user.origin,
            granted=given,
        )
    )
    return user_id


def _entry(kind: Kind, user: DirectoryUser, user_id: int, address: str, at: float) -> AuditEntry:
    return AuditEntry(
        at=at,
        actor=Actor(user.login, user_id, address),
        kind=kind,
        targets=(Target("user", user_id, user.login),),
        detail={"method": user.origin},
    )


class ProviderSession(msgspec.Struct, frozen=True):
    """What a provider knows a sign-in by: its user, and its session, "" where it has none.

    `issued` is when it told of the sign-in, or of its end, in epoch seconds by its own clock.
    """

    subject: str
    session: str
    issued: float


def began(store: Store, sid: str, provider: ProviderSession, until: float, now: float) -> None:
    """Remember which session of the provider a sign-in is of, until its time is up.

    Those whose time is up by now are forgotten. Times are epoch seconds. Raises `StoreError`.
    """
    table = tables.provider_sign_ins
    row: Mapping[str, object] = {
        "sid": sid, "subject": provider.subject, "session": provider.session, "until": until,
        "issued": provider.issued,
    }  # fmt: skip
    with store.writing() as connection:
        connection.execute(delete(table).where(table.c.until <= now))
        put_rows(connection, table, [dict(row)])


def sign_ins_of(store: Store, provider: ProviderSession) -> dict[str, float]:
    """The sign-ins of a provider's session, or without one of its user: until when, by id.

    Those that began after it was told of are not among them.

    Raises `StoreError`.
    """
    table = tables.provider_sign_ins
    wanted = [
        column == value
        for column, value in (
            (table.c.session, provider.session),
            (table.c.subject, provider.subject),
        )
        if value
    ]
    if not wanted:
        return {}
    with store.reading() as connection:
        # A session is of one user: where both are told, both have to match.
        wanted.append(table.c.issued <= provider.issued)
        found = connection.execute(select(table.c.sid, table.c.until).where(*wanted))
        return {row.sid: row.until for row in found}
