"""The database itself: connecting to it, transactions, and bringing its tables up to date.

SQLite is set up to lose nothing that was committed (write-ahead log, `synchronous=FULL`). A
writing transaction takes the write lock at its beginning, so that what it reads is still true when
it writes; and it looks whether the files are still in place (`file_watch`). PostgreSQL needs none
of this; there, only an import keeps others from writing, and each connection looks whether it leads
to the same database as the first.
"""

import json
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from xucd.store.errors import StoreError, StoreUnavailable
from xucd.store.file_watch import FileWatch

# How long to wait for another process's transaction, in seconds.
PATIENCE = 3
# The key of PostgreSQL's advisory lock, which all who write share, and migrations and imports have
# for themselves; any number works.
LOCK = 0x78756364
MIGRATIONS = Path(__file__).parent / "migrations"
NEWEST = max(file.name[1:5] for file in MIGRATIONS.glob("versions/v*.py"))
"""The revision of tables that are up to date: files are named by theirs."""
OUT_OF_ORDER = frozenset({"25006", "42501", "42P01", "3F000"})
"""States by which PostgreSQL says that no transaction can write now, whatever it holds: read-only,
without the right to, and with the tables or their schema gone."""
UNREFERENCED = "unreferenced"
"""What is noted of a connection to SQLite while foreign keys are off."""
BY_PEER = re.compile(r"\bpeer\b.*\bauth?ent|\bauth?ent.*\bpeer\b", re.IGNORECASE)
"""How a server says, in its own language, that the machine's user is not whom it lets in."""


def open_engine(url: str) -> Engine:
    """Make the engine for a sqlite or postgresql URL, without connecting. Raises `StoreError`."""
    parsed = make_url(url)
    if parsed.get_backend_name() in {"postgresql", "postgres"}:
        try:
            return _postgresql(parsed)
        except ModuleNotFoundError as error:
            raise StoreError('PostgreSQL needs a library: pip install "psycopg[binary]"') from error
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise StoreError(f"{parsed.render_as_string()} is neither a SQLite file nor PostgreSQL")
    return _sqlite(parsed, parsed.database)


def close_engine(engine: Engine) -> None:
    """Close all connections. A later transaction opens new ones, to whatever is there then."""
    engine.dispose()
    watch = _file_watch(engine)
    if watch is not None:
        watch.closed()


def _file_watch(engine: Engine) -> FileWatch | None:
    return engine.get_execution_options().get("file_watch")


