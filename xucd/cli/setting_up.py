"""The command `setup`: from a PBX to the first agent, and back again with ``--remove``.

In this order, each step shown before it is done: the account on Asterisk's manager interface and
the dialplan that xucd needs; the contact centre, as the PBX has it; the first administrator, and a
password for each agent; the service. What is there already stays, so a second run says what is new
and does nothing else; it also ends what a killed one began.
"""

import argparse
import asyncio
import datetime
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import make_url

from xucd.ami.errors import AmiError
from xucd.cli import first_users
from xucd.cli.discovering import present_plan
from xucd.cli.subcommand import Mistake, ask, is_there, settings_path
from xucd.config import center_file
from xucd.config import settings as config_settings
from xucd.config.settings import Ami, Settings, SettingsError
from xucd.store import Store
from xucd.store import apply as store_apply
from xucd.tools import service, setup
from xucd.tools.asterisk_files import OURS, configuration_folder, manager_place
from xucd.tools.discovery import FoundPbx, discover_pbx, why_not_let_in
from xucd.tools.file_changes import Change, FilesError, Manifest, difference
from xucd.tools.proposal import Proposal, propose
from xucd.tools.service import ProgramError

SETTINGS = Path("/etc/xucd/xucd.toml")
MANIFEST = "setup.json"
LOGIN_DEADLINE = 10.0
"""Seconds in which Asterisk lets xucd in after a reload; it takes a fraction of one."""


def setup_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do, and what not to ask."""
    parser.add_argument("--yes", action="store_true", help="ask nothing, and do all that is shown")
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be done, and change nothing"
    )
    parser.add_argument(
        "--remove", action="store_true", help="undo what setup has changed in files"
    )
    parser.add_argument(
        "--exact-wrapup",
        metavar="QUEUES",
        help='queues to prepare for an exact wrap-up, with commas between them, or "all"',
    )
    parser.add_argument(
        "--admin-password-file",
        type=Path,
        metavar="FILE",
        help="a file with the first administrator's password (default: asked for, or made up)",
    )
    parser.add_argument(
        "--asterisk-etc",
        type=Path,
        metavar="FOLDER",
        help="Asterisk's configuration (default: /etc/asterisk, or where its asterisk.conf says)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Set xucd up, or remove what was set up."""
    path = (settings_path(arguments) or SETTINGS).absolute()
    etc = arguments.asterisk_etc or configuration_folder()
    etc = None if etc is None else etc.absolute()
    if etc is not None and not etc.is_dir():
        raise Mistake(f"{etc} is no folder: give Asterisk's configuration with --asterisk-etc")
    try:
        if arguments.remove:
            return _remove(arguments, path, etc)
        return _Setup(arguments, path, etc).run()
    except (FilesError, ProgramError) as error:
        raise Mistake(str(error)) from error
    except AmiError as error:
        raise Mistake(f"cannot read the PBX: {error.text}") from error
    except KeyboardInterrupt:
        raise Mistake("interrupted; run it again to go on, or with --remove to undo it") from None


