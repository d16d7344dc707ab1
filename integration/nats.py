"""A NATS server of the distribution's, in a folder of its own; it can be frozen and killed.

It listens on a port of 127.0.0.1 that stays its own. With `tls` it speaks nothing else, with a
certificate that signs itself. In place of a configuration for all comers it takes a file, which
finds the certificate as cert.pem and key.pem, and the environment that this file reads.
"""

from __future__ import annotations

import json
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from integration.ports import free_port
from tests.certificates import certificate
from xucd.cluster.nkey import Nkey

DEADLINE = 30.0
DOCUMENTED = Path(__file__).parent.parent / "docs" / "nats.conf"


class Nats:
    """Use it as a context manager: it is started then, and removed at the end."""

    def __init__(
        self,
        *,
        tls: bool = False,
        file: Path | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="xucd-nats-", dir="/tmp"))
        self._file = file or self.folder / "nats.conf"
        self._environ = environ
        self._tls = tls
        self.port, self._monitor = free_port(), free_port()
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'tls' if self._tls else 'nats'}://127.0.0.1:{self.port}"

    @property
    def ca_file(self) -> str:
        """Its certificate, signed by itself."""
        return str(self.folder / "cert.pem")

    def known_by(self, node: str) -> str:
        """Settings of a node by which it knows the server, and is known by it."""
        return f'ca_file = "{self.ca_file}"\n' if self._tls else ""

    @property
    def trust(self) -> ssl.SSLContext | None:
        """What a client is to trust; None without TLS."""
        return ssl.create_default_context(cafile=self.ca_file) if self._tls else None

    @property
    def log(self) -> str:
        """What it has said, of each connection too."""
        return (self.folder / "log").read_text()

    @property
    def taken(self) -> int:
        """How many messages were published to it since it started."""
        return int(self.monitored()["in_msgs"])

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._server is not None
        return self._server.pid

    def monitored(self) -> dict[str, Any]:
        """What it says of itself: the messages that came and went since it started, and more."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._monitor}/varz") as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def __enter__(self) -> Self:
        try:
            certificate(self.folder, trusted=True)
            tls = 'tls { cert_file: "cert.pem", key_file: "key.pem" }' if self._tls else ""
            (self.folder / "nats.conf").write_text(f"{tls}\n")
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Start it; returns when it answers."""
        # The server ends with the tests even when they are killed.
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", _program(), "-c", self._file, "-D",
                 "-a", "127.0.0.1", "-p", str(self.port), "-m", str(self._monitor)],
                stdout=log, stderr=log, cwd=self.folder, env=self._environ,
            )  # fmt: skip
        end = time.monotonic() + DEADLINE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self._server.poll() is None, f"nats-server has ended: {self.log}"
                assert time.monotonic() < end, f"nats-server does not answer: {self.log}"
                time.sleep(0.02)  # a port that opens announces it to nobody

    def stop(self) -> None:
        """End it in order: it says goodbye to its clients."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash does."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it accept connections, and answer nothing."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it answer again."""
        assert self._server is not None
        self._server.send_signal(signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.send_signal(how)
            server.send_signal(signal.SIGCONT)  # one that is frozen would end only afterwards
            server.wait(DEADLINE)


class DocumentedNats(Nats):
    """With TLS, and the users and permissions that the documents have as an example.

    `keys` are those of the nodes that it knows, of which "owner" may own the PBX main.
    """

    def __init__(self) -> None:
        names = {"owner": "MAIN_1", "edge-1": "EDGE_1", "edge-2": "EDGE_2"}
        self.keys = {node: Nkey.new() for node in names}
        environ = {names[node]: key.public for node, key in self.keys.items()}
        super().__init__(tls=True, file=DOCUMENTED, environ=environ)

    def known_by(self, node: str) -> str:
        """Settings of a node by which it knows the server, and is known by it."""
        return f'{super().known_by(node)}nkey = "{self.keys[node].seed}"\n'


def _program() -> str:
    found = shutil.which("nats-server", path="/usr/local/bin:/usr/sbin:/usr/bin")
    assert found is not None, "nats-server is missing: run integration/bin/ensure-nats"
    return found
