"""The audit trail in both databases: it grows, and nothing in it changes."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from xucd.center.audit import XUCD, Actor, AuditEntry, Kind, Target
from xucd.config.plan import Plan
from xucd.store import Store, StoreError, audit
from xucd.store.apply import apply
from xucd.store.audit import AuditSearch


def entry(at: float, kind: Kind = Kind.LISTEN, actor: Actor = XUCD) -> AuditEntry:
    return AuditEntry(at=at, actor=actor, kind=kind)


def times(store: Store, **search: object) -> list[float]:
    return [each.entry.at for each in audit.read(store, AuditSearch(**search))]  # type: ignore[arg-type]


def run(store: Store, statement: str) -> None:
    with store.writing() as connection:
        connection.execute(text(statement))


def test_an_entry_is_read_as_it_was_written(store: Store) -> None:
    written = AuditEntry(
        at=12.5,
        actor=Actor("sue", 7, "10.0.0.7", "abc"),
        kind=Kind.SET_QUEUES,
        targets=(Target("agent", 8, "2501 Bruce Wail"), Target("queue", 1, "support")),
        detail={"penalty": 3},
        outcome="PartlyApplied",
    )
    audit.write(store, written)
    (stored,) = audit.read(store, AuditSearch())
    assert stored.entry == written


def test_a_page_goes_on_where_the_one_before_has_ended(store: Store) -> None:
    audit.write(store, *(entry(at) for at in range(5)))
    first = audit.read(store, AuditSearch(limit=2))
    assert [each.entry.at for each in first] == [0, 1]
    assert times(store, limit=2, cursor=first[-1].id) == [2, 3]
    assert times(store, limit=2, cursor=first[-1].id, newest_first=True) == [0]
    assert times(store, newest_first=True) == [4, 3, 2, 1, 0]


def test_entries_are_found_by_time_actor_and_kind(store: Store) -> None:
    audit.write(store, entry(1), entry(2, Kind.SIGN_IN), entry(3, actor=Actor("sue", 7)), entry(4))
    assert times(store, since=2, until=4) == [2, 3]
    assert times(store, kind=Kind.SIGN_IN) == [2]
    assert times(store, login="sue") == [3]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET login = 'nobody'",
        "UPDATE audit SET at = 0 WHERE at < 1",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE at = 0",
    ],
)
def test_the_database_refuses_to_change_an_entry_or_to_delete_it(
    store: Store, statement: str
) -> None:
    audit.write(store, entry(0), entry(5))
    with pytest.raises(StoreError, match="append-only"):
        run(store, statement)
    assert times(store) == [0, 5]


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_sqlite_refuses_to_replace_an_entry(store: Store) -> None:
    audit.write(store, entry(0))
    with pytest.raises(StoreError, match="append-only"):
        run(store, "INSERT OR REPLACE INTO audit SELECT * FROM audit")


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_postgresql_refuses_to_empty_the_trail(store: Store) -> None:
    audit.write(store, entry(0))
    with pytest.raises(StoreError, match="append-only"):
        run(store, "TRUNCATE audit")


def test_what_has_expired_goes_in_small_steps_and_nothing_else(store: Store) -> None:
    audit.write(store, *(entry(at) for at in range(5)))
    assert audit.expire(store, 3, limit=2) == 2
    assert times(store) == [2, 3, 4]
    assert audit.expire(store, 3, limit=2) == 1
    assert audit.expire(store, 3, limit=2) == 0
    with pytest.raises(StoreError, match="append-only"):
        run(store, "DELETE FROM audit WHERE at < 4")
    assert times(store) == [3, 4]


def test_the_last_entry_stays_so_that_no_id_is_used_again(store: Store) -> None:
    audit.write(store, entry(1))
    assert audit.expire(store, 2, limit=10) == 0
    audit.write(store, entry(3))
    assert audit.expire(store, 2, limit=10) == 1
    assert [each.id for each in audit.read(store, AuditSearch())] == [2]


def test_applying_a_configuration_is_told_without_anybodys_number(
    store: Store, demo_plan: Plan
) -> None:
    apply(store, demo_plan)
    (told,) = audit.read(store, AuditSearch())
    assert (told.entry.kind, told.entry.actor.login) == (Kind.CONFIGURE, "command line")
    assert told.entry.detail["callbacksAdded"] == 3
    assert "added user ada" in told.entry.detail["changes"]  # type: ignore[operator]
    assert "0230210082" not in str(told.entry)
    apply(store, demo_plan)  # changes nothing, and says nothing
    assert len(audit.read(store, AuditSearch())) == 1
