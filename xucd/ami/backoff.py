"""How long to wait before the next attempt: longer each time, and never quite the same."""

import random


class Backoff:
    """Delays in seconds that double from `first` up to `most`, each cut at random by up to half.

    The cut keeps many clients of one restarted server from coming back in step.
    """

    def __init__(self, first: float, most: float) -> None:
        self._first = first
        self._most = most
        self._next = first

    def __call__(self) -> float:
        """The next delay."""
        delay = self._next
        self._next = min(delay * 2, self._most)
        return random.uniform(delay / 2, delay)

    def reset(self) -> None:
        """Begin anew: the last attempt succeeded."""
        self._next = self._first
