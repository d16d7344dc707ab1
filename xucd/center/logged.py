"""What a log of Asterisk's says of the callers of queues."""

from typing import Literal

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
