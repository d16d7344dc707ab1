"""The commands `backup` and `restore`: the whole database as a file."""

import argparse
import sys
from pathlib import Path

from xucd.center.audit import Kind
from xucd.cli.subcommand import Mistake, ask, before_any_change, settings
from xucd.store import Store, StoreError, audit
from xucd.store import backup as store_backup


def file_argument(parser: argparse.ArgumentParser) -> None:
    """The backup's file."""
    parser.add_argument("file", type=Path, metavar="FILE")


def restore_arguments(parser: argparse.ArgumentParser) -> None:
    """The backup's file, and whether to ask."""
    file_argument(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask (a script is never asked)")


def backup(arguments: argparse.Namespace) -> int:
    """Write the database to a new file."""
    url = settings(arguments, secret=False).store.url
    store_backup.backup(url, arguments.file)
    _audit(url, Kind.BACKUP)
    print(f"{arguments.file}: {arguments.file.stat().st_size} bytes, complete and checked")
    return 0


def restore(arguments: argparse.Namespace) -> int:
    """Put a backup in the database's place."""
    from xucd.app.streams import remove_left  # noqa: PLC0415

    url = settings(arguments, secret=False).store.url
    store_backup.check(arguments.file)
    if not arguments.yes and sys.stdin.isatty():
        with before_any_change():
            agreed = ask(f"Replace the database by {arguments.file}?", default=False)
        if not agreed:
            print("nothing was changed")
            return 0
    before = store_backup.restore(url, arguments.file)
    try:
        # What clients missed is of the database that was.
        remove_left(url)
    except OSError as error:
        raise Mistake(f"cannot remove the messages that clients missed: {error}") from error
    _audit(url, Kind.RESTORE)
    print(f"restored from {arguments.file}")
    if before is not None:
        print(f"the database of before is kept as {before}: remove it when all is well")
    return 0


def _audit(url: str, kind: Kind) -> None:
    """Enter it into the audit trail; a database in trouble can be backed up all the same."""
    store = Store(url)
    try:
        audit.write(store, audit.command_line(kind))
    except StoreError as error:
        print(f"this is not in the audit trail: {error}", file=sys.stderr)
    finally:
        store.close()
