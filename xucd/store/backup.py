"""Backups of the whole database, made while xucd runs, and put back while it does not.

A backup is one file that only its owner can read, from its first byte on. It appears under its name
when it is complete and was read back, and never takes the place of another file. SQLite copies
itself (its backup API sees one state, whatever is written meanwhile); PostgreSQL's own programs
`pg_dump`, `pg_restore` and `psql` do it there.
"""

import errno
import itertools
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, make_url, text

from xucd.store import database
from xucd.store.errors import StoreError

SQLITE, POSTGRESQL = b"SQLite format 3\0", b"PGDMP"
DROP_ALL = """
SET client_min_messages = warning;
DO $drop$
DECLARE ours oid[]; listed text; routine regprocedure;
BEGIN
  SELECT array_agg(each.oid), string_agg(each.oid::regclass::text, ', ') INTO ours, listed
    FROM pg_class each JOIN pg_class known USING (relnamespace, relowner)
    WHERE known.oid = to_regclass('alembic_version') AND each.relkind IN ('r', 'p')
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = each.oid AND deptype = 'e');
  IF ours IS NULL THEN RETURN; END IF;
  FOR routine IN SELECT DISTINCT tgfoid::regprocedure
    FROM pg_trigger JOIN pg_class ON tgrelid = pg_class.oid JOIN pg_proc ON tgfoid = pg_proc.oid
    WHERE tgrelid = ANY (ours) AND (pronamespace, proowner) = (relnamespace, relowner)
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = tgfoid AND deptype = 'e')
  LOOP
    EXECUTE format('DROP FUNCTION %s CASCADE', routine);
  END LOOP;
  EXECUTE 'DROP TABLE ' || listed;
END
$drop$;
"""
"""Removes xucd's tables, with triggers and their functions, whatever version has made them.

These are all of one schema and one owner, but for those of PostgreSQL's extensions.
"""

# Filesystems that know no hard links say one of these.
NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def backup(url: str, file: Path) -> None:
    """Write all of the database to a new file. Raises `StoreError`, and then there is none."""
    source = make_url(url)
    with _new_file(file) as partial:
        if _is_sqlite(source):
            _copy_sqlite(_sqlite_file(source), partial)
        else:
            _postgresql_program("pg_dump", source, "--format=custom", f"--file={partial}")
        check(partial)
        _synchronize(partial)


def check(file: Path) -> None:
    """Read a backup through. Raises `StoreError` unless it is a whole one of xucd's."""
    kind = _kind(file)
    if kind == POSTGRESQL:
        try:
            listed = _run("pg_restore", "--list", str(file))
            _run("pg_restore", "--file=/dev/null", str(file))
        except StoreError as error:
            raise StoreError(f"{file} cannot be read: {error}") from error
        if " alembic_version " not in listed:
            raise StoreError(f"{file} is a backup of PostgreSQL, but not of xucd's database")
        return
    if kind != SQLITE:
        raise StoreError(f"{file} is no backup of xucd's: xucd backup FILE makes one")
    try:
        with closing(_read_only(file)) as copy:
            (said,) = copy.execute("PRAGMA integrity_check").fetchone()
            if said != "ok":
                raise StoreError(f"{file} is damaged: {said}")
            copy.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"{file} is damaged, or no database of xucd's: {error}") from error


def restore(url: str, file: Path) -> Path | None:
    """Put a backup in the database's place; returns where SQLite's file of before is kept.

    Raises `StoreError`, and then the database is as it was: also when somebody else has it open.
    """
    check(file)
    target = make_url(url)
    kind = "SQLite" if _kind(file) == SQLITE else "PostgreSQL"
    if (kind == "SQLite") != _is_sqlite(target):
        raise StoreError(f"{file} is a backup of {kind}, but store.url names another database")
    if kind == "SQLite":
        return _restore_sqlite(file, _sqlite_file(target))
    _check_unused(url)
    _restore_postgresql(file, target)
    return None


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _sqlite_file(url: URL) -> Path:
    assert url.database is not None, "the settings refuse a database in memory"
    return Path(url.database)


def _kind(file: Path) -> bytes:
    """How a backup begins: `SQLITE`, `POSTGRESQL` or something else. Raises `StoreError`."""
    try:
        with file.open("rb") as opened:
            start = opened.read(len(SQLITE))
    except OSError as error:
        raise StoreError(f"{file}: cannot be read: {error.strerror}") from error
    return POSTGRESQL if start.startswith(POSTGRESQL) else start


