"""The daemon under what its systemd unit forbids, speaking systemd's own protocol.

`confined` tells what of the unit is in force here and what is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pwd
import shutil
import socket
import struct
import sys
import sysconfig
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integration import confined
from integration.client import Client
from integration.fixtures import World
from integration.pbx import Pbx
from integration.running import Xucd
from xucd.store import Store

pytestmark = pytest.mark.any_asterisk

DEADLINE = 30.0
WATCHDOG_S = 0.4  # 30 in the unit; how often it is told depends on nothing else
PROJECT = confined.UNIT.parent.parent
# This very Python with its libraries, wherever it is installed: the service may not look there.
GIVEN = {
    "python": sys.base_prefix,
    "libraries": sysconfig.get_path("platlib"),
    "project": str(PROJECT),
}
PYTHON = f"{confined.ROOT}/python/bin/python{sys.version_info[0]}.{sys.version_info[1]}"


class Systemd:
    """The socket to which a service tells how it is; what the main process said, in order."""

    def __init__(self) -> None:
        self.name = f"xucd-test-{uuid.uuid4().hex}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.setblocking(False)
        self._socket.bind(f"\0{self.name}")
        # Read all the time: who tells waits while too much lies here unread.
        self._came: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
        asyncio.get_running_loop().add_reader(self._socket, self._receive)

    def _receive(self) -> None:
        data, ancillary, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(12))
        pid, _, _ = struct.unpack("3i", ancillary[0][2])
        self._came.put_nowait((pid, data.decode()))

    async def told(self, main: int) -> str:
        """The next thing told. From any but the main process it would count for nothing."""
        pid, text = await asyncio.wait_for(self._came.get(), DEADLINE)
        assert pid == main
        return text

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder that holds what the service is given, owned by the user who will run it."""
    for name in ("state", "credentials"):
        (tmp_path / name).mkdir()
    return tmp_path


@contextlib.asynccontextmanager
async def running(
    place: Path, command: list[str], environment: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A command under the unit's restrictions; killed at the end if it still runs."""
    spec = place / "spec.json"
    _specify(spec, place)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "integration.confined", str(spec), *command,
        cwd=PROJECT,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{confined.ROOT}/project:{confined.ROOT}/libraries",
            "LD_LIBRARY_PATH": f"{confined.ROOT}/python/lib",
            "STATE_DIRECTORY": f"{confined.ROOT}/state",
            "CREDENTIALS_DIRECTORY": f"{confined.ROOT}/credentials",
            **dict(line.split("=") for line in confined.unit()["Environment"]),
            **environment,
        },
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _specify(spec: Path, place: Path) -> None:
    """Write down who the service runs as and what it is given, and let that user have it."""
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    own = [place / "state", place / "credentials", *place.glob("*.toml")]
    for path in own:
        for each in [path, *path.glob("*")]:
            if os.geteuid() == 0:
                os.chown(each, user.pw_uid, user.pw_gid)
    given = {**GIVEN, **{path.name: str(path) for path in own}}
    spec.write_text(json.dumps({"uid": user.pw_uid, "gid": user.pw_gid, "given": given}))


ALWAYS = {
    "ProtectSystem": ["strict"],
    "PrivateTmp": ["yes"],
    "NoNewPrivileges": ["yes"],
    "CapabilityBoundingSet": [""],
    "RestrictNamespaces": ["yes"],
    "MemoryDenyWriteExecute": ["yes"],
    "SystemCallErrorNumber": ["EPERM"],
}
ATTEMPTS = """
import ctypes, mmap, os, signal, socket
from xucd.signin.passwords import yield_to_others
def told(attempt):
    try:
        attempt()
    except OSError as error:
        return os.strerror(error.errno)
    return "done"
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)
def have_a_process():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with socket.socket() as port:
        port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    memory = mmap.mmap(-1, 4096)
    pid = os.fork()
    if not pid:
        memory[0] = 1
        theirs.send(b"here")
        signal.pause()
    ours.recv(4)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert memory[0] == 1
state = os.environ["STATE_DIRECTORY"]
capabilities = [line.split()[1] for line in open("/proc/self/status") if line.startswith("Cap")]
print(told(lambda: open(state + "/mine", "w").close()))
print(oct(os.stat(state + "/mine").st_mode & 0o777))
print(told(lambda: open("/etc/mine", "w").close()))
print(os.listdir("/tmp"))
print(told(lambda: socket.socket(socket.AF_INET6).close()))
print(told(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()))
print(told(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)))
print(told(lambda: call("unshare", 0x10000000)))
print(told(lambda: call("setuid", 0)))
yield_to_others()
print(os.getpriority(os.PRIO_PROCESS, 0))
print(told(lambda: call("setpriority", 0, 0, -5)))
print(set(capabilities), os.getuid() == 0)
print(told(have_a_process))
"""


async def test_what_the_unit_forbids_cannot_be_done(place: Path) -> None:
    # What `confined` does whatever the unit says, so that the two cannot part unseen.
    assert {name: confined.unit().get(name) for name in ALWAYS} == ALWAYS
    async with running(place, [PYTHON, "-c", ATTEMPTS], {}) as process:
        told, _ = await process.communicate()
    assert told.decode().splitlines() == [
        "done",
        "0o600",
        "Read-only file system",
        "[]",
        "done",
        "Address family not supported by protocol",
        "Operation not permitted",
        "Operation not permitted",
        "Operation not permitted",
        "10",
        "Permission denied",
        "{'0000000000000000'} False",
        "done",  # as an edge with several of them does
    ]


async def test_the_daemon_works_and_tells_systemd_how_it_is(
    pbx: Pbx, world: World, place: Path
) -> None:
    await world.xucd.stop()
    xucd = Xucd(pbx, place)
    shutil.copy(world.xucd.folder / "xucd.db", place / "state")
    (place / "credentials" / "ami-secret").write_text(f"{pbx.ami_secret}\n")
    xucd.file.write_text(
        f"[web]\nport = {xucd.port}\n[agi]\nport = {pbx.agi_port}\n"
        f'[ami]\nport = {pbx.ami_port}\nsecret_file = "ami-secret"\n'
        '[store]\nurl = "sqlite:///xucd.db"\n'
    )
    systemd = Systemd()
    environment = {
        "NOTIFY_SOCKET": f"@{systemd.name}",
        "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6)),
    }
    command = confined.command([PYTHON, "-m", "xucd"])
    with contextlib.closing(systemd):
        async with running(place, command, environment) as process:
            ready = asyncio.create_task(systemd.told(process.pid))
            ended = asyncio.create_task(process.wait())
            await asyncio.wait([ready, ended], return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                ready.cancel()
                assert process.stdout is not None
                pytest.fail((await process.stdout.read()).decode())
            assert await ready == "READY=1"
            await xucd.until_current()
            for _ in range(3):
                assert await systemd.told(process.pid) == "WATCHDOG=1"
            async with await Client.sign_in(xucd.port, "bruce") as bruce:
                await bruce.ask("agentLogin", agentphonenumber="1001")
                call = world.phones.dial("3000")
                (await world.phone("1001").rings()).answer()
                await bruce.until("AgentStateEvent", name="AgentOnCall")
                await call.answered()
                await call.hang_up()
                await bruce.until("AgentStateEvent", name="AgentOnWrapup")
                process.terminate()
                while (told := await systemd.told(process.pid)) == "WATCHDOG=1":
                    pass
                assert told == "STOPPING=1"
                assert await asyncio.wait_for(process.wait(), DEADLINE) == 0
    with contextlib.closing(Store(f"sqlite:///{place}/state/xucd.db")) as store:
        assert store.stations()[8].logged_in
