"""The container image beside a real Asterisk: no root, no right, nothing written but the state."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integration.client import Client
from integration.debian.booted import PROJECT, build_package
from integration.fixtures import World
from integration.pbx import OWNER, Pbx, owner_label
from integration.ports import free_port
from integration.running import DEADLINE, DEMO
from xucd import __version__

pytestmark = pytest.mark.any_asterisk

IMAGE = f"xucd:{__version__}"
HEALTH_DEADLINE = 60.0  # seconds; it is asked every 10


def docker(*arguments: str, given: str = "") -> str:
    """What Docker's command says."""
    ran = subprocess.run(
        ["docker", *arguments], input=given, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def image() -> str:
    """The image of this checkout."""
    build_package()
    subprocess.run(["packages/make-image"], cwd=PROJECT, check=True, capture_output=True)
    return IMAGE


@contextlib.contextmanager
def container(image: str, pbx: Pbx, port: int, ami_port: int) -> Iterator[str]:
    """A container beside Asterisk, as closed as it can be, with its settings in the environment."""
    volume = f"xucd-test-{uuid.uuid4().hex}"
    settings = {
        "XUCD_AMI_PORT": ami_port,
        "XUCD_AMI_SECRET": pbx.ami_secret,
        "XUCD_AGI_PORT": pbx.agi_port,
        "XUCD_WEB_PORT": port,
    }
    started = docker(
        "run", "--detach", "--network", "host", "--read-only", "--cap-drop", "ALL",
        "--security-opt", "no-new-privileges", "--label", f"{OWNER}={owner_label()}",
        "--health-interval", "1s", "--health-retries", "1", "--health-start-period", "1ms",
        "--volume", f"{volume}:/var/lib/xucd",
        *(f"--env={name}={value}" for name, value in settings.items()), image,
    ).strip()  # fmt: skip
    try:
        yield started
    finally:
        docker("rm", "--force", started)
        docker("volume", "rm", volume)


def inspected(container: str) -> Any:
    """What Docker knows of a container's state."""
    return json.loads(docker("inspect", "--format", "{{json .State}}", container))


def until(container: str, condition: str, said: str = "") -> None:
    """Wait until Docker finds it healthy, or not, by an answer that says so."""
    _until(container, lambda: _is(inspected(container), condition, said))


def until_logged(container: str, words: str) -> None:
    """Wait until it has said so."""
    _until(container, lambda: words in _logs(container))


def _until(container: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + HEALTH_DEADLINE
    while not holds():
        running = inspected(container)["Running"]
        assert running and time.monotonic() < deadline, _logs(container)
        time.sleep(0.2)  # Docker announces it to nobody


def _logs(container: str) -> str:
    command = ["docker", "logs", container]
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    ).stdout


def _is(state: Any, condition: str, said: str) -> bool:
    health = state["Health"]
    last = health["Log"][-1]["Output"] if health["Log"] else ""
    return health["Status"] == condition and said in last


async def test_an_agent_takes_a_call_by_an_unprivileged_container(
    world: World, image: str, pbx: Pbx
) -> None:
    await world.xucd.stop()
    port = free_port()
    with container(image, pbx, port, pbx.ami_port) as ran:
        centre = DEMO.read_text(encoding="utf-8")
        docker("exec", "-i", ran, "xucd", "center", "apply", "/dev/stdin", given=centre)
        docker("exec", "-i", ran, "xucd", "user", "passwd", "bruce", given="bruce-demo\n")
        await asyncio.to_thread(until, ran, "healthy")
        docker("kill", "--signal", "HUP", ran)
        await asyncio.to_thread(until_logged, ran, "configuration reloaded")
        await asyncio.to_thread(until, ran, "healthy")
        assert docker("exec", ran, "id").split()[:2] == ["uid=8090(xucd)", "gid=8090(xucd)"]
        assert "CapEff:\t0000000000000000\n" in docker("exec", ran, "cat", "/proc/1/status")
        async with await Client.sign_in(port, "bruce") as bruce:
            await bruce.ask("agentLogin", agentphonenumber="1001")
            call = world.phones.dial("3000")
            (await world.phone("1001").rings()).answer()
            await bruce.until("AgentStateEvent", name="AgentOnCall")
            await call.answered()
            await call.hang_up()
        docker("stop", "--time", str(int(DEADLINE)), ran)
        assert inspected(ran)["ExitCode"] == 0


def test_the_image_has_nothing_of_the_machine_that_made_it(image: str) -> None:
    assert docker("inspect", "--format", "{{len .RootFS.Layers}}", image) == "1\n"
    asked = "ls /etc/apt /etc/apt/apt.conf.d /etc/apt/sources.list.d; cat /etc/apt/sources.list"
    said = docker("run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", asked)
    assert not {"99machine", "99mmdebstrap", "machine-ca.crt"} & set(said.split())
    sources = [line.split()[1] for line in said.splitlines() if line.startswith("deb ")]
    assert len(sources) == 3
    assert {source.split("/")[2] for source in sources} == {"deb.debian.org"}
    made = docker("image", "ls", "--quiet", "xucd-made")
    assert made == ""


def test_the_image_trusts_the_public_certificate_authorities(image: str) -> None:
    count = "import ssl; print(len(ssl.create_default_context().get_ca_certs()))"
    asked = ("run", "--rm", "--network", "none", "--entrypoint", "python3", image, "-c", count)
    assert int(docker(*asked)) > 50


def test_an_image_of_the_same_package_is_kept(image: str) -> None:
    before = docker("image", "inspect", "--format", "{{.Id}}", image)
    subprocess.run(["packages/make-image"], cwd=PROJECT, check=True, capture_output=True)
    assert docker("image", "inspect", "--format", "{{.Id}}", image) == before


async def test_a_container_that_does_not_hear_asterisk_is_unhealthy(image: str, pbx: Pbx) -> None:
    with container(image, pbx, free_port(), free_port()) as ran:
        # A slow start is unhealthy, too, but does not say so.
        await asyncio.to_thread(until, ran, "unhealthy", '"asterisk":"lost"')
