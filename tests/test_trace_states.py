"""A recorded trace replays to the states that were seen when it was recorded."""

from pathlib import Path

import pytest

from tests.scene import directory
from xucd.center.center import Center, Remembered
from xucd.center.changes import AgentChanged
from xucd.center.intents import Intent, MarkRecording, Nudge, RelistMembers, SetPause
from xucd.center.rules.rebuild import rebuild
from xucd.center.rules.table import apply
from xucd.center.snapshot import Snapshot
from xucd.tools import replay, trace

TRACES = Path(__file__).parent / "traces"


@pytest.mark.parametrize("version", ["22", "16"])
def test_a_recorded_queue_call_replays_to_its_states(version: str) -> None:
    queues = {8: {1: 0, 2: 0}}
    played = replay.changes(TRACES / f"queue-call-{version}.ami", directory(), queues)
    states = [change.shown.state.value for _, change in played if isinstance(change, AgentChanged)]
    assert states == [
        "AgentReady",
        "AgentRinging",
        "AgentOnCall",
        "AgentOnWrapup",
        "AgentReady",
    ]


@pytest.mark.parametrize("version", ["22", "16"])
def test_the_same_trace_replays_to_the_same_changes(version: str) -> None:
    path = TRACES / f"queue-call-{version}.ami"
    queues = {8: {1: 0, 2: 0}}
    once, again = (list(replay.changes(path, directory(), queues)) for _ in range(2))
    assert once == again


@pytest.mark.parametrize("path", sorted(TRACES.glob("*.ami")), ids=lambda path: path.stem)
def test_an_event_that_comes_twice_changes_nothing_the_second_time(path: Path) -> None:
    center = Center(directory(), 0.0, lambda _: 1e18, Remembered({8: {1: 0, 2: 0}}))
    for now, recorded in trace.replay(path):
        if isinstance(recorded, Snapshot):
            rebuild(center, recorded, now)
            continue
        apply(center, recorded, now)
        center.drain()
        apply(center, recorded, now)
        changes, intents = center.drain()
        assert (recorded, changes) == (recorded, [])
        assert [each for each in intents if not _is_idempotent(each)] == []


def _is_idempotent(intent: Intent | RelistMembers) -> bool:
    """Whether asking for it again does no harm: a mark, a nudge, the end of a pause."""
    if isinstance(intent, SetPause):
        return not intent.paused
    return isinstance(intent, Nudge | MarkRecording | RelistMembers)
