"""A real Asterisk in a container, for the demo and for the tests.

A `Pbx` is one Asterisk 22 or 16 with the configuration of `asterisk/etc`, which includes the very
files of `asterisk-conf` that a user would include. It shares the host's network, on ports of its
own, so that several may run beside each other. Building the images is `bin/build-images`' part.
"""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import shutil
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

# Before the import, which reads them: the reaper's image cannot be had everywhere, and the
# containers share the host's own network.
os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"
os.environ["TESTCONTAINERS_HOST_OVERRIDE"] = "127.0.0.1"

from docker.errors import APIError, NotFound
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from integration.ports import claim, is_free, release

HERE = Path(__file__).resolve().parent
OWNER = "xucd.owner"  # label: the process a container belongs to
RECORDINGS = "/var/spool/asterisk/monitor"
LOGS = "/var/log/xucd"
REMOVED = 30  # seconds; Docker itself removes a container in less than one
BOOT_DEADLINE = 30.0  # seconds; a start takes about one
# Docker loses what a command that ends at once has printed now and then (moby#27289), with an exit
# code of 0: who asks has the end marked, and asks so often.
END = "end of the answer"
ASKED = 3


class PbxError(Exception):
    """The PBX cannot start or has died; the message says why."""


@dataclass(frozen=True)
class Ports:
    """Where a PBX and its phones listen, all on 127.0.0.1.

    `phones` is the SIP port of the phones and of the outside world; the 99 above it are for those
    who call. `media` is the first of 400 at which these take sound; the 100 above those are SIPp's
    own control ports.
    """

    ami: int  # TCP
    agi: int  # TCP; xucd's FastAGI server, which Asterisk calls
    sip: int  # UDP
    phones: int  # UDP
    rtp_start: int  # UDP
    rtp_end: int
    media: int  # UDP

    @classmethod
    def free(cls) -> Ports:
        """Ports that nobody holds, below those the kernel hands out by itself."""
        blocks = list(range(20000, 31000, 900))
        random.shuffle(blocks)
        for base in blocks:
            ports = cls(
                ami=base,
                agi=base + 1,
                sip=base + 2,
                phones=base + 100,
                rtp_start=base + 200,
                rtp_end=base + 399,
                media=base + 400,
            )
            if ports.taken() is None and claim(base):
                return ports
        raise PbxError("no free block of ports between 20000 and 32000")

    def taken(self) -> str | None:
        """The first of the ports that somebody else holds, in words; None if all are free."""
        for what, port, kind in (
            ("AMI", self.ami, socket.SOCK_STREAM),
            ("FastAGI", self.agi, socket.SOCK_STREAM),
            ("SIP", self.sip, socket.SOCK_DGRAM),
            ("the phones' SIP", self.phones, socket.SOCK_DGRAM),
        ):
            if not is_free(port, kind):
                protocol = "TCP" if kind == socket.SOCK_STREAM else "UDP"
                return f"{what} port {port} ({protocol})"
        return None


DEMO_PORTS = Ports(
    ami=15038,
    agi=14573,
    sip=15060,
    phones=15100,
    rtp_start=15200,
    rtp_end=15399,
    media=15400,
)


def owner_label() -> str:
    """This process, told apart from a later one of the same number."""
    return f"{os.getpid()}:{_started(os.getpid())}"


def remove_leftovers() -> None:
    """Removes the containers of runs whose process has gone, and their recordings."""
    docker = DockerClient().client
    for container in docker.containers.list(
        all=True, filters={"label": OWNER}, ignore_removed=True
    ):
        pid, _, started = container.labels[OWNER].partition(":")
        if _started(int(pid)) != started:
            _remove(container)
            for mount in container.attrs["Mounts"]:
                if mount["Destination"] in (RECORDINGS, LOGS):
                    shutil.rmtree(mount["Source"], ignore_errors=True)


