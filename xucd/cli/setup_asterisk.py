"""The steps of `xucd setup` at Asterisk: its account, its dialplan, and prepared queues."""

import asyncio
import os
import time
from pathlib import Path

from xucd.cli.discovering import present_centre
from xucd.cli.setup_run import Run
from xucd.cli.subcommand import Mistake, ask, is_there
from xucd.config import settings as config_settings
from xucd.config.settings import Settings
from xucd.tools import service, setup
from xucd.tools.asterisk_files import OURS
from xucd.tools.checks import counted
from xucd.tools.discovery import Access, FoundPbx, FoundQueue, discover_pbx, try_access
from xucd.tools.manager_conf import is_of, manager_place
from xucd.tools.setup_settings import settings_changes
from xucd.tools.whole_files import Change

RELOADS = ("manager reload", "dialplan reload")
LOGIN_DEADLINE = 10.0
"""Seconds in which Asterisk lets xucd in after a reload; it takes a fraction of one."""


def connect(run: Run, settings: Settings, access: Access) -> bool:
    """See to it that xucd reaches Asterisk; False if a dry run cannot."""
    works = access.problem is None
    changes, has_all = _wanted(run, settings, access)
    if not changes and works and not run.manifest.unread:
        print(
            "Asterisk lets xucd in, and has all that xucd needs."
            if has_all
            else "Asterisk lets xucd in; xucd check says whether its dialplan lacks anything."
        )
        return True
    if changes:
        run.show(changes)
    else:
        print("Asterisk's files have all that xucd needs; it has not read them yet.")
    if run.dry:
        return works
    run.agree("Write this, and have Asterisk read it?" if changes else "Have Asterisk read them?")
    reloads = () if run.pbx is None else dict.fromkeys((*RELOADS, *run.manifest.unread))
    if run.pbx is not None and not manager_place(run.pbx.etc).enabled:
        # Asterisk 16 does not open again by a reload what it has closed by one.
        run.remedy = (
            ": write enabled = yes into manager.conf yourself, restart Asterisk, and run this again"
        )
    run.make(changes, tuple(reloads), lambda: is_let_in(run))
    run.restarts = True
    print("Asterisk lets xucd in.")
    return True


def _wanted(run: Run, settings: Settings, access: Access) -> tuple[list[Change], bool]:
    """What is to be changed, and whether that is all which Asterisk's own files lack.

    Raises `FilesError`, and `Mistake` where nothing can be changed.
    """
    works = access.problem is None
    if run.pbx is None:
        if not works:
            raise Mistake(
                "found neither Asterisk's configuration (/etc/asterisk) nor an account that"
                " works: run xucd setup on the PBX's machine, as root"
            )
        held = _held(run, settings)
        return settings_changes(run.path, None, -1, is_first=False, held=held), False
    if not works and not run.dry:
        # The account may be right: it does not run.
        service.asterisk("core show version", run.pbx.etc)
    account = None if access.opens else setup.account_of(run.pbx, settings)
    group = service.service_ids()[1]
    is_first = not present_centre(settings.store.url).plan.people
    held = _held(run, settings) if account is None else ""
    changes = settings_changes(run.path, account, group, is_first=is_first, held=held)
    has_all = False
    if not works or is_of(run.pbx.etc, settings.ami.host, settings.ami.port):
        ours = run.pbx.etc / setup.MANAGER
        if account is None and run.manifest.holds(ours) and setup.is_used(ours, settings):
            account = setup.working_account(run.pbx, settings)  # a newer xucd has a newer file
        asterisk = setup.asterisk_changes(run.pbx, account, settings)
        allowed = [each for each in asterisk if is_allowed(run, each)]
        has_all = allowed == asterisk
        changes = [*allowed, *changes]
    print(*(f"{sentence}\n" for sentence in setup.unseen(run.pbx)), sep="", end="")
    if run.pbx.layout.generated and not works:
        print("A web interface writes this PBX's files; xucd uses those that it leaves.")
    return changes, has_all


def _held(run: Run, settings: Settings) -> str:
    """The secret that works, if systemd's service takes it from its file, else ""."""
    if run.places_service or (run.has_service and service.unit().credentials):
        return settings.ami.secret
    return ""


