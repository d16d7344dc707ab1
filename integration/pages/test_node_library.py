"""The JavaScript library in Node, against a real xucd and a real Asterisk.

The tests themselves are in `library`, for Node's own runner; here the world is made that they need.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from integration.fixtures import MakeXucd, World
from integration.phones import Phones
from integration.running import DEMO

ROOT = Path(__file__).parents[2]
TESTS = Path(__file__).parent / "library"
TTL = 12  # seconds that a token is good for, where that is looked at
DEADLINE = 110.0


async def node(world: World, name: str) -> None:
    """Run a file of tests; raises with what Node says unless all of them pass."""
    for number in ("1001", "1002"):
        world.phone(number, answer_after=0.1)
    environment = {"XUCD_URL": f"http://127.0.0.1:{world.xucd.port}", "XUCD_TTL": str(TTL)}
    said = world.xucd.folder / f"{name}.log"
    with said.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "node",
            "--test",
            "--test-reporter=spec",
            "--test-timeout=100000",
            TESTS / f"{name}.test.mjs",
            env={**os.environ, **environment},
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        async with asyncio.timeout(DEADLINE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    assert process.returncode == 0, said.read_text()


@pytest.fixture
def short_lived_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens that are renewed while a test runs."""
    monkeypatch.setenv("XUCD_WEB_TOKEN_TTL", str(TTL))


async def test_signing_in_and_staying_signed_in(
    short_lived_tokens: None, make_xucd: MakeXucd, phones: Phones
) -> None:
    center = DEMO.read_text().replace('line = "1008"\n', "")  # which is ada's
    await node(World(await make_xucd(center=center), phones), "signing-in")


async def test_commands_and_what_becomes_of_them(world: World) -> None:
    await node(world, "commands")


async def test_the_state_is_live(world: World) -> None:
    await node(world, "state")


async def test_the_program_in_the_documents_runs(world: World, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    program = page.partition("```js\n")[2].partition("```")[0]
    program = program.replace("127.0.0.1:8090", f"127.0.0.1:{world.xucd.port}")
    modules = tmp_path / "node_modules"
    modules.mkdir()
    (modules / "xucd").symlink_to(ROOT / "xucd" / "web" / "static" / "lib")
    (tmp_path / "program.mjs").write_text(program, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        "node",
        "program.mjs",
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), DEADLINE)
    assert process.returncode == 0, said.decode()
    lines = said.decode().splitlines()
    assert lines[-2:] == ["LoggedInOnAnotherPhone 1001", "Bruce AgentLoggedOut"]
    assert "Bruce AgentOnPause" in lines


async def test_several_addresses_of_which_one_is_lost(world: World) -> None:
    await node(world, "addresses")


async def test_a_link_that_is_cut_again_and_again(world: World) -> None:
    ada = await world.client("ada")
    await ada.ask("subscribeToAgentEvents")
    tests = asyncio.create_task(node(world, "link"))
    asked = asyncio.create_task(ada.until("AgentStateEvent", DEADLINE, cause="restart"))
    try:
        await asyncio.wait((tests, asked), return_when=asyncio.FIRST_COMPLETED)
        if not tests.done():
            await asked
            await world.xucd.stop(signal.SIGKILL)
            await world.xucd.start()
    finally:
        asked.cancel()
        await tests
