"""The commands `center …`: the contact centre's configuration as a file."""

import argparse
import datetime
from pathlib import Path

from xucd.center.audit import Kind
from xucd.cli.subcommand import open_store
from xucd.config import center_file, writing
from xucd.config.center_file import CenterFileError
from xucd.config.validation import ConfigValueError
from xucd.store import apply as store_apply
from xucd.store import audit
from xucd.store import export as store_export


def file_argument(parser: argparse.ArgumentParser) -> None:
    """The centre file."""
    parser.add_argument("file", type=Path, metavar="FILE")


def apply(arguments: argparse.Namespace) -> int:
    """Make the stored configuration what the file says; prints the changes."""
    file = center_file.read(arguments.file, datetime.date.today())
    store = open_store(arguments)
    try:
        changes = store_apply.apply(store, file.plan)
    except ConfigValueError as error:
        raise CenterFileError([file.describe(error)]) from error
    finally:
        store.close()
    print("\n".join(changes) or "nothing to change")
    return 0


def export(arguments: argparse.Namespace) -> int:
    """Print the stored configuration as a centre file."""
    store = open_store(arguments)
    try:
        plan = store_export.export(store)
        # The file holds the callbacks.
        audit.write(store, audit.command_line(Kind.EXPORT_CENTER))
        print(writing.write(plan), end="")
    finally:
        store.close()
    return 0
