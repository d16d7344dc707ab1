"""Times in which xucd heard nothing of an Asterisk, and what its figures have of them."""

from typing import Literal
from uuid import UUID

import msgspec

from xucd.center.directory import MAIN

Why = Literal["XucdDown", "LinkLost"]
"""What nothing was heard for: xucd was not running, or it had no connection to Asterisk."""

Source = Literal["queue_log", "cdr", "both", "none"]
"""Where the calls of the gap were found: those of queues in Asterisk's `queue_log`, other calls of
agents in its `cdr`, in both, or nowhere."""


class Gap(msgspec.Struct, frozen=True):
    """A time in which nothing was heard, in epoch seconds.

    `ended` and `source` are None until it is known what was found of it. `calls` is the number of
    calls that entered or left a queue in it and were found, by the queue's id. `pbx` is the PBX
    that was not heard: others of the centre may have been.
    """

    uuid: UUID
    began: float
    why: Why
    ended: float | None = None
    source: Source | None = None
    calls: dict[int, int] = {}
    pbx: str = MAIN
