"""The calls that xucd places for callbacks, and why one of them failed.

xucd rings the user's own phone; once that is answered, the phone dials the number. The ticket's
uuid is part of the phone's channel id, by which the call is found again after a restart. That the
two talk, and that the call is over, comes as `PhoneCallChanged`, as of any call of a phone; the
outcome of ringing either phone comes as `DialOutcome`.
"""

from uuid import UUID

import msgspec

from xucd.center.callbacks import Ticket
from xucd.center.changes import DialOutcome, PhoneCall, Stage
from xucd.center.channels import DIAL_ID

# The failure code of each of Asterisk's dial statuses for the number that was dialled.
_DIAL_FAILURES = {"BUSY": "NumberBusy", "NOANSWER": "NumberNotAnswered"}


def call_id(ticket_uuid: UUID) -> str:
    """The unique id of the phone's channel in the call of a ticket."""
    return f"{DIAL_ID}{ticket_uuid}"


class CallbackCall:
    """The progress of one call. `answered` and `ended` are epoch seconds, None until then.

    `failure` is the code of why nobody was reached: `PhoneNotAnswered` for the user's own phone;
    `NumberBusy`, `NumberNotAnswered`, `NumberUnreachable`; `NumberUnknown` if the dialplan did not
    dial. None while that is not known, and if the user hung up first.
    """

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket
        self.unique_id = call_id(ticket.uuid)
        self.answered = ticket.answered
        self.ended: float | None = None
        self.failure: str | None = None
        self._picked_up = False
        self._dialled = False

    @property
    def duration(self) -> float | None:
        """How long they talked, in seconds; None if they did not, or if it is not known."""
        if self.answered is None or self.ended is None:
            return None
        return max(0.0, self.ended - self.answered)

    def shift(self, seconds: float) -> None:
        """The clock was set: every moment is so much later by it."""
        started = self.ticket.started + seconds
        self.ticket = msgspec.structs.replace(self.ticket, started=started)
        if self.answered is not None:
            self.answered += seconds

    def apply_dial_outcome(self, outcome: DialOutcome, now: float) -> None:
        """Record the outcome of ringing the user's phone or the number."""
        if not outcome.far:
            self._picked_up = outcome.status == "ANSWER"
            if not self._picked_up:
                self.failure, self.ended = "PhoneNotAnswered", now
        else:
            self._dialled = True
            not_failed = outcome.status in ("ANSWER", "CANCEL")
            self.failure = (
                None if not_failed else _DIAL_FAILURES.get(outcome.status, "NumberUnreachable")
            )

    def apply_phone_call(self, call: PhoneCall, now: float) -> None:
        """Record the new stage of the user's phone's call."""
        if call.stage is Stage.ESTABLISHED and self.answered is None:
            self.answered = now
        elif call.stage is Stage.RELEASED and self.ended is None:
            self.ended = now
            if self.answered is not None:
                self.failure = None
            elif self._picked_up and not self._dialled:
                self.failure = "NumberUnknown"
