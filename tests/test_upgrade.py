"""What an older version left comes up under this one: databases, settings, the centre file."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from tests import make_upgrade_fixture
from tests.conftest import TODAY
from tests.upgrades import (
    FIXTURES,
    VERSIONS,
    WITH_PASSWORD,
    kept,
    lacking,
    load_postgresql,
    load_sqlite,
    password,
)
from xucd import __version__, cli
from xucd.config import center_file, settings
from xucd.store import Store
from xucd.store.apply import apply
from xucd.web.passwords import verify

SECRET = {"XUCD_AMI_SECRET": "k7-dusk-apron"}
OldStore = Callable[[Path], Store]


@pytest.fixture(params=["sqlite", "postgresql"])
def old_store(request: pytest.FixtureRequest, tmp_path: Path) -> OldStore:
    """Call it with a fixture's folder for a store that holds its database, as it was."""

    def load(fixture: Path) -> Store:
        if request.param == "sqlite":
            return Store(load_sqlite(fixture, tmp_path / "xucd.db"))
        create: Callable[[str], str] = request.getfixturevalue("postgresql")
        return Store(load_postgresql(fixture, create(tmp_path.name)))

    return load


def what_was_kept(fixture: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((fixture / "kept.json").read_text("utf-8"))
    return found


def test_this_version_has_a_fixture() -> None:
    made = "python -m tests.make_upgrade_fixture makes it, as a step of a release"
    assert __version__ in VERSIONS, made


@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_comes_up_with_all_that_was_kept(version: str, old_store: OldStore) -> None:
    store = old_store(FIXTURES / version)
    store.migrate()
    before = what_was_kept(FIXTURES / version)
    assert lacking(before, kept(store)) == []
    for login in WITH_PASSWORD:
        assert verify(store.password_hash(login), password(login))
    store.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_centre_file_is_still_the_same_centre(version: str, old_store: OldStore) -> None:
    store = old_store(FIXTURES / version)
    store.migrate()
    plan = center_file.read(FIXTURES / version / "center.toml", TODAY).plan
    # What the fixture's commands have changed since the file was applied, and nothing else.
    assert apply(store, plan) == [
        "changed agent 2506: group id 1 to 2",
        "set queues of agent 2501: support 0, sales 1",
    ]
    assert apply(store, plan) == []
    store.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_settings_file_with_every_key_is_understood(version: str) -> None:
    file = FIXTURES / version / "xucd.toml"
    written = tomllib.loads(file.read_text("utf-8"))
    del written["ami"]["secret_file"]  # here the environment has the secret
    for key in ("tls_certificate", "tls_key"):
        assert Path(written["web"][key]).is_absolute()
    found = msgspec.json.decode(msgspec.json.encode(settings.load(file, SECRET)))
    assert lacking(written, found) == []


def test_a_newer_database_is_refused_with_a_sentence(
    old_store: OldStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = old_store(FIXTURES / VERSIONS[-1])
    store.migrate()
    before = kept(store)
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        url = connection.engine.url.render_as_string(hide_password=False)
    (tmp_path / "xucd.toml").write_text(f'[store]\nurl = "{url}"\n')
    assert cli.main(["-c", str(tmp_path / "xucd.toml"), "center", "export"]) == 2
    said = capsys.readouterr().err
    assert "the database does not fit this version of xucd" in said
    assert "install that again, or restore a backup from before" in said
    assert lacking(before, kept(store)) == []
    store.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixture of the present code."""
    folder = tmp_path_factory.mktemp("fixtures") / __version__
    make_upgrade_fixture.make(folder)
    return folder


def test_a_fixture_that_is_made_now_holds_what_was_kept(made: Path, old_store: OldStore) -> None:
    store = old_store(made)
    store.migrate()
    assert kept(store) == what_was_kept(made)
    assert {each.name for each in made.iterdir()} == {
        each.name for each in (FIXTURES / "0.1.0").iterdir()
    }
    store.close()


def test_a_fixture_that_is_made_now_has_every_key(made: Path) -> None:
    loaded, default = (msgspec.to_builtins(settings.load(each, SECRET))
                       for each in (made / "xucd.toml", None))  # fmt: skip
    for section, keys in default.items():
        if isinstance(keys, dict):
            numbers = {key for key in keys if isinstance(keys[key], (int, float))}
            assert not {key for key in numbers if loaded[section][key] == keys[key]}
