"""Programs of this machine that `xucd setup` runs: Asterisk's command line, and systemd's."""

import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
from pathlib import Path

import msgspec

PACKAGE = Path(__file__).parent.parent
SYSTEMD = Path("/run/systemd/system")
"""It is there while systemd is the first process."""

UNIT = "xucd.service"
UNIT_FILE = Path("/etc/systemd/system", UNIT)
USERS_FILE = Path("/etc/sysusers.d/xucd.conf")
"""Where setup places them: a package has its own in /usr/lib."""

USER = "xucd"
HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")
"""What the unit hides from the service."""

REMEDY = f"journalctl -u {UNIT} says more"
PLACES = "/usr/sbin:/usr/local/sbin"
"""Where Asterisk's program is, if not in PATH."""

TIMEOUT = 60
"""Seconds for a program to end."""


class ProgramError(Exception):
    """A program failed. The text is what it said, and what to do."""


def asterisk(command: str, etc: Path | None) -> str:
    """Run a command of the Asterisk whose configuration is in a folder. Raises `ProgramError`.

    A folder without an ``asterisk.conf`` is that of the one that Asterisk finds by itself.
    """
    program = shutil.which("asterisk") or shutil.which("asterisk", path=PLACES)
    if program is None:
        raise ProgramError("there is no program asterisk on this machine: run this on the PBX")
    main = None if etc is None else etc / "asterisk.conf"
    which = [] if main is None or not main.exists() else ["-C", str(main)]
    return _run([program, *which, "-rx", command], "start Asterisk, and run this again as root")


def has_systemd() -> bool:
    """Whether systemd runs this machine's services."""
    return SYSTEMD.is_dir() and shutil.which("systemctl") is not None


def unit_settings() -> Path | None:
    """The settings file of xucd's service; None where systemd does not run or know it."""
    if not has_systemd():
        return None
    try:
        return settings_in(_run(["systemctl", "cat", UNIT], ""))
    except ProgramError:
        return None


def settings_in(unit: str) -> Path:
    """The settings file that a unit names; its drop-ins come after it, so the last counts."""
    named = re.findall(r"(?m)^ExecStart=.*\s(?:-c|--config)[ =]+(\S+)", unit)
    return Path(named[-1] if named else "/etc/xucd/xucd.toml")


def command() -> list[str]:
    """What runs the xucd that this is, whatever the user's PATH has."""
    script = Path(sysconfig.get_path("scripts"), "xucd")
    return [str(script)] if script.exists() else [sys.executable, "-m", "xucd"]


def unit_of(shipped: str, program: list[str]) -> str:
    """The shipped unit, for an installation that is started so."""
    words = " ".join(word.replace("%", "%%") for word in program)
    return re.sub(r"(?m)^ExecStart=\S+", lambda _: f"ExecStart={words}", shipped, count=1)


def out_of_reach() -> Path | None:
    """What of this installation a service of the shipped unit cannot read, None if it reads all."""
    for place in (Path(command()[0]).parent, Path(sys.executable), PACKAGE):
        real = place.resolve()
        parts = (real, *real.parents)
        if any(str(part) in HIDDEN for part in parts) or not all(map(_is_for_all, parts)):
            return real
    return None


def _is_for_all(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IXOTH)


def make_user() -> None:
    """Make the service's user, as `USERS_FILE` says. Raises `ProgramError`."""
    _run(["systemd-sysusers", str(USERS_FILE)], "make a system user xucd, and run this again")


def read_units() -> None:
    """Have systemd read units that were placed or removed. Raises `ProgramError`."""
    _run(["systemctl", "daemon-reload"], "systemctl status says more")


def is_active() -> bool:
    """Whether the service runs."""
    try:
        _run(["systemctl", "is-active", "--quiet", UNIT], "")
    except ProgramError:
        return False
    return True


def start() -> None:
    """Start the service, now and at each boot; one that runs starts anew. Raises `ProgramError`."""
    _run(["systemctl", "enable", UNIT], REMEDY)
    _run(["systemctl", "restart", UNIT], REMEDY)


def reload() -> None:
    """Have a service that runs read the contact centre again. Raises `ProgramError`."""
    _run(["systemctl", "reload", UNIT], REMEDY)


def stop() -> None:
    """Stop the service, now and at each boot. Raises `ProgramError`."""
    _run(["systemctl", "disable", "--now", UNIT], REMEDY)


class Unit(msgspec.Struct, frozen=True):
    """xucd's service, as systemd knows it; without a unit, nothing is known.

    `files` is how many files it may have open, `credentials` are the secrets that systemd hands it.
    """

    user: str | None = None
    files: int | None = None
    credentials: frozenset[str] = frozenset()


def unit() -> Unit:
    """Ask systemd for xucd's service; any user may."""
    try:
        said = _run(["systemctl", "show", UNIT, "--property=LoadState,User,LimitNOFILE"], "")
        # The list of credentials is a property that not every systemctl can print.
        written = _run(["systemctl", "cat", UNIT], "")
    except ProgramError:
        return Unit()
    values = dict(line.partition("=")[::2] for line in said.splitlines())
    if values.get("LoadState") != "loaded":
        return Unit()
    files = values.get("LimitNOFILE", "")
    return Unit(
        user=values.get("User") or None,
        files=int(files) if files.isdecimal() else None,
        credentials=frozenset(re.findall(r"(?m)^LoadCredential(?:Encrypted)?=([^:\s]+)", written)),
    )


def service_ids() -> tuple[int, int]:
    """The user and the group that the service runs as; -1 and -1 if there are none."""
    try:
        entry = pwd.getpwnam(USER)
    except KeyError:
        return -1, -1
    return entry.pw_uid, entry.pw_gid


def share(file: Path) -> None:
    """Let the service's group read a file, which stays its owner's. Raises OSError."""
    os.chown(file, -1, service_ids()[1])
    file.chmod(0o640)


def hand_over(file: Path) -> None:
    """Give a database's files to the service, when root has made them. Raises OSError."""
    user, group = service_ids()
    if os.geteuid() != 0 or user < 0:
        return
    if file.parent.name == USER:  # a folder of xucd's own
        os.chown(file.parent, user, group)
    for path in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
        if path.exists():
            os.chown(path, user, group)


def _run(command: list[str], remedy: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProgramError(f"{command[0]} cannot be run: {error}") from error
    if done.returncode != 0:
        said = " ".join((done.stderr or done.stdout).split()) or f"ended with {done.returncode}"
        raise ProgramError(f"{' '.join(command)}: {said}; {remedy}")
    return done.stdout
