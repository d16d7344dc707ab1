"""Replays a recorded trace to a contact centre, and yields the changes that it causes.

The rules are the daemon's, and the clock shows the trace's times, so that the same trace always
leads to the same states. Nothing is sent to Asterisk and nothing is stored.
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
    """Every change that the trace causes, in order, with its time in epoch seconds.

    `queues` maps agent ids to {queue id: penalty} at the beginning of the trace. Raises as
    `xucd.tools.trace.replay` does.
    """
    center: Center | None = None
    for now, item in trace.replay(path):
        if center is None:
            center = Center(directory, now, midnight_after, Remembered(queues))
        while center.due() <= now:
            moment = center.due()
            center.tick(moment)
            yield from ((moment, change) for change in center.drain()[0])
        if isinstance(item, Snapshot):
            rebuild(center, item, now)
        else:
            apply(center, item, now)
        yield from ((now, change) for change in center.drain()[0])
