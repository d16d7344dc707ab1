"""Makes the fixture of the present version, which every later version has to come up with.

``python -m tests.make_upgrade_fixture`` writes ``tests/data/upgrades/VERSION``: a database of each
kind as SQL, filled by xucd's own code; all that it holds, as JSON; the centre file that it follows;
a settings file with every key; the files of asterisk-conf. Run it as a step of a release, once: a
fixture never changes. `tests/test_upgrade.py` and `integration/test_upgrade.py` bring each up.
"""

import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import msgspec
import tomli_w
from sqlalchemy import select

from tests.conftest import (
    DEMO,
    PROJECT,
    TODAY,
)
from tests.day_figures import put_days
from tests.postgres_server import PostgresServer, programs
from tests.upgrades import FIXTURES, WITH_PASSWORD, kept, password
from xucd import __version__
from xucd.center.callbacks import NewRequest, TicketUpdate
from xucd.center.day import AgentDay
from xucd.center.queue_day import QueueDay
from xucd.center.station import Station
from xucd.config import center_file
from xucd.signin.passwords import hash_password
from xucd.store import Store, callback_reading, callback_writing, tables
from xucd.store.apply import apply

EXAMPLE = PROJECT / "docs/xucd.toml"
NOON = 1_795_348_800.0  # of TODAY, in UTC
Figures = TypeVar("Figures", AgentDay, QueueDay)


def main() -> int:
    folder = FIXTURES / __version__
    if folder.exists():
        print(f"{folder} is there already, and a fixture never changes", file=sys.stderr)
        return 1
    make(folder)
    print(folder)
    return 0


def make(folder: Path) -> None:
    """Write the fixture of the present version into a folder that is not there yet."""
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch, PostgresServer() as server:
        url = server.create("made")
        store, copy = Store(f"sqlite:///{scratch}/xucd.db"), Store(url)
        store.migrate()
        fill(store)
        found = msgspec.json.format(msgspec.json.encode(kept(store)), indent=1)
        (folder / "kept.json").write_bytes(found + b"\n")
        copy.migrate()
        _copy(store, copy)
        store.close()
        copy.close()
        (folder / "sqlite.sql").write_text(_sqlite_as_text(Path(scratch, "xucd.db")), "utf-8")
        (folder / "postgresql.sql").write_text(_postgresql_as_text(url), "utf-8")
    shutil.copy(DEMO, folder / "center.toml")
    (folder / "xucd.toml").write_text(tomli_w.dumps(every_key()), "utf-8")
    shutil.copytree(PROJECT / "asterisk-conf", folder / "asterisk-conf")


def fill(store: Store) -> None:
    """Put something of all that outlives a restart into a store, by the code that does so."""
    apply(store, center_file.read(DEMO, TODAY).plan)
    for login in WITH_PASSWORD:
        store.set_password_hash(login, hash_password(password(login)))
    store.token_secret()
    store.set_membership(8, 3, 7)
    store.remove_membership(10, 2)
    store.set_default_memberships({1: {1: 0, 2: 5}})
    store.set_agent_group(13, 1)
    store.put_station(Station(8, 1, logged_in=True, since=NOON, paused=True, reason="lunch"))
    store.put_station(Station(9, 7, logged_in=True, since=NOON + 1, settled=False))
    store.put_station(Station(10, 3, logged_in=False, since=NOON + 2))
    put_days(store, TODAY, agents={8: _numbered(AgentDay()), 9: AgentDay(login_at=NOON)})
    put_days(store, TODAY, queues={1: _numbered(QueueDay()), 2: QueueDay(waiting={"1.5": NOON})})
    _work_on_callbacks(store)


def _numbered(figures: Figures) -> Figures:
    """Figures that are all different."""
    numbers = {
        name: type(value)(place + 1)
        for place, (name, value) in enumerate(msgspec.structs.asdict(figures).items())
        if isinstance(value, (int, float))
    }
    return msgspec.structs.replace(figures, **numbers)


def _work_on_callbacks(store: Store) -> None:
    """Let a caller leave one; take one, call one that is to be called again, and close one."""
    (callbacks,) = callback_reading.lists(store)
    left = NewRequest(
        phone_number="0230210099",
        description="Émile, 42 ft",
        due_date=TODAY,
        period_uuid=callback_reading.periods(store)[-1].uuid,
        voice_message_ref="1795348800.7",
    )
    taken, again, closed = callback_reading.open_requests(store)
    callback_writing.create(store, callbacks.uuid, [left], lambda _: None, now=NOON)
    callback_writing.take(store, taken.uuid, 8, lambda _: None)
    for number, request, answer in (
        (1, again, TicketUpdate(status="Callback", comment="not at home", due_date=TODAY)),
        (2, closed, TicketUpdate(status="Answered", comment="wants the 42 ft")),
    ):
        began, uuid = NOON + 60 * number, UUID(int=number)
        callback_writing.take(store, request.uuid, 9, lambda _: None)
        ticket = callback_writing.NewTicket(
            uuid=uuid,
            request_uuid=request.uuid,
            agent_id=9,
            phone_number=request.phone_number or "",
            started=began,
        )
        callback_writing.create_ticket(store, ticket, lambda _: None)
        callback_writing.record_answered(store, uuid, began + 5)
        callback_writing.record_ended(store, uuid, began + 35, 30.0, None)
        callback_writing.update_ticket(store, uuid, answer, lambda _: None)


def _copy(store: Store, copy: Store) -> None:
    """Put all rows of a store into another, whose tables are empty."""
    with store.reading() as source, copy.writing() as target:
        for table in tables.metadata.sorted_tables:
            rows = [dict(row) for row in source.execute(select(table)).mappings()]
            if rows:
                target.execute(table.insert(), rows)


def _sqlite_as_text(file: Path) -> str:
    connection = sqlite3.connect(file)
    text = "\n".join(connection.iterdump())
    connection.close()
    return text + "\n"


def _postgresql_as_text(url: str) -> str:
    """A database as statements that every PostgreSQL takes: without those of one version."""
    parts = urlsplit(url)
    (folder,) = parse_qs(parts.query)["host"]
    dump = subprocess.run(
        [programs() / "pg_dump", "-h", folder, "-U", parts.username or "",
         "--column-inserts", "--no-owner", "--no-privileges", parts.path[1:]],
        check=True, stdout=subprocess.PIPE, text=True,
    ).stdout  # fmt: skip
    foreign = re.compile(r"^(?:--|\\|SET |SELECT pg_catalog\.set_config).*\n|^\n", re.MULTILINE)
    return foreign.sub("", dump)


def every_key() -> dict[str, Any]:
    """Settings with all keys that the example shows, most of other values than the defaults."""
    text = EXAMPLE.read_text("utf-8")
    content = tomllib.loads(re.sub(r"^# (?=\w+ = |\[\w+\]$)", "", text, flags=re.MULTILINE))
    del content["cluster"]  # one xucd alone is run with these settings, on SQLite too
    sheets = "\n".join(re.findall(r"^#     (.*)$", text, re.MULTILINE))
    changed = dict(_changed(content))
    del changed["ami"]["secret"]  # `secret_file` is in its place
    del changed["web"]["processes"]  # of a node of a [cluster] alone
    return {**changed, **tomllib.loads(sheets)}


def _changed(content: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, dict):
            yield key, dict(_changed(value))
        elif isinstance(value, bool):
            yield key, not value
        elif isinstance(value, (int, float)):
            yield key, value + 1
        elif key == "origins":
            yield key, ["https://crm.example.org"]
        else:
            yield key, value


if __name__ == "__main__":
    sys.exit(main())
