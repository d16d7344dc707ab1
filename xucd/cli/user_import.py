"""The command `user import`: users in bulk, from a CSV file."""

import argparse
import contextlib
import csv
import os
from collections.abc import Iterator
from pathlib import Path

from xucd.cli.subcommand import RELOAD, Mistake, open_store
from xucd.config import user_file
from xucd.config.center_file import CenterFileError
from xucd.config.csv_table import CsvError
from xucd.config.user_file import UserFileError, UserImport
from xucd.config.validation import ConfigValueError
from xucd.signin import bulk, passwords
from xucd.store import Store, audit
from xucd.store.user_import import import_users, password_hashes, preview_users


def arguments(parser: argparse.ArgumentParser) -> None:
    """The file, and what becomes of users without a password."""
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be changed, and change nothing"
    )
    parser.add_argument(
        "--passwords",
        type=Path,
        metavar="NEW_FILE",
        help="make a password for each user of FILE who has none, and write them into NEW_FILE",
    )


def run(arguments: argparse.Namespace) -> int:
    """Add and change the users that a file lists; prints the changes."""
    store = open_store(arguments)
    try:
        data = _data(arguments.file)  # once: of a pipe there is nothing more
        wanted = _asked(data, arguments.file, store)
        present = password_hashes(store)
        logins = [person.login for person in wanted.plan.people]
        missing = bulk.without_password(logins, wanted.passwords, present)
        made = {login: bulk.generated() for login in missing} if arguments.passwords else {}
        asked = {**wanted.passwords, **made}
        if arguments.dry_run:
            changes = preview_users(store, wanted.plan, dict.fromkeys(asked, ""))
        else:
            hashes = bulk.new_hashes(asked, present)
            # Meanwhile the configuration may have become another one.
            plan = _asked(data, arguments.file, store).plan
            with _written(arguments.passwords, made):
                changes = import_users(store, plan, hashes, audit.command_line)
    except ConfigValueError as error:
        raise Mistake(f"{arguments.file.name}: {error.problem}") from error
    finally:
        store.close()
    print("\n".join(changes) or "nothing to change")
    if missing and not made:
        print(f"without a password of xucd's: {', '.join(missing)}")
    if made and not arguments.dry_run:
        print(f"their passwords are in {arguments.passwords}: {', '.join(made)}")
    if arguments.dry_run:
        print("this was a dry run: nothing was changed")
    elif changes:
        print(RELOAD)
    return 0


def _data(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Mistake(f"{file}: {error.strerror}") from error


def _asked(data: bytes, file: Path, store: Store) -> UserImport:
    """What a file asks for. Raises `Mistake`, or `CenterFileError` with each line's problem."""
    try:
        return user_file.read(data, store.configured(), passwords.MIN_LENGTH)
    except CsvError as error:
        raise Mistake(f"{file.name}: {error.text}") from error
    except UserFileError as error:
        raise CenterFileError(
            [f"{file.name}: line {bad.line}: {bad.message}" for bad in error.lines]
        ) from error


@contextlib.contextmanager
def _written(file: Path | None, made: dict[str, str]) -> Iterator[None]:
    """A new file with generated passwords, its owner's alone; removed if what follows fails."""
    if file is None or not made:
        yield
        return
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Mistake(f"{file} is there already: name a new file for the passwords") from None
    except OSError as error:
        raise Mistake(f"{file}: {error.strerror}") from error
    try:
        with open(opened, "w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, delimiter=";")
            writer.writerow(["login", "password"])
            writer.writerows(made.items())
            stream.flush()
            os.fsync(stream.fileno())
        yield
    except BaseException:
        file.unlink(missing_ok=True)
        raise
