"""The steps of `setup`: from a PBX to the first agent, and back again with ``--remove``.

In this order, each step shown before it is done: the account on Asterisk's manager interface and
the dialplan that xucd needs; the service, where no package brought one; the contact centre, as the
PBX has it; the first administrator, and a password for each agent; the service's start. What is
there already stays, so a second run says what is new and does nothing else; it also ends what a
killed one began.
"""

import argparse
import asyncio
import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import make_url

from xucd.ami.errors import AmiError
from xucd.cli import first_users, setup_asterisk, setup_removal, setup_service
from xucd.cli.discovering import present_centre
from xucd.cli.setup_run import SETTINGS, Run, interruptible
from xucd.cli.subcommand import Mistake, ask, settings_path
from xucd.config.directories import loopback
from xucd.config.plan import Plan, without_callbacks
from xucd.config.settings import Settings, Web
from xucd.store import Store, extending
from xucd.store.extending import Propose, StoredCenter
from xucd.tools import service, setup
from xucd.tools.asterisk_files import configuration_folder
from xucd.tools.discovery import FoundPbx, discover_pbx
from xucd.tools.file_changes import alone
from xucd.tools.proposal import Proposal, propose
from xucd.tools.service import ProgramError
from xucd.tools.whole_files import Change, FilesError


def run(arguments: argparse.Namespace) -> int:
    """Set xucd up, or remove what was set up."""
    path = (settings_path(arguments) or SETTINGS).absolute()
    try:
        etc = _asterisk_etc(arguments)
        with interruptible(), alone(etc or path.parent):
            if arguments.remove:
                return setup_removal.remove(arguments, path, etc)
            return _steps(Run(arguments, path, etc))
    except (FilesError, ProgramError) as error:
        raise Mistake(str(error)) from error
    except AmiError as error:
        raise Mistake(f"cannot read the PBX: {error.text}") from error
    except OSError as error:
        name = error.filename or "output"
        raise Mistake(
            f"{name}: {error.strerror}; run it as a user who may, such as root"
        ) from error
    except (KeyboardInterrupt, EOFError):
        raise Mistake("interrupted; run it again to go on, or with --remove to undo it") from None


def _asterisk_etc(arguments: argparse.Namespace) -> Path | None:
    """Asterisk's configuration, None if it is not here. Raises OSError and `Mistake`."""
    etc: Path | None = arguments.asterisk_etc or configuration_folder()
    if etc is None:
        return None
    etc = etc.absolute()
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if stat.S_ISDIR(os.stat(etc).st_mode):  # is_dir() is False for one that cannot be seen
            return etc
    raise Mistake(f"{etc} is no folder: give Asterisk's configuration with --asterisk-etc")


def _steps(run: Run) -> int:
    """All steps in order; the exit code."""
    is_ready = setup_asterisk.connect(run, *run.load())
    setup_service.place(run)
    if not is_ready:
        print("\nthis was a dry run: nothing was changed")
        return 0
    settings, _ = run.load()
    found = asyncio.run(discover_pbx(settings.ami))
    setup_asterisk.prepare(run, found)
    if not _centre(run, found, settings):
        return 0
    first_users.make(run.path, settings.store.url, run.arguments)
    _start(run, settings)
    return 0


def _centre(run: Run, found: FoundPbx, settings: Settings) -> bool:
    """Propose the centre, and apply it after a yes; False if it is not to be applied."""
    present = present_centre(settings.store.url)
    if run.pbx is not None:
        found = setup.with_wrapups(found, run.pbx)
    proposal = _proposal(found, present)
    _tell(proposal, found, is_first=not present.plan.people)
    if run.dry:
        print("\nthis was a dry run: nothing was changed")
        return False
    if not proposal.new:
        if not _centre_file(run).exists():
            _write_anew(run, proposal.text)
        return True
    if not run.arguments.yes and not ask("Apply this?", default=True):
        print("xucd discover > center.toml writes the proposal; xucd center apply applies it")
        return False
    file = Path(make_url(settings.store.url).database or "")
    if settings.store.url.startswith("sqlite") and not file.parent.exists():
        file.parent.mkdir(mode=0o700, parents=True)
    run.rereads = True
    store = Store(settings.store.url)
    try:
        store.migrate()
        keep(run, proposal.text, lambda: extending.extend(store, _as_shown(run, proposal, found)))
    finally:
        store.close()
    return True


def _proposal(found: FoundPbx, present: StoredCenter) -> Proposal:
    return propose(found, without_callbacks(present.plan), present.logins, admin=True)


def _as_shown(run: Run, shown: Proposal, found: FoundPbx) -> Propose:
    """What somebody has said yes to; `Mistake` if it is not what is proposed any more."""

    def plan(present: StoredCenter) -> Plan:
        if _proposal(found, present).text != shown.text:
            raise Mistake("somebody has changed the centre meanwhile: run xucd setup again")
        first_users.remember(run.path, shown, present.plan)
        return shown.plan

    return plan


def _centre_file(run: Run) -> Path:
    return run.path.with_name("center.toml")


def _write_anew(run: Run, text: str) -> None:
    """Write the file of a centre that has none: a run was ended, or somebody took it away."""
    print(f"{_centre_file(run)} is not there")
    if run.arguments.yes or ask("Write the present contact centre into it?", default=True):
        keep(run, text)


def keep(run: Run, text: str, apply: Callable[[], object] = lambda: None) -> None:
    """Write the centre file, unless somebody made it another, and apply it.

    It is written first, and not left if that fails: a run that is killed in between leaves all to
    the next, which sees what is new. It names people: not for all.
    """
    path = _centre_file(run)
    group = service.service_ids()[1]
    change = Change(path, text.encode(), 0o640 if group > 0 else 0o600, 0, max(group, 0))
    if path.exists() and not run.manifest.holds(path):
        apply()
        print(f"{path} stays as it is; xucd center export prints the present centre")
        return
    run.make([change], (), apply)
    reload = " and systemctl reload xucd" if run.has_service else ""
    steps = f"xucd center apply {path}{reload}"
    print(f"The contact centre is in {path}: change it there, then run {steps}")


def _start(run: Run, settings: Settings) -> None:
    """Start the service, or say how, and where the page is."""
    if not run.has_service:
        print(f"\nStart xucd: xucd -c {run.path} run")
    elif not service.is_active():
        if run.arguments.yes or ask("Start the service now?", default=True):
            service.start()
    elif run.restarts:
        service.start()
    elif run.rereads:
        service.reload()
    web = settings.web
    print(f"\nThe page: {page_of(web)}")
    if loopback(web.host) and not web.trusted_proxies:
        print("Only this machine reaches it: put a proxy with HTTPS in front, or set web.host.")


def page_of(web: Web) -> str:
    """The address of the page; by the machine's name where it is at all of its addresses."""
    scheme = "https" if web.tls_certificate else "http"
    host = os.uname().nodename if web.host in ("0.0.0.0", "::") else web.host
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{web.port}/"


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
