"""The calls that xucd places for callbacks, and why one of them failed.

Such a call is one that xucd dials for a user: first the user's own phone rings, and once that is
answered it dials. Its phone's channel bears the ticket's uuid, by which the call is found again
after a restart. That the two talk, and that it is over, is told as of any call of a phone
(`PhoneCallChanged`); what became of the ringing is told as
`DialOutcome`.
"""

from uuid import UUID

from xucd.center.callbacks import Ticket
from xucd.center.changes import DialOutcome, PhoneCall, Stage
from xucd.center.channels import DIAL_ID

_FAR = {"BUSY": "NumberBusy", "NOANSWER": "NumberNotAnswered"}


def call_id(ticket_uuid: UUID) -> str:
    """The unique id of the phone's channel in the call of a ticket."""
    return f"{DIAL_ID}{ticket_uuid}"


class CallbackCall:
    """A call of a callback as it goes. `answered` and `ended` are epoch seconds, None until then.

    `failure` is the code of why nobody was reached: `PhoneNotAnswered` by the user's own phone;
    `NumberBusy`, `NumberNotAnswered`, `NumberUnreachable`; `NumberUnknown` where the dialplan
    did not even dial. None while there is no telling, and when the user gave up.
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
        """How long they talked, in seconds; None when they did not, or it is not known."""
        if self.answered is None or self.ended is None:
            return None
        return max(0.0, self.ended - self.answered)

    def rung(self, outcome: DialOutcome, now: float) -> None:
        """One of the two phones was rung."""
        if not outcome.far:
            self._picked_up = outcome.status == "ANSWER"
            if not self._picked_up:
                self.failure, self.ended = "PhoneNotAnswered", now
        else:
            self._dialled = True
            given_up = outcome.status in ("ANSWER", "CANCEL")
            self.failure = None if given_up else _FAR.get(outcome.status, "NumberUnreachable")

    def became(self, call: PhoneCall, now: float) -> None:
        """The phone's call is another."""
        if call.stage is Stage.ESTABLISHED and self.answered is None:
            self.answered = now
        elif call.stage is Stage.RELEASED and self.ended is None:
            self.ended = now
            if self.answered is not None:
                self.failure = None
            elif self._picked_up and not self._dialled:
                self.failure = "NumberUnknown"
