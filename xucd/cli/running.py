"""The commands `run` and `check`: the daemon, and whether Asterisk is set up for it."""

import argparse

from xucd.cli.subcommand import exposed, settings


def run(arguments: argparse.Namespace) -> int:
    """Run the daemon until it is stopped."""
    checked = settings(arguments)
    from xucd.app import daemon  # noqa: PLC0415

    return daemon.run(checked, exposed(arguments, checked))


def check(arguments: argparse.Namespace) -> int:
    """Print what is wrong with Asterisk's configuration."""
    checked = settings(arguments)
    from xucd.tools import check  # noqa: PLC0415

    return check.run(checked, exposed(arguments, checked))
