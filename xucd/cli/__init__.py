"""The `xucd` command line.

A user's mistake ends in a message on standard error and exit code 2, never in a traceback. Each
family of commands has a module; what only some commands need is imported by these alone.
"""

import argparse
import gc
from pathlib import Path

from xucd import __version__
from xucd.app.journal_lines import print_error
from xucd.cli import (
    adopting,
    backups,
    centers,
    discovering,
    health,
    persons,
    running,
    setting_up,
    tracing,
    user_import,
    users,
)
from xucd.cli.subcommand import Handler, Mistake, Subcommand
from xucd.config.center_file import CenterFileError
from xucd.config.settings import SettingsError
from xucd.store import StoreError

GROUPS: dict[str, str] = {
    "center": "manage the contact centre's configuration",
    "person": "handle the data of a person",
    "user": "manage users",
}
"""What the first word of a command of two words is about."""

COMMANDS: tuple[Subcommand, ...] = (
    Subcommand("run", "run the daemon", running.run),
    Subcommand("health", "say whether the daemon is up and hears Asterisk", health.health),
    Subcommand(
        "check",
        "check Asterisk, the settings and this machine, and say how to fix what is wrong",
        running.check,
        running.check_arguments,
    ),
    Subcommand(
        "setup",
        "connect xucd to this machine's Asterisk, and make a contact centre of what it has",
        setting_up.run,
        setting_up.setup_arguments,
    ),
    Subcommand(
        "discover",
        "print the contact centre that xucd proposes for this PBX, as a file for center apply",
        discovering.discover,
    ),
    Subcommand(
        "record",
        "record the AMI connection to a trace file, until interrupted",
        tracing.record,
        tracing.record_arguments,
    ),
    Subcommand(
        "replay",
        "replay a trace file and print the resulting changes, one JSON object a line",
        tracing.replay,
        tracing.trace_argument,
    ),
    Subcommand(
        "backup",
        "write the whole database to a new file, also while the daemon runs",
        backups.backup,
        backups.file_argument,
    ),
    Subcommand(
        "restore",
        "put a backup in the database's place, while the daemon does not run",
        backups.restore,
        backups.restore_arguments,
    ),
    Subcommand(
        "center apply", "apply a configuration file", centers.apply, centers.apply_arguments
    ),
    Subcommand(
        "center adopt",
        "make an agent of a queue's member that is none, such as Local/204@from-queue/n",
        adopting.adopt,
        adopting.arguments,
    ),
    Subcommand("center export", "print the configuration as such a file", centers.export),
    Subcommand(
        "person find",
        "print how much is stored of the person with a phone number",
        persons.find,
        persons.number_argument,
    ),
    Subcommand(
        "person export",
        "print all that is stored of the person with a phone number, as JSON",
        persons.export,
        persons.number_argument,
    ),
    Subcommand(
        "person erase",
        "erase what is stored of the person with a phone number",
        persons.erase,
        persons.number_argument,
    ),
    Subcommand(
        "user passwd",
        "set a user's password, from a prompt or standard input; signs it out everywhere",
        users.passwd,
        users.login_argument,
    ),
    Subcommand(
        "user import",
        "add and change the users that a CSV file lists; nobody is removed",
        user_import.run,
        user_import.arguments,
    ),
    Subcommand("user logout", "sign a user out everywhere", users.logout, users.login_argument),
    Subcommand(
        "user remove",
        "remove a user whom OpenID Connect or LDAP has brought",
        users.remove,
        users.login_argument,
    ),
)

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    gc.freeze()  # what is imported stays to the end: it costs the end of a command half its time
    arguments = _parser().parse_args(argv)
    handler: Handler = arguments.handler
    try:
        return handler(arguments)
    except CenterFileError as error:
        for problem in error.problems:
            print_error(problem)
    except (Mistake, SettingsError, StoreError) as error:
        print_error(f"xucd: {error}")
    except KeyboardInterrupt:
        print_error("xucd: interrupted")
        return INTERRUPTED
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
    top = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    parts = {}
    for command in COMMANDS:
        group, _, name = command.words.rpartition(" ")
        if group and group not in parts:
            text = GROUPS[group]
            family = top.add_parser(group, help=text, description=text)
            parts[group] = family.add_subparsers(metavar="COMMAND", required=True)
        place = parts[group] if group else top
        sub = place.add_parser(name, help=command.text, description=command.text)
        if command.arguments is not None:
            command.arguments(sub)
        sub.set_defaults(handler=command.handler)
    return parser
