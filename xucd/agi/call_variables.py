"""The variables of calls that commands place: stored by the command, fetched by the dialplan.

An AMI action never contains what a user has sent. It carries an unguessable id, for which the
dialplan fetches the variables by FastAGI. Several channels of the call may fetch them, so they stay
until they expire.
"""

import time
import uuid
from collections.abc import Callable, Mapping

MAX_CALLS = 2000
"""Maximum number of calls whose variables are kept at a time."""

KEEP_S = 600.0
"""Seconds until the variables of a call expire."""


class TooManyCalls(Exception):
    """The variables of `MAX_CALLS` calls are being kept already."""


class CallVariables:
    """The variables by request id. `clock` gives seconds that never go back."""

    def __init__(
        self,
        *,
        max_calls: int = MAX_CALLS,
        keep_s: float = KEEP_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_calls = max_calls
        self._keep_s = keep_s
        self._clock = clock
        self._kept: dict[str, tuple[float, dict[str, str]]] = {}

    def put(self, variables: Mapping[str, str]) -> str:
        """Keep a call's variables, by channel variable name; returns their request id.

        Raises `TooManyCalls`.
        """
        self._expire()
        if len(self._kept) >= self._max_calls:
            raise TooManyCalls
        request_id = str(uuid.uuid4())
        self._kept[request_id] = (self._clock() + self._keep_s, dict(variables))
        return request_id

    def peek(self, request_id: str) -> dict[str, str] | None:
        """The variables of a request id; None for an unknown or expired one."""
        self._expire()
        found = self._kept.get(request_id)
        return None if found is None else found[1]

    def drop(self, request_id: str) -> None:
        """Remove the variables of a call that will not come; idempotent."""
        self._kept.pop(request_id, None)

    def _expire(self) -> None:
        now = self._clock()
        # The dictionary keeps the order of insertion, which is the order of expiry.
        while self._kept:
            oldest = next(iter(self._kept))
            if self._kept[oldest][0] > now:
                return
            del self._kept[oldest]
