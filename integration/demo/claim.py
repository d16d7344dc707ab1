"""That one demo runs at a time: a lock which the kernel lets go of however its holder ends."""

import fcntl
import os
import struct

from integration.demo import places, processes

_FLOCK = "hhqqi0q"  # struct flock: type, whence, start, length, process


def take() -> int | None:
    """Hold the claim from now on; None, or the process that holds it already."""
    places.FOLDER.mkdir(mode=0o700, exist_ok=True)
    claim = os.open(places.CLAIM, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(claim)
        return holder()
    wait_for_the_last()
    # In a file of its own: to open and close the locked one would let go of the lock.
    places.PROCESS.write_text(processes.identity(os.getpid()))
    return None  # the file stays open, and locked, until this process ends


def wait_for_the_last() -> None:
    """Return when the demo that held the claim last has gone for good: the kernel lets go first."""
    known = places.PROCESS.read_text() if places.PROCESS.exists() else ""
    pid = int(known.partition(":")[0] or 0)
    if pid not in (0, os.getpid()) and processes.identity(pid) == known:
        processes.ended(pid, within=10)


def holder() -> int | None:
    """The process that runs the demo, if one does. Not to be asked by that process itself."""
    try:
        claim = os.open(places.CLAIM, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(claim, fcntl.F_GETLK, asked))
    finally:
        os.close(claim)
    return None if kind == fcntl.F_UNLCK else int(pid)
