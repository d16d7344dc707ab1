"""A database that is moved, replaced, full, locked or read-only acknowledges nothing in vain."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from integration.client import http
from integration.running import DEADLINE
from tests.lone_xucd import LoneXucd
from tests.plugin_proofs import Proof
from tests.rest_client import RestClient
from xucd.center.station import Station
from xucd.config.plan import Plan
from xucd.store import Store, StoreUnavailable
from xucd.store.apply import apply

# Another program that reads the database until its input ends.
READ = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("SELECT count(*) FROM sqlite_master").fetchone()
print("reading", flush=True)
sys.stdin.read()
"""
FIRST = Station(8, 1, logged_in=True, since=1.0)
THEN = Station(8, 2, logged_in=True, since=2.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "xucd.db"


@pytest.fixture
def open_store(file: Path, demo_plan: Plan) -> Iterator[Store]:
    """A store of a file, with one station written."""
    store = Store(f"sqlite:///{file}")
    store.migrate()
    apply(store, demo_plan)
    store.put_station(FIRST)
    yield store
    store.close()


def logs(file: Path) -> list[Path]:
    return [file.with_name(file.name + end) for end in ("-wal", "-shm")]


def as_another(file: Path) -> dict[int, Station]:
    """The stations that another process finds in a file."""
    store = Store(f"sqlite:///{file}")
    try:
        return store.stations()
    finally:
        store.close()


def moved_away(file: Path) -> None:
    file.rename(file.with_name("elsewhere.db"))


def moved_with_its_logs(file: Path) -> None:
    for part in (file, *logs(file)):
        part.rename(part.with_name("elsewhere-" + part.name))


def folder_moved(file: Path) -> None:
    file.parent.rename(file.parent.with_name("elsewhere"))


@pytest.mark.parametrize("away", [moved_away, moved_with_its_logs, folder_moved, Path.unlink])
def test_nothing_is_written_into_a_file_that_is_gone(
    open_store: Store, file: Path, away: Callable[[Path], object]
) -> None:
    away(file)
    with pytest.raises(StoreUnavailable, match=r"xucd\.db is gone"):
        open_store.put_station(THEN)
    assert not file.exists()  # nor is an empty one made in its place
    assert open_store.stations() == {8: FIRST}


def test_a_further_connection_makes_no_empty_file_in_its_place(
    open_store: Store, file: Path
) -> None:
    with open_store.reading():
        moved_away(file)
        with pytest.raises(StoreUnavailable, match="is gone"):
            open_store.stations()
    assert not file.exists()


def test_a_file_that_is_moved_while_it_is_written_to_is_not_acknowledged(
    open_store: Store, file: Path
) -> None:
    with pytest.raises(StoreUnavailable, match="is gone"), open_store.writing():
        moved_away(file)


def test_writing_goes_on_when_the_same_file_is_back(open_store: Store, file: Path) -> None:
    moved_away(file)
    with pytest.raises(StoreUnavailable):
        open_store.put_station(THEN)
    file.with_name("elsewhere.db").rename(file)
    open_store.put_station(THEN)
    assert as_another(file) == {8: THEN}


def test_another_file_in_its_place_is_left_alone_and_named(open_store: Store, file: Path) -> None:
    moved_away(file)
    shutil.copy(file.with_name("elsewhere.db"), file)
    before = file.read_bytes()
    with pytest.raises(StoreUnavailable, match=r"another file is in place of .* restart xucd"):
        open_store.put_station(THEN)
    assert file.read_bytes() == before


def test_a_restored_backup_is_taken_by_a_new_start(open_store: Store, file: Path) -> None:
    backup = file.with_name("backup.db")
    with contextlib.closing(sqlite3.connect(backup)) as copy, sqlite3.connect(file) as original:
        original.backup(copy)
    backup.rename(file)
    with pytest.raises(StoreUnavailable):
        open_store.put_station(THEN)
    open_store.close()
    for log in logs(file):
        log.unlink(missing_ok=True)
    open_store.put_station(THEN)
    assert as_another(file) == {8: THEN}


@pytest.mark.parametrize("which", [(0,), (1,), (0, 1)])
def test_what_stood_in_logs_that_are_removed_is_saved(
    open_store: Store, file: Path, which: tuple[int, ...]
) -> None:
    for number in which:
        logs(file)[number].unlink()
    open_store.put_station(THEN)
    assert as_another(file) == {8: THEN}


def test_logs_of_another_program_in_place_of_ours_are_not_mixed_with_them(
    open_store: Store, file: Path
) -> None:
    for log in logs(file):
        log.unlink()
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", READ, str(file)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"reading\n"
        with pytest.raises(StoreUnavailable, match="stop all other programs"):
            open_store.put_station(THEN)
        other.communicate()


def test_a_transaction_takes_the_connection_that_was_used_last(open_store: Store) -> None:
    with open_store.reading() as first, open_store.reading() as second:
        known = {each.connection.driver_connection for each in (first, second)}
    assert len(known) == 2
    used = []
    for _ in range(3):
        with open_store.writing() as connection:
            used.append(connection.connection.driver_connection)
    assert len(set(used)) == 1
    assert used[0] in known


def test_a_full_database_takes_nothing_until_there_is_room(open_store: Store, file: Path) -> None:
    with open_store.reading() as connection:
        (pages,) = connection.exec_driver_sql("PRAGMA page_count").one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    long = Station(8, 2, logged_in=True, since=2.0, reason="x" * 100_000)
    with pytest.raises(StoreUnavailable, match="full"):
        open_store.put_station(long)
    assert open_store.stations() == {8: FIRST}
    with open_store.reading() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 1000}")
    open_store.put_station(long)
    assert as_another(file)[8].since == long.since


