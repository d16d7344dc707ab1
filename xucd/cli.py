"""The `xucd` command line.

A user's mistake ends in a message on standard error and exit code 2, never in a traceback. What
only some subcommands need is imported by these.
"""

import argparse
import datetime
import getpass
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from xucd import __version__
from xucd.center.audit import ASKED, AuditEntry, Kind, Target
from xucd.config import center_file, settings, writing
from xucd.config.center_file import CenterFileError
from xucd.config.exposure import exposed
from xucd.config.settings import Settings, SettingsError
from xucd.config.validation import ConfigValueError
from xucd.store import Store, StoreError, audit, persons
from xucd.store.apply import apply
from xucd.store.export import export
from xucd.store.persons import PersonData
from xucd.web import passwords

CLEAR = "keep the numbers and names of callers, for which others stand in otherwise"
PLACES = ("xucd.toml", "/etc/xucd/xucd.toml")


class Mistake(Exception):
    """A subcommand cannot do what its arguments ask for. The text says why."""


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    arguments = _parser().parse_args(argv)
    handler: Callable[[argparse.Namespace], int] = arguments.handler
    try:
        return handler(arguments)
    except CenterFileError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
    except (Mistake, SettingsError, StoreError) as error:
        print(f"xucd: {error}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xucd", description="A contact centre daemon for Asterisk."
    )
    parser.add_argument("--version", action="version", version=f"xucd {__version__}")
    parser.add_argument(
        "-c",
        "--config",
        type=Path,
        metavar="FILE",
        help="settings file (default: $XUCD_CONFIG, ./xucd.toml or /etc/xucd/xucd.toml)",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, text: str, handler: Callable[[argparse.Namespace], int]) -> None:
        commands.add_parser(name, help=text, description=text).set_defaults(handler=handler)

    command("run", "run the daemon", _run)
    command("check", "check Asterisk's configuration and say how to fix it", _check)
    for name, text, handler in (
        ("record", "record the AMI connection to a trace file, until interrupted", _record),
        (
            "replay",
            "replay a trace file and print the resulting changes, one JSON object a line",
            _replay,
        ),
    ):
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("trace", type=Path, metavar="TRACE")
        sub.set_defaults(handler=handler)
        if name == "record":
            sub.add_argument("--clear", action="store_true", help=CLEAR)

    center = commands.add_parser("center", help="manage the contact centre's configuration")
    parts = center.add_subparsers(metavar="COMMAND", required=True)
    sub = parts.add_parser("apply", help="apply a configuration file")
    sub.add_argument("file", type=Path, metavar="FILE")
    sub.set_defaults(handler=_apply)
    parts.add_parser("export", help="print the configuration as such a file").set_defaults(
        handler=_export
    )

    person = commands.add_parser("person", help="handle the data of a person")
    parts = person.add_subparsers(metavar="COMMAND", required=True)
    for name, text in (
        ("find", "print how much is stored of the person with a phone number"),
        ("export", "print all that is stored of the person with a phone number, as JSON"),
        ("erase", "erase what is stored of the person with a phone number"),
    ):
        sub = parts.add_parser(name, help=text, description=text)
        sub.add_argument("number", metavar="NUMBER")
        sub.set_defaults(handler=_person, action=name)

    user = commands.add_parser("user", help="manage users")
    parts = user.add_subparsers(metavar="COMMAND", required=True)
    sub = parts.add_parser(
        "passwd",
        help="set a user's password, from a prompt or standard input; signs it out everywhere",
    )
    sub.add_argument("login", metavar="LOGIN")
    sub.set_defaults(handler=_passwd)
    sub = parts.add_parser("logout", help="sign a user out everywhere")
    sub.add_argument("login", metavar="LOGIN")
    sub.set_defaults(handler=_logout)
    return parser


def _settings(arguments: argparse.Namespace, *, secret: bool = True) -> Settings:
    return settings.load(_path(arguments), os.environ, secret=secret)


def _path(arguments: argparse.Namespace) -> Path | None:
    """The settings file, if there is one."""
    path: Path | None = arguments.config
    if path is None and os.environ.get("XUCD_CONFIG"):
        path = Path(os.environ["XUCD_CONFIG"])
    if path is None:
        path = next((Path(place) for place in PLACES if Path(place).exists()), None)
    return path


def _exposed(arguments: argparse.Namespace, checked: Settings) -> list[str]:
    return exposed(checked, _path(arguments), os.environ)


def _store(arguments: argparse.Namespace) -> Store:
    store = Store(_settings(arguments, secret=False).store.url)
    store.migrate()
    return store


def _run(arguments: argparse.Namespace) -> int:
    checked = _settings(arguments)
    from xucd.app import daemon  # noqa: PLC0415

    return daemon.run(checked, _exposed(arguments, checked))


def _check(arguments: argparse.Namespace) -> int:
    checked = _settings(arguments)
    from xucd.tools import check  # noqa: PLC0415

    return check.run(checked, _exposed(arguments, checked))


