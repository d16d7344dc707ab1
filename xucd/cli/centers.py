"""The commands `center …`: the contact centre's configuration as a file."""

import argparse
import contextlib
import datetime
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import make_url

from xucd.center.audit import Kind
from xucd.cli.subcommand import RELOAD, ask, before_any_change, open_store, settings
from xucd.config import center_file, writing
from xucd.config.center_file import CenterFileError
from xucd.config.validation import ConfigValueError
from xucd.store import Store, audit
from xucd.store import apply as store_apply
from xucd.store import export as store_export
from xucd.store.lacking import lacking


def apply_arguments(parser: argparse.ArgumentParser) -> None:
    """The centre file, and what to do with what it lacks."""
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be changed, and change nothing"
    )
    parser.add_argument(
        "--prune", action="store_true", help="remove what FILE lacks, once you have seen how much"
    )
    parser.add_argument(
        "--yes", action="store_true", help="remove without asking (a script is never asked)"
    )


def apply(arguments: argparse.Namespace) -> int:
    """Make the stored configuration what the file says; prints the changes."""
    file = center_file.read(arguments.file, datetime.date.today())
    with contextlib.ExitStack() as opened:
        store = _trial_store(arguments, opened) if arguments.dry_run else open_store(arguments)
        opened.callback(store.close)
        try:
            missing = lacking(store, file.plan)
            if missing.rows and arguments.prune and not _agreed(arguments, missing.counted):
                print("nothing was changed")
                return 0
            if arguments.dry_run:
                changes = store_apply.preview(store, file.plan, prune=arguments.prune)
            else:
                agreed = missing if arguments.prune else None
                changes = store_apply.apply(store, file.plan, prune=arguments.prune, agreed=agreed)
        except ConfigValueError as error:
            raise CenterFileError([file.describe(error)]) from error
    print("\n".join(changes) or "nothing to change")
    if missing.rows and not arguments.prune:
        print(f"kept, though {file.name} lacks them: {', '.join(missing.counted)}")
        print("to remove them: xucd center apply --prune")
    if arguments.dry_run:
        print("this was a dry run: nothing was changed")
    elif changes:
        print(RELOAD)
    return 0


def _agreed(arguments: argparse.Namespace, counted: Sequence[str]) -> bool:
    """Show what will be removed, and ask for a yes where somebody is there to give it."""
    print(f"to remove, for the file lacks them: {', '.join(counted)}", flush=True)
    if arguments.dry_run or arguments.yes or not sys.stdin.isatty():
        return True
    with before_any_change():
        return ask("Remove them, with all that hangs on them?", default=False)


def _trial_store(arguments: argparse.Namespace, opened: contextlib.ExitStack) -> Store:
    """A store to try on; an empty one where there is none yet, since none may be made."""
    url = settings(arguments, secret=False).store.url
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists():
        url = f"sqlite:///{opened.enter_context(tempfile.TemporaryDirectory())}/trial.db"
    return Store(url)


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
