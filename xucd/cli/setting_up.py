"""The command `setup`: what it takes. What it does is in `setup_steps`, imported by it alone."""

import argparse
from pathlib import Path


def setup_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do, and what not to ask."""
    parser.add_argument("--yes", action="store_true", help="ask nothing, and do all that is shown")
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be done, and change nothing"
    )
    parser.add_argument(
        "--remove",
        action="store_true",
        help="undo what setup has changed in files, and xucd in queues",
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
    from xucd.cli import setup_steps  # noqa: PLC0415  # a twentieth of each start of the daemon

    return setup_steps.run(arguments)
