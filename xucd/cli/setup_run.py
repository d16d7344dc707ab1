"""One run of `xucd setup`: what it may do, and how it shows, asks and makes changes.

Whatever is written is shown first; what Asterisk does not take afterwards is undone.
"""

import argparse
import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from xucd.cli.subcommand import Mistake, ask, is_there
from xucd.config import settings as config_settings
from xucd.config.settings import Settings, SettingsError
from xucd.tools import service, setup
from xucd.tools.asterisk_files import OURS
from xucd.tools.discovery import Access, try_access
from xucd.tools.file_changes import Manifest
from xucd.tools.file_diff import difference
from xucd.tools.service import ProgramError
from xucd.tools.whole_files import Change

MANIFEST = "setup.json"
SETTINGS = Path("/etc/xucd/xucd.toml")
"""Where xucd's settings usually are, and where the shipped unit has them."""

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""By which a run is ended: on its terminal, by another process, or as its connection is lost."""


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Have each of these raise `KeyboardInterrupt`, so that what was begun is undone."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    # What the caller ignores, such as nohup the end of the terminal, stays ignored.
    mine = [each for each in ENDINGS if signal.getsignal(each) is not signal.SIG_IGN]
    before = {each: signal.signal(each, end) for each in mine}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Have none of these end what is undone."""
    before = {each: signal.signal(each, signal.SIG_IGN) for each in ENDINGS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class Run:
    """One run. `pbx` is None where Asterisk's files are not on this machine."""

    def __init__(self, arguments: argparse.Namespace, path: Path, etc: Path | None) -> None:
        self.arguments = arguments
        self.dry = arguments.dry_run
        self.path = path
        self.pbx = None if etc is None else setup.pbx_of(etc)
        folder = path.parent if etc is None else etc / OURS
        self.manifest = Manifest(folder / MANIFEST)
        known = service.unit_settings()
        self.places_service = (
            path == SETTINGS
            and service.has_systemd()
            and (known is None or self._has_placed(service.UNIT_FILE))
        )
        """Whether the service is setup's to place: there is none, or setup has placed it."""
        self.has_service = known == path or self.places_service
        """Whether systemd's service is of these settings, or will be."""
        self.remedy = ""
        """What to do if Asterisk does not let xucd in, after a colon."""
        self.rereads = self.restarts = False
        """Whether a service that runs has to read the centre again, or to start anew."""

    def _has_placed(self, file: Path) -> bool:
        """Whether a file is setup's, and there: where it was taken away, a package's may count."""
        return str(file) in self.manifest.files and file.exists()

    def load(self) -> tuple[Settings, Access]:
        """The settings, and whether Asterisk lets xucd in. Raises `SettingsError`."""
        path = self.path if is_there(self.path) else None
        try:
            settings = config_settings.load(path, os.environ)
        except SettingsError as error:
            return config_settings.load(path, os.environ, secret=False), Access(False, str(error))
        return settings, asyncio.run(try_access(settings.ami))

    def make(
        self, changes: list[Change], reloads: tuple[str, ...], check: Callable[[], object]
    ) -> None:
        """Make changes, have Asterisk read them and check; on any failure nothing is left."""
        etc = None if self.pbx is None else self.pbx.etc
        if reloads:
            service.asterisk(
                "core show version", etc
            )  # not running: say so before anything is written
        if self.pbx is None:
            put_back = self.manifest.reverter(changes)
        else:
            ours = partial(setup.without_ours, self.pbx.etc)
            put_back = self.manifest.reverter(changes, ours)
        try:
            self.manifest.make(changes, reloads)
            for command in reloads:
                service.asterisk(command, etc)
            check()
        except BaseException:
            with uninterrupted():
                put_back()
                with contextlib.suppress(ProgramError):  # what failed first is what is said
                    for command in reloads:
                        service.asterisk(command, etc)
            raise
        self.manifest.has_read()

    def show(self, changes: list[Change]) -> None:
        """Print changes as diffs; of new files that are as shipped, their names."""
        shipped = [change for change in changes if self.is_shipped(change)]
        for change in changes:
            if change not in shipped:
                print(f"\n{difference(change)}")
        for change in shipped:
            count = len(change.text.splitlines())
            print(f"\nnew: {change.path} ({count} lines, as xucd ships it; --dry-run shows them)")
        print()

    def is_shipped(self, change: Change) -> bool:
        """Whether it is only named: a new file of xucd's own, outside of a dry run."""
        if self.dry or change.path.exists():
            return False
        if self.pbx is None:
            return change.path == service.UNIT_FILE
        etc = self.pbx.etc
        return change.path in (etc / setup.MANAGER, etc / setup.EXTENSIONS, service.UNIT_FILE)

    def agree(self, question: str) -> None:
        """Raises `Mistake` on a no."""
        if not self.arguments.yes and not ask(question, default=False):
            raise Mistake("nothing was changed")
