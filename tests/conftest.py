"""What tests share: a throw-away PostgreSQL, a fresh store of either kind, the demo's file."""

import contextlib
import datetime
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

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
        default=20,
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


def postgresql_programs() -> Path:
    """The folder of the distribution's PostgreSQL, which is installed if it is missing."""
    ensure = PROJECT / "integration/bin/ensure-postgres"
    return Path(
        subprocess.run([ensure], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    )


@contextlib.contextmanager
def postgresql_server() -> Iterator[Callable[[str], str]]:
    """A PostgreSQL server of the distribution's; call it to make a database and get its URL."""
    programs = postgresql_programs()
    # Short, because a socket's path is at most 107 characters long.
    folder = Path(tempfile.mkdtemp(prefix="xucd-pg-", dir="/tmp"))
    # The server ends with the tests even when they are killed. It refuses to run as root.
    unprivileged = ["setpriv", "--pdeathsig", "INT"]
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        unprivileged += ["--reuid=postgres", "--regid=postgres", "--init-groups"]
    data = folder / "data"
    with contextlib.ExitStack() as undo:
        undo.callback(shutil.rmtree, folder)
        subprocess.run(
            [*unprivileged, programs / "initdb", "--no-sync", "-U", "test", "-A", "trust",
             "-E", "UTF8", "--locale=C.UTF-8", "-D", data],
            check=True, stdout=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
        server = subprocess.Popen(
            [*unprivileged, programs / "postgres", "-D", data, "-k", folder,
             "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=40"],
            stderr=subprocess.PIPE, text=True, cwd="/",
        )  # fmt: skip
        undo.callback(server.communicate)
        undo.callback(server.send_signal, signal.SIGINT)
        assert server.stderr is not None
        said = []
        for line in server.stderr:
            said.append(line)
            if "ready to accept connections" in line:
                break
        else:
            pytest.fail("PostgreSQL did not start:\n" + "".join(said))

        def create(name: str) -> str:
            address = f"postgresql://test@/postgres?host={folder}"
            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{name}"')
            return f"postgresql://test@/{name}?host={folder}"

        yield create


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Callable[[str], str]]:
    """A PostgreSQL server; call it to make a database and get its URL."""
    with postgresql_server() as create:
        yield create


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/xucd.db"
    create: Callable[[str], str] = request.getfixturevalue("postgresql")
    return create(tmp_path.name)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store with its tables, and nothing in them."""
    store = Store(store_url)
    store.migrate()
    yield store
    store.close()


@pytest.fixture(scope="session")
def demo_plan() -> Plan:
    """The demo's contact centre, as seen on a fixed day."""
    return center_file.read(DEMO, TODAY).plan
