"""Processes that the demo looks after although it may not be their parent.

One is known by its number and by when it started, since numbers are used again.
"""

import os
import select
import signal
from pathlib import Path


def identity(pid: int) -> str:
    """A process, told apart from a later one of the same number; "" if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The command's name, in brackets, may hold blanks. A zombie has ended.
    state, *rest = stat.rpartition(")")[2].split()
    return "" if state == "Z" else f"{pid}:{rest[18]}"


def end(pid: int, patience: float) -> None:
    """Ask a process to end and wait until it has; after `patience` seconds, end it."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
            try:
                signal.pidfd_send_signal(handle, number)
            except ProcessLookupError:
                return
            if _ended(handle, seconds):
                return
    finally:
        os.close(handle)


def ended(pid: int, within: float) -> bool:
    """Whether a process ends within so many seconds."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return _ended(handle, within)
    finally:
        os.close(handle)


def _ended(handle: int, within: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(within * 1000))
