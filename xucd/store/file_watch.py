"""Whether the files of a SQLite database are still those that xucd has open.

SQLite goes on writing into files that were renamed, removed or replaced, and says that it has
committed: nobody would find it there again. So each writing transaction looks before it begins and
once more when it has committed, before anybody is told. That costs a few microseconds.

The files that belong together are the database and its write-ahead log (``-wal``, ``-shm``).
"""

import os
from collections.abc import Callable

from xucd.store.errors import StoreUnavailable

LOGS = ("-wal", "-shm")

Identity = tuple[int, int]
"""Device and inode."""


class FileWatch:
    """Knows which files were opened. Nothing is known before `opened`, and after `closed`."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._paths = {name: f"{file}{name}" for name in LOGS}
        self._database: Identity | None = None
        self._logs: dict[str, Identity | None] = {}

    def opened(self) -> None:
        """A connection is open, and so are all of the files; more connections find the same."""
        if self._database is None:
            self._database = _identity(self._file)
            self._logs = {name: _identity(path) for name, path in self._paths.items()}

    def closed(self) -> None:
        """All connections are closed: the next one may open other files."""
        self._database = None
        self._logs.clear()

    def check_database(self) -> None:
        """Raise `StoreUnavailable` unless the database is where it was; nothing is opened yet."""
        found = _identity(self._file)
        if self._database is None or found == self._database:
            return
        if found is None:
            raise StoreUnavailable(
                f"database: {self._file} is gone: it was moved or removed while xucd had it open."
                " Put the same file back, or stop xucd, restore a backup and start it"
            )
        raise StoreUnavailable(
            f"database: another file is in place of {self._file}, which was moved or removed while"
            " xucd had it open. xucd writes into neither. Put the first file back, or restart xucd"
            " to work with the one that is there"
        )

    def check(self, rescue: Callable[[], None]) -> None:
        """Raise `StoreUnavailable` unless all files are where they were.

        When logs are gone while the database stands, `rescue` is called: it writes what is in the
        open logs into the database, and closes all connections.
        """
        self.check_database()
        for name, known in self._logs.items():
            path = self._paths[name]
            found = _identity(path)
            if known is None or found == known:
                continue
            if found is None:
                rescue()
                return
            raise StoreUnavailable(
                f"database: another file is in place of {path}, which was removed while"
                " xucd had it open: stop all other programs that use the database, then restart"
                " xucd"
            )


def _identity(file: str) -> Identity | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_dev, found.st_ino
