"""One recorded queue call to 500 WebSocket clients: xucd's fan-out beside a bare Autobahn server.

The bare server does nothing but `sendPreparedMessage` of bytes that were made beforehand. xucd's
side starts from Asterisk's own bytes and does all of its work: decoding, the centre, choosing the
audience by rights, encoding, framing, and the write. Server and clients are processes on cores of
their own, the clients being one process that reads and counts bytes; both sides run in turns,
several rounds, and the figure of each is its best. A message counts once for each client that it
has reached.
"""

import argparse
import contextlib
import multiprocessing
import os
import resource
import selectors
import socket
import statistics
import time
from multiprocessing.connection import Connection
from typing import Any

from bench.recorded import GENERATION, SECRET, messages
from xucd.cti.messages import LoggedOn, encode
from xucd.cti.socket_writer import framed
from xucd.signin.tokens import Tokens

CLIENTS = 500
ROUNDS = 5


def serve(side: str, core: int | None, commands: Connection) -> None:
    """A server process."""
    pin(core)
    # Imported here because it installs a reactor, of which a process can have but one.
    from bench import fanout_server  # noqa: PLC0415

    fanout_server.serve(side, commands)


# --- The clients


def listen(core: int | None, commands: Connection) -> None:
    """The clients' process: opens links where told, and tells when a round's bytes are in."""
    pin(core)
    sockets: list[socket.socket] = []
    while (command := commands.recv()) != "stop":
        if command[0] == "open":
            _, port, path, count = command
            for _ in range(count):
                sockets.append(_opened(port, path))
            commands.send("open")
        else:
            _, size = command
            commands.send("reading")
            _read(sockets, size)
            commands.send(time.monotonic())
    for sock in sockets:
        sock.close()


def _opened(port: int, path: str) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += sock.recv(1)
    if not head.startswith(b"HTTP/1.1 101"):
        raise ConnectionError(head.decode())
    return sock


def _read(sockets: list[socket.socket], size: int) -> None:
    """Read until every client has had `size` bytes."""
    left = dict.fromkeys((sock.fileno() for sock in sockets), size)
    buffer = bytearray(256 * 1024)
    with selectors.EpollSelector() as selector:
        for sock in sockets:
            selector.register(sock, selectors.EVENT_READ, data=sock)
        while left:
            for key, _ in selector.select(20):
                sock = key.data
                got = sock.recv_into(buffer)
                left[key.fd] -= got
                if not got or left[key.fd] < 0:
                    raise ConnectionError("a client got less or more than it should have")
                if not left[key.fd]:
                    del left[key.fd]
                    selector.unregister(sock)


# --- The run


class _Side:
    """A server and its clients, each a process on its own core."""

    def __init__(self, name: str, clients: int, cores: tuple[int | None, int | None]) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.name = name
        self.server, server_end = spawn.Pipe()
        self.clients, clients_end = spawn.Pipe()
        self._processes = [
            spawn.Process(target=serve, args=(name, cores[0], server_end), daemon=True),
            spawn.Process(target=listen, args=(cores[1], clients_end), daemon=True),
        ]
        for process in self._processes:
            process.start()
        # Only the process itself holds its end now: if it fails, so does waiting for it.
        server_end.close()
        clients_end.close()
        path = "/"
        if name == "xucd":
            tokens = Tokens(SECRET, 3600, 3600, time.time)
            path = "/xuc/api/2.0/cti?token=" + tokens.sign(tokens.begin("bench", GENERATION))
        self.clients.send(("open", self.server.recv(), path, clients))
        self.clients.recv()
        while True:
            self.server.send("ready")
            if self.server.recv() == clients:
                break
        if name == "xucd":
            # The opening is read first, so that a round is nothing but its messages.
            self._round_of(len(framed(encode(LoggedOn()))), None)

    def _round_of(self, size: int, command: object) -> float:
        self.clients.send(("read", size))
        self.clients.recv()
        began = time.monotonic()
        if command is not None:
            self.server.send(command)
        ended: float = self.clients.recv()
        return ended - began

    def round(self, size: int, per_turn: int) -> float:
        """Seconds for all messages to reach all clients."""
        return self._round_of(size, per_turn)

    def stop(self) -> None:
        """End both processes."""
        for end in (self.clients, self.server):
            with contextlib.suppress(OSError):
                end.send("stop")
        for process in self._processes:
            process.join(5)
            process.kill()


def measure(clients: int = CLIENTS, rounds: int = ROUNDS) -> dict[str, Any]:
    """Run both sides; returns messages per second of each and their ratio, by messages a turn."""

    _room_for(clients)
    sent = messages()
    size = sum(len(framed(message)) for message in sent)
    cores = sorted(os.sched_getaffinity(0))
    pinned = (cores[0], cores[1]) if len(cores) > 1 else (None, None)
    result: dict[str, Any] = {"clients": clients, "messages": len(sent)}
    sides: list[_Side] = []
    try:
        for name in ("autobahn", "xucd"):
            sides.append(_Side(name, clients, pinned))
        for per_turn in (1, 10):
            seconds: dict[str, list[float]] = {side.name: [] for side in sides}
            for _ in range(rounds):
                for side in sides:
                    seconds[side.name].append(side.round(size, per_turn))
            rates = {name: len(sent) * clients / min(taken) for name, taken in seconds.items()}
            result[f"{per_turn} a turn"] = {
                **{name: round(rate) for name, rate in rates.items()},
                "ratio": round(rates["xucd"] / rates["autobahn"], 2),
                "median ratio": round(
                    statistics.median(seconds["autobahn"]) / statistics.median(seconds["xucd"]), 2
                ),
            }
    finally:
        for side in sides:
            side.stop()
    return result


def pin(core: int | None) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})
    _room_for(CLIENTS)


def _room_for(clients: int) -> None:
    """Enough file descriptors for both sides' sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, min(hard, 2 * clients + 256))
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def show(result: dict[str, Any]) -> None:
    """Print what `measure` found."""
    print(f"fan-out to {result['clients']} clients, {result['messages']} messages a round")
    for per_turn in ("1 a turn", "10 a turn"):
        row = result[per_turn]
        print(
            f"{per_turn:>9}: xucd {row['xucd']:>9,}/s, bare Autobahn {row['autobahn']:>9,}/s, "
            f"ratio {row['ratio']} (median {row['median ratio']})"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    show(measure(options.clients, options.rounds))


if __name__ == "__main__":
    main()
