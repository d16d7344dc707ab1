"""What is measured can be measured on this tree: tiny, each part starts, finds figures and ends."""

import asyncio
import json
import os
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

import bench.__main__ as runner
from bench import against, edges, events, fanout, filtered, held, hop, latency
from bench.daemon import MeasuredXucd
from bench.explained import ITEMS
from bench.figures import Figure, Row
from bench.links import Address
from bench.load import Load, load
from bench.played import CalmSize
from tests.ws_client import Client
from xucd.cti.socket_writer import framed

TINY = CalmSize(agents=10, queues=3, groups=2)
CLIENTS = 3


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def driven(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Load, MeasuredXucd]]:
    """A daemon with a few clients, and the load that drives it."""
    with load() as running:
        folder = tmp_path_factory.mktemp("bench")
        async with MeasuredXucd(running.listen("xucd", TINY), TINY, folder) as xucd:
            running.open("xucd", xucd.address(), CLIENTS)
            running.open_each("xucd", [xucd.address('{"claz":"ping"}')])
            yield running, xucd


@pytest.fixture
def loaded(driven: tuple[Load, MeasuredXucd]) -> Load:
    return driven[0]


async def states(xucd: MeasuredXucd) -> Counter[str]:
    """How many agents are in each state."""
    found: Counter[str] = Counter()
    async with await Client.connect(xucd.port, xucd.address().path) as client:
        client.ask("getAgentStates")
        while found.total() < len(TINY.places):
            heard = await client.hear()
            if heard["msgType"] == "AgentStateEvent":
                found[heard["ctiMessage"]["name"]] += 1
    return found


def values(figures: list[Figure]) -> dict[str, float]:
    return {figure.what: figure.value for figure in figures}


def test_the_server_and_the_floor_send_the_same_to_all_clients() -> None:
    found = values(fanout.published(2, 1))
    assert found["publish to 2, 1 a turn, plain: of the floor"] > 0
    assert found["publish to 2, 10 a turn, resuming: of the floor"] > 0
    assert found["publish to 2, 10 a turn, TLS: of plain"] > 0


async def test_in_lockstep_each_client_is_told_of_each_event_and_of_the_probe(loaded: Load) -> None:
    stream = loaded.in_lockstep("xucd", 4, 1)["stream"]
    assert stream.count(b'"name":"AgentOnCall"') == 4
    assert stream.count(b'"probe-') == 1
    assert stream.startswith(framed(b"x" * 200)[:1])


async def test_latencies_are_of_probes_that_all_clients_got(loaded: Load) -> None:
    plan = {"seconds": 0.5, "probes": 40.0, "events": 300.0}
    taken = loaded.latencies("xucd", plan, lambda: None)
    assert taken["seconds"]
    assert taken["lost"] == 0
    assert latency.highest_load(loaded, "xucd", rounds=1) > 0


async def test_calls_among_probes_are_played_to_their_end(
    driven: tuple[Load, MeasuredXucd],
) -> None:
    loaded, xucd = driven
    loaded.latencies("xucd", {"seconds": 0.2, "probes": 40.0, "events": 700.0}, lambda: None)
    loaded.in_lockstep("xucd", 1, 1)  # what is heard last is by then
    assert (await states(xucd)).keys() == {"AgentReady", "AgentOnPause"}


async def test_a_ping_waits_for_no_longer_than_the_burst(loaded: Load) -> None:
    found = loaded.burst("xucd", 20)
    assert found["bytes"] > 100_000
    assert 0 < found["longest"] <= found["seconds"]


async def test_an_event_costs_and_is_told_to_its_receivers(tmp_path: Path) -> None:
    numbers = filtered.Numbers(agents=10, groups=2, queues=2, supervisors=2, selves=4)
    with load() as running:
        cost = await filtered.cost(running, tmp_path, numbers, calls=10, rounds=1)
    assert cost.receivers > 0


def test_each_side_of_ingest_takes_each_event() -> None:
    for file in events.TRACES.values():
        played, count, _ = events.recorded(file, 500)
        assert events.by_parser([played]) == events.by_manager([played]) == count
        assert events.by_panoramisk([played[:4096], played[4096:]]) == count
        assert events.by_xucd([played]) > 0


def test_a_peer_tells_its_pages_what_xucd_tells() -> None:
    with load() as running:
        for name, command in against.programs().items():
            port = running.listen(name, TINY)
            with against.running(command, port) as pages:
                running.open(name, Address(pages), 2)
                assert running.flood(name, 2)["seconds"] > 0
                running.close(name)


class Unheld:
    """In place of a control group, for whoever may not make one."""

    def __init__(self, name: str) -> None:
        self.held: list[tuple[int, float]] = []

    def __enter__(self) -> "Unheld":
        return self

    def __exit__(self, *_: object) -> None:
        assert [share for _, share in self.held] == [edges.SHARE]

    def hold(self, pid: int, share: float) -> None:
        self.held.append((pid, share))


async def test_two_edges_are_measured_beside_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edges, "SIZE", TINY)
    monkeypatch.setattr(edges, "ControlGroup", Unheld)
    found = values(await asyncio.to_thread(edges.measure, 4, 3, 1))
    assert found["two edges, of one"] > 0
    assert found["two edges, to 2 each"] > 0


async def test_what_an_edge_adds_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hop, "SIZE", TINY)
    found = values(await asyncio.to_thread(hop.measure, 3, 0.5))
    assert 0 < found["a hop: p50"] <= found["a hop: p99"]
    assert found["a call: messages to who follows agents"] == 3


def test_a_process_is_held_to_a_share_by_who_may() -> None:
    root = held.ROOT / "cpu" if (held.ROOT / "cpu").is_dir() else held.ROOT
    name = f"xucd-test-{os.getpid()}"
    if not os.access(root, os.W_OK):
        with pytest.raises(PermissionError, match="root alone"):
            held.ControlGroup(name)
        return
    with held.ControlGroup(name) as group:
        # It ends only once it has been made to wait for its next share.
        command = f"until grep -qs 'throttled [1-9]' {root / name}/cpu.stat; do :; done"
        with subprocess.Popen(["sh", "-c", command]) as process:
            group.hold(process.pid, 0.1)
            try:
                assert process.wait(30) == 0
            finally:
                process.kill()
    assert not (root / name).exists()


def test_an_item_that_takes_too_long_is_ended_with_all_that_it_began(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XUCD_BENCH_TEST", "of-this-test-alone")
    assert runner.measured("filtered", 3.0) is None
    left = [
        file.parent.name
        for file in Path("/proc").glob("[0-9]*/environ")
        if b"of-this-test-alone" in _environ(file)
    ]
    assert left == []


def _environ(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # it has ended, or is another user's
        return b""


def test_an_item_that_fails_loses_nothing_of_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows: list[Row] = [Figure(what="a", value=1.0).row()]
    record = tmp_path / "bench.json"
    monkeypatch.setattr(runner, "OUTPUT", record)
    monkeypatch.setattr(runner, "write_page", lambda: None)
    monkeypatch.setattr("sys.argv", ["bench", "fanout", "latency", "ingest"])
    monkeypatch.setattr(runner, "measured", lambda name, _: None if name == "latency" else rows)
    assert runner.main() == 1
    assert list(json.loads(record.read_text())) == ["fanout", "ingest"]
    assert "left as it was: latency" in capsys.readouterr().out


def test_all_of_make_bench_fits_into_its_time() -> None:
    assert sum(item.takes for item in ITEMS.values() if item.in_bench) <= runner.MOST_S
