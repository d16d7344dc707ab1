"""Adding to the stored centre what is proposed upon it, in one transaction.

A proposal holds all of the present centre. Were that read in an earlier transaction, the proposal
would undo what somebody else has changed in between.
"""

from collections.abc import Callable

import msgspec
from sqlalchemy import Connection, select

from xucd.center.audit import Actor
from xucd.config.plan import Plan
from xucd.store import tables
from xucd.store.apply import write_audited
from xucd.store.export import plan_of
from xucd.store.repository import Store


class StoredCenter(msgspec.Struct, frozen=True):
    """The centre that is stored. `logins` are all that are taken, also by a directory's users."""

    plan: Plan = Plan()
    logins: frozenset[str] = frozenset()


class Extension(msgspec.Struct, frozen=True):
    """The centre with what was added, and one line for each addition."""

    plan: Plan
    changes: tuple[str, ...]


Propose = Callable[[StoredCenter], Plan]
"""Makes the centre that is to be out of the one that is. What it raises, changes nothing."""


def extend(store: Store, propose: Propose, *, actor: Actor | None = None) -> Extension:
    """Make the store follow what is proposed, and tell the audit trail as `apply` does.

    Raises what `apply` raises.
    """
    with store.writing(alone=True) as connection:
        return _extend(connection, propose, actor)


def try_to_extend(store: Store, propose: Propose) -> Extension:
    """What `extend` would return; nothing is changed. Raises as `extend` does."""
    with store.trying() as connection:
        return _extend(connection, propose, None)


def present(store: Store) -> StoredCenter:
    """The centre that is stored. The tables stay as they are, also those of an older version."""
    with store.trying() as connection:
        return _present(connection)


def _extend(connection: Connection, propose: Propose, actor: Actor | None) -> Extension:
    plan = propose(_present(connection))
    return Extension(plan, tuple(write_audited(connection, plan, actor=actor)))


def _present(connection: Connection) -> StoredCenter:
    logins = connection.scalars(select(tables.users.c.login))
    return StoredCenter(plan_of(connection), frozenset(logins))
