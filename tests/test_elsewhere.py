"""What bounds clients over several processes: counts that are told, memory that is shared."""

from __future__ import annotations

import asyncio
import os

import pytest
from prometheus_client import generate_latest

from xucd.app.merged_metrics import MergedMetrics, metric_values
from xucd.app.process_channel import (
    MAX_KEPT,
    Counts,
    Familiar,
    GiveWay,
    Message,
    ProcessChannel,
    pair,
)
from xucd.cti.metrics import Metrics
from xucd.signin.earlier_attempts import AttemptCells, EarlierAttempts
from xucd.signin.failure_counts import Cells, FailureCounts
from xucd.web.connections import ConnectionLimits, Connections
from xucd.web.elsewhere import WAITING, CountsElsewhere, Nowhere

LIMITS = ConnectionLimits(total=100, by_address=4, links_by_user=3)
HERE = "192.0.2.1"


class Other(Nowhere):
    """The other of two processes, each of which knows at once what the other has."""

    def __init__(self) -> None:
        self.counts = CountsElsewhere()  # what the other has
        self.connections: Connections
        self.there: Other

    def count(self, name: str) -> int:
        return self.counts.sum(name)

    def report_count(self, name: str, number: int) -> None:
        self.there.counts.hear(1, {name: number})

    def give_way(self, address: str) -> bool:
        return self.there.connections.give_way(address)


class Connection:
    """A client's connection."""

    ended = False

    def give_way(self) -> None:
        self.ended = True


@pytest.fixture
def both() -> tuple[Connections, Connections]:
    """The connections of two processes."""
    one, two = Other(), Other()
    one.there, two.there = two, one
    one.connections, two.connections = Connections(LIMITS, one), Connections(LIMITS, two)
    return one.connections, two.connections


def opened(at: Connections, times: int, address: str = HERE) -> list[Connection]:
    made = [Connection() for _ in range(times)]
    for connection in made:
        assert at.open(connection, address)
    return made


def test_a_connection_over_the_bound_of_both_ends_the_oldest_of_its_own_process(
    both: tuple[Connections, Connections],
) -> None:
    one, two = both
    there, here = opened(one, 2), opened(two, 2)
    opened(two, 1)
    assert [connection.ended for connection in here] == [True, False]
    assert not any(connection.ended for connection in there)


def test_a_connection_over_the_bound_of_both_ends_one_of_the_other_process_where_its_own_has_none(
    both: tuple[Connections, Connections],
) -> None:
    one, two = both
    there = opened(one, 4)
    opened(two, 1)
    assert [connection.ended for connection in there] == [True, False, False, False]


def test_a_connection_over_the_bound_of_both_is_refused_where_all_are_served(
    both: tuple[Connections, Connections],
) -> None:
    one, two = both
    for connection in opened(one, 4):
        one.serve(connection)
    assert not two.open(Connection(), HERE)
    assert two.open(Connection(), "192.0.2.2")


def test_a_user_has_links_at_both_up_to_the_bound(both: tuple[Connections, Connections]) -> None:
    one, two = both
    for connection in opened(one, 2):
        assert one.link(connection, 7)
    first, second = opened(two, 2)
    assert two.link(first, 7)
    assert not two.link(second, 7)
    two.close(first)
    assert two.link(second, 7)


def test_what_an_ended_process_had_counts_no_more() -> None:
    counts = CountsElsewhere()
    counts.hear(1, {"a": 2, "b": 1})
    counts.hear(2, {"a": 3})
    counts.hear(1, {"a": 1})
    assert (counts.sum("a"), counts.sum("b"), counts.sum("c")) == (4, 1, 0)
    counts.forget(1)
    assert (counts.sum("a"), counts.sum("b")) == (3, 0)
    assert (dict(counts.told(1)), dict(counts.told(2))) == ({}, {"a": 3})


def test_failures_are_counted_in_the_memory_of_all_forked_processes() -> None:
    cells = Cells()
    counts = FailureCounts(20, lambda: 0.0, cells)
    child = os.fork()
    if not child:
        FailureCounts(20, lambda: 0.0, cells).add("192.0.2.1", "vera")
        os._exit(0)
    os.waitpid(child, 0)
    assert counts.count("192.0.2.1", "vera") == 1
    assert counts.count("192.0.2.1", "max") == 0


