"""The demos by the commands that a newcomer types, and what they leave, which is to be nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from integration.demo import claim, places
from integration.demo.layout import ALONE, CLUSTER, MAIN
from integration.pbx import OWNER

DEADLINE = 200.0


class Made:
    """What a `make` printed, and its exit code."""

    def __init__(self, code: int, printed: str) -> None:
        self.code = code
        self.printed = printed


async def start_make(*arguments: str) -> asyncio.subprocess.Process:
    """Start `make` as from a shell of its own: `make test` is not its parent."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return await asyncio.create_subprocess_exec(
        "make",
        *arguments,
        cwd=places.PROJECT,
        env=inherited,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )


async def make(*arguments: str) -> Made:
    """Run `make` to its end."""
    process = await start_make(*arguments)
    printed, _ = await asyncio.wait_for(process.communicate(), DEADLINE)
    return Made(process.returncode or 0, printed.decode())


def left() -> list[str]:
    """What of a demo is there: its processes, containers, servers' folders and ports."""
    found = []
    daemons = {str(node.settings) for node in ALONE.nodes + CLUSTER.nodes}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if "integration.demo" in words or daemons & set(words):
                found.append(" ".join(words))
    named = ["docker", "ps", "-a", "--filter", f"name={MAIN.container}", "--format", "{{.Names}}"]
    found += subprocess.run(named, check=True, capture_output=True, text=True).stdout.split()
    found += [str(link.readlink()) for link in places.SERVERS.glob("*")]
    taken = CLUSTER.taken_port()  # the ports of the other demo are among them
    return found + ([taken] if taken else [])


async def docker_says(*arguments: str) -> list[str]:
    """The words that a `docker` command prints."""
    asked = await asyncio.create_subprocess_exec(
        "docker", *arguments, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await asked.communicate()
    assert asked.returncode == 0
    return printed.decode().split()


async def containers_of(owner: str) -> list[str]:
    """The containers that a process started, by their ids."""
    return await docker_says("ps", "-aq", "--filter", f"label={OWNER}={owner}")


@pytest.fixture(autouse=True)
def at_home(docker: None) -> Iterator[None]:
    """In the project's folder, where the demo's paths begin."""
    with contextlib.chdir(places.PROJECT):
        yield


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def nothing_else_runs(at_home: None) -> AsyncIterator[None]:
    """Fails where a demo of somebody's own runs; leaves none behind."""
    if claim.holder() is not None:
        pytest.fail("a demo runs here: end it with 'make demo-down' before the tests")
    if left():
        await make("demo-down")
    if left():
        pytest.fail(f"in the demo's way: {left()}")
    yield
    if left():
        await make("demo-down")
    assert left() == []
