"""The demo, by the very commands that a newcomer types.

It listens on fixed ports, so these tests fail at once where a demo, or anything else, holds them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from integration.client import Client, Refused, http
from integration.demo import claim, places, processes
from integration.demo.layout import ALONE, MAIN
from integration.demos import (
    DEADLINE,
    at_home,
    containers_of,
    docker_says,
    left,
    make,
    nothing_else_runs,
    start_make,
)
from tests.doc_blocks import Block, blocks_for

__all__ = ["at_home", "nothing_else_runs"]

pytestmark = pytest.mark.timeout(600)  # each brings demos up and down


async def up(calls: int = 0) -> int:
    """Bring a demo up; returns its process."""
    made = await make("demo-up", f"DEMO_CALLS={calls}")
    assert made.code == 0, made.printed
    assert "xucd demo ready: http://127.0.0.1:8090/" in made.printed
    pid = claim.holder()
    assert pid is not None
    return pid


async def test_demo_up_calls_and_demo_down() -> None:
    pid = await up()
    assert http(places.WEB_PORT, "/health")[0] == 200

    again = await make("demo-up")
    assert (again.code, claim.holder()) == (0, pid)
    assert "runs already" in again.printed

    async with await Client.sign_in(places.WEB_PORT, "bruce") as bruce:
        await bruce.until("AgentStateEvent", name="AgentLoggedOut")
        await bruce.ask("agentLogin", agentphonenumber="1001")
        begun = len(bruce.frames)
        call = await make("demo-call", "NUMBER=3000", "TALK=1")
        assert call.code == 0
        answered = re.search(
            r" calls 3000\nrings\nanswered(?: by 1001)? after ([\d.]+) s\n"
            r"talked for ([\d.]+) s, ended by the caller\n",
            call.printed,
        )
        assert answered is not None, call.printed
        assert float(answered[1]) >= 2.0
        assert float(answered[2]) >= 1.0
        await bruce.until("AgentStateEvent", name="AgentOnWrapup", after=begun)

    owner = processes.identity(pid)
    assert len(await containers_of(owner)) == 2
    down = await make("demo-down")
    assert (down.code, down.printed) == (0, "xucd demo is down\n")
    assert left() == []
    assert await containers_of(owner) == []

    down = await make("demo-down")
    assert (down.code, down.printed) == (0, "xucd demo: none runs\n")
    call = await make("demo-call")
    assert call.code != 0
    assert "none runs here: start one with 'make demo-up'" in call.printed


async def test_callers_arrive_by_themselves_and_a_killed_demo_is_cleaned_up() -> None:
    pid = await up(calls=60)
    async with await Client.sign_in(places.WEB_PORT, "bruce") as bruce:
        await bruce.ask("agentLogin", agentphonenumber="1001")
        await bruce.until("AgentStateEvent", name="AgentOnCall", acd=True, callType="External")

    owner = processes.identity(pid)
    os.kill(pid, signal.SIGKILL)
    assert await asyncio.to_thread(processes.ended, pid, 60)
    pid = await up()
    assert await containers_of(owner) == []
    async with await Client.sign_in(places.WEB_PORT, "bruce") as bruce:
        await bruce.until("AgentStateEvent", name="AgentLoggedOut")

    owner = processes.identity(pid)
    os.kill(pid, signal.SIGKILL)
    assert (await make("demo-down")).printed == "xucd demo is down\n"
    assert left() == []
    assert await containers_of(owner) == []


def spoken(printed: str) -> list[tuple[str, Any]]:
    """The messages that `make demo-say` printed: types and bodies."""
    messages = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return [(one["msgType"], one["ctiMessage"]) for one in messages]


async def shown_by(process: asyncio.subprocess.Process, words: str) -> str:
    """The first line that a process prints with these words in it."""
    assert process.stdout is not None
    while words not in (line := (await process.stdout.readline()).decode()):
        assert line, f"it has ended without {words}"
    return line


async def test_demo_say_sends_commands_and_shows_what_comes() -> None:
    made = await make("demo-say")
    assert made.code != 0
    assert "none runs here: start one with 'make demo-up'" in made.printed
    await up()

    listening = 'SAY={"command":"getCurrentCallsPhoneEvents"}'
    ada = await start_make("demo-say", "LOGIN=ada", "FOR=180", listening)
    async with asyncio.timeout(DEADLINE):
        await shown_by(ada, "CommandResult")
        value = "it's ${EXTEN}"
        dial = {"command": "dial", "destination": "0298765432", "variables": {"var1": value}}
        called, dialled, paused, broken, unknown = await asyncio.gather(
            make("demo-call", "NUMBER=1008", "TALK=1"),
            make("demo-say", "LOGIN=sue", "FOR=20", f"SAY={json.dumps(dial)}"),
            make("demo-say", "LOGIN=bruce", 'SAY={"command":"monitorPause"}'),
            make("demo-say", "LOGIN=bruce", 'SAY={"command":'),
            make("demo-say", "LOGIN=nobody"),
        )
        line = await shown_by(ada, '"Sheet"')
    ada.terminate()
    await ada.communicate()
    assert (called.code, dialled.code) == (0, 0), dialled.printed
    ((_, sheet),) = spoken(line)
    items = sheet["payload"]["profile"]["user"]["sheetInfo"]
    caller = {item["name"]: item["value"] for item in items}["Caller"]
    assert called.printed.splitlines()[0] == f"{caller} calls 1008"
    events = [body for kind, body in spoken(dialled.printed) if kind == "PhoneEvent"]
    # Somebody outside has answered by himself.
    answered = [event for event in events if event["eventType"] == "EventEstablished"]
    assert answered, dialled.printed
    assert answered[-1]["otherDN"] == "0298765432"
    assert answered[-1]["userData"] == {"USR_var1": value}

    for refused in (paused, broken, unknown):
        assert refused.code != 0
        assert "Traceback" not in refused.printed
    assert "(AgentNotOnCall)" in paused.printed
    assert "what to say is no JSON" in broken.printed
    assert "nobody cannot sign in" in unknown.printed


# What each block of the documents that is tried in the demo shows, by the begin of its first line:
# the words that end the wait for it, in any order.
TRIED: dict[str, tuple[str, ...]] = {
    "make demo-up DEMO_CALLS=0\nmake demo-call": ("talked for",),
    "make demo-up DEMO_CALLS=0\nmake demo-say": ('"ok": true',),
    'make demo-say LOGIN=bruce FOR=30 SAY=\'{"command":"dialFromQueue"': ('"USR_var1": "value 1"',),
    "(sleep 2; make demo-call NUMBER=3000 TALK=2) & make demo-say LOGIN=bruce": (
        '"Sheet"',
        '"AgentOnCall"',
    ),
    "make demo-say LOGIN=bruce FOR=2": ('"EventEstablished"',),
    "make demo-call NUMBER=3000 TALK=8 & sleep 4; make demo-say LOGIN=sue": ('"AgentListen"',),
    "make demo-call NUMBER=3000 TALK=8 & sleep 4; make demo-say LOGIN=bruce": ('"PAUSED"',),
    "(sleep 2; make demo-call NUMBER=3000 TALK=2) & make demo-say LOGIN=ada": (
        '"QueueStatistics"',
    ),
    "(sleep 2; make demo-call NUMBER=1001": ('"EventReleased"',),
    "xuc=http": ("Noël",),
}


async def test_what_the_documents_say_to_try_works_in_the_demo() -> None:
    blocks = blocks_for(
        "integration/test_demo.py::test_what_the_documents_say_to_try_works_in_the_demo"
    )
    # The page of the demo logs bruce in, whose phone the others ring; its last line ends the demo.
    blocks.sort(key=lambda block: "agentLogin" not in block.text)
    assert "agentLogin" in blocks[0].text
    for block in blocks:
        await shows(block)
        async with await Client.sign_in(places.WEB_PORT, "bruce") as bruce:
            await bruce.until("AgentStateEvent")
            if bruce.states(8)[-1] == "AgentOnCall":  # by the call that the block began
                with contextlib.suppress(Refused):  # it has just ended
                    await bruce.ask("hangup")
            await bruce.until_state("AgentReady")


async def test_the_pictures_of_the_documents_can_be_made_anew(tmp_path: Path) -> None:
    await up()
    made = await asyncio.create_subprocess_exec(
        sys.executable, "docs/make_screenshots.py", str(tmp_path), cwd=places.PROJECT,
        env={**os.environ, "PYTHONPATH": str(places.PROJECT)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await asyncio.wait_for(made.communicate(), DEADLINE)
    assert made.returncode == 0, printed.decode()
    for picture in (places.PROJECT / "docs").glob("*.png"):
        assert (tmp_path / picture.name).read_bytes().startswith(b"\x89PNG")


async def shows(block: Block) -> None:
    """Run a block until it shows what it is there for, then end it and what it has begun.

    Where a person would wait some seconds, it waits until what it waits for is there.
    """
    [words] = [words for begin, words in TRIED.items() if block.text.startswith(begin)]
    go = places.FOLDER / "go"
    go.unlink(missing_ok=True)
    text = re.sub(r"sleep \d+", f"until [ -e {go} ]; do sleep 0.1; done", block.text)
    text = text.replace("TALK=8", "TALK=60")  # until it is hung up
    # However late the call comes that it listens for; what is to end by itself says FOR=2.
    text = re.sub(
        r"make demo-say (?!.*FOR=2 )", "make demo-say FOR=180 ", text.replace("FOR=30 ", "")
    )
    shell = await asyncio.create_subprocess_exec(
        "bash", "-c", text.replace("make demo-down\n", ""), cwd=places.PROJECT,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    assert shell.stdout is not None
    printed = ""
    async with asyncio.timeout(DEADLINE):
        while not all(each in printed for each in words):
            line = (await shell.stdout.readline()).decode()
            assert line, f"{block} ended without {words}:\n{printed}"
            printed += line
            if "CommandResult" in line or line.startswith("answered"):
                go.touch()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(shell.pid, signal.SIGTERM)
    await shell.wait()
    go.unlink(missing_ok=True)


@pytest.mark.parametrize("part", ["xucd", "Asterisk", "the phones' SIPp"])
async def test_a_demo_whose_part_dies_says_so_and_stops(part: str) -> None:
    pid = await up()
    owner = processes.identity(pid)
    if part == "xucd":
        os.kill(int(ALONE.nodes[0].process.read_text().partition(":")[0]), signal.SIGKILL)
    else:
        both = await containers_of(owner)
        asterisk = await docker_says("ps", "-q", "--filter", f"name={MAIN.container}")
        chosen = asterisk if part == "Asterisk" else [one for one in both if one not in asterisk]
        await docker_says("kill", *chosen)
    assert await asyncio.to_thread(processes.ended, pid, 60)
    assert f"xucd demo: {part} ended" in places.LOG.read_text()
    assert left() == []
    assert await containers_of(owner) == []


@pytest.mark.parametrize(
    ("port", "kind"),
    [
        (places.WEB_PORT, socket.SOCK_STREAM),
        (MAIN.ports.sip, socket.SOCK_DGRAM),
    ],
)
async def test_a_port_that_is_taken_is_named_and_nothing_is_left(
    port: int, kind: socket.SocketKind
) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        if kind == socket.SOCK_STREAM:
            # A connection of a test before may linger on it.
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            other.listen()
        made = await make("demo-up")
    assert made.code != 0
    assert re.search(rf"port {port} \((TCP|UDP)\) is taken by another program", made.printed)
    assert "Traceback" not in made.printed
    assert left() == []


async def test_calls_a_minute_that_are_no_number_are_refused() -> None:
    made = await make("demo-up", "DEMO_CALLS=many")
    assert made.code != 0
    assert "DEMO_CALLS is 'many', not a number of calls a minute" in made.printed


async def test_ctrl_c_takes_a_demo_in_the_foreground_down() -> None:
    process = await start_make("demo", "DEMO_CALLS=0")
    assert process.stdout is not None
    async with asyncio.timeout(DEADLINE):
        async for line in process.stdout:
            if line == b"xucd demo ready: http://127.0.0.1:8090/\n":
                break
        # As a terminal does: to all that run in the foreground.
        os.killpg(process.pid, signal.SIGINT)
        await process.communicate()
    assert left() == []
