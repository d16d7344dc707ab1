"""Queues of which our dialplan pauses no agent at the answer: the operator is told of each."""

from collections.abc import Iterable

import structlog

from xucd.center.changes import Change, QueueUnprepared
from xucd.center.directory import Directory

log = structlog.get_logger()

PREPARE = (
    "xucd pauses them for their wrap-up itself, once Asterisk tells it of the answer: a call of "
    "less than some 50 ms can let the next one through. To rule that out, add to queues.conf below "
    "the queue: [NAME](+) with setinterfacevar = yes, membergosub = xucd-sub-wrap, wrapuptime = 0"
)
"""What is logged once of a queue without our dialplan's pause."""


def log_unprepared(directory: Directory, changes: Iterable[Change]) -> None:
    """Log the queues that turn out to be such by these changes."""
    for change in changes:
        if isinstance(change, QueueUnprepared):
            name = directory.queues[change.queue_id].name
            log.info("queue does not pause its agents at the answer", queue=name, hint=PREPARE)
