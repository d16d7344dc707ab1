"""Adding and changing users in bulk, with their passwords: all of them or none."""

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, select, update

from xucd.center.audit import AuditEntry, Kind, Target
from xucd.config.plan import Plan
from xucd.store import audit, tables
from xucd.store.apply import MAX_AUDITED, write_plan
from xucd.store.repository import Store
from xucd.store.versions import configuration_changed

MakeEntry = Callable[[Kind, list[Target], dict[str, object]], AuditEntry]
"""Makes an entry of the audit trail: of what kind, about whom, with which details."""


def import_users(
    store: Store, plan: Plan, hashes: Mapping[str, str], make_entry: MakeEntry
) -> list[str]:
    """Add and change the people and agents of a plan; one line for each thing changed.

    `hashes` are those of new passwords, by login; these users' sign-ins end. The audit trail is
    told in the same transaction. Raises `StoreError`, or `ConfigValueError`.
    """
    with store.writing(alone=True) as connection:
        changes = _change(connection, plan, hashes)
        if changes:
            configuration_changed(connection)
            detail: dict[str, object] = {"changes": changes[:MAX_AUDITED], "count": len(changes)}
            entries = [make_entry(Kind.CONFIGURE, [], detail)]
            if hashes:
                targets = [Target("user", None, login) for login in hashes]
                entries.append(make_entry(Kind.SET_PASSWORD, targets, {}))
            audit.append(connection, *entries)
        return changes


def preview_users(store: Store, plan: Plan, logins: Mapping[str, str]) -> list[str]:
    """What `import_users` would return, with new passwords for these logins; changes nothing."""
    with store.trying() as connection:
        return _change(connection, plan, logins)


def password_hashes(store: Store) -> dict[str, str | None]:
    """Each user's password hash, by login; None for one without a password."""
    table = tables.users
    with store.reading() as connection:
        rows = connection.execute(select(table.c.login, table.c.password_hash))
        return {login: password_hash for login, password_hash in rows}


def _change(connection: Connection, plan: Plan, hashes: Mapping[str, str]) -> list[str]:
    changes = list(write_plan(connection, plan))
    table = tables.users
    for login, password_hash in hashes.items():
        connection.execute(
            update(table)
            .where(table.c.login == login)
            .values(generation=tables.new_generation(), password_hash=password_hash)
        )
        changes.append(f"set the password of {login}")
    return changes
