"""What has happened in a queue lately: the figures of a window of time, and the expected wait."""

import msgspec

from xucd.center.queue_day import Outcome, QueueDay

KEPT = 20_000
"""How many entries and ends of calls are kept for windows at least, per queue."""

EXPECTED_CALLS = 50
"""The expected wait is the mean of so many calls answered last."""


class _Happened(msgspec.Struct, frozen=True, gc=False):
    at: float
    outcome: Outcome | None  # None: a call entered
    waited: float = 0.0


class QueueWindow:
    """The latest entries and ends of a queue's calls, bounded. Times are epoch seconds."""

    def __init__(self) -> None:
        self._recent: list[_Happened] = []

    def entered(self, at: float) -> None:
        """A call began to wait."""
        self._keep(_Happened(at, None))

    def ended(self, outcome: Outcome, waited: float, at: float) -> None:
        """A call ended so, after `waited` seconds."""
        self._keep(_Happened(at, outcome, waited))

    def figures(self, after: float, soon: float) -> QueueDay:
        """The figures of what happened after a moment, as far back as it is kept.

        `soon` stands in for `SOON_S`. A call is counted as entered, and as ended, by when it did.
        """
        found = QueueDay()
        for happened in reversed(self._recent):
            if happened.at <= after:
                break
            if happened.outcome is None:
                found.entered += 1
            else:
                found.count(happened.outcome, happened.waited, soon)
        return found

    def expected_wait(self) -> float:
        """How long the calls answered last have waited, on average; 0 when there were none."""
        waits: list[float] = []
        for happened in reversed(self._recent):
            if len(waits) == EXPECTED_CALLS:
                break
            if happened.outcome == "answered":
                waits.append(happened.waited)
        return sum(waits) / len(waits) if waits else 0.0

    def shift(self, seconds: float) -> None:
        """The clock was set: all moments are so much later by it."""
        self._recent = [
            msgspec.structs.replace(each, at=each.at + seconds) for each in self._recent
        ]

    def _keep(self, what: _Happened) -> None:
        place = len(self._recent)
        while place and self._recent[place - 1].at > what.at:  # a log tells of it later
            place -= 1
        self._recent.insert(place, what)
        if len(self._recent) >= 2 * KEPT:
            del self._recent[:-KEPT]
