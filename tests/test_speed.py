"""The record of `make bench`, the page written from it, and the guard that compares with it."""

import json
import select
import socket
from pathlib import Path
from typing import Any

import pytest

from bench import quick
from bench.__main__ import keep
from bench.explained import ITEMS
from bench.figures import Figure, in_turns, quartiles, ratio
from bench.links import Probes, frame_file, frames_of, masked
from bench.played import PlayedAsterisk, audible, pieces
from bench.quick import fallen
from integration.pages.busy import Size
from tests.test_docs import script
from xucd.cti.socket_writer import framed

PROJECT = Path(__file__).parent.parent


def test_the_page_of_speed_is_written_from_the_record_as_it_is_now() -> None:
    record = json.loads((PROJECT / "bench.json").read_text(encoding="utf-8"))
    page = (PROJECT / "docs/speed.md").read_text(encoding="utf-8")
    assert script("write_speed").page(record) == page, "run docs/write_speed.py"


def test_each_item_of_the_record_says_where_it_is_of() -> None:
    record = json.loads((PROJECT / "bench.json").read_text(encoding="utf-8"))
    assert list(record) == [name for name in ITEMS if name in record]
    for measured in record.values():
        assert measured["figures"]
        assert {"date", "commit", "processor", "cores", "load"} <= measured["run"].keys()


def test_the_page_begins_with_what_has_a_limit() -> None:
    run = {"date": "d", "commit": "", "processor": "p", "cores": 2, "kernel": "k", "python": "3"}
    rows = [
        Figure(what="kept", value=0.9, bound="at least", limit=0.8).row(),
        Figure(what="passed", value=2.0, unit="s", bound="at most", limit=1.5).row(),
        Figure(what="told", value=7.0).row(),
    ]
    page = script("write_speed").page({"ingest": {"run": {**run, "load": 0.1}, "figures": rows}})
    head, section = page.split("\n## Ingest\n")
    assert "1 of 2 are met." in head
    assert "| [Ingest](#ingest): kept | 0.9 |  | at least 0.8 | met |" in head
    assert "| [Ingest](#ingest): passed | 2 s |  | at most 1.5 | **missed** |" in head
    assert "told" not in head
    assert "| told | 7 |  |  |  |" in section


def test_what_is_measured_again_replaces_its_item_alone(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    for name, value in (("ingest", 1.0), ("fanout", 2.0), ("ingest", 3.0)):
        keep(file, name, [Figure(what="a", value=value).row()], {"date": f"day {value}"})
    record = json.loads(file.read_text())
    assert [(name, item["run"], item["figures"][0]["value"]) for name, item in record.items()] == [
        ("fanout", {"date": "day 2.0"}, 2.0),
        ("ingest", {"date": "day 3.0"}, 3.0),
    ]


@pytest.mark.parametrize(
    ("bound", "value", "met"),
    [("at least", 0.8, True), ("at least", 0.79, False), ("at most", 1.3, True), ("", 9, None)],
)
def test_a_figure_says_whether_its_limit_is_met(bound: Any, value: float, met: bool | None) -> None:
    limit = {"at least": 0.8, "at most": 1.3}.get(bound)
    assert Figure(what="a", value=value, bound=bound, limit=limit).met is met


def recorded(bound: str, values: list[float]) -> dict[str, Any]:
    return ratio("a", values, bound, 1.0).row()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bound", "values", "fell"),
    [
        ("at least", [0.60, 0.62, 0.61, 0.63, 0.60], True),
        ("at least", [0.72, 0.73, 0.71, 0.72, 0.72], False),  # less than 15 %
        ("at least", [0.60, 0.62, 0.61, 0.82, 0.83], False),  # as good as before, now and then
        ("at most", [0.99, 0.98, 1.0, 1.01, 0.99], True),
        ("at most", [0.70, 0.72, 0.71, 0.70, 0.69], False),
    ],
)
def test_a_ratio_has_fallen_beyond_noise_only(bound: str, values: list[float], fell: bool) -> None:
    before = recorded(bound, [0.80, 0.81, 0.79, 0.82, 0.78])
    assert fallen(ratio("a", values), before) is fell


