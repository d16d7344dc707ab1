"""By which a node sees that another process has changed the configuration, or erased a person.

Each change gives it another version, in the same transaction. What directories (OpenID Connect,
LDAP) say of users has a version of its own: it comes with sign-ins, and touches nothing else.
"""

import secrets

import msgspec
from sqlalchemy import Connection, select

from xucd.store import tables
from xucd.store.repository import Store
from xucd.store.rows import put_rows

CONFIGURATION = "configuration_version"
USERS = "users_version"
ERASED = "erased_version"
KEYS = (CONFIGURATION, USERS, ERASED)


class Versions(msgspec.Struct, frozen=True):
    """The version of the configuration, and that of what directories say; "" before any change.

    `erased` is another one whenever the data of a person were erased.
    """

    configuration: str = ""
    users: str = ""
    erased: str = ""


def configuration_changed(connection: Connection) -> None:
    """The configuration is another one, once this transaction ends."""
    _renew(connection, CONFIGURATION)


def users_changed(connection: Connection) -> None:
    """Directories say something else of users, once this transaction ends."""
    _renew(connection, USERS)


def person_erased(connection: Connection) -> None:
    """The data of a person are erased, once this transaction ends."""
    _renew(connection, ERASED)


def versions(store: Store) -> Versions:
    """The present versions. Raises `StoreError`."""
    table = tables.meta.c
    with store.reading() as connection:
        wanted = select(table.key, table.value).where(table.key.in_(KEYS))
        found = {row.key: row.value for row in connection.execute(wanted)}
    return Versions(*(found.get(key, "") for key in KEYS))


def _renew(connection: Connection, key: str) -> None:
    put_rows(connection, tables.meta, [{"key": key, "value": secrets.token_hex(8)}])
