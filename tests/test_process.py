"""xucd as a process: the limit of open files, and notifications to a systemd that does not read."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.web_server import until
from xucd.app import file_limit
from xucd.app.systemd import Notifier


def test_the_limit_of_open_files_is_raised_as_far_as_it_goes() -> None:
    program = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (256, 777))\n"
        "from xucd.app import file_limit\n"
        "print(file_limit.raised(), resource.getrlimit(resource.RLIMIT_NOFILE))\n"
    )
    said = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert said == "777 (777, 777)\n"


@pytest.mark.parametrize("limit", [256, 1024, 4096, 65536, 1 << 20])
def test_clients_leave_files_for_asterisk_the_database_and_the_log(limit: int) -> None:
    clients, agi = file_limit.for_clients(limit), file_limit.for_agi(limit)
    assert clients > 0
    assert agi > 0
    if limit >= 1024:
        assert limit - clients - agi >= file_limit.RESERVED


async def test_a_systemd_that_does_not_read_holds_nothing_up(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        systemd.setblocking(False)
        notifier = Notifier({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "2000"})
        alive = asyncio.create_task(notifier.stay_alive())
        # A datagram socket takes few before it is read (net.unix.max_dgram_qlen).
        await asyncio.sleep(0.2)
        notifier.send("RELOADING=1")
        notifier.send("READY=1")
        said: list[str] = []

        def read() -> bool:
            while True:
                try:
                    said.append(systemd.recv(100).decode())
                except BlockingIOError:
                    return "READY=1" in said

        await until(read)
        alive.cancel()
    assert said.index("RELOADING=1") < said.index("READY=1")
    assert "WATCHDOG=1" in said


async def test_a_notification_that_nobody_takes_is_only_logged(tmp_path: Path) -> None:
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).send("READY=1")
    Notifier({}).send("READY=1")