def test_the_guard_says_which_ratio_fell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [0.80, 0.81, 0.79, 0.82, 0.78]
    record = tmp_path / "bench.json"
    figures = [{**recorded("at least", before), "what": name} for name in "ab"]
    record.write_text(json.dumps({"quick": {"figures": figures}}))
    monkeypatch.setattr(quick, "RECORD", record)
    monkeypatch.setattr("sys.argv", ["quick"])
    now = {"a": before, "b": [0.6, 0.61, 0.59, 0.6, 0.6]}
    found = [ratio(name, values) for name, values in now.items()]
    monkeypatch.setattr(quick, "PARTS", {"one": lambda: found})
    assert quick.main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "a: 0.8, recorded 0.8 (+0 %)",
        "b: 0.6, recorded 0.8 (-25 %)  FELL",
        "1 fell by more than 15 %: b",
    ]
    monkeypatch.setattr(quick, "PARTS", {"one": lambda: found[:1]})
    assert quick.main() == 0


def test_sides_take_turns_and_the_first_round_does_not_count() -> None:
    order: list[str] = []

    def side(name: str) -> float:
        order.append(name)
        return float(len(order))

    found = in_turns({"a": lambda: side("a"), "b": lambda: side("b")}, 2)
    assert "".join(order) == "baabba"
    assert found == {"a": [3.0, 6.0], "b": [4.0, 5.0]}
    assert quartiles([1.0, 2.0]) == (1.0, 1.5, 2.0)


def test_the_floor_gets_the_frames_that_a_client_got() -> None:
    frames = [framed(b"x" * size) for size in (5, 125, 126, 70_000)]
    stream = b"".join(frames)
    assert frames_of(stream) == frames
    assert frames_of(stream[:-1]) == frames[:-1]
    assert frame_file(frames[:1]) == b"\0\0\0\7" + frames[0]
    assert masked(b"hello")[6:] == b"hello"


def test_a_probe_is_found_however_its_bytes_come() -> None:
    message = b'{"ctiMessage":{"cause":"probe-000123"}}'
    for cut in range(1, len(message)):
        found: list[tuple[int, int]] = []
        probes = Probes(lambda fd, number, found=found: found.append((fd, number)))  # type: ignore[misc]
        probes(7, message[:cut])
        probes(7, message[cut:] + message)
        assert found == [(7, 123), (7, 123)]


def test_the_traffic_is_cut_after_each_event_of_which_clients_are_told() -> None:
    asterisk = PlayedAsterisk(Size(agents=20, queues=4, groups=2))
    told = sum(flag for phase in audible() for flag in phase)
    assert told == 3
    events = asterisk.traffic(3)
    assert len(pieces(events, 1)) in (3 * told, 3 * told + 1)
    assert b"".join(pieces(events, 10)) == b"".join(event for event, _ in events)
    asterisk.listener.close()


def test_an_asterisk_that_is_played_lists_no_more_than_it_is_asked_for() -> None:
    size = Size(agents=20, queues=4, groups=2)
    asterisk = PlayedAsterisk(size)
    with select.epoll() as poll, socket.create_connection(("127.0.0.1", asterisk.port)) as asking:
        asterisk.serve(asterisk.listener.fileno(), poll)

        def answer(action: str) -> bytes:
            asking.sendall(action.encode())
            ((fd, _),) = poll.poll(5)
            asterisk.serve(fd, poll)
            return asking.recv(65536)

        everything = answer("Action: QueueStatus\r\nActionID: 1\r\n\r\n")
        queue = answer("Action: QueueStatus\r\nActionID: 3\r\nQueue: q2\r\n\r\n")
        callers = answer("Action: QueueStatus\r\nActionID: 2\r\nQueue: q2\r\nMember: -\r\n\r\n")
    asterisk.listener.close()
    members = sum(len(set(place.queues)) for place in size.places)
    assert everything.count(b"Event: QueueParams") == 4
    assert everything.count(b"Event: QueueMember") == members
    assert queue.count(b"Event: QueueMember") == sum(2 in place.queues for place in size.places)
    assert b"Event: QueueParams\r\nQueue: q2\r\n" in callers
    assert callers.count(b"Event: ") == 2  # it, and the list's end
