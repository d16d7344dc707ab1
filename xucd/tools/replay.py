"""What becomes of the contact centre when a recorded trace is played to it.

The same rules run as in the daemon, with the trace's own times for a clock, so that the same trace
always leads to the same states. Nothing is sent to Asterisk and nothing is kept.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from xucd.center.center import Center, Remembered
from xucd.center.changes import Change
from xucd.center.directory import Directory
from xucd.center.rules.rebuild import rebuild
from xucd.center.rules.table import apply
from xucd.center.snapshot import Snapshot
from xucd.store.journal import midnight_after
from xucd.tools import trace


def changes(
    path: Path, directory: Directory, queues: Mapping[int, Mapping[int, int]]
) -> Iterator[tuple[float, Change]]:
    """Every change that the trace brings about, in order, with its time in epoch seconds.

    `queues` maps agent ids to {queue id: penalty}, as they were when the trace begins. Raises as
    `xucd.tools.trace.replay` does.
    """
    center: Center | None = None
    for now, heard in trace.replay(path):
        if center is None:
            center = Center(directory, now, midnight_after, Remembered(queues))
        while center.due() <= now:
            moment = center.due()
            center.tick(moment)
            yield from ((moment, change) for change in center.drain()[0])
        if isinstance(heard, Snapshot):
            rebuild(center, heard, now)
        else:
            apply(center, heard, now)
        yield from ((now, change) for change in center.drain()[0])
