"""Where the log of streams has its files."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import make_url

from xucd.app.boot import boot_id
from xucd.config.settings import STATE_DIRECTORY
from xucd.cti.streams.file import StreamFile
from xucd.cti.streams.log import KEEP_S, LIMIT, StreamLog


def durable_streams(url: str, node: str = "") -> StreamLog:
    """The log of streams, with files beside the database of this URL.

    `node` is this node's name, if there are several: some may be on one machine.
    """
    file = StreamFile(place(url, node), boot_id(), keep=KEEP_S, limit=2 * LIMIT)
    return StreamLog(lambda: time.clock_gettime(time.CLOCK_BOOTTIME), file)


def remove_left(url: str) -> bool:
    """Remove what ended daemons have left; False when one runs and has it. Raises OSError.

    They are those of all nodes of this machine.
    """
    prefix = place(url)
    nodes = [lock.with_suffix("") for lock in prefix.parent.glob(f"{prefix.name}-*.lock")]
    return all([_remove(each) for each in (prefix, *nodes)])


def remove_left_by(url: str, node: str) -> None:
    """Remove what this node of the machine alone has left. Raises OSError."""
    _remove(place(url, node))


def _remove(prefix: Path) -> bool:
    boot = boot_id()
    if not boot or not prefix.parent.is_dir():
        return True  # there cannot be any
    return StreamFile(prefix, boot, keep=KEEP_S, limit=2 * LIMIT).remove_left()


def place(url: str, node: str = "", environ: Mapping[str, str] = os.environ) -> Path:
    """How the paths of the files begin: beside SQLite's file, else in the state directory."""
    database = make_url(url)
    if database.get_backend_name() == "sqlite" and database.database:
        return Path(f"{database.database}-streams")
    state = environ.get("STATE_DIRECTORY", "").partition(":")[0] or STATE_DIRECTORY
    return Path(state) / (f"streams-{node}" if node else "streams")