class Pbx:
    """One Asterisk.

    `ports` are free ones unless given; `name` is the container's, any unless given;
    `queue_timeout` is for how many seconds a caller may wait in a queue. `conf`, to be set before
    the start, is the folder of the files that a user would include.
    """

    ami_user = "xucd"
    entrypoint = "/xucd/asterisk/entrypoint"

    def __init__(
        self,
        version: str = "22",
        ports: Ports | None = None,
        name: str | None = None,
        ami_secret: str | None = None,
        queue_timeout: int = 60,
    ) -> None:
        self.version = version
        self.image = f"xucd-asterisk:{version}"
        self.ports = ports or Ports.free()
        self.name = name
        self.ami_secret = ami_secret or secrets.token_hex(16)
        # A second observer's account, which hears all events.
        self.witness_user = "witness"
        self.witness_secret = secrets.token_hex(16)
        self.queue_timeout = queue_timeout
        self.conf = HERE.parent / "asterisk-conf"
        self.recordings = Path()
        self.logs = Path()
        self._container: Any = None

    @property
    def queue_log(self) -> Path:
        """Asterisk's log of its queues, as others on this machine can read it."""
        return self.logs / "queue_log"

    @property
    def cdr(self) -> Path:
        """Asterisk's CDR, as others on this machine can read it."""
        return self.logs / "Master.csv"

    @property
    def ami_port(self) -> int:
        return self.ports.ami

    @property
    def sip_port(self) -> int:
        return self.ports.sip

    @property
    def agi_port(self) -> int:
        return self.ports.agi

    def start(self) -> Self:
        """Starts Asterisk and returns when its AMI says that it is fully booted.

        Raises:
            PbxError: a port is taken, the image is missing, or Asterisk does not come up.
        """
        remove_leftovers()
        docker = DockerClient().client
        if not docker.images.list(name=self.image):
            raise PbxError(f"no image {self.image}: run integration/bin/build-images")
        if self.name and docker.containers.list(all=True, filters={"name": f"^/{self.name}$"}):
            raise PbxError(f"a container {self.name} of another run is there already")
        taken = self.ports.taken()
        if taken:
            raise PbxError(f"{taken} is taken")
        self.recordings = Path(tempfile.mkdtemp(prefix="xucd-recordings-"))
        # Asterisk has a user of its own in there.
        self.recordings.chmod(0o777)
        self.logs = Path(tempfile.mkdtemp(prefix="xucd-logs-"))
        self.logs.chmod(0o777)
        # It has run before: a log that begins as late as a gap is not known to hold all of it.
        self.queue_log.write_text("1700000000|NONE|NONE|NONE|QUEUESTART|\n")
        self.queue_log.chmod(0o666)
        box = DockerContainer(self.image).with_command(self.entrypoint)
        for place, (folder, mode) in self.volumes().items():
            box.with_volume_mapping(str(folder), place, mode)
        for word, value in self.environment().items():
            box.with_env(word, value)
        box.with_kwargs(network_mode="host", labels={OWNER: owner_label()})
        if self.name:
            box.with_name(self.name)
        try:
            box.start()
            self._container = box.get_wrapped_container()
            self.wait_until_booted()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Removes the container, the recordings and the logs."""
        release(self.ports.ami)
        container, self._container = self._container, None
        if container is not None:
            _remove(container)
        for folder in (self.recordings, self.logs):
            if folder != Path():
                shutil.rmtree(folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def cli(self, command: str) -> str:
        """What Asterisk's own command line answers. Raises `PbxError` if the command fails."""
        run = self._ask if "show" in command.split() else self._run
        code, text = run("asterisk", "-rx", command)
        if code != 0:
            raise PbxError(f"asterisk -rx {command!r}: {text.strip()}")
        return text

    def read(self, path: str) -> str:
        """A file of the container, "" if there is none."""
        code, text = self._ask("cat", path)
        return text if code == 0 else ""

    def write(self, path: str, text: str) -> None:
        """Replace a file of the container."""
        code, output = self._container.exec_run(
            ["sh", "-c", 'printf %s "$2" > "$1"', "sh", path, text]
        )
        if code != 0:
            raise PbxError(f"cannot write {path}: {output.decode(errors='replace').strip()}")

    def log(self) -> str:
        """Asterisk's log since it started."""
        text: str = self._container.logs().decode(errors="replace")
        return text

    def restart_asterisk(self) -> None:
        """Ends Asterisk, with all calls and dynamic members, and starts it again."""
        self._container.restart(timeout=5)
        self.wait_until_booted()

    def halt(self) -> None:
        """Ends Asterisk, and leaves its files."""
        self._container.stop(timeout=5)

    def crash_asterisk(self) -> None:
        """Kills Asterisk, which tells nobody, and starts it again."""
        self._container.kill()
        self._container.start()
        self.wait_until_booted()

    def freeze(self) -> None:
        """Stops Asterisk in its tracks, as a machine does that swaps; links stay open."""
        self._container.pause()

    def thaw(self) -> None:
        """Lets a frozen Asterisk go on."""
        self._container.unpause()

    def run_on(self, core: int) -> None:
        """Keep Asterisk on one core of this machine, from now on."""
        self._container.update(cpuset_cpus=str(core))

    @property
    def container_id(self) -> str:
        """The container, by which Docker's own command knows it."""
        return str(self._container.id)

    def volumes(self) -> dict[str, tuple[Path, str]]:
        """The folders of this machine that the container has: where, and whether "ro" or "rw"."""
        return {
            "/xucd/asterisk": (HERE / "asterisk", "ro"),
            "/xucd/asterisk-conf": (self.conf, "ro"),
            RECORDINGS: (self.recordings, "rw"),
            LOGS: (self.logs, "rw"),
        }

    def environment(self) -> dict[str, str]:
        """What the entrypoint fills into the configuration."""
        return {
            "AMI_PORT": str(self.ports.ami),
            "AGI_PORT": str(self.ports.agi),
            "SIP_PORT": str(self.ports.sip),
            "TRUNK_PORT": str(self.ports.phones),
            "RTP_START": str(self.ports.rtp_start),
            "RTP_END": str(self.ports.rtp_end),
            "QUEUE_TIMEOUT": str(self.queue_timeout),
            "AMI_SECRET": self.ami_secret,
            "WITNESS_SECRET": self.witness_secret,
        }

    def wait_until_booted(self) -> None:
        """Returns when AMI says that Asterisk is fully booted. Raises `PbxError`."""
        deadline = time.monotonic() + BOOT_DEADLINE
        while time.monotonic() < deadline:
            self.check_alive()
            with contextlib.suppress(OSError):
                if self._says_booted(deadline - time.monotonic()):
                    return
            time.sleep(0.05)  # there is nothing to wait on before the port is open
        raise PbxError(f"Asterisk {self.version} did not come up:\n{self.log()[-2000:]}")

    def check_alive(self) -> None:
        """Raises `PbxError` if the container has ended."""
        self._container.reload()
        if self._container.status != "running":
            raise PbxError(f"Asterisk {self.version} died:\n{self.log()[-2000:]}")

    def _run(self, *command: str) -> tuple[int, str]:
        """Run a command in the container; its exit code, and what it has printed."""
        code, output = self._container.exec_run(list(command))
        return code, output.decode(errors="replace")

    def _ask(self, *command: str) -> tuple[int, str]:
        """Run a command that changes nothing, until all that it has printed arrives.

        Raises:
            PbxError: some of it got lost each time.
        """
        for _ in range(ASKED):
            code, text = self._run(
                "sh", "-c", f'"$@"; code=$?; echo {END}; exit $code', "sh", *command
            )
            answer, end, _ = text.rpartition(f"{END}\n")
            if end:
                return code, answer
        raise PbxError(f"{command}: the answer got lost {ASKED} times")

    def _says_booted(self, seconds: float) -> bool:
        """Whether AMI lets the witness in and says FullyBooted before it closes the link."""
        with socket.create_connection(("127.0.0.1", self.ports.ami), timeout=seconds) as link:
            link.sendall(
                f"Action: Login\r\nUsername: {self.witness_user}\r\n"
                f"Secret: {self.witness_secret}\r\n\r\n".encode()
            )
            heard = b""
            while chunk := link.recv(4096):
                heard += chunk
                if b"FullyBooted" in heard:
                    return True
        return False


def _started(pid: int) -> str:
    """When a process started, in the kernel's ticks; "" if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The command's name, in brackets, may hold blanks. A zombie has gone, but for its parent.
    state, *rest = stat.rpartition(")")[2].split()
    return "" if state == "Z" else rest[18]


def _remove(container: Any) -> None:
    # A frozen container cannot be killed on every Docker; unfreezing one that runs is an error.
    with contextlib.suppress(APIError):
        container.unpause()
    try:
        container.remove(force=True, v=True)
    except NotFound:
        return  # a run beside this one clears up too
    except APIError as error:
        if error.status_code != 409:  # it is being removed already
            raise
        with contextlib.suppress(NotFound):
            container.wait(condition="removed", timeout=REMOVED)