def _json(value: object) -> str:
    """The value of a JSON column; structs in it become objects, and what is no number null."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # half a character: only an escape holds it
        return json.dumps(msgspec.to_builtins(value, str_keys=True))


def _postgresql(url: URL) -> Engine:
    # Parameters are personal data, and a traceback would show them.
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        hide_parameters=True,
        json_serializer=_json,
    )
    first: list[Any] = []

    @event.listens_for(engine, "connect")
    def compare(connection: Any, _: Any) -> None:
        # Behind the same address may be another server by now: one restored from a backup.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT oid, has_function_privilege('pg_control_system()', 'EXECUTE')"
                " FROM pg_database WHERE datname = current_database()"
            )
            identity, may_ask = cursor.fetchone()
            if may_ask:
                cursor.execute("SELECT system_identifier FROM pg_control_system()")
                identity = (identity, *cursor.fetchone())
        connection.rollback()
        if first and identity != first[0]:
            raise StoreUnavailable(
                "database: another PostgreSQL database has taken the place of the one that xucd"
                " worked with: bring that one back, or restart xucd to work with this one"
            )
        first[:] = [identity]

    return engine


def _sqlite(url: URL, file: str) -> Engine:
    watch = FileWatch(file)
    engine = create_engine(
        url,
        connect_args={"timeout": PATIENCE},
        execution_options={"file_watch": watch},
        pool_use_lifo=True,  # a connection reads anew whatever another one has changed
        hide_parameters=True,
        json_serializer=_json,
    )

    @event.listens_for(engine, "do_connect")
    def prepare(*_: Any) -> None:
        watch.check_database()  # an empty file must not stand in for one that was moved away
        # The file holds password hashes and the key of all tokens. SQLite's logs get the same mode.
        # Only when it is new: closing a descriptor of a file in use would drop SQLite's locks.
        with suppress(FileExistsError):
            descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            if os.geteuid() == 0:
                # A command of root's must not make a file that the service's user cannot open.
                folder = Path(file).absolute().parent.stat()
                os.fchown(descriptor, folder.st_uid, folder.st_gid)
            os.close(descriptor)

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _: Any) -> None:
        # Transactions are begun below: the module would begin them at the first write.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={PATIENCE * 1000}")
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous=FULL")
        # What is deleted is overwritten: it may be a person's. Debian's SQLite does so by itself.
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA schema_version")  # opens the logs
        watch.opened()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("writing", False)
        # By the driver: by way of SQLAlchemy it would take as long as the commit.
        driver: Any = connection.connection.driver_connection
        if connection.info.pop(UNREFERENCED, False):
            driver.execute("PRAGMA foreign_keys=ON")
        driver.execute("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn on the write-ahead log, which the file remembers. Raises `sqlite3.OperationalError`."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            # It fails at once while another process is creating the database.
            time.sleep(0.01)  # SQLite's busy timeout does not apply to this statement


@contextmanager
def transaction(engine: Engine, *, writing: bool, alone: bool = False) -> Iterator[Connection]:
    """A transaction: committed at the end of the block, rolled back when the block raises.

    With `alone`, it excludes all others that write, in any process. Errors of the database are
    raised as `StoreError`.
    """
    try:
        if writing:
            _check_files(engine)
        with engine.connect() as connection, connection.execution_options(writing=writing).begin():
            if writing and engine.dialect.name == "postgresql":
                # What writes many rows, in another order than others do, would lock them out, and
                # they it: a deadlock. On SQLite, every transaction that writes is alone.
                lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
                connection.execute(text(f"SELECT {lock}(:lock)"), {"lock": LOCK})
            yield connection
        if writing:
            _check_files(engine)
    except SQLAlchemyError as error:
        raise store_error(error) from error
    except OSError as error:  # from making the connection, above
        raise StoreUnavailable(str(error)) from error
    except sqlite3.Error as error:  # from there, or from beginning
        raise StoreUnavailable(f"database: {error}") from error


def store_error(error: SQLAlchemyError) -> StoreError:
    """What the store raises for an error of the database."""
    unavailable = isinstance(error, (OperationalError, InterfaceError, PoolTimeout))
    if isinstance(error, DBAPIError):
        # The plain class is raised for a file that is not a database, or is damaged.
        unavailable |= (
            error.connection_invalidated
            or type(error) is DatabaseError
            or getattr(error.orig, "sqlstate", None) in OUT_OF_ORDER
        )
    return (StoreUnavailable if unavailable else StoreError)(_error_text(error))


def _check_files(engine: Engine) -> None:
    """Raise `StoreUnavailable` unless what is committed ends up where it is looked for."""
    watch = _file_watch(engine)
    if watch is None:
        return

    def rescue() -> None:
        if not _empty_write_ahead_log(engine):
            raise StoreUnavailable("database: its write-ahead log was removed, and it is in use")
        close_engine(engine)

    watch.check(rescue)


def empty_log(engine: Engine) -> None:
    """Empty SQLite's write-ahead log, which holds what has been deleted since.

    Raises `StoreUnavailable` while another process reads.
    """
    try:
        emptied = engine.dialect.name != "sqlite" or _empty_write_ahead_log(engine)
    except SQLAlchemyError as error:
        raise StoreUnavailable(_error_text(error)) from error
    except (sqlite3.Error, OSError) as error:
        raise StoreUnavailable(f"database: {error}") from error
    if not emptied:
        raise StoreUnavailable(
            "database: its write-ahead log is being read, and holds what was erased: try again"
        )


def _empty_write_ahead_log(engine: Engine) -> bool:
    """Write the log into the database and cut it to nothing; False if others use it."""
    with engine.execution_options(writing=False).connect() as connection:
        database = connection.connection.driver_connection
        assert isinstance(database, sqlite3.Connection)
        (busy, *_) = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _error_text(error: SQLAlchemyError) -> str:
    """The database's error text, without the statement: that holds personal data."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    lines = str(cause).strip().splitlines()
    said = f"database: {lines[0] if lines else type(cause).__name__}"
    if not BY_PEER.search(said):
        return said
    return (
        f"{said}; PostgreSQL lets in only the machine's user of that name: run the command as this"
        " user (runuser -u xucd -- xucd ...), or let root in, too, as docs/configuration.md shows"
    )


def migrate(engine: Engine) -> None:
    """Bring the tables up to date; safe when several processes start at once.

    Raises `StoreError`, also for a database of a newer xucd.
    """
    with transaction(engine, writing=True, alone=True) as connection:
        _upgrade(connection)


@contextmanager
def trial(engine: Engine) -> Iterator[Connection]:
    """A transaction on tables that are up to date, which is rolled back with all that it did."""
    with transaction(engine, writing=True, alone=True) as connection:
        _upgrade(connection)
        yield connection
        connection.rollback()


def _upgrade(connection: Connection) -> None:
    if _revisions(connection) == [NEWEST]:
        return
    # What it imports takes a fifth of the time of xucd's start, and is seldom needed.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(
            f"the database does not fit this version of xucd ({error}): a newer one has used"
            " it; install that again, or restore a backup from before"
        ) from error


def let_tables_be_copied(connection: Connection) -> None:
    """Begin a transaction anew without SQLite's foreign keys, which the next one has again.

    SQLite changes a table only by copying it. With the old one, all that refers to it would go.
    """
    if connection.dialect.name != "sqlite":
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("ROLLBACK")  # in a transaction, SQLite passes over the pragma
    driver.execute("PRAGMA foreign_keys=OFF")
    connection.info[UNREFERENCED] = True
    driver.execute("BEGIN IMMEDIATE")


def _revisions(connection: Connection) -> list[str]:
    """What Alembic has noted of the tables; nothing for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return []
    return list(connection.scalars(text("SELECT version_num FROM alembic_version")))
