"""A Debian in a container, in which systemd is the first process: for tests of the package.

What the unit forbids is in force there as on a server, with control groups, credentials and the
journal. `../bin/build-debian` builds the images.
"""

from __future__ import annotations

import subprocess
import time
from functools import cache
from pathlib import Path
from typing import Self

from integration.pbx import OWNER, owner_label, remove_leftovers

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
BOOT_DEADLINE = 60.0  # seconds; a start takes about one
RUN_DEADLINE = 900.0  # an image is made within minutes, where none is there yet
# systemd mounts and confines; SYS_RESOURCE is not to be had everywhere, and not needed.
RIGHTS = [
    "--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE", "--cgroupns", "private",
    "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined",
    "--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp",
]  # fmt: skip


class BootedError(Exception):
    """The container does not boot, or a command in it failed. The text says why."""


class BootedDebian:
    """One such Debian, `version` as in the name of its image.

    `volumes` are folders of this machine by where the container has them, to be read.
    """

    def __init__(self, version: str, volumes: dict[str, Path], network: str = "none") -> None:
        self.version = version
        self._volumes = volumes
        self._network = network
        self.container_id = ""

    def __enter__(self) -> Self:
        build_images(self.version)
        remove_leftovers()
        self.container_id = _docker(
            "run", "--detach", "--label", f"{OWNER}={owner_label()}", "--network", self._network,
            *RIGHTS, "--env", "container=docker",
            *(f"--volume={folder}:{place}:ro" for place, folder in self._volumes.items()),
            f"xucd-debian:{self.version}",
        ).strip()  # fmt: skip
        try:
            self._wait_until_booted()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        _docker("rm", "--force", "--volumes", self.container_id)

    def run(self, command: str, given: str = "") -> str:
        """What a shell command says, with its errors. Raises `BootedError` if it fails."""
        return _docker("exec", "-i", self.container_id, "sh", "-ec", f"{command}\n", given=given)

    def write(self, path: str, text: str, mode: str = "644") -> None:
        """Replace a file of root's."""
        self.run(f"install -m {mode} /dev/stdin {path}", given=text)

    def _wait_until_booted(self) -> None:
        deadline = time.monotonic() + BOOT_DEADLINE
        while time.monotonic() < deadline:
            state = subprocess.run(
                ["docker", "exec", self.container_id, "systemctl", "is-system-running", "--wait"],
                capture_output=True, text=True, check=False,
            ).stdout.strip()  # fmt: skip
            if state in ("running", "degraded"):
                return
            time.sleep(0.1)  # its bus is not there yet, on which one could wait
        raise BootedError(f"Debian {self.version} did not boot: {state}")


def build_images(*versions: str) -> None:
    """See to it that the images are there. Raises `BootedError`."""
    _run([str(PROJECT / "integration/bin/build-debian"), *versions])


def build_asterisk_images(*versions: str) -> None:
    """See to it that the images with Asterisk are there. Raises `BootedError`."""
    _run([str(PROJECT / "integration/bin/build-images"), *versions])


def run_once(image: str, volumes: dict[str, Path], script: str) -> str:
    """What a shell script says in a container of its own, with no network. Raises `BootedError`."""
    return _docker(
        "run", "--rm", "-i", "--network", "none", "--label", f"{OWNER}={owner_label()}",
        *(f"--volume={folder}:{place}:ro" for place, folder in volumes.items()),
        image, "sh", "-e", given=script,
    )  # fmt: skip


@cache
def build_package() -> Path:
    """Make the Debian package of this checkout, once in a run. Raises `BootedError`."""
    _run(["packages/make-assets"])
    _run(["packages/make-dist"])
    return PROJECT / _run([".venv/bin/python", "packages/make-deb"]).splitlines()[-1]


def _docker(*arguments: str, given: str = "") -> str:
    return _run(["docker", *arguments], given)


def _run(command: list[str], given: str = "") -> str:
    ran = subprocess.run(
        command, input=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        cwd=PROJECT, timeout=RUN_DEADLINE, check=False,
    )  # fmt: skip
    if ran.returncode != 0:
        raise BootedError(f"{' '.join(command)} ended with {ran.returncode}:\n{ran.stdout[-3000:]}")
    return ran.stdout
