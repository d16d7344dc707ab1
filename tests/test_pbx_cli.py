"""Commands in Asterisk's container, of which Docker sometimes loses what they have printed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from integration.pbx import ASKED, Pbx, PbxError, Ports

SHOWN = "support has 0 calls (max unlimited) in 'ringall' strategy\n"
PORTS = Ports(ami=1, agi=2, sip=3, phones=4, rtp_start=5, rtp_end=6, media=7)


class Container:
    """Runs commands here. Of the first `lost`, only so many bytes of the output arrive."""

    def __init__(self, lost: int = 0, arrives: int = 0) -> None:
        self._lost = lost
        self._arrives = arrives
        self.asked = 0

    def exec_run(self, command: list[str]) -> tuple[int, bytes]:
        self.asked += 1
        done = subprocess.run(command, capture_output=True, check=False)
        kept = self._arrives if self.asked <= self._lost else len(done.stdout)
        return done.returncode, done.stdout[:kept]


@pytest.fixture(autouse=True)
def asterisk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A command line that answers each command so, and fails at "core show nothing"."""
    (tmp_path / "shown").write_text(SHOWN)
    command = tmp_path / "asterisk"
    command.write_text(f'#!/bin/sh\n[ "$2" != "core show nothing" ] && cat {tmp_path}/shown\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


def pbx_in(container: Container) -> Pbx:
    pbx = Pbx(ports=PORTS)
    pbx._container = container
    return pbx


@pytest.mark.parametrize("arrives", [0, 7, len(SHOWN)])
def test_a_question_whose_answer_got_lost_in_whole_or_in_part_is_asked_again(arrives: int) -> None:
    container = Container(lost=ASKED - 1, arrives=arrives)
    assert pbx_in(container).cli("queue show support") == SHOWN
    assert container.asked == ASKED


def test_a_question_whose_answer_gets_lost_each_time_is_an_error() -> None:
    container = Container(lost=ASKED)
    with pytest.raises(PbxError, match="the answer got lost"):
        pbx_in(container).cli("queue show support")
    assert container.asked == ASKED


def test_a_command_that_changes_something_is_given_once_whatever_arrives() -> None:
    container = Container(lost=1)
    assert pbx_in(container).cli("queue reload all") == ""
    assert container.asked == 1


def test_a_question_that_fails_is_an_error_at_once() -> None:
    container = Container()
    with pytest.raises(PbxError, match="core show nothing"):
        pbx_in(container).cli("core show nothing")
    assert container.asked == 1


def test_a_file_is_read_whole_and_one_that_is_missing_is_empty(asterisk: Path) -> None:
    assert pbx_in(Container(lost=1)).read(str(asterisk / "shown")) == SHOWN
    assert pbx_in(Container()).read(str(asterisk / "missing")) == ""
