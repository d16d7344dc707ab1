"""What Asterisk's logs say: one of the callers of queues, the other (CDR) of all calls."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Self

import msgspec

Kind = Literal["entered", "connected", "completed", "left", "not answered"]
"""A caller entered a queue, a member answered, the two ended, the caller left without an answer, a
member did not answer."""


class Logged(msgspec.Struct, frozen=True):
    """One line. `at` is an epoch second of Asterisk's clock, `unique_id` the caller's channel's.

    `agent` is the member's name, `phone` the unique id of its channel, each "" if not told.
    `outcome` says how the caller left: ``abandoned``, ``timed out``, ``diverted`` or, of one that
    never waited, ``closed``. In seconds are `waited`, `rang` and `talked`, None if not told.
    """

    at: float
    kind: Kind
    unique_id: str = ""
    queue: str = ""
    agent: str = ""
    phone: str = ""
    outcome: Literal["abandoned", "timed out", "diverted", "closed"] | None = None
    waited: float | None = None
    rang: float | None = None
    talked: float | None = None

    def dated(self, own: Callable[[float], float]) -> Self:
        """The same by another clock, which `own` reads."""
        return msgspec.structs.replace(self, at=own(self.at))


class CallRecord(msgspec.Struct, frozen=True):
    """One record of CDR. Moments are epoch seconds of Asterisk's clock.

    `channel` is the name of the channel that placed the call, whose unique id it is, and `called`
    that of the one that was rung for it, "" for none. `answered` is when the first of them went up,
    None if it did not; `taken` says that the other answered.
    """

    channel: str
    called: str
    application: str
    began: float
    answered: float | None
    ended: float
    taken: bool
    unique_id: str

    def dated(self, own: Callable[[float], float]) -> Self:
        """The same by another clock, which `own` reads."""
        answered = None if self.answered is None else own(self.answered)
        return msgspec.structs.replace(
            self, began=own(self.began), answered=answered, ended=own(self.ended)
        )


class LogsTold(msgspec.Struct, frozen=True):
    """What the logs tell of a gap, by xucd's clock.

    `seated` are the agents who sat at their phones throughout it, by the devices of their lines.
    """

    lines: Sequence[Logged] = ()
    records: Sequence[CallRecord] = ()
    seated: Mapping[str, int] = {}
