"""Counting failed attempts to sign in, in a memory of a fixed size that nobody can flush.

A count-min sketch: each key has one cell in each of a few rows, chosen by a keyed hash, and its
count is the smallest of them. A key that is never seen again takes no place, so no number of
invented keys pushes another one's count out. Two keys that share all their cells share their count;
with an unknown hash nobody can aim at that. Every count leaks away at a steady rate.
"""

import mmap
import secrets
from collections.abc import Callable, Iterator
from hashlib import blake2b

ROWS = 4
WIDTH = 4096
LEAK_S = 60.0
"""In how many seconds as many failures leak away as are allowed."""


class Cells:
    """The memory of counts, which the processes that are forked from this one have with it.

    Each number is written whole. Of two that are added to one cell in the same moment by two
    processes, one may be lost.
    """

    def __init__(self) -> None:
        self.secret = secrets.token_bytes(16)
        self.counts, self.times = (
            memoryview(mmap.mmap(-1, 8 * ROWS * WIDTH)).cast("d") for _ in range(2)
        )


class FailureCounts:
    """Counts by key, of which `limit` leak away in a minute. `clock` returns seconds."""

    def __init__(self, limit: int, clock: Callable[[], float], cells: Cells | None = None) -> None:
        cells = cells or Cells()
        self.limit = limit
        self._leak = limit / LEAK_S
        self._clock = clock
        self._secret = cells.secret
        self._counts, self._times = cells.counts, cells.times

    def count(self, *key: str) -> float:
        """What is left of a key's failures."""
        now = self._clock()
        return min(self._left(cell, now) for cell in self._cells(key))

    def add(self, *key: str) -> None:
        """Count a failure."""
        now = self._clock()
        cells = list(self._cells(key))
        more = min(self._left(cell, now) for cell in cells) + 1
        for cell in cells:
            # Only as far as needed: what others have added to a cell is not added to again.
            self._counts[cell] = max(self._left(cell, now), more)
            self._times[cell] = now

    def wait(self, *key: str) -> float:
        """How many seconds it takes until one more attempt is within the limit; 0 if it is."""
        return max(0.0, (self.count(*key) + 1 - self.limit) / self._leak)

    @property
    def interval(self) -> float:
        """In how many seconds one failure leaks away."""
        return 1 / self._leak

    def _left(self, cell: int, now: float) -> float:
        # A clock that was set back must not lock users out.
        passed = now - self._times[cell]
        return max(0.0, self._counts[cell] - passed * self._leak) if passed >= 0 else 0.0

    def _cells(self, key: tuple[str, ...]) -> Iterator[int]:
        text = "\0".join(key).encode("utf-8", "surrogatepass")
        digest = blake2b(text, key=self._secret, digest_size=4 * ROWS).digest()
        for row in range(ROWS):
            yield row * WIDTH + int.from_bytes(digest[4 * row : 4 * row + 4]) % WIDTH
