"""What tests share: a throw-away PostgreSQL, a fresh store of either kind, the demo's file."""

import contextlib
import datetime
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from tests.held_store import Held
from tests.postgres_server import PostgresServer
from tests.scene import Scene
from xucd.config import center_file
from xucd.config.plan import Plan
from xucd.store import Store

PROJECT = Path(__file__).parent.parent
DEMO = PROJECT / "integration/demo/center.toml"
TODAY = datetime.date(2026, 11, 22)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kills",
        type=int,
        default=5,
        help="how often xucd is killed while its users work, on each database",
    )
    parser.addoption(
        "--hostile",
        type=int,
        default=4,
        help="how many hostile values each field of AMI gets",
    )
    parser.addoption(
        "--siege",
        action="store_true",
        help="besiege the site with as much as an attacker would, not with a tenth of it",
    )
    parser.addoption(
        "--conversations",
        type=int,
        default=100,
        help="how many conversations of raw bytes are held with the site",
    )
    parser.addoption(
        "--inputs",
        type=int,
        default=150,
        help="how many inputs are tried at each place where bytes come in from outside",
    )
    parser.addoption("--fuzz-seed", type=int, default=1, help="what these inputs follow from")
    parser.addoption(
        "--games", type=int, default=15, help="of the centre beside a small Asterisk, at random"
    )


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of the distribution's."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql(postgres_server: PostgresServer) -> Callable[[str], str]:
    """Call it to make a PostgreSQL database and get its URL."""
    return postgres_server.create


TABLES = "tables"
"""The database, or its file, of which others are copied: the migrations take a while."""


@pytest.fixture(scope="session")
def sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the tables, and nothing in them, to be copied."""
    file = tmp_path_factory.mktemp("sqlite") / TABLES
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_tables(postgres_server: PostgresServer) -> PostgresServer:
    """The server, with a database `TABLES` that has the tables, and nothing in them."""
    migrate(postgres_server.create(TABLES))
    return postgres_server


def migrate(url: str) -> None:
    store = Store(url)
    store.migrate()
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database, once of each kind: empty, or that of the test's `store`."""
    with_tables = "store" in request.fixturenames
    if request.param == "sqlite":
        file = tmp_path / "xucd.db"
        if with_tables:
            shutil.copy(request.getfixturevalue("sqlite_tables"), file)
        return f"sqlite:///{file}"
    if with_tables:
        server: PostgresServer = request.getfixturevalue("postgres_tables")
        return server.create(tmp_path.name, TABLES)
    create: Callable[[str], str] = request.getfixturevalue("postgresql")
    return create(tmp_path.name)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store with its tables, and nothing in them."""
    store = Store(store_url)
    yield store
    store.close()


@pytest.fixture
def commits(store: Store) -> Iterator[list[None]]:
    """One for each writing transaction of the store that was committed."""
    counted: list[None] = []

    def count(connection: Connection) -> None:
        if connection.get_execution_options().get("writing"):
            counted.append(None)

    event.listen(store._engine, "commit", count)
    yield counted
    event.remove(store._engine, "commit", count)


@pytest.fixture
async def held(store: Store) -> AsyncIterator[Held]:
    """A journal of the store, which is busy until it is released."""
    held = Held(store)
    yield held
    await held.close()


@pytest.fixture(scope="session")
def demo_plan() -> Plan:
    """The demo's contact centre, as seen on a fixed day."""
    return center_file.read(DEMO, TODAY).plan


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Read files as a user does who may not read everything."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def scene() -> Scene:
    """A centre in which bruce has logged in, with nothing told or asked for since."""
    scene = Scene()
    scene.logs_in()
    scene.forget()
    return scene