def test_each_kind_of_failure_has_memory_of_its_own() -> None:
    cells = AttemptCells.empty()
    one, two = (EarlierAttempts(20, lambda: 0.0, cells) for _ in range(2))
    one.of_pair.add("key")
    assert two.of_pair.count("key") == 1
    assert two.of_address.count("key") == two.of_strangers.count("key") == 0


def test_a_place_is_told_once_and_not_by_who_has_been_told() -> None:
    told: list[tuple[str, str]] = []
    earlier = EarlierAttempts(20, lambda: 0.0, became_familiar=lambda *place: told.append(place))
    earlier.add_familiar("vera", HERE)
    earlier.remember("vera", HERE)
    earlier.remember("max", HERE)
    earlier.remember("max", HERE)
    assert told == [("max", HERE)]
    assert earlier.is_familiar("vera", HERE)


async def channels(heard: list[Message]) -> tuple[ProcessChannel, ProcessChannel]:
    loop = asyncio.get_running_loop()
    one, other = pair()
    sender = ProcessChannel(one, loop, lambda _: None, lambda: None)
    return sender, ProcessChannel(other, loop, heard.append, lambda: heard.append(GiveWay("ended")))


async def heard_all(heard: list[Message], last: Message) -> None:
    async with asyncio.timeout(30):
        while True:
            if last in heard:
                return
            await asyncio.sleep(0)


async def test_who_does_not_read_is_told_the_newest_numbers_later_and_nobody_waits() -> None:
    heard: list[Message] = []
    sender, receiver = await channels(heard)
    loop = asyncio.get_running_loop()
    loop.remove_reader(receiver.socket)
    for number in range(50):  # more than a socket holds
        names = {f"{WAITING} {name}": number for name in range(5000)}
        sender.send(Counts(1, names))
        for place in range(MAX_KEPT):
            sender.send(Familiar(f"vera-{number}", str(place)))
        await asyncio.sleep(0)
    assert len(sender._kept) <= MAX_KEPT + 1
    loop.add_reader(receiver.socket, receiver._read)
    sender.send(Counts(1, {"last": 1}))
    counts: dict[str, int] = {}
    async with asyncio.timeout(30):
        while "last" not in counts:
            await asyncio.sleep(0)
            for message in heard:
                if isinstance(message, Counts):
                    counts.update(message.numbers)
            heard.clear()
    assert {counts[f"{WAITING} {name}"] for name in range(5000)} == {49}
    sender.close()
    receiver.close()


async def test_the_end_of_one_end_is_heard_at_the_other_behind_all_that_was_told() -> None:
    heard: list[Message] = []
    sender, _ = await channels(heard)
    sender.send(Familiar("vera", HERE))
    await asyncio.sleep(0)
    sender.close()
    await heard_all(heard, GiveWay("ended"))
    assert heard == [Familiar("vera", HERE), GiveWay("ended")]
    sender.send(Familiar("vera", HERE))  # to nobody
    await asyncio.sleep(0)


def test_metrics_of_several_processes_are_their_sums() -> None:
    one, two = Metrics(), Metrics()
    one.links.set(2)
    two.links.set(3)
    one.count_command("agentLogin", "ok")
    two.count_command("agentLogin", "ok")
    two.count_command("agentLogout", "refused")
    told = metric_values(one.registry) + metric_values(two.registry)
    merged = MergedMetrics(one.registry, lambda: told, lambda: 2)
    lines = generate_latest(merged).decode().splitlines()
    rows = dict(line.rsplit(maxsplit=1) for line in lines if line[0] != "#")
    assert rows["xucd_links"] == "5.0"
    assert rows['xucd_commands_total{command="agentLogin",outcome="ok"}'] == "2.0"
    assert rows['xucd_commands_total{command="agentLogout",outcome="refused"}'] == "1.0"
    assert rows["xucd_processes"] == "2.0"
    begun = 'xucd_commands_created{command="agentLogin",outcome="ok"}'
    assert float(rows[begun]) == min(each.value for each in told if each.is_begin and
                                     each.labels.get("command") == "agentLogin")  # fmt: skip
    own = generate_latest(one.registry).decode().splitlines()
    heads = [line for line in own if line[0] == "#"]
    assert set(heads) <= {line for line in lines if line[0] == "#"}
