"""A PostgreSQL server of the distribution's, in a folder of its own; it can be stopped at will."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import psycopg
import pytest

ENSURE = Path(__file__).parent.parent / "integration/bin/ensure-postgres"


def programs() -> Path:
    """The folder of the distribution's PostgreSQL, which is installed if it is missing."""
    return Path(
        subprocess.run([ENSURE], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    )


MEMORY = Path("/dev/shm")
ROOM = 4 << 30
"""The bytes that the hundreds of databases of a run fit into, several times."""


def _place() -> Path:
    """Where to keep databases: in memory, where they are made five times as fast, or on disk."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    return MEMORY if roomy else Path("/tmp")


class PostgresServer:
    """Use it as a context manager: it is started then, and removed at the end."""

    def __init__(self) -> None:
        self._programs = programs()
        # Short, because a socket's path is at most 107 characters long.
        self.folder = Path(tempfile.mkdtemp(prefix="xucd-pg-", dir=_place()))
        # The server ends with the tests even when they are killed. It refuses to run as root.
        self._unprivileged = ["setpriv", "--pdeathsig", "INT"]
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            self._unprivileged += ["--reuid=postgres", "--regid=postgres", "--init-groups"]
        self._server: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        try:
            subprocess.run(
                [*self._unprivileged, self._programs / "initdb", "--no-sync", "-U", "test",
                 "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-D", self._data],
                check=True, stdout=subprocess.DEVNULL, cwd="/",
            )  # fmt: skip
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGQUIT)  # nobody needs what it would write
        shutil.rmtree(self.folder)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        """Returns when the server accepts connections."""
        self._server = subprocess.Popen(
            [*self._unprivileged, self._programs / "postgres", "-D", self._data,
             "-k", self.folder, "-c", "listen_addresses=", "-c", "fsync=off",
             # Nobody reads its log once it has started: a full pipe would hold it up.
             "-c", "max_connections=40", "-c", "log_checkpoints=off"],
            stderr=subprocess.PIPE, text=True, cwd="/",
        )  # fmt: skip
        assert self._server.stderr is not None
        said = []
        for line in self._server.stderr:
            said.append(line)
            if "ready to accept connections" in line:
                return
        pytest.fail("PostgreSQL did not start:\n" + "".join(said))

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server and all its connections: SIGINT in order, SIGQUIT as in a crash."""
        server, self._server = self._server, None
        if server is not None:
            server.send_signal(how)
            server.communicate()

    def freeze(self) -> None:
        """Let it and all that serve its connections stand still."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, how: signal.Signals) -> None:
        assert self._server is not None
        first = self._server.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for pid in (first, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):  # a connection was closed just now
                os.kill(pid, how)

    def create(self, name: str, template: str = "template1") -> str:
        """Make a database, a copy of another that nobody uses; returns its URL."""
        address = f"postgresql://test@/postgres?host={self.folder}"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return f"postgresql://test@/{name}?host={self.folder}"
