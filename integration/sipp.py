"""SIPp processes in a container, and what their message logs say while they run.

One long-lived shell in the container starts every SIPp. It lives as long as its standard input is
open, so that a killed run leaves no phone behind. A SIPp writes its message log, with the exact
time of each message, into a pipe that is read here; it is told what to do next by datagrams that
look like SIP requests of a call.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import re
import shlex
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from integration.pbx import OWNER, owner_label
from integration.ports import is_free

SCENARIOS = Path(__file__).resolve().parent / "asterisk" / "sipp"

# SIPp 3.6: "2026-11-22 22:13:05.638342", "UDP message sent (298 bytes):",
# "UDP message received [414] bytes :"; SIPp 3.8: "2026-11-22T22:13:05.638342Z", always brackets.
_HEAD = re.compile(
    rb"-{10,} (\d{4}-\d\d-\d\d)[T\t ](\d\d:\d\d:\d\d\.\d+)[^\n]*\n"
    rb"UDP message (sent|received) [\[(](\d+)[^\n]*:\n\n"
)


class SippError(Exception):
    """SIPp could not do what it was asked."""


@dataclass(frozen=True)
class Message:
    """One SIP message that SIPp sent or received."""

    at: float  # seconds since 1970
    sent: bool
    first: str  # "INVITE sip:… SIP/2.0" or "SIP/2.0 200 OK"
    headers: dict[str, str]  # by lower-case name
    body: str

    @property
    def call_id(self) -> str:
        return self.headers.get("call-id", "")

    @property
    def method(self) -> str:
        """What is asked, or what is answered to."""
        return self.headers.get("cseq", "").rpartition(" ")[2]

    @property
    def code(self) -> int:
        """200 and the like; 0 for a request."""
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0") else 0


class Log:
    """Cuts SIPp's message log, as it arrives, into messages."""

    def __init__(self) -> None:
        self._heard = b""

    def feed(self, chunk: bytes) -> Iterator[Message]:
        self._heard += chunk
        while (head := _HEAD.search(self._heard)) is not None:
            end = head.end() + int(head[4])
            if len(self._heard) < end:
                return
            text = self._heard[head.end() : end].decode(errors="replace")
            self._heard = self._heard[end:]
            at = datetime.fromisoformat(f"{head[1].decode()}T{head[2].decode()}")
            yield _message(at.replace(tzinfo=UTC).timestamp(), head[3] == b"sent", text)


def _message(at: float, sent: bool, text: str) -> Message:
    head, _, body = text.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.lower(), value.strip())
    return Message(at, sent, first, headers, body)


class Process:
    """One running SIPp; `done` resolves to its exit code."""

    def __init__(self, name: str, port: int, folder: Path) -> None:
        self.name = name
        self.port = port
        self.done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._errors = folder / f"{name}.err"

    def errors(self) -> str:
        """What SIPp found unexpected; "" if nothing."""
        try:
            return self._errors.read_text(errors="replace")
        except FileNotFoundError:
            return ""