@contextmanager
def _new_file(file: Path) -> Iterator[Path]:
    """A file beside `file`, which gets that name at the end of the block unless it raises.

    Raises `StoreError` when there is a file of that name, also one that has come meanwhile.
    """
    if os.path.lexists(file):
        raise StoreError(f"{file} is there already, and is not overwritten: give another name")
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # mode 0600
        os.close(descriptor)
    except OSError as error:
        raise StoreError(f"{file}: cannot be written: {error.strerror}") from error
    partial = Path(name)
    try:
        yield partial
        _name(partial, file)
        _synchronize(file.parent)
    except FileExistsError as error:
        raise StoreError(f"{file} has come meanwhile, and is not overwritten") from error
    except OSError as error:
        raise StoreError(f"{file}: cannot be written: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def _name(partial: Path, file: Path) -> None:
    """Give a file its name, unlike a rename only if nobody has it. Raises OSError."""
    try:
        os.link(partial, file)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        partial.replace(file)


def _synchronize(path: Path) -> None:
    """Have a file or a folder on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_only(file: Path) -> sqlite3.Connection:
    address = f"file:{quote(str(file.absolute()))}?mode=ro"
    return sqlite3.connect(address, uri=True, timeout=database.PATIENCE)


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.exists():
        raise StoreError(f"there is no database {source}")
    try:
        with closing(_read_only(source)) as opened, closing(sqlite3.connect(target)) as copy:
            opened.backup(copy)
            # The copy is whole in its one file.
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise StoreError(f"database: {source}: {error}") from error


def _restore_sqlite(file: Path, target: Path) -> Path | None:
    before = None
    try:
        owner = (target if target.exists() else target.parent).stat()
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        os.close(descriptor)
        partial = Path(name)
        try:
            _copy_sqlite(file, partial)
            if os.geteuid() == 0:
                os.chown(partial, owner.st_uid, owner.st_gid)
            _synchronize(partial)
            if target.exists():
                _check_closed(target)
                before = _free_name(f"{target}.before-{time.strftime('%Y%m%d-%H%M%S')}")
                os.link(target, before)
                # Of a damaged database, SQLite could not write its log into the file.
                for log in ("-wal", "-shm"):
                    with suppress(FileNotFoundError):
                        Path(f"{target}{log}").rename(f"{before}{log}")
            partial.replace(target)
            _synchronize(target.parent)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{target}: cannot be written: {error.strerror}") from error
    return before


def _free_name(name: str) -> Path:
    """A path that nothing has: `name`, or with a number added."""
    names = (Path(f"{name}-{count}" if count else name) for count in itertools.count())
    return next(path for path in names if not path.exists())


def _check_closed(file: Path) -> None:
    """Raise `StoreError` if another process has the database open; its log is written into it."""
    try:
        with closing(sqlite3.connect(file, timeout=0)) as connection:
            # SQLite leaves its log only when nobody else has the file open.
            (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            mode = "wal"
        else:
            return  # damaged: it cannot be asked
    except sqlite3.DatabaseError:
        return
    if mode != "delete":
        raise StoreError(f"{file} is in use: stop xucd first")


def _check_unused(url: str) -> None:
    """Raise `StoreError` if another session is connected to the PostgreSQL database."""
    engine = database.open_engine(url)
    try:
        with database.transaction(engine, writing=False) as connection:
            others = connection.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )
            )
    finally:
        database.close_engine(engine)
    if others:
        raise StoreError(f"the database is in use by {others} connections: stop xucd first")


def _restore_postgresql(file: Path, target: URL) -> None:
    """Replace all tables by those of a backup, in one transaction.

    `pg_restore --clean` drops only what the backup has: tables of a newer xucd would stay, and its
    migrations would find them there at the next upgrade.
    """
    read = ["pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges", "--file=-"]
    write = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    with (
        tempfile.TemporaryFile() as said,
        _started([*read, str(file)], stdout=subprocess.PIPE, stderr=said) as reading,
        _started(
            [*write, f"--dbname={_address(target)}"], env=_environment(target.password or ""),
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said,
        ) as writing,
    ):  # fmt: skip
        assert reading.stdout is not None
        assert writing.stdin is not None
        with suppress(BrokenPipeError), writing.stdin as script:  # psql ends at the first error
            script.write(f"BEGIN;{DROP_ALL}".encode())
            shutil.copyfileobj(reading.stdout, script)
            # Without it, PostgreSQL forgets all of that.
            if not reading.wait():
                script.write(b"COMMIT;\n")
        reading.stdout.close()
        ended = [reading.wait(), writing.wait()]
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines()
    if any(ended):
        raise StoreError(lines[0] if lines else f"pg_restore and psql ended with codes {ended}")


def _postgresql_program(name: str, url: URL, *arguments: str) -> None:
    _run(name, f"--dbname={_address(url)}", *arguments, password=url.password or "")


def _address(url: URL) -> str:
    """The database for a program's arguments; without the password: every user can read those."""
    return url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _environment(password: str) -> dict[str, str]:
    return {**os.environ, **({"PGPASSWORD": password} if password else {}), "LC_ALL": "C"}


def _started(arguments: list[str], **how: Any) -> "subprocess.Popen[bytes]":
    """Start a program of PostgreSQL's. Raises `StoreError` if it is not installed."""
    try:
        return subprocess.Popen(arguments, **how)
    except FileNotFoundError as error:
        raise StoreError(
            f"PostgreSQL is backed up and restored by its own programs, but {arguments[0]} is not"
            " here: apt install postgresql-client, or run it on the database's machine"
        ) from error


def _run(name: str, *arguments: str, password: str = "") -> str:
    """Run a program of PostgreSQL's and return what it prints. Raises `StoreError`."""
    with _started(
        [name, *arguments], env=_environment(password), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as program:  # fmt: skip
        printed, errors = (each.decode(errors="replace") for each in program.communicate())
    if program.returncode:
        said = errors.strip().splitlines()
        raise StoreError(said[0] if said else f"{name} ended with code {program.returncode}")
    return printed