def is_allowed(run: Run, change: Change) -> bool:
    """Whether a file may be changed: not one of xucd's own that somebody has made another."""
    if run.pbx is None or change.path.parent != run.pbx.etc / OURS:
        return True
    if not change.path.exists() or run.manifest.holds(change.path):
        return True
    if change.path.name == Path(setup.MANAGER).name and not setup.has_secret(change.path):
        return True
    print(f"{change.path} was changed by hand and stays as it is; xucd check says what it lacks")
    return False


def is_let_in(run: Run) -> None:
    """Raises `Mistake` unless Asterisk lets xucd in, with the dialplan that it needs."""
    path = run.path if is_there(run.path) else None
    ami = config_settings.load(path, os.environ).ami
    deadline = time.monotonic() + LOGIN_DEADLINE
    while (problem := asyncio.run(try_access(ami)).problem) is not None:
        if time.monotonic() > deadline:
            raise Mistake(f"{problem}; everything is as it was{run.remedy}")
        time.sleep(0.2)  # a reload ends without telling


def prepare(run: Run, found: FoundPbx) -> None:
    """Prepare queues for an exact wrap-up, if that is wanted."""
    if run.pbx is None:
        return
    names = [queue.name for queue in found.queues]
    wanted = _to_prepare(run, run.pbx, found)
    changes = setup.prepared_changes(run.pbx, wanted)
    if not changes:
        return
    run.show(changes)
    if run.dry:
        return
    run.agree("Write this, and have Asterisk read it?")

    def still_there() -> None:
        ami = run.load()[0].ami
        lost = set(names) - {queue.name for queue in asyncio.run(discover_pbx(ami)).queues}
        if lost:
            raise Mistake(f"Asterisk lost {', '.join(sorted(lost))}; everything is as it was")

    run.make(changes, ("queue reload all",), still_there)


def _to_prepare(run: Run, pbx: setup.PbxFiles, found: FoundPbx) -> list[str]:
    """The queues that the arguments, or the answers, ask for. Raises `Mistake`, `FilesError`."""
    queues = {queue.name: queue for queue in found.queues}
    can, cannot = setup.preparable(pbx, queues)
    text = run.arguments.exact_wrapup
    if text and text != "all":
        # Who names a queue may have agents for it who are not logged in: it is good for these.
        wanted = [name for name in _named(text, list(queues), cannot) if name in can]
        for name in wanted:
            _tell_left_to_ami(queues[name])
        return wanted
    if not text:
        if not can or run.arguments.yes or run.dry:
            return []
        print(
            "\nQueues work as they are: xucd pauses an agent as its call begins. In a prepared"
            "\nqueue Asterisk does it, which is exact for calls of milliseconds, too. All its"
            "\nother options stay."
        )
    for name, reason in cannot.items():
        print(f"not prepared: {name} {reason}")
    wanted = []
    for name in can:
        _tell_left_to_ami(queues[name])
        if setup.gains_nothing(queues[name]):
            print(f"not prepared: {name}, which would gain nothing by it")
        elif text or ask(f"Prepare the queue {name}?", default=False):
            wanted.append(name)
    return wanted


def _tell_left_to_ami(queue: FoundQueue) -> None:
    """Say which members a prepared queue does not pause."""
    if left := setup.left_to_ami(queue):
        print(
            f"{queue.name}: Asterisk pauses members named Agent/… alone; of"
            f" {counted(left, 'member', 'members')}, xucd pauses those that are agents itself, over"
            " AMI, and Asterisk's own wrap-up (wrapuptime) ends in a prepared queue"
        )


def _named(text: str, names: list[str], cannot: dict[str, str]) -> list[str]:
    """The queues of an argument. Raises `Mistake` for one that there is not, or cannot be."""
    wanted = [name.strip() for name in text.split(",")]
    for name in wanted:
        if name not in names:
            raise Mistake(f"--exact-wrapup: there is no queue {name}")
        if name in cannot:
            raise Mistake(f"--exact-wrapup: {name} {cannot[name]}")
    return wanted