class Sipp:
    """The container, and its shell."""

    def __init__(self, image: str, target: int, ports: range, media: int) -> None:
        """`target` is the SIP port to call; own SIP ports are taken out of `ports`. From `media` on
        there are four ports of sound for each of them (SIPp takes audio and video, with their
        RTCP), and one control port for each after that."""
        self._image = image
        self.target = target
        self._ports = ports
        self._media = media
        self._next_port = itertools.cycle(ports)
        self._held: set[int] = set()
        self._names = itertools.count(1)
        self._running: dict[str, Process] = {}
        self._folder = Path()
        self._shell: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._told = itertools.count(1)

    async def start(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="xucd-phones-"))
        self._folder.chmod(0o777)
        self._shell = await asyncio.create_subprocess_exec(
            *("docker", "run", "--rm", "-i", "--network", "host", "-e", "TZ=UTC"),
            *("--label", f"{OWNER}={owner_label()}"),
            *("-v", f"{SCENARIOS}:/scenarios:ro", "-v", f"{self._folder}:/phones"),
            *(self._image, "sh"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # A Ctrl-C is for us, who then close the shell's input.
            start_new_session=True,
        )
        self._reader = asyncio.create_task(self._read_exits())

    async def stop(self) -> None:
        if self._shell is not None:
            assert self._shell.stdin is not None
            self._shell.stdin.close()
            await self._shell.wait()
            self._shell = None
        if self._reader is not None:
            await self._reader
        self._link.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def write(self, name: str, text: str) -> str:
        """Leaves a file for SIPp; returns its path in the container."""
        (self._folder / name).write_text(text)
        return f"/phones/{name}"

    def run(
        self,
        scenario: str,
        *options: str,
        heard: Callable[[Message], None] | None = None,
        port: int | None = None,
        sound: int | None = None,
    ) -> Process:
        """Starts a SIPp. `heard` is called with each message that it sends or receives.

        `sound` is the port of somebody else who speaks and listens in the place of this SIPp.
        """
        if self._shell is None or self._shell.stdin is None:
            raise SippError("the phones' container is not running")
        held = self._free_port() if port is None else port
        self._held.add(held)
        process = Process(f"{scenario}-{next(self._names)}", held, self._folder)
        self._running[process.name] = process
        media = self.media_of(held)
        command = ["sipp", f"127.0.0.1:{self.target}", "-sf", f"/scenarios/{scenario}.xml"]
        command += ["-i", "127.0.0.1", "-p", str(held), "-mi", "127.0.0.1", "-mp", str(media)]
        # Unused, but SIPp opens its control port all the same, and to the world if let.
        control = self._media + 4 * len(self._ports) + held - self._ports.start
        command += ["-ci", "127.0.0.1", "-cp", str(control)]
        command += ["-nostdin", "-f", "3600", "-aa"]
        command += ["-key", "sound", str(sound or media)]
        command += ["-trace_err", "-error_file", f"/phones/{process.name}.err"]
        if heard is not None:
            self._listen(process, heard)
            command += ["-trace_msg", "-message_file", f"/phones/{process.name}.log"]
        line = shlex.join([*command, *options])
        name = process.name
        self._shell.stdin.write(
            f"( {line} >/dev/null 2>/phones/{name}.out </dev/null; echo {name} $? ) &\n".encode()
        )
        return process

    def media_of(self, port: int) -> int:
        """Where the SIPp at this SIP port takes sound."""
        return self._media + 4 * (port - self._ports.start)

    def tell(self, port: int, call_id: str, method: str, cseq: int, header: str = "") -> None:
        """Tells a call of the SIPp at `port` what to do, by a request its scenario waits for.

        `cseq` is the number of the call's INVITE: SIPp counts on from the last one it received.
        """
        number = next(self._told)
        request = (
            f"{method} sip:phone@127.0.0.1:{port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-told-{number}\r\n"
            f"From: <sip:told@127.0.0.1>;tag={number}\r\nTo: <sip:phone@127.0.0.1>\r\n"
            f"Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n{header}Content-Length: 0\r\n\r\n"
        )
        self._link.sendto(request.encode(), ("127.0.0.1", port))

    def _free_port(self) -> int:
        for port in itertools.islice(self._next_port, len(self._ports)):
            if port not in self._held and is_free(port, socket.SOCK_DGRAM):
                return port
        raise SippError(f"all {len(self._ports)} ports for callers are in use")

    def _listen(self, process: Process, heard: Callable[[Message], None]) -> None:
        path = self._folder / f"{process.name}.log"
        os.mkfifo(path)
        path.chmod(0o666)
        # Open for writing too: a pipe without a writer would be at its end before SIPp starts.
        pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        loop = asyncio.get_running_loop()
        log = Log()

        def read() -> None:
            with contextlib.suppress(BlockingIOError):
                while chunk := os.read(pipe, 65536):
                    for message in log.feed(chunk):
                        heard(message)

        def close(_: asyncio.Future[int]) -> None:
            read()
            loop.remove_reader(pipe)
            os.close(pipe)

        loop.add_reader(pipe, read)
        process.done.add_done_callback(close)

    async def _read_exits(self) -> None:
        assert self._shell is not None and self._shell.stdout is not None
        async for line in self._shell.stdout:
            name, code = line.decode().split()
            self._ended(name, int(code))
        for name in list(self._running):
            self._ended(name, -1)

    def _ended(self, name: str, code: int) -> None:
        process = self._running.pop(name)
        self._held.discard(process.port)
        if not process.done.done():
            process.done.set_result(code)