def test_another_postgresql_in_place_of_the_first_is_not_written_to(
    postgresql: Callable[[str], str], demo_plan: Plan
) -> None:
    url = postgresql("replaced")
    store = Store(url)
    store.migrate()
    apply(store, demo_plan)
    with psycopg.connect(url.replace("/replaced?", "/postgres?"), autocommit=True) as admin:
        admin.execute('DROP DATABASE "replaced" WITH (FORCE)')
        admin.execute('CREATE DATABASE "replaced"')
    with pytest.raises(StoreUnavailable, match="another PostgreSQL"):
        store.put_station(FIRST)
    store.close()


@pytest.mark.parametrize(
    "spoil",
    [
        'ALTER DATABASE "{name}" SET default_transaction_read_only = on',
        'ALTER DATABASE "{name}" SET search_path = nowhere',
    ],
)
def test_a_postgresql_that_takes_nothing_is_unavailable_and_rejects_nothing(
    postgresql: Callable[[str], str], demo_plan: Plan, spoil: str
) -> None:
    name = f"spoilt-{abs(hash(spoil))}"
    url = postgresql(name)
    store = Store(url)
    store.migrate()
    apply(store, demo_plan)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(spoil.format(name=name).encode())
    store.close()
    with pytest.raises(StoreUnavailable):
        store.put_station(FIRST)
    store.close()


# -- the daemon


async def health(xucd: LoneXucd, store: str) -> None:
    """Wait until ``/health`` says this of the database."""
    async with asyncio.timeout(DEADLINE):
        while True:
            _, found = await asyncio.to_thread(http, xucd.port, "/health")
            if found["store"] == store:
                return
            await asyncio.sleep(0.05)  # over HTTP there is nothing to wait on


async def add(ada: RestClient, number: str) -> tuple[int, Any]:
    """Ask for a callback."""
    (first, *_) = (await ada.ask("GET", "/callback_lists"))[1]
    path = f"/callback_lists/{first['uuid']}/callback_requests"
    return await ada.ask("POST", path, {"phoneNumber": number})


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "xucd-test", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


class Lost:
    """Ways to lose a database, and to get it back."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "xucd.db"
        self.ballast = folder / "ballast"
        self.lock: sqlite3.Connection | None = None

    def move(self, back: bool) -> None:
        away = self.file.with_name("away.db")
        if back:
            away.rename(self.file)
        else:
            self.file.rename(away)

    def fill(self, back: bool) -> None:
        if back:
            self.ballast.unlink()
            return
        # Also the room that the log has for itself.
        with contextlib.suppress(OSError), self.ballast.open("wb", buffering=0) as ballast:
            while ballast.write(b"\0" * 4096):
                pass

    def hold(self, back: bool) -> None:
        if back:
            assert self.lock is not None
            self.lock.close()
            return
        self.lock = sqlite3.connect(self.file, isolation_level=None, check_same_thread=False)
        self.lock.execute("BEGIN IMMEDIATE")


async def test_a_daemon_without_its_database_refuses_is_red_says_so_once_and_recovers(
    small_disk: Path, proof: Proof
) -> None:
    xucd = LoneXucd(small_disk)
    xucd.log = small_disk.parent / "xucd.log"
    lost = Lost(small_disk)
    await xucd.prepare()
    await xucd.start()
    ada = RestClient(xucd.port, xucd.token("ada"))
    try:
        for lose in (lost.move, lost.fill, lost.hold):
            await asyncio.to_thread(lose, False)
            await health(xucd, "failed")
            status, body = await add(ada, "1" * 40)
            assert (status, body["error"]) == (503, "StoreUnavailable")
            await asyncio.to_thread(lose, True)
            await health(xucd, "ok")
            assert (await add(ada, "100"))[0] == 201
        said = xucd.log.read_text()
        assert said.count("the database is unavailable") == 3
        assert said.count("the database can be written to again") == 3
    finally:
        await xucd.stop()
    store = xucd.store()
    with store.reading() as connection:
        found = connection.exec_driver_sql("SELECT phone_number FROM callback_requests")
        numbers = [row[0] for row in found]
    store.close()
    assert numbers.count("100") == 3
    assert "1" * 40 not in numbers
    proof("database moved away, disk full, locked by another program", times=3)
