"""`xucd setup --remove`: files as they were before xucd was set up."""

import argparse
import sys
from functools import partial
from pathlib import Path

from xucd.cli import first_users
from xucd.cli.setup_run import MANIFEST
from xucd.cli.subcommand import Mistake, ask
from xucd.tools import service, setup
from xucd.tools.asterisk_files import OURS
from xucd.tools.file_changes import Manifest
from xucd.tools.service import ProgramError


def remove(arguments: argparse.Namespace, path: Path, etc: Path | None) -> int:
    """Undo what setup has changed; the exit code. Raises `FilesError` and `Mistake`."""
    folder = path.parent if etc is None else etc / OURS
    manifest = Manifest(folder / MANIFEST)
    if not manifest.files:
        print("xucd setup has changed nothing here")
        first_users.name_list(path)
        return 0
    print("to be put back as they were:", *sorted(manifest.files), sep="\n  ")
    if arguments.dry_run:
        print("this was a dry run: nothing was changed")
        return 0
    if not arguments.yes and not ask("Do this?", default=False):
        raise Mistake("nothing was changed")
    if service.unit_settings() == path:
        service.stop()
    placed = str(service.UNIT_FILE) in manifest.files
    if etc is None:
        said = manifest.undo(lambda _, text, before: text)
    else:
        said = manifest.undo(partial(setup.without_ours, etc), partial(setup.user_of, etc))
    print(*said, sep="\n")
    try:
        for command in ("manager reload", "dialplan reload", "queue reload all"):
            service.asterisk(command, etc)
    except ProgramError as error:
        print(f"Asterisk has not read its files again: {error}", file=sys.stderr)
    first_users.forget(path)
    print("the database of the contact centre is kept")
    if placed:
        print(f"the user {service.USER}, whose it is, stays")
        service.read_units()
    return 0
