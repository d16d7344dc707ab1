"""A recorded trace replays to the states that were seen when it was recorded."""

from pathlib import Path

import pytest

from tests.scene import directory
from xucd.center.changes import AgentChanged
from xucd.tools import replay

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
