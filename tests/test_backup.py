"""Backups while the daemon works, and restoring by the steps that `docs/operating.md` tells."""

import asyncio
import os
import re
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.conftest import PROJECT
from tests.lone_xucd import LoneXucd
from xucd.center.audit import Kind
from xucd.config import writing
from xucd.config.plan import Plan
from xucd.store import Store, StoreError, tables
from xucd.store.apply import apply
from xucd.store.backup import backup, check, restore
from xucd.store.export import export

STEPS = (PROJECT / "docs/operating.md").read_text(encoding="utf-8")


@pytest.fixture
def full(store: Store, demo_plan: Plan) -> Store:
    apply(store, demo_plan)
    store.set_password_hash("bruce", "$argon2id$then")
    return store


def test_a_backup_brings_everything_back(full: Store, store_url: str, tmp_path: Path) -> None:
    before = writing.write(export(full))
    file = tmp_path / "backup"
    backup(store_url, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    apply(full, Plan(), prune=True)
    full.close()
    kept = restore(store_url, file)
    assert writing.write(export(full)) == before
    assert full.password_hash("bruce") == "$argon2id$then"
    full.close()
    if kept is not None:
        lost = Store(f"sqlite:///{kept}")
        assert lost.directory().agents == {}
        lost.close()


def test_a_backup_is_secret_from_its_first_byte_and_whole_when_it_has_its_name(
    full: Store, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    seen: list[tuple[str, int]] = []

    def look(name: str) -> None:
        seen.extend((file.name, stat.S_IMODE(file.stat().st_mode)) for file in folder.iterdir())
        check(folder / name)

    monkeypatch.setattr("xucd.store.backup.check", lambda file: look(file.name))
    before = os.umask(0)
    try:
        backup(store_url, folder / "new")
    finally:
        os.umask(before)
    assert [mode for _, mode in seen] == [0o600]
    assert seen[0][0] != "new"
    assert [file.name for file in folder.iterdir()] == ["new"]


def test_no_file_is_overwritten_and_nothing_half_done_is_left(
    full: Store, store_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "mine").write_text("mine")
    with pytest.raises(StoreError, match="mine is there already"):
        backup(store_url, folder / "mine")
    (folder / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="link is there already"):
        backup(store_url, folder / "link")
    with pytest.raises(StoreError, match="No such file"):
        backup(store_url, folder / "none" / "file")
    missing = make_url(store_url).set(database=f"{tmp_path.name}-none")
    with pytest.raises(StoreError):
        backup(missing.render_as_string(hide_password=False), folder / "new")
    assert sorted(file.name for file in folder.iterdir()) == ["link", "mine"]
    assert (folder / "mine").read_text() == "mine"


def test_what_is_no_whole_backup_is_not_restored(
    full: Store, store_url: str, tmp_path: Path
) -> None:
    before = writing.write(export(full))
    full.close()
    backup(store_url, tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text").write_text("no backup")
    (tmp_path / "empty").write_bytes(b"")
    with closing(sqlite3.connect(tmp_path / "other")) as other:
        other.execute("CREATE TABLE cats (name)")
    for name in ("half", "text", "empty", "other", "none"):
        with pytest.raises(StoreError, match=name):
            restore(store_url, tmp_path / name)
    assert writing.write(export(full)) == before


def test_a_backup_of_one_kind_of_database_is_refused_by_the_other(
    full: Store, store_url: str, tmp_path: Path
) -> None:
    backup(store_url, tmp_path / "backup")
    sqlite = store_url.startswith("sqlite")
    other = "postgresql://nobody@localhost:1/x" if sqlite else f"sqlite:///{tmp_path}/x.db"
    with pytest.raises(StoreError, match=r"is a backup of (SQLite|PostgreSQL), but store\.url"):
        restore(other, tmp_path / "backup")


def test_a_database_in_use_is_not_replaced(full: Store, store_url: str, tmp_path: Path) -> None:
    backup(store_url, tmp_path / "backup")
    with full.reading() as connection:
        connection.execute(tables.queues.select()).all()
        with pytest.raises(StoreError, match="in use"):
            restore(store_url, tmp_path / "backup")
    assert len(full.directory().agents) == 6


def test_a_damaged_database_is_replaced(demo_plan: Plan, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/xucd.db"
    store = Store(url)
    store.migrate()
    apply(store, demo_plan)
    store.close()
    backup(url, tmp_path / "backup")
    (tmp_path / "xucd.db").write_bytes(b"damaged" * 1000)
    kept = restore(url, tmp_path / "backup")
    assert kept is not None
    assert kept.read_bytes().startswith(b"damaged")
    assert len(store.directory().agents) == 6
    store.close()


def test_a_backup_is_of_one_moment_while_others_write(
    full: Store, store_url: str, tmp_path: Path
) -> None:
    """Each transaction gives two queues the same length of wrap-up."""
    ended = threading.Event()
    begun = threading.Event()

    def write() -> None:
        store, count = Store(store_url), 0
        while not ended.is_set():
            count += 1
            with store.writing() as connection:
                for queue in (1, 2):
                    connection.execute(
                        tables.queues.update()
                        .where(tables.queues.c.id == queue)
                        .values(wrapup=count)
                    )
            begun.set()
        store.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        begun.wait()
        for index in range(3):
            backup(store_url, tmp_path / f"backup-{index}")
    finally:
        ended.set()
        writer.join()
    full.close()
    for index in range(3):
        restore(store_url, tmp_path / f"backup-{index}")
        first, second, _ = full.directory().queues.values()
        assert first.wrapup == second.wrapup > 0
        full.close()


def commands(heading: str) -> list[list[str]]:
    """The lines of the shell blocks under a heading of operating.md, as words."""
    section = STEPS.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return [line.split() for block in blocks for line in block.splitlines()]


async def test_the_steps_that_are_told_restore_a_daemon_and_its_rights(
    tmp_path: Path,
) -> None:
    xucd = LoneXucd(tmp_path)
    file = str(tmp_path / "backup.db")
    done = []
    async with xucd:
        (tmp_path / "empty.toml").write_text("")
        for words in commands("Backups"):
            match words:
                case ["xucd", "-c", _, "backup", _]:
                    await xucd.command("backup", file)
                    # What goes wrong afterwards.
                    await xucd.command("center", "apply", "--prune", str(tmp_path / "empty.toml"))
                    with pytest.raises(AssertionError, match="in use: stop xucd first"):
                        await xucd.command("restore", file)
                case ["systemctl", "stop", "xucd"]:
                    await xucd.stop()
                case ["xucd", "-c", _, "restore", _]:
                    assert "restored from" in await xucd.command("restore", file)
                case ["systemctl", "start", "xucd"]:
                    await xucd.start()
                case _:
                    raise AssertionError(words)
            done.append(words[-2])
        assert done == ["backup", "stop", "restore", "start"]
        client = await xucd.client("bruce")
        assert (await client.until("UserConfigUpdate"))["agentId"] == 8
        await client.close()
        kinds = await asyncio.to_thread(_audited, xucd)
        assert Kind.RESTORE in kinds
    assert os.stat(tmp_path / "xucd.db").st_mode & 0o777 == 0o600


def _audited(xucd: LoneXucd) -> list[str]:
    store = xucd.store()
    with store.reading() as connection:
        kinds = [row.kind for row in connection.execute(tables.audit.select())]
    store.close()
    return kinds
