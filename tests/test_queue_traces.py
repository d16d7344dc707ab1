"""What became of callers, as real traces tell it: each way out of a queue, each transfer into one.

Each trace holds one call after the other. `queue-exits`: Redirect to a phone that answers, to one
that does not, to another queue and back, and while a phone rings; Bridge of two who wait; Park and
taken back; the callback's key (xucd was not there: back into the queue or hung up) and another key;
timeout in two queues; the same queue twice; hung up by the CLI; QueueWithdrawCaller (22 only);
refused; pickup; parked by the agent; a blind transfer out of a queue's call, and out of another.
`queue-transfers`: REFER with Replaces while the transferer waits, as it enters, while a phone
rings, after the answer; and Atxfer, which waits behind a Local channel.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scene import OUTCOMES, SALES, SUPPORT, directory
from xucd.center.center import Center
from xucd.center.events import Event
from xucd.center.queue_day import QueueDay
from xucd.center.rules.rebuild import rebuild
from xucd.center.rules.table import apply
from xucd.center.snapshot import Snapshot
from xucd.cti.messages import QueueStatistic as Figure
from xucd.tools import trace
from xucd.views import queues as queue_views

TRACES = Path(__file__).parent / "traces"


def played(name: str) -> Iterator[tuple[Center, Snapshot | Event]]:
    """The centre after each thing that the trace tells, with time passing as it did."""
    center: Center | None = None
    for now, recorded in trace.replay(TRACES / f"{name}.ami"):
        center = center or Center(directory(), now, lambda _: 1e18)
        while center.due() <= now:
            center.tick(center.due())
        if isinstance(recorded, Snapshot):
            rebuild(center, recorded, now)
        else:
            apply(center, recorded, now)
        yield center, recorded


@pytest.mark.parametrize("version", ["22", "16"])
@pytest.mark.parametrize("name", ["queue-exits", "queue-transfers"])
def test_whoever_has_entered_waits_or_has_one_outcome_at_every_moment(
    name: str, version: str
) -> None:
    for center, recorded in played(f"{name}-{version}"):
        for queue_id in (SUPPORT, SALES):
            body = queue_views.queue_statistics(center, queue_id, 0.0)
            told = {one.stat_name: one.value for one in body.counters}
            parts = sum(told[each] for each in (*OUTCOMES, Figure.WAITING_CALLS))
            assert told[Figure.ENTERED] == parts, (recorded, told)


@pytest.mark.parametrize(
    ("version", "withdrawn"),
    [("22", 1), ("16", 0)],
)
def test_every_way_out_of_a_queue_counts_as_what_it_was(version: str, withdrawn: int) -> None:
    *_, (center, _) = played(f"queue-exits-{version}")
    support, sales = (counted(center, queue_id) for queue_id in (SUPPORT, SALES))
    assert support == QueueDay(
        entered=15 + withdrawn,
        answered=7,  # three by members, two after Redirect, one by Bridge, one out of parking
        abandoned=2,
        timed_out=2,
        diverted=4 + withdrawn,  # not answered after Redirect, to another queue, two by a key
    )
    assert sales == QueueDay(entered=6, answered=1, abandoned=3, timed_out=1, diverted=1)


@pytest.mark.parametrize("version", ["22", "16"])
def test_a_caller_handed_over_into_a_queue_is_answered_there_once(version: str) -> None:
    *_, (center, _) = played(f"queue-transfers-{version}")
    assert counted(center, SALES) == QueueDay(entered=5, answered=4, abandoned=1)


@pytest.mark.parametrize("version", ["22", "16"])
def test_a_caller_handed_over_into_a_queue_waits_there_under_its_own_name(version: str) -> None:
    shown: list[list[tuple[str, str]]] = [[]]
    for center, _ in played(f"queue-transfers-{version}"):
        calls = queue_views.queue_calls(center, SALES).calls
        now = [(call.number, call.name) for call in calls]
        if now != shown[-1]:
            shown.append(now)
    asking, caller = [("1001", "")], [("0230210082", "Alice")]
    nobody: list[tuple[str, str]] = []
    handed_over = [asking, caller, nobody]
    at_once, after_the_answer = [caller, nobody], [asking, nobody]
    assert shown[1:] == [
        *handed_over, *at_once, *handed_over, *after_the_answer, *handed_over
    ]  # fmt: skip


def counted(center: Center, queue_id: int) -> QueueDay:
    day = center.queue_stats.day(queue_id)
    day.answered_soon = 0
    return day