class _Setup:
    """One run. `pbx` is None where Asterisk's files are not on this machine."""

    def __init__(self, arguments: argparse.Namespace, path: Path, etc: Path | None) -> None:
        self.arguments = arguments
        self.dry = arguments.dry_run
        self.path = path
        self.pbx = None if etc is None else setup.pbx_of(etc)
        folder = path.parent if etc is None else etc / OURS
        self.manifest = Manifest(folder / MANIFEST)
        self.remedy = ""
        """What to do if Asterisk does not let xucd in, after a colon."""
        self.rereads = self.restarts = False
        """Whether a service that runs has to read the centre again, or to start anew."""

    def run(self) -> int:
        """All steps in order; the exit code."""
        settings, works = self.load()
        is_ready = self.connect(settings, works)
        if not is_ready:
            print("\nthis was a dry run: nothing was changed")
            return 0
        settings, _ = self.load()
        found = asyncio.run(discover_pbx(settings.ami))
        self.prepare(found)
        if not self.centre(found, settings):
            return 0
        first_users.make(self.path, settings.store.url, self.arguments)
        self.start(settings)
        return 0

    def load(self) -> tuple[Settings, bool]:
        """The settings, and whether xucd's account on Asterisk works. Raises `SettingsError`."""
        path = self.path if is_there(self.path) else None
        try:
            settings = config_settings.load(path, os.environ)
        except SettingsError:
            return config_settings.load(path, os.environ, secret=False), False
        return settings, asyncio.run(why_not_let_in(settings.ami)) is None

    # -- Asterisk

    def connect(self, settings: Settings, works: bool) -> bool:
        """See to it that xucd reaches Asterisk; False if a dry run cannot."""
        if self.pbx is None:
            if not works:
                raise Mistake(
                    "found neither Asterisk's configuration (/etc/asterisk) nor an account that"
                    " works: run xucd setup on the PBX's machine, as root"
                )
            changes = setup.settings_changes(self.path, None, -1, is_first=False)
        else:
            account = None if works else setup.account_of(self.pbx, settings)
            group = service.service_ids()[1]
            is_first = not present_plan(settings.store.url).people
            changes = setup.settings_changes(self.path, account, group, is_first=is_first)
            if not works or _is_here(settings.ami, self.pbx):
                if self.manifest.holds(self.pbx.etc / setup.MANAGER):
                    account = setup.account_of(self.pbx, settings)  # a newer xucd has a newer file
                asterisk = setup.asterisk_changes(self.pbx, account, settings)
                changes = [*filter(self.is_allowed, asterisk), *changes]
            if self.pbx.layout.generated and not works:
                print("A web interface writes this PBX's files; xucd uses those that it leaves.")
        if not changes:
            print("Asterisk lets xucd in, and has all that xucd needs.")
            return True
        self.show(changes)
        if self.dry:
            return works
        self.agree("Write this, and have Asterisk read it?")
        reloads = ("manager reload", "dialplan reload") if self.pbx is not None else ()
        if self.pbx is not None and not manager_place(self.pbx.etc).enabled:
            # Asterisk 16 does not open again by a reload what it has closed by one.
            self.remedy = (
                ": write enabled = yes into manager.conf yourself, restart Asterisk, and run"
                " this again"
            )
        self.make(changes, reloads, self.is_let_in)
        self.restarts = True
        print("Asterisk lets xucd in.")
        return True

    def is_allowed(self, change: Change) -> bool:
        """Whether a file may be changed: not one of xucd's own that somebody has made another."""
        if self.pbx is None or change.path.parent != self.pbx.etc / OURS:
            return True
        if not change.path.exists() or self.manifest.holds(change.path):
            return True
        if change.path.name == Path(setup.MANAGER).name and not setup.has_secret(change.path):
            return True
        print(
            f"{change.path} was changed by hand and stays as it is; xucd check says what it lacks"
        )
        return False

    def is_let_in(self) -> None:
        """Raises `Mistake` unless Asterisk lets xucd in, with the dialplan that it needs."""
        path = self.path if is_there(self.path) else None
        ami = config_settings.load(path, os.environ).ami
        deadline = time.monotonic() + LOGIN_DEADLINE
        while (problem := asyncio.run(why_not_let_in(ami))) is not None:
            if time.monotonic() > deadline:
                raise Mistake(f"{problem}; everything is as it was{self.remedy}")
            time.sleep(0.2)  # a reload ends without telling

    def make(
        self, changes: list[Change], reloads: tuple[str, ...], check: Callable[[], None]
    ) -> None:
        """Make changes, have Asterisk read them and check; on any failure nothing is left."""
        if reloads:
            service.asterisk("core show version")  # not running: say so before anything is written
        put_back = self.manifest.reverter(changes)
        self.manifest.make(changes)
        try:
            for command in reloads:
                service.asterisk(command)
            check()
        except BaseException:
            put_back()
            for command in reloads:
                service.asterisk(command)
            raise

    def prepare(self, found: FoundPbx) -> None:
        """Prepare queues for an exact wrap-up, if that is wanted."""
        if self.pbx is None:
            return
        names = [queue.name for queue in found.queues]
        can, cannot = setup.preparable(self.pbx, names)
        wanted: list[str] = []
        if self.arguments.exact_wrapup:
            wanted = _named(self.arguments.exact_wrapup, names, cannot)
        elif can and not self.arguments.yes and not self.dry:
            print(
                "\nQueues work as they are: xucd pauses an agent as its call begins. In a prepared"
                "\nqueue Asterisk does it, which is exact for calls of milliseconds, too. All its"
                "\nother options stay."
            )
            wanted = [name for name in can if ask(f"Prepare the queue {name}?", default=False)]
        changes = setup.prepared_changes(self.pbx, [name for name in wanted if name in can])
        if not changes:
            return
        self.show(changes)
        if self.dry:
            return
        self.agree("Write this, and have Asterisk read it?")

        def still_there() -> None:
            ami = self.load()[0].ami
            lost = set(names) - {queue.name for queue in asyncio.run(discover_pbx(ami)).queues}
            if lost:
                raise Mistake(f"Asterisk lost {', '.join(sorted(lost))}; everything is as it was")

        self.make(changes, ("queue reload all",), still_there)

    # -- the contact centre

    def centre(self, found: FoundPbx, settings: Settings) -> bool:
        """Propose the centre, and apply it after a yes; False if it is not to be applied."""
        present = present_plan(settings.store.url)
        if self.pbx is not None:
            found = setup.with_wrapups(found, self.pbx)
        proposal = propose(found, present, admin=True)
        _tell(proposal, found, is_first=not present.people)
        if self.dry:
            print("\nthis was a dry run: nothing was changed")
            return False
        if not proposal.new:
            return True
        if not self.arguments.yes and not ask("Apply this?", default=True):
            print("xucd discover > center.toml writes the proposal; xucd center apply applies it")
            return False
        file = Path(make_url(settings.store.url).database or "")
        if settings.store.url.startswith("sqlite") and not file.parent.exists():
            file.parent.mkdir(mode=0o700, parents=True)
        self.rereads = True
        first_users.remember(self.path, proposal, present)
        store = Store(settings.store.url)
        try:
            store.migrate()
            plan = center_file.parse(proposal.text, "proposal", datetime.date.today()).plan
            store_apply.apply(store, plan)
        finally:
            store.close()
        self.keep(proposal.text)
        return True

    def keep(self, text: str) -> None:
        """Write the centre file, unless somebody made it another."""
        path = self.path.with_name("center.toml")
        entry = self.manifest.files.get(str(path))
        change = Change(path, text.encode())
        if path.exists() and (entry is None or entry.mixed):
            print(f"{path} stays as it is; xucd center export prints the present centre")
            return
        self.manifest.make([change])
        print(
            f"The contact centre is in {path}: change it there, then run xucd center apply {path}"
        )

    # -- the end

    def start(self, settings: Settings) -> None:
        """Start the service, or say how, and where the page is."""
        if not service.systemd_has_unit():
            print(f"\nStart xucd: xucd -c {self.path} run")
        elif not service.is_active():
            if self.arguments.yes or ask("Start the service now?", default=True):
                service.start()
        elif self.restarts:
            service.start()
        elif self.rereads:
            service.reload()
        scheme = "https" if settings.web.tls_certificate else "http"
        host = settings.web.host
        if host in ("0.0.0.0", "::"):
            host = os.uname().nodename
        print(f"\nThe page: {scheme}://{host}:{settings.web.port}/")
        if host.startswith("127.") and not settings.web.trusted_proxies:
            print("Only this machine reaches it: put a proxy with HTTPS in front, or set web.host.")

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
        if self.dry or change.path.exists() or self.pbx is None:
            return False
        return change.path in (self.pbx.etc / setup.MANAGER, self.pbx.etc / setup.EXTENSIONS)

    def agree(self, question: str) -> None:
        """Raises `Mistake` on a no."""
        if not self.arguments.yes and not ask(question, default=False):
            raise Mistake("nothing was changed")


