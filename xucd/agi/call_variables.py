"""Variables that wait for a call: put here by a command, fetched by the dialplan's request.

What a user sends never travels in an action: the action carries an id that nobody can guess, and
the dialplan trades it for the variables. Several channels of the call may ask, so they are not
used up, but kept for a while, and only so many of them.
"""

import time
import uuid
from collections.abc import Callable, Mapping

MOST = 2000
"""Calls that may be on their way at a time."""

KEEP_S = 600.0


class TooMany(Exception):
    """More calls are on their way than are kept."""


class Requests:
    """All that wait. `clock` gives seconds that never go back."""

    def __init__(
        self,
        *,
        most: int = MOST,
        keep_s: float = KEEP_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._keep_s = keep_s
        self._clock = clock
        self._waiting: dict[str, tuple[float, dict[str, str]]] = {}

    def put(self, variables: Mapping[str, str]) -> str:
        """Keep a call's variables, by the names that they are to have; returns their id.

        Raises `TooMany`.
        """
        self._forget()
        if len(self._waiting) >= self._most:
            raise TooMany
        request_id = str(uuid.uuid4())
        self._waiting[request_id] = (self._clock() + self._keep_s, dict(variables))
        return request_id

    def peek(self, request_id: str) -> dict[str, str] | None:
        """The variables of an id, which stay; None when there are none, or no longer."""
        self._forget()
        found = self._waiting.get(request_id)
        return None if found is None else found[1]

    def drop(self, request_id: str) -> None:
        """Forget an id, known or not: the call will not come."""
        self._waiting.pop(request_id, None)

    def _forget(self) -> None:
        now = self._clock()
        # In the order in which they were put, and so in that in which they are due.
        while self._waiting:
            oldest = next(iter(self._waiting))
            if self._waiting[oldest][0] > now:
                return
            del self._waiting[oldest]
