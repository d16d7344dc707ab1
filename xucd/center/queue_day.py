"""A queue's figures of one local day, and the outcomes of calls that they count.

What each outcome means stands in `queue_stats`.
"""

from typing import Literal

import msgspec

SOON_S = 15.0
"""Answered before this is answered soon, abandoned from then on is abandoned late. In seconds."""

Outcome = Literal["answered", "abandoned", "timed out", "callback", "diverted", "unseen", "closed"]

_FIELDS: dict[Outcome, str] = {
    "answered": "answered",
    "abandoned": "abandoned",
    "timed out": "timed_out",
    "callback": "callbacks",
    "diverted": "diverted",
    "unseen": "unseen",
    "closed": "closed",
}

STATUS = "QUEUESTATUS"
"""The channel variable in which Queue() leaves why it let a caller go who was not connected."""

_LET_GO: dict[str, Outcome] = dict.fromkeys(("TIMEOUT", "LEAVEEMPTY", "LEAVEUNAVAIL"), "timed out")


def let_go(status: str) -> Outcome:
    """The outcome of a caller on whose channel Queue() has left this `STATUS`."""
    return _LET_GO.get(status, "diverted")


class QueueDay(msgspec.Struct):
    """A queue's figures of one local day.

    `waiting` maps the unique ids of those whose end is not known yet to when they began to wait, in
    epoch seconds: they are counted as entered already.
    """

    entered: int = 0
    answered: int = 0
    abandoned: int = 0
    closed: int = 0
    timed_out: int = 0
    callbacks: int = 0
    diverted: int = 0
    unseen: int = 0
    answered_soon: int = 0
    abandoned_late: int = 0
    waiting: dict[str, float] = {}

    def count(self, outcome: Outcome, waited: float, soon: float = SOON_S) -> None:
        """Count a call that ended so after `waited` seconds."""
        name = _FIELDS[outcome]
        setattr(self, name, getattr(self, name) + 1)
        if outcome == "answered":
            self.answered_soon += waited < soon
        elif outcome == "abandoned":
            self.abandoned_late += waited >= soon


def percentage(part: int, day: QueueDay) -> float:
    """`part` of the calls whose end was seen, in percent to one decimal; 0 of none."""
    whole = day.answered + day.abandoned + day.timed_out + day.callbacks + day.diverted
    return round(100.0 * part / whole, 1) if whole else 0.0
