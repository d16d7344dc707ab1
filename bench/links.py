"""The clients of one server, many WebSocket links in one process that reads whatever comes.

They do what a page does, as cheaply as can be: the request of the upgrade, the commands by which it
subscribes, and reading. Nothing is parsed; a probe is found by its bytes.
"""

import contextlib
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bench.played import PROBE, PlayedAsterisk

CHUNK = 65536  # more would be mapped by the kernel anew for each reading
BEAT_S = 20.0
LATE = 20.0
"""Seconds after which what a client still has not got is lost."""
QUIET = 0.1
"""Seconds in which nothing has come, after which nothing does that was caused before."""
PING = '{"claz":"ping"}'
AT_ONCE = 64  # sockets that are read before the first ones are looked at again

_WHOLE = len(PROBE) + 6
_REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@dataclass(frozen=True)
class Address:
    """Where clients connect to, and the commands with which each begins."""

    port: int
    path: str = "/"
    commands: tuple[str, ...] = ()
    tls: bool = False


def opened(address: Address) -> socket.socket:
    """A new link, its upgrade answered."""
    link = socket.create_connection(("127.0.0.1", address.port), timeout=60)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if address.tls:
        link = _TLS.wrap_socket(link)
    link.sendall(_REQUEST.format(path=address.path, port=address.port).encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        got = link.recv(1)
        if not got:
            raise ConnectionError(f"no upgrade: {head.decode(errors='replace')}")
        head += got
    if not head.startswith(b"HTTP/1.1 101"):
        raise ConnectionError(head.decode(errors="replace"))
    link.sendall(b"".join(masked(command.encode()) for command in address.commands))
    link.setblocking(False)
    return link


def masked(text: bytes) -> bytes:
    """A client's text frame. Its mask is all zeros, so the text stands in it as it is."""
    size = len(text)
    if size < 126:
        return bytes((0x81, 0x80 | size, 0, 0, 0, 0)) + text
    return b"\x81\xfe" + size.to_bytes(2, "big") + bytes(4) + text


class Links:
    """The clients of one server, and the Asterisk that the server hears, if it hears one.

    `heard` gets each chunk that comes, with the number of the link; by default it is dropped.
    `followers` are the links that every probe reaches.
    """

    def __init__(self, asterisk: PlayedAsterisk | None = None) -> None:
        self.poll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        self.followers: set[int] = set()
        self._beating: list[socket.socket] = []
        self._beaten = time.monotonic()
        self._silent: set[int] = set()  # whose heartbeat is not answered
        self.unread: list[socket.socket] = []  # of clients that never read
        self.heard: Callable[[int, bytes], None] = _drop
        self.asterisk = asterisk
        if asterisk is not None:
            asterisk.register(self.poll)

    def open(self, addresses: Iterable[Address], *, follow: bool = True) -> None:
        """Open a link to each address."""
        for address in addresses:
            link = opened(address)
            self.sockets[link.fileno()] = link
            self.poll.register(link, select.EPOLLIN)
            if follow:
                self.followers.add(link.fileno())
            if address.path != "/":  # the floor and the peers know of no heartbeat
                self._beating.append(link)

    def open_unread(self, address: Address, count: int) -> None:
        """Open so many links that never read."""
        self.unread += [opened(address) for _ in range(count)]

    def beat(self, every: float = BEAT_S) -> None:
        """Send every client's heartbeat if it is time to: a link is closed after 90 s without."""
        if time.monotonic() - self._beaten < every:
            return
        self._beaten = time.monotonic()
        self._silent |= {link.fileno() for link in self._beating}
        for link in self._beating:
            link.send(masked(PING.encode()))

    def quiet(self) -> None:
        """Read what comes of anything before, the heartbeats above all. Raises `TimeoutError`."""
        self.beat()
        self.heard = _drop
        late = time.monotonic() + LATE
        while self._silent:
            self.turn(0.1)
            if time.monotonic() > late:
                raise TimeoutError(f"{len(self._silent)} heartbeats are not answered")
        self.settle(QUIET)

    def close_one(self) -> None:
        """Close the link that was opened first, without a word."""
        self._forget(next(iter(self.sockets)))

    def _forget(self, fd: int) -> None:
        self.poll.unregister(fd)
        link = self.sockets.pop(fd)
        self.followers.discard(fd)
        self._silent.discard(fd)
        if link in self._beating:
            self._beating.remove(link)
        link.close()

    def close(self) -> None:
        """Close all links."""
        for link in (*self.sockets.values(), *self.unread):
            link.close()
        self.sockets.clear()
        self.unread.clear()

    def turn(self, timeout: float) -> bool:
        """Read what has come, or wait for it (s); whether anything had."""
        asterisk = self.asterisk
        if asterisk is not None and asterisk.waiting:
            asterisk.push()
            timeout = min(timeout, 0.0005)
        ready = self.poll.poll(timeout, AT_ONCE)
        for fd, _ in ready:
            link = self.sockets.get(fd)
            if link is None:
                if asterisk is not None:
                    asterisk.serve(fd, self.poll)
                continue
            chunk = _read(link)
            if chunk == b"":
                self._forget(fd)
                raise ConnectionError("the server closed a link")
            if chunk is not None:
                if self._silent:
                    self._silent.discard(fd)
                self.heard(fd, chunk)
        return bool(ready)

    def settle(self, quiet: float) -> None:
        """Read until nothing has come for so long (s)."""
        self.heard = _drop
        while self.turn(quiet):
            pass


def _read(link: socket.socket) -> bytes | None:
    """What has come; None if it is not enough for TLS to decrypt, b"" at the end."""
    if not isinstance(link, ssl.SSLSocket):
        try:
            return link.recv(CHUNK)
        except ConnectionError:
            return b""
    chunks = []
    with contextlib.suppress(ssl.SSLWantReadError):
        chunks.append(link.recv(CHUNK))
        while link.pending():  # what is decrypted already makes no socket ready
            chunks.append(link.recv(CHUNK))
    return b"".join(chunks) if chunks else None


def _drop(_: int, __: bytes) -> None:
    """Nothing is measured now."""


class Probes:
    """Finds probes in what comes: calls `found` with the number of the link and of the probe."""

    def __init__(self, found: Callable[[int, int], None]) -> None:
        self._found = found
        self._rests: dict[int, bytes] = {}

    def __call__(self, fd: int, chunk: bytes) -> None:
        if self._rests and fd in self._rests:
            chunk = self._rests.pop(fd) + chunk
        end = 0
        while (at := chunk.find(PROBE, end)) >= 0:
            if at + _WHOLE > len(chunk):
                break
            end = at + _WHOLE
            self._found(fd, int(chunk[at + len(PROBE) : end]))
        # A whole message ends with a bracket; a probe that is cut off does not.
        if chunk[-1] not in b"}]":
            self._rests[fd] = chunk[max(end, len(chunk) - _WHOLE + 1) :]


def frames_of(stream: bytes) -> list[bytes]:
    """The whole frames at the beginning of a server's bytes, as they came."""
    frames, at = [], 0
    while at + 2 <= len(stream):
        size, head = stream[at + 1], 2
        if size == 126:
            size, head = int.from_bytes(stream[at + 2 : at + 4], "big"), 4
        elif size == 127:
            size, head = int.from_bytes(stream[at + 2 : at + 10], "big"), 10
        if at + head + size > len(stream):
            break
        frames.append(stream[at : at + head + size])
        at += head + size
    return frames


def frame_file(frames: Sequence[bytes]) -> bytes:
    """The frames as the floor reads them: each after its length."""
    return b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)


_TLS = ssl.create_default_context()
_TLS.check_hostname = False
_TLS.verify_mode = ssl.CERT_NONE  # the certificate is made for the measurement
