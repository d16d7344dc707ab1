"""Settings that are others than at the last start are told in the audit trail, text without it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from xucd.center.audit import XUCD, Kind
from xucd.config.settings import Ami, Limits, Retention, Settings, SheetSettings, StorePlace, Web
from xucd.store import Store, audit, seen_settings, tables
from xucd.store.audit import AuditSearch

FIRST = Settings(ami=Ami(secret="hushhush-1"), store=StorePlace(url="postgresql://xucd:pass1@a/x"))


def start(store: Store, settings: Settings) -> list[dict[str, Any]]:
    """A start of xucd; returns what all starts have told of settings."""
    seen_settings.record_changes(store, settings, Settings(), 100.0)
    entries = [each.entry for each in audit.read(store, AuditSearch(kind=Kind.CONFIGURE))]
    assert all((each.actor, each.at) == (XUCD, 100.0) for each in entries)
    return [dict(each.detail)["settings"] for each in entries]  # type: ignore[misc]


@pytest.fixture
def started(store: Store) -> Store:
    """A store with which xucd has started once."""
    assert start(store, FIRST) == []  # there is nothing to compare with
    return store


def test_numbers_and_switches_are_told_with_what_they_were_and_are(started: Store) -> None:
    changed = msgspec.structs.replace(
        FIRST, strict_rights=True, retention=Retention(audit_days=30), limits=Limits(backlog=2048)
    )
    (told,) = start(started, changed)
    assert told == {
        "limits.backlog": {"from": 1048576, "to": 2048},
        "retention.audit_days": {"from": 365, "to": 30},
        "strict_rights": {"from": False, "to": True},
    }


def test_of_text_and_secrets_it_is_told_that_they_were_changed(started: Store) -> None:
    changed = msgspec.structs.replace(
        FIRST,
        web=Web(security_contact="mailto:ada@example.org"),
        ami=Ami(secret="hushhush-2"),
        store=StorePlace(url="postgresql://xucd:pass2@a/x"),
        sheets=(SheetSettings(name="customer"),),
    )
    (told,) = start(started, changed)
    assert list(told) == ["ami.secret", "sheets", "store.url", "web.security_contact"]
    assert not any(told.values())


def test_the_database_has_no_text_of_the_settings(started: Store) -> None:
    with started.reading() as connection:
        this_key = tables.meta.c.key == seen_settings.SETTINGS
        kept = connection.scalar(select(tables.meta.c.value).where(this_key))
    assert kept is not None
    assert not any(text in kept for text in ("hushhush", "pass1", "127.0.0.1", "available"))


def test_a_start_without_a_change_tells_nothing_and_one_change_is_told_once(started: Store) -> None:
    assert start(started, FIRST) == []
    changed = msgspec.structs.replace(FIRST, strict_rights=True)
    assert len(start(started, changed)) == 1
    assert len(start(started, changed)) == 1


def test_a_setting_that_a_new_version_brings_is_told_when_it_is_not_its_default(
    started: Store,
) -> None:
    with started.writing() as connection:
        this_key = tables.meta.c.key == seen_settings.SETTINGS
        connection.execute(
            update(tables.meta).where(this_key).values(value='{"of.an.older.version":1}')
        )
    (told,) = start(started, Settings(strict_rights=True))
    assert told == {"strict_rights": {"from": False, "to": True}}
