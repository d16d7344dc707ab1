"""The commands `record` and `replay`: the AMI connection as a trace file."""

import argparse
import os
import sys
from pathlib import Path

import msgspec

from xucd.cli.subcommand import Mistake, open_store, settings

CLEAR = "keep the numbers and names of callers, for which others stand in otherwise"


def trace_argument(parser: argparse.ArgumentParser) -> None:
    """The trace file."""
    parser.add_argument("trace", type=Path, metavar="TRACE")


def record_arguments(parser: argparse.ArgumentParser) -> None:
    """The trace file, and whether it may name callers."""
    trace_argument(parser)
    parser.add_argument("--clear", action="store_true", help=CLEAR)


def record(arguments: argparse.Namespace) -> int:
    """Write a trace until interrupted."""
    checked = settings(arguments)
    from xucd.tools import trace  # noqa: PLC0415
    from xucd.tools.masking import Mask  # noqa: PLC0415

    mask = None
    if not arguments.clear:
        store = open_store(arguments)
        mask = Mask(store.directory())
        store.close()
    try:
        return trace.record(checked, arguments.trace, mask)
    except OSError as error:
        raise Mistake(f"{arguments.trace}: {error.strerror}") from error


def replay(arguments: argparse.Namespace) -> int:
    """Print what a trace changes."""
    from xucd.ami.errors import AmiError  # noqa: PLC0415
    from xucd.tools import replay  # noqa: PLC0415

    store = open_store(arguments)
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
