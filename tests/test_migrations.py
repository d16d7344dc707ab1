"""Migrations leave an older xucd that runs beside a newer one with tables on which it can work."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import event

from xucd.store.database import MIGRATIONS, open_engine, transaction

FIRST = "0014"
"""The tables of the first version of xucd that has nodes."""

HARMLESS = re.compile(
    r"(SELECT|INSERT INTO|UPDATE|CREATE TABLE|CREATE INDEX)\b"
    r"|ALTER TABLE \w+ ADD COLUMN (?!.*NOT NULL)"
    r"|ALTER TABLE \w+ ADD COLUMN .* DEFAULT "
)


def harms(statement: str) -> bool:
    """Whether an xucd that does not know of a statement could fail after it."""
    return HARMLESS.match(" ".join(statement.split())) is None


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE later (id INTEGER NOT NULL)",
        "CREATE INDEX ix_later ON queues (name)",
        "ALTER TABLE queues ADD COLUMN later INTEGER",
        "ALTER TABLE queues ADD COLUMN later INTEGER DEFAULT '0' NOT NULL",
    ],
)
def test_what_an_older_xucd_does_not_know_of_does_it_no_harm(statement: str) -> None:
    assert not harms(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE queues",
        "ALTER TABLE queues DROP COLUMN name",
        "ALTER TABLE queues RENAME name TO label",
        "ALTER TABLE queues RENAME TO lines_of_callers",
        "ALTER TABLE queues ALTER COLUMN name TYPE INTEGER",
        "ALTER TABLE queues ADD COLUMN later INTEGER NOT NULL",
        "ALTER TABLE queues ADD CONSTRAINT uq_later UNIQUE (name)",
        "CREATE UNIQUE INDEX ix_later ON queues (name)",
        "DELETE FROM queues",
    ],
)
def test_what_an_older_xucd_would_miss_or_break_is_found(statement: str) -> None:
    assert harms(statement)


def test_migrations_add_and_take_nothing_from_an_older_xucd_that_runs(
    postgresql: Callable[[str], str],
) -> None:
    """What is to go is used by one release no more, and goes with the next one."""
    engine = open_engine(postgresql("additive"))
    done: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        done.append(statement)

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with transaction(engine, writing=True, alone=True) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, FIRST)
        assert any(map(harms, done))  # those before did
        done.clear()
        command.upgrade(config, "head")
    engine.dispose()
    assert [statement for statement in done if harms(statement)] == []
