"""No two processes of the tests are given the same port, nor is one that somebody holds."""

from __future__ import annotations

import socket
import subprocess
import sys

from integration import ports
from tests.conftest import PROJECT

ASKS = "from integration.ports import free_port; print(*(free_port() for _ in range(150))); input()"


def test_processes_that_live_at_the_same_time_have_no_port_in_common() -> None:
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", ASKS],
            cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    mine = {ports.free_port() for _ in range(150)}
    given = [mine]
    for process in asking:
        assert process.stdout is not None
        given.append({int(port) for port in process.stdout.readline().split()})
    for process in asking:
        process.communicate("")
    assert [len(each) for each in given] == [150, 150, 150]
    assert len(set.union(*given)) == 450


def test_a_port_that_somebody_holds_is_passed_over() -> None:
    while (following := ports.free_port() + 1) % ports.BLOCK == 0:
        pass  # the next block may be another process's
    with socket.socket() as held:
        held.bind(("127.0.0.1", following))
        assert ports.free_port() != following


def test_a_claimed_block_is_claimed_once_until_it_is_released() -> None:
    base = 15900  # below all that are given out
    assert ports.claim(base)
    assert not ports.claim(base)
    ports.release(base)
    assert ports.claim(base)
    ports.release(base)
