"""Exponential backoff with jitter."""

import random


class Backoff:
    """Delays in seconds, doubling from `first` up to `most`, each reduced at random by up to half.

    The jitter keeps the clients of a restarted server from reconnecting all at the same time.
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
        """Start again from the first delay: the last attempt succeeded."""
        self._next = self._first
