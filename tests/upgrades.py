"""The fixtures of older versions: what is in one, and how to bring its database up."""

import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from tests.conftest import PROJECT, TODAY
from xucd.center.callbacks import Condition, Request, Search
from xucd.store import Store, callback_reading

FIXTURES = PROJECT / "tests/data/upgrades"
VERSIONS = sorted(each.name for each in FIXTURES.iterdir())

WITH_PASSWORD = ("bruce", "sue", "ada")


def password(login: str) -> str:
    """The password of a user in a fixture."""
    return f"{login}-demo"


def load_sqlite(fixture: Path, file: Path) -> str:
    """Make the SQLite database of a fixture in a file that is not there yet; returns its URL."""
    connection = sqlite3.connect(file)
    connection.executescript((fixture / "sqlite.sql").read_text("utf-8"))
    connection.close()
    return f"sqlite:///{file}"


def load_postgresql(fixture: Path, url: str) -> str:
    """Make the PostgreSQL database of a fixture in an empty one; returns its URL."""
    with psycopg.connect(url) as connection:
        connection.execute((fixture / "postgresql.sql").read_bytes())
    return url


def kept(store: Store) -> dict[str, Any]:
    """All that a store holds for its users, as values of JSON.

    Its names are those of the fixtures: they stay, whatever the code calls things by then.
    """
    directory = store.directory()
    found = {
        "groups": list(directory.groups.values()),
        "queues": list(directory.queues.values()),
        "lines": list(directory.lines.values()),
        "agents": list(directory.agents.values()),
        "users": sorted(directory.users.values(), key=lambda user: user.id),
        "token_secret": store.token_secret().hex(),
        "memberships": store.memberships(),
        "default_memberships": store.default_memberships(),
        "stations": store.stations(),
        "agent_days": store.agent_days(TODAY),
        "queue_days": store.queue_days(TODAY),
        "periods": callback_reading.periods(store),
        "lists": callback_reading.lists(store),
        "requests": [
            msgspec.structs.asdict(request)
            for request in sorted(requests(store), key=lambda request: str(request.uuid))
        ],
        "tickets": callback_reading.tickets(store),
    }
    plain = msgspec.to_builtins(found, str_keys=True)
    restored: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(plain, order="sorted"))
    return restored


def requests(store: Store) -> list[Request]:
    """All callbacks, open and closed."""
    search = callback_reading.search
    closed = Search(conditions=(Condition("clotured", "=", True),))
    return search(store, Search()).requests + search(store, closed).requests


def lacking(old: Any, new: Any, where: str = "") -> list[str]:
    """What of `old` is not in `new`, or is another value there; `new` may hold more."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            each
            for key, value in old.items()
            for each in (
                lacking(value, new[key], f"{where}.{key}")
                if key in new
                else [f"{where}.{key} is gone"]
            )
        ]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            each
            for place, (value, now) in enumerate(zip(old, new, strict=True))
            for each in lacking(value, now, f"{where}[{place}]")
        ]
    return [] if old == new else [f"{where}: {old!r} became {new!r}"]