def _record(arguments: argparse.Namespace) -> int:
    checked = _settings(arguments)
    from xucd.tools import trace  # noqa: PLC0415
    from xucd.tools.masking import Mask  # noqa: PLC0415

    mask = None
    if not arguments.clear:
        store = _store(arguments)
        mask = Mask(store.directory())
        store.close()
    try:
        return trace.record(checked, arguments.trace, mask)
    except OSError as error:
        raise Mistake(f"{arguments.trace}: {error.strerror}") from error


def _replay(arguments: argparse.Namespace) -> int:
    from xucd.ami.errors import AmiError  # noqa: PLC0415
    from xucd.tools import replay  # noqa: PLC0415

    store = _store(arguments)
    try:
        found = replay.changes(arguments.trace, store.directory(), store.memberships())
        for now, change in found:
            print(msgspec.json.encode({"at": now, "change": change}).decode())
    except BrokenPipeError:
        # The reader has closed the pipe, as `head` does; otherwise Python prints an error at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, AmiError) as error:
        raise Mistake(f"{arguments.trace}: {error}") from error
    finally:
        store.close()
    return 0


def _apply(arguments: argparse.Namespace) -> int:
    file = center_file.read(arguments.file, datetime.date.today())
    store = _store(arguments)
    try:
        changes = apply(store, file.plan)
    except ConfigValueError as error:
        raise CenterFileError([file.describe(error)]) from error
    finally:
        store.close()
    print("\n".join(changes) or "nothing to change")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    store = _store(arguments)
    try:
        plan = export(store)
        # The file holds the callbacks.
        audit.write(store, audit.command_line(Kind.EXPORT_CENTER))
        print(writing.write(plan), end="")
    finally:
        store.close()
    return 0


def _passwd(arguments: argparse.Namespace) -> int:
    store = _store(arguments)
    try:
        # Checked before a password is asked for.
        if arguments.login not in store.directory().user_by_login:
            raise Mistake(f"there is no user {arguments.login}")
        password_hash = passwords.hash_password(_new_password())
        entry = audit.command_line(Kind.SET_PASSWORD, [Target("user", None, arguments.login)])
        # Before and after, since it is another transaction: neither can go unseen.
        audit.write(store, msgspec.structs.replace(entry, outcome=ASKED))
        store.set_password_hash(arguments.login, password_hash)
        audit.write(store, entry)
    finally:
        store.close()
    return 0


def _logout(arguments: argparse.Namespace) -> int:
    store = _store(arguments)
    try:
        if arguments.login not in store.generations():
            raise Mistake(f"there is no user {arguments.login}")
        entry = audit.command_line(Kind.SIGN_OUT, [Target("user", None, arguments.login)])
        # Before and after, as for a new password.
        audit.write(store, msgspec.structs.replace(entry, outcome=ASKED))
        store.end_all_sign_ins(arguments.login)
        audit.write(store, entry)
    finally:
        store.close()
    print(f"{arguments.login} is signed out everywhere")
    return 0


def _person(arguments: argparse.Namespace) -> int:
    from xucd.web import rest_persons  # noqa: PLC0415

    number, action = arguments.number, arguments.action
    if not re.match(rest_persons.NUMBER, number):
        raise Mistake("that is not a phone number")
    checked = _settings(arguments, secret=False)
    url, country_code = checked.store.url, checked.dialing.country_code

    def make_entry(found: PersonData) -> AuditEntry:
        return audit.command_line(_PERSON[action], [persons.target(number)], found.counts())

    store = _store(arguments)
    try:
        if action == "erase":
            found = persons.erase(store, number, country_code, make_entry)
            store.empty_log()
        else:
            found = persons.find(store, number, country_code)
            audit.write(store, make_entry(found))
    finally:
        store.close()
    shown = rest_persons.export(found) if action == "export" else rest_persons.summary(found)
    print(msgspec.json.format(msgspec.json.encode(shown)).decode())
    if action == "erase":
        _erase_missed_messages(url, found)
    return 0


def _erase_missed_messages(url: str, found: PersonData) -> None:
    """Remove the messages that a daemon has kept for its clients; a running one drops them."""
    from xucd.app.streams import remove_left  # noqa: PLC0415

    try:
        ended = remove_left(url)
    except OSError as error:
        raise Mistake(f"cannot remove the messages that clients missed: {error}") from error
    if not ended and found.requests:
        print("pages that are open show it until xucd gets SIGHUP", file=sys.stderr)


_PERSON = {
    "find": Kind.FIND_PERSON,
    "export": Kind.EXPORT_PERSON,
    "erase": Kind.ERASE_PERSON,
}


def _new_password() -> str:
    if sys.stdin.isatty():
        password = getpass.getpass("New password: ")
        if getpass.getpass("Again: ") != password:
            raise Mistake("the passwords do not match")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < passwords.MIN_LENGTH:
        raise Mistake(f"a password needs at least {passwords.MIN_LENGTH} characters")
    return password