def _remove(arguments: argparse.Namespace, path: Path, etc: Path | None) -> int:
    folder = path.parent if etc is None else etc / OURS
    manifest = Manifest(folder / MANIFEST)
    if not manifest.files:
        print("xucd setup has changed nothing here")
        return 0
    print("to be put back as they were:", *sorted(manifest.files), sep="\n  ")
    if arguments.dry_run:
        print("this was a dry run: nothing was changed")
        return 0
    if not arguments.yes and not ask("Do this?", default=False):
        raise Mistake("nothing was changed")
    if service.systemd_has_unit():
        service.stop()
    print(*manifest.undo(setup.without_ours), sep="\n")
    try:
        for command in ("manager reload", "dialplan reload", "queue reload all"):
            service.asterisk(command)
    except ProgramError as error:
        print(f"Asterisk has not read its files again: {error}", file=sys.stderr)
    print("the database of the contact centre is kept")
    return 0


def _is_here(ami: Ami, pbx: setup.PbxFiles) -> bool:
    """Whether the account that works is of the Asterisk whose files are here."""
    place = manager_place(pbx.etc)
    return ami.port == place.port and ami.host in (place.host, "127.0.0.1", "localhost", "::1")


def _named(text: str, names: list[str], cannot: list[str]) -> list[str]:
    """The queues of an argument. Raises `Mistake` for one that there is not."""
    if text == "all":
        return names
    wanted = [name.strip() for name in text.split(",")]
    for name in wanted:
        if name not in names:
            raise Mistake(f"--exact-wrapup: there is no queue {name}")
        for problem in cannot:
            if problem.startswith(f"{name} "):
                raise Mistake(f"--exact-wrapup: {problem}")
    return wanted


def _tell(proposal: Proposal, found: FoundPbx, *, is_first: bool) -> None:
    for sentence in (*found.unread, *proposal.left_out):
        print(sentence)
    if not proposal.new:
        print("The contact centre has all that the PBX has: nothing is new.")
        return
    print("\nThe contact centre, as the PBX has it:" if is_first else "\nNew on the PBX:")
    for line in proposal.new:
        print(f"  {line}")
    doubtful = [line[2:] for line in proposal.text.splitlines() if line.startswith("# DOUBTFUL")]
    for line in doubtful:
        print(f"  {line}")
