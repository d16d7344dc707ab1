"""Asterisk's queue_log: what its lines say, and reading it backwards over rotated files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xucd.center.logged import Logged
from xucd.logs import backwards
from xucd.logs.backwards import LogError
from xucd.logs.queue_log import parse, read

AT = 1_795_000_000.0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "1795000000|u1|support|NONE|ENTERQUEUE||0230210082|1",
            Logged(AT, "entered", "u1", "support"),
        ),
        (
            "1795000000|u1|support|Agent/2501|CONNECT|7|u2|3",
            Logged(AT, "connected", "u1", "support", "Agent/2501", "u2", waited=7, rang=3),
        ),
        (
            "1795000000|u1|support|Agent/2501|COMPLETEAGENT|7|61|1",
            Logged(AT, "completed", "u1", "support", "Agent/2501", waited=7, talked=61),
        ),
        (
            "1795000000|u1|support|Agent/2501|BLINDTRANSFER|1005|default|7|61|1",
            Logged(AT, "completed", "u1", "support", "Agent/2501", waited=7, talked=61),
        ),
        (
            "1795000000|u1|support|Agent/2501|ATTENDEDTRANSFER|BRIDGE|b-1|7|61|1",
            Logged(AT, "completed", "u1", "support", "Agent/2501", waited=7, talked=61),
        ),
        (
            "1795000000|u1|support|NONE|ABANDON|1|1|12",
            Logged(AT, "left", "u1", "support", outcome="abandoned", waited=12),
        ),
        (
            "1795000000|u1|support|NONE|EXITWITHTIMEOUT|1|1|60",
            Logged(AT, "left", "u1", "support", outcome="timed out", waited=60),
        ),
        (
            "1795000000|u1|support|NONE|EXITWITHKEY|5|1|1|9",
            Logged(AT, "left", "u1", "support", outcome="diverted", waited=9),
        ),
        (
            "1795000000|u1|support|Agent/2501|RINGNOANSWER|5000",
            Logged(AT, "not answered", "u1", "support", "Agent/2501", rang=5),
        ),
        ("1795000000|NONE|NONE|NONE|QUEUESTART|", None),
        ("1795000000|NONE|support|Agent/2501|PAUSE|lunch", None),
    ],
)
def test_what_a_line_says(line: str, said: Logged | None) -> None:
    assert parse(line.encode()) == said


@pytest.mark.parametrize(
    "line",
    [
        "",
        "1795000000|u1|support|NONE",
        "soon|u1|support|NONE|ENTERQUEUE||1|1",
        "nan|u1|support|NONE|ENTERQUEUE||1|1",
        "1795000000|u1|support|Agent/2501|CONNECT|7|u2",
        "1795000000|u1|support|Agent/2501|CONNECT|-7|u2|3",
        "1795000000|u1|support|Agent/2501|COMPLETEAGENT|7|nan|1",
        "1795000000|u1|support|NONE|ABANDON|1|1|soon",
    ],
)
def test_a_broken_line_says_nothing(line: str) -> None:
    assert parse(line.encode()) is None


@given(st.binary(max_size=200))
def test_no_line_is_an_error(line: bytes) -> None:
    said = parse(line)
    assert said is None or said.at >= 0


def entered(second: int) -> str:
    return f"{1_795_000_000 + second}|u{second}|support|NONE|ENTERQUEUE||1|1\n"


def seconds(found: list[Logged]) -> list[int]:
    return [int(one.at - AT) for one in found]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "queue_log"


def test_it_is_read_as_far_back_as_is_asked(log: Path) -> None:
    log.write_text("".join(entered(second) for second in range(100)))
    assert seconds(read(log, AT + 90)) == list(range(90, 100))


def test_a_line_that_is_being_written_and_other_bytes_are_left_out(log: Path) -> None:
    text = entered(0) + entered(5) + "\xff\x00 rubbish\n" + entered(6) + "1795000007|u7|supp"
    log.write_bytes(text.encode("latin-1"))
    assert seconds(read(log, AT + 4)) == [5, 6]


def test_a_torn_line_with_an_old_time_hides_nothing_of_what_was_logged_before_it(log: Path) -> None:
    lines = [entered(second) for second in range(40)]
    lines[30:30] = ["17\n", "179|u|support|NONE|ENTERQUEUE||1|1\n"]
    log.write_text("".join(lines))
    assert seconds(read(log, AT + 5)) == list(range(5, 40))


def test_it_is_read_no_further_than_some_older_lines(log: Path) -> None:
    log.write_text(entered(99) + "".join(entered(second) for second in range(40)))
    assert seconds(read(log, AT + 35)) == list(range(35, 40))


@pytest.mark.parametrize("chunk", [1, 7, 64, 1 << 18])
def test_it_is_read_in_pieces_of_any_size(
    log: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backwards, "CHUNK", chunk)
    log.write_text("".join(entered(second) for second in range(20)))
    assert seconds(read(log, AT + 3)) == list(range(3, 20))


def test_rotated_files_are_read_too_the_latest_first(log: Path) -> None:
    # As logrotate names them, and as Asterisk itself may: only when they were written counts.
    for age, (end, part) in enumerate(
        [("", range(20, 30)), (".1", range(10, 20)), (".0", range(10))]
    ):
        file = log.with_name(log.name + end)
        file.write_text("".join(entered(second) for second in part))
        os.utime(file, (AT - age, AT - age))
    log.with_name("queue_log.2.gz").write_bytes(b"\x1f\x8b")
    log.with_name("queue_log.bak").write_text(entered(1))
    assert seconds(read(log, AT + 5)) == list(range(5, 30))


def test_one_that_does_not_reach_back_so_far_is_not_believed(log: Path) -> None:
    log.write_text(entered(50))
    with pytest.raises(LogError, match="does not reach back"):
        read(log, AT)


def test_one_with_too_much_to_read_is_not_believed(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backwards, "MAX_BYTES", 1000)
    log.write_text("".join(entered(second) for second in range(100)))
    with pytest.raises(LogError, match="too much"):
        read(log, AT)


def test_one_that_is_not_there_or_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="no such file"):
        read(tmp_path / "queue_log", AT)
    with pytest.raises(LogError, match="No such file"):
        read(tmp_path / "none" / "queue_log", AT)
    (tmp_path / "queue_log").mkdir()
    with pytest.raises(LogError, match="directory"):
        read(tmp_path / "queue_log", AT)
