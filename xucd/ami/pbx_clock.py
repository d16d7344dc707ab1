"""Asterisk's clock, which may be another machine's, and may have been set meanwhile.

Asterisk dates pauses, calls and its logs by its own clock. Each of its answers to `Ping` tells that
clock; compared with a steady one, two of them show whether it was set in between. A date of
Asterisk's is then read by the clock as it went at that moment.
"""

SET_S = 3.0
"""By how many seconds the clock has to be off for it to have been set: answers take their time."""

SLOW_S = 1.0
"""How long an answer of Asterisk's may take to be taken for its time now, in seconds."""

SLACK_S = 2.0
"""Dates are in whole seconds, some cut and some rounded."""


class PbxClock:
    """What is known of Asterisk's clock. Until something is, it goes as the caller's does.

    An *offset* is what the clock shows at the second 0 of the steady one.
    """

    def __init__(self) -> None:
        # Oldest first, each with the second of the steady clock since which it holds.
        self._offsets: list[tuple[float, float]] = []
        self._seen_at = 0.0
        self.last_set = 0.0

    @property
    def offset(self) -> float | None:
        """The offset now; None when nothing is known."""
        return self._offsets[-1][1] if self._offsets else None

    @property
    def least_offset(self) -> float | None:
        """The least offset of all that are remembered; None when nothing is known."""
        return min((offset for _, offset in self._offsets), default=None)

    def observe(self, its_time: float, steady: float) -> bool:
        """Asterisk tells its time, at this moment; returns whether it was set since the last."""
        offset, known = its_time - steady, self.offset
        was_set = known is not None and abs(offset - known) >= SET_S
        if known is None:
            self._offsets.append((0.0, offset))
        elif was_set:
            self.last_set = offset - known
            self._offsets.append((self._seen_at, offset))  # at some moment since then
            del self._offsets[:-KEPT]
        self._seen_at = steady
        return was_set

    def steady_of(self, its_time: float, steady: float) -> float:
        """The second of the steady clock that Asterisk dates so; `steady` is its second now.

        The latest that fits is taken: a date does not lie ahead, nor before the clock was set to
        what it is read by.
        """
        for since, offset in reversed(self._offsets):
            found = its_time - offset
            if since - SLACK_S <= found <= steady + SLACK_S:
                return min(found, steady)
        return its_time - self._offsets[0][1] if self._offsets else its_time


KEPT = 8
"""How many settings of the clock are remembered."""
