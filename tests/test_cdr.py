"""Asterisk's CDR: what its lines say, and reading them backwards."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cdr_lines import a_record
from xucd.center.logged import CallRecord
from xucd.logs.backwards import LogError
from xucd.logs.cdr import COLUMNS, ORDER_S, parse, read

AT = 1_795_717_322.0
AS_WRITTEN = (
    '"","1001","0230210099","default",""""" <1001>","PJSIP/1001-00000000","PJSIP/trunk-00000001",'
    '"Dial","PJSIP/0230210099@trunk,60,","2026-11-26 18:22:02","2026-11-26 18:22:03",'
    '"2026-11-26 18:22:04",2,1,"ANSWERED","DOCUMENTATION","1795717322.0"'
)
"""A line as Asterisk 16 and 22 write it."""

SAID = CallRecord(
    "PJSIP/1001-00000000", "PJSIP/trunk-00000001", "Dial", AT, AT + 1, AT + 2, True, "1795717322.0"
)


@pytest.mark.parametrize("more", ["", ',""', ',"","","1795717322.0",0'])
def test_what_a_line_says_whatever_columns_follow(more: str) -> None:
    assert parse((AS_WRITTEN + more).encode()) == SAID


def test_a_call_that_nobody_answered_has_no_time_of_answer() -> None:
    said = parse(a_record(AT, AT + 3).encode())
    assert said is not None
    assert (said.answered, said.taken, said.ended) == (None, False, AT + 3)


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        (',"1795717322.0"', ""),  # without loguniqueid
        ("2026-11-26 18:22:02", "1795717322"),
        ("2026-11-26 18:22:02", "2026-11-26 18:22:09"),
        ("2026-11-26 18:22:03", "2026-11-26 18:22:09"),
        ("2026-11-26 18:22:04", "2026-11-26 18:22:74"),
        ("2026-11-26 18:22:04", ""),
        ("PJSIP/1001-00000000", ""),
        (AS_WRITTEN, ""),
        (AS_WRITTEN, AS_WRITTEN[:90]),
    ],
)
def test_a_broken_line_says_nothing(written: str, instead: str) -> None:
    assert parse(AS_WRITTEN.replace(written, instead).encode()) is None


@given(st.binary(max_size=200))
def test_no_line_is_an_error(line: bytes) -> None:
    said = parse(line)
    assert said is None or said.ended >= said.began


@given(st.integers(0, COLUMNS - 1), st.text(max_size=22))
def test_nothing_in_a_column_is_an_error(column: int, text: str) -> None:
    fields = next(csv.reader([AS_WRITTEN]))
    fields[column] = text.replace('"', '""')
    said = parse(",".join(f'"{field}"' for field in fields).encode())
    assert said is None or said.ended >= said.began


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "Master.csv"


def ends(found: tuple[list[CallRecord], int]) -> list[float]:
    return [record.ended - AT for record in found[0]]


def test_it_is_read_as_far_back_as_calls_of_that_time_may_be_written(log: Path) -> None:
    # The first record of a call that was handed on ended long before the call did.
    at = [-2 * ORDER_S, -ORDER_S - 10, 5, -60, 10]
    log.write_text("".join(a_record(AT + end - 3, AT + end) for end in at))
    assert ends(read(log, AT)) == at[1:]


def test_broken_lines_are_passed_over_and_counted(log: Path) -> None:
    lines = [a_record(AT - 60, AT - 50), "rubbish\n", a_record(AT, AT + 5), '"half a li']
    log.write_text("".join(lines))
    assert ends(found := read(log, AT)) == [-50, 5]
    assert found[1] == 2


@pytest.mark.parametrize(
    ("written", "says"),
    [(a_record(AT, AT + 5), "does not reach back"), ("rubbish\n", "1 lines are broken")],
)
def test_one_that_does_not_reach_back_so_far_is_not_believed(
    log: Path, written: str, says: str
) -> None:
    log.write_text(written)
    with pytest.raises(LogError, match=says):
        read(log, AT)
