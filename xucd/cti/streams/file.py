"""The log's files: segments that are appended to, and removed once nobody can ask for them.

A plain write is enough: what the kernel has taken outlives xucd, and a reboot ends all streams.
When a file cannot be written, what is on disk no longer tells all: it is removed, and xucd goes on
without. From time to time a new beginning is tried.
"""

import fcntl
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import structlog

from xucd.cti.streams.records import (
    VERSION,
    AnyRecord,
    Checkpoint,
    Damaged,
    Record,
    packed,
    unpacked,
)

SEGMENT_S = 60.0
"""How long a segment is appended to."""
RETRY_S = 10.0
"""Seconds until another file is tried after a failure."""

log = structlog.get_logger()


class StreamFile:
    """The files ``PREFIX.1``, ``PREFIX.2`` …, of which the last one is appended to.

    `keep` is how many seconds a record has to stay, `limit` how many bytes all files may have.
    `boot` names the machine's boot. Only one process at a time can have them; for another one,
    `load` finds nothing, and nothing is written.
    """

    def __init__(self, prefix: Path, boot: str, *, keep: float, limit: int) -> None:
        self.boot = boot
        self.works = False
        self._prefix = prefix
        self._keep = keep
        self._limit = limit
        self._lock: int | None = None
        self._file: int | None = None
        self._number = 0
        self._size = 0
        self._began = 0.0
        self._older: list[tuple[int, float, int]] = []  # number, end, bytes
        self._stuck: list[int] = []  # those that could not be removed
        self._pending: list[bytes] = []
        self._retry_at = 0.0
        self._failing = False

    def load(self, now: float) -> list[AnyRecord]:
        """The records of an earlier process, the first of them a checkpoint; none if unusable.

        Afterwards files can be written. To be called once, first.
        """
        try:
            self._acquire()
            records = self._read(now)
            if not records:
                self.remove()
        except Damaged as damage:
            log.warning("clients cannot resume: the log of streams is damaged", reason=str(damage))
            self.remove()
        except BlockingIOError:
            log.error(
                "clients cannot resume over a restart: another xucd has the log of streams",
                file=str(self._path("lock")),
            )
        except OSError as error:
            self._fail(error, now)
        else:
            return records
        return []

    def remove_left(self) -> bool:
        """Remove what an earlier process has left, in the place of `load`; then close.

        Returns False when another process has the files. Raises OSError.
        """
        try:
            self._acquire()
            self._older = [(number, 0.0, 0) for number in self._numbers()]
            self.remove()
        except BlockingIOError:
            return False
        finally:
            self.close()
        return True

    def _acquire(self) -> None:
        if not self.boot:
            raise OSError("cannot tell one boot of this machine from another")
        self._lock = os.open(self._path("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.works = True

    def _read(self, now: float) -> list[AnyRecord]:
        numbers = self._numbers()
        self._number = max(numbers, default=0)
        self._older = [(number, now, self._path(number).stat().st_size) for number in numbers]
        for index, (_, _, size) in enumerate(self._older[:-1]):
            if not size:  # it could not be removed, and with it went all that was before
                numbers = [number for number, *_ in self._older[index + 1 :]]
        if numbers and numbers != list(range(numbers[0], numbers[-1] + 1)):
            raise Damaged("a file is missing")
        records: list[AnyRecord] = []
        for number in numbers:
            found = list(unpacked(self._path(number).read_bytes()))
            if not found and number == numbers[-1]:  # xucd was killed as it began this one
                self._path(number).unlink()
                del self._older[-1]
                self._number -= 1
                break
            if not found or not isinstance(found[0], Checkpoint):
                raise Damaged("a file has no beginning")
            if (found[0].version, found[0].boot) != (VERSION, self.boot):
                return []
            records += found
        return records

    def prepare(self, now: float, checkpoint: Callable[[], Checkpoint]) -> None:
        """Have a file begun by the next `write`, unless there is one; before `append`."""
        if self._file is None and not self._pending and self.works and now >= self._retry_at:
            self._pending = [packed(checkpoint())]

    def append(self, record: Record) -> None:
        """Have a record written by the next `write`, behind all before it."""
        if self._file is not None or self._pending:
            self._pending.append(packed(record))

    def write(self, now: float, checkpoint: Callable[[], Checkpoint]) -> None:
        """Write all pending records, and begin another file when it is time to."""
        if not self._pending:
            return
        try:
            if self._file is None:
                self._begin(now)
            self._write_pending()
            if now - self._began >= SEGMENT_S or self._size > self._limit // 4:
                self._end(now)
                self._pending = [packed(checkpoint())]
                self._begin(now)
                self._write_pending()
            self._remove_old(now)
        except OSError as error:
            self._fail(error, now)

    def remove(self) -> None:
        """Remove all files: nobody can resume. The next record begins anew."""
        self._pending = []
        if self._file is not None:
            self._end(0.0)
        older, self._older = self._older, []
        for number, *_ in older:
            self._discard(number)

    def _discard(self, number: int) -> None:
        """Remove a file, or else empty it, and try again when another one is begun."""
        path = self._path(number)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.error(
                "cannot remove a file of the log of streams", file=str(path), reason=str(error)
            )
            self._stuck.append(number)
            with suppress(OSError):
                os.truncate(path, 0)

    def close(self) -> None:
        """Let another process have the files. Nothing is written any more."""
        if self._file is not None:
            self._end(0.0)
        if self._lock is not None:
            if self.works and not self._older:
                with suppress(OSError):  # it holds nothing
                    self._path("lock").unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None
        self.works = False

    def _begin(self, now: float) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(self._path(self._number + 1), flags, 0o600)
        self._number += 1
        self._size, self._began = 0, now
        stuck, self._stuck = self._stuck, []
        for number in stuck:
            self._discard(number)

    def _end(self, now: float) -> None:
        assert self._file is not None
        os.close(self._file)
        self._file = None
        self._older.append((self._number, now, self._size))

    def _write_pending(self) -> None:
        assert self._file is not None
        content, self._pending = b"".join(self._pending), []
        left = memoryview(content)
        while left:
            left = left[os.write(self._file, left) :]
        self._size += len(content)
        if self._failing:
            self._failing = False
            log.info("clients can resume over a restart again")

    def _remove_old(self, now: float) -> None:
        while self._older:
            number, ended, _ = self._older[0]
            size = self._size + sum(size for _, _, size in self._older)
            if ended > now - self._keep and size <= self._limit:
                return
            self._discard(number)
            del self._older[0]

    def _fail(self, error: OSError, now: float) -> None:
        """Go on without files: what they hold is not all, so nobody must be served from them."""
        if not self._failing:
            log.error(
                "clients cannot resume over a restart: cannot write the log of streams",
                file=str(self._path(self._number)),
                reason=str(error),
            )
        self._failing = True
        self._retry_at = now + RETRY_S
        if self._file is not None:
            # Should it not be possible to remove it: an empty one is no log.
            with suppress(OSError):
                os.ftruncate(self._file, 0)
        self.remove()

    def _numbers(self) -> list[int]:
        found: Iterable[str] = (
            path.name.removeprefix(self._prefix.name + ".")
            for path in self._prefix.parent.glob(self._prefix.name + ".*")
        )
        return sorted(int(name) for name in found if name.isdecimal())

    def _path(self, which: int | str) -> Path:
        return self._prefix.with_name(f"{self._prefix.name}.{which}")
