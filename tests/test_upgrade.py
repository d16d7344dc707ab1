"""What an older version left comes up under this one: databases, settings, the centre file."""

import asyncio
import http.client
import json
import ssl
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import certifi
import msgspec
import pytest
import tomli_w
from sqlalchemy import text

from tests import make_upgrade_fixture
from tests.certificates import certificate
from tests.conftest import TODAY
from tests.lone_xucd import LoneXucd
from tests.rest_client import PREFIX
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
from tests.ws_client import Client
from xucd import __version__, cli
from xucd.cli import setup_removal
from xucd.cli.discovering import present_centre
from xucd.config import center_file, settings
from xucd.signin.passwords import verify
from xucd.store import Store, StoreError
from xucd.store.apply import apply
from xucd.store.backup import backup, restore
from xucd.store.database import close_engine, open_engine, transaction

SECRETS = {f"XUCD_{section}_SECRET": "k7-dusk-apron" for section in ("AMI", "OIDC", "LDAP")}
OldDatabase = Callable[[Path], str]
OldStore = Callable[[Path], Store]


@pytest.fixture(params=["sqlite", "postgresql"])
def old_database(request: pytest.FixtureRequest, tmp_path: Path) -> OldDatabase:
    """Call it with a fixture's folder for the URL of its database, as it was."""

    def load(fixture: Path) -> str:
        if request.param == "sqlite":
            return load_sqlite(fixture, tmp_path / "xucd.db")
        create: Callable[[str], str] = request.getfixturevalue("postgresql")
        return load_postgresql(fixture, create(tmp_path.name))

    return load


@pytest.fixture
def old_store(old_database: OldDatabase) -> OldStore:
    """The same for a store that holds this database."""
    return lambda fixture: Store(old_database(fixture))


def what_was_kept(fixture: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((fixture / "kept.json").read_text("utf-8"))
    return found


def test_this_version_has_a_fixture() -> None:
    made = "python -m tests.make_upgrade_fixture makes it, as a step of a release"
    assert __version__ in VERSIONS, made


def revision(url: str) -> str:
    engine = open_engine(url)
    with transaction(engine, writing=False) as connection:
        found: str = connection.scalar(text("SELECT version_num FROM alembic_version"))
    close_engine(engine)
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_a_dry_run_reads_an_old_database_and_leaves_it_old(
    version: str, old_database: OldDatabase
) -> None:
    url = old_database(FIXTURES / version)
    before = revision(url)
    assert {person.login for person in present_centre(url).plan.people} >= set(WITH_PASSWORD)
    directory, stations = setup_removal.centre(url)
    assert {user.login for user in directory.users.values()} >= set(WITH_PASSWORD)
    assert stations
    assert revision(url) == before


@pytest.mark.parametrize("version", VERSIONS)
def test_a_backup_from_before_an_upgrade_is_restored_and_comes_up_again(
    version: str, old_database: OldDatabase, tmp_path: Path
) -> None:
    url = old_database(FIXTURES / version)
    before = revision(url)
    backup(url, tmp_path / "backup")
    store = Store(url)
    store.migrate()
    assert revision(url) != before
    # A version still to come has a table that refers to one of today's.
    with store.writing() as connection:
        connection.execute(text("CREATE TABLE later (id INTEGER REFERENCES users (id))"))
    store.close()
    restore(url, tmp_path / "backup")
    assert revision(url) == before
    store.migrate()
    assert lacking(what_was_kept(FIXTURES / version), kept(store)) == []
    with pytest.raises(StoreError), store.reading() as connection:
        connection.execute(text("SELECT * FROM later"))
    store.close()


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
    found = msgspec.json.decode(msgspec.json.encode(settings.load(file, SECRETS)))
    assert lacking(written, found) == []


class OldXucd(LoneXucd):
    """This xucd with an older version's database and settings, but for places and ports."""

    def __init__(self, fixture: Path, folder: Path, url: str) -> None:
        super().__init__(folder, url)
        cert, key = certificate(folder)
        self.trust = ssl.create_default_context(cafile=cert)
        self.settings = tomllib.loads((fixture / "xucd.toml").read_text("utf-8"))
        self.settings["web"] |= {"port": self.port, "tls_certificate": cert, "tls_key": key}
        self.settings["ami"]["port"] = self.pbx.ami_port
        self.settings["agi"]["port"] = self.pbx.agi_port
        self.settings["store"]["url"] = url
        self.file.write_text(tomli_w.dumps(self.settings))
        (folder / self.settings["ami"]["secret_file"]).write_text(self.pbx.ami_secret)

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """One request over TLS, which these settings have. Blocks."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.trust)
        try:
            connection.request(method, path, json.dumps(body))
            answer = connection.getresponse()
            return answer.status, json.load(answer)
        finally:
            connection.close()

    def _health(self) -> dict[str, Any] | None:
        try:
            health: dict[str, Any] = self.ask("GET", "/health")[1]
        except OSError:
            return None
        return health


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_daemon_serves_with_settings_and_database_of_then(
    version: str, old_database: OldDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))  # for the streams, beside PostgreSQL
    fixture = FIXTURES / version
    xucd = OldXucd(fixture, tmp_path, old_database(fixture))
    try:
        await xucd.start()
        credentials = {"login": "bruce", "password": password("bruce")}
        status, signed_in = await asyncio.to_thread(
            xucd.ask, "POST", f"{PREFIX}/auth/login", credentials
        )
        configured = xucd.settings["web"]["token_ttl"]
        assert (status, signed_in["TTL"]) in ((200, configured), (200, configured - 1))
        path = f"{PREFIX}/cti?token={signed_in['token']}"
        async with await Client.connect(xucd.port, path, tls=xucd.trust) as page:
            assert (await page.hear())["msgType"] == "LoggedOn"
    finally:
        await xucd.stop()


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
    told = (made / "xucd.toml").read_text(encoding="utf-8")
    there = told.replace("/etc/xucd/ca.pem", certifi.where())  # certificates have to be there
    (made / "xucd.toml").write_text(there, encoding="utf-8")
    loaded, default = (msgspec.to_builtins(settings.load(each, SECRETS))
                       for each in (made / "xucd.toml", None))  # fmt: skip
    for section, keys in default.items():
        if isinstance(keys, dict):
            numbers = {key for key in keys if isinstance(keys[key], (int, float))} - {"processes"}
            assert not {key for key in numbers if loaded[section][key] == keys[key]}
