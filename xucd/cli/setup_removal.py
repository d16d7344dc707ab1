"""`xucd setup --remove`: files, and members of queues, as they were before xucd was set up."""

import argparse
import asyncio
import os
import sys
from functools import partial
from pathlib import Path

from xucd.ami.errors import AmiError
from xucd.center.directory import Directory
from xucd.center.station import Station
from xucd.cli import first_users
from xucd.cli.discovering import has_database
from xucd.cli.setup_run import MANIFEST
from xucd.cli.subcommand import Mistake, ask, is_there
from xucd.config import settings as config_settings
from xucd.config.settings import SettingsError
from xucd.store import Store
from xucd.store.errors import StoreError
from xucd.store.repository import directory_of, stations_of
from xucd.tools import service, setup
from xucd.tools.asterisk_files import OURS
from xucd.tools.file_changes import Manifest
from xucd.tools.left_members import left_members, sentence
from xucd.tools.service import ProgramError

BY_HAND = """\
members of queues stay as xucd has left them: {reason}; Asterisk's "queue show" tells which are \
paused:xucd-logout, its "queue unpause member INTERFACE queue QUEUE" makes one ready"""

WITHOUT_CENTRE = """\
the centre cannot be read: {reason}; so of the members of queues only those are made ready that \
are paused for a logout or a wrap-up. Asterisk's "queue show" tells the others; its "queue remove \
member INTERFACE from QUEUE" removes one that is named Agent/…"""


def remove(arguments: argparse.Namespace, path: Path, etc: Path | None) -> int:
    """Undo what setup has changed; the exit code. Raises `FilesError` and `Mistake`."""
    folder = path.parent if etc is None else etc / OURS
    manifest = Manifest(folder / MANIFEST)
    if not manifest.files:
        print("xucd setup has changed nothing here")
        first_users.name_list(path)
        return 0
    print("to be put back as they were:", *sorted(manifest.files), sep="\n  ")
    if arguments.dry_run or not arguments.yes:
        _members(path, end=False)
    if arguments.dry_run:
        print("this was a dry run: nothing was changed")
        return 0
    if not arguments.yes and not ask("Do this?", default=False):
        raise Mistake("nothing was changed")
    if service.unit_settings() == path:
        service.stop()
    _members(path, end=True)  # while there is an account
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


def _members(path: Path, *, end: bool) -> None:
    """Show what xucd has left of queues' members; with `end`, have Asterisk end it."""
    try:
        settings = config_settings.load(path if is_there(path) else None, os.environ)
        directory, stations = _known(settings.store.url)
        found = asyncio.run(left_members(settings.ami, directory, stations.values(), end=end))
    except (SettingsError, AmiError) as error:
        print(BY_HAND.format(reason=error), file=sys.stderr)
        return
    if found:
        heading = "members of queues:" if end else "members of queues, to be as without xucd:"
        print(heading, *map(sentence, found), sep="\n  ")


def _known(url: str) -> tuple[Directory, dict[int, Station]]:
    """The centre; where it cannot be read nothing, which is said."""
    try:
        return centre(url)
    except StoreError as error:
        print(WITHOUT_CENTRE.format(reason=error), file=sys.stderr)
        return Directory(), {}


def centre(url: str) -> tuple[Directory, dict[int, Station]]:
    """What is configured, and who is logged in where; nothing without a database.

    The database stays as it is, also one of an older version. Raises `StoreError`.
    """
    if not has_database(url):
        return Directory(), {}
    store = Store(url)
    try:
        with store.trying() as connection:
            return directory_of(connection), stations_of(connection)
    finally:
        store.close()
