"""The first five minutes, timed: from the Debian package to the first agent who takes a real call.

On Debian 13 with systemd as the first process, and an Asterisk of its own that somebody else has
configured: static members, a dialplan of its own, and not a word of xucd.
"""

from __future__ import annotations

import asyncio
import csv
import io
import shutil
import time
from pathlib import Path

import pytest

from integration.client import Client, token_of
from integration.debian.booted import BootedDebian, build_package
from integration.existing.pbx import ExistingPbx
from integration.phones import Phones
from integration.running import free_port
from tests.doc_blocks import blocks_for

pytestmark = pytest.mark.any_asterisk

HERE = Path(__file__).parent
FIVE_MINUTES = 300.0
ROAD = (
    "integration/test_road.py::test_from_the_package_to_the_first_call_takes_less_than_five_minutes"
)
YES = "y\n" * 9
"""The answers, to more questions than `xucd setup` asks."""
CALLER = "0230210082"


def debian_of(pbx: ExistingPbx, dist: Path) -> BootedDebian:
    """A Debian with Asterisk, which shares this machine's network: the phones are outside."""
    volumes = {
        "/dist": dist,
        "/xucd/existing": HERE / "existing",
        "/xucd/asterisk": HERE / "asterisk",
    }
    return BootedDebian("13-asterisk", volumes, network="host")


def told_on(page: str) -> str:
    """The commands of the road as they stand on a page."""
    return "".join(block.text for block in blocks_for(ROAD) if block.page == page)


def start_asterisk(debian: BootedDebian, pbx: ExistingPbx) -> None:
    """Configure it as its integrator has, and start it as the service that it is."""
    words = " ".join(f"{name}={value}" for name, value in pbx.environment().items())
    debian.run(f"rm -rf /etc/asterisk/*; {words} /xucd/existing/configure")
    debian.run("systemctl enable --now asterisk; asterisk -rx 'core waitfullybooted'")


@pytest.mark.timeout(FIVE_MINUTES + 120)
async def test_from_the_package_to_the_first_call_takes_less_than_five_minutes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(await asyncio.to_thread(build_package), tmp_path)
    pbx = ExistingPbx("plain")
    try:
        with debian_of(pbx, tmp_path) as debian:
            await asyncio.to_thread(start_asterisk, debian, pbx)
            async with Phones(pbx) as phones:
                await phones.register("201", "202")
                seconds = await road(debian, pbx, phones)
            assert debian.run("journalctl -u xucd -p err -o cat --no-pager") == ""
    finally:
        pbx.stop()
    with capsys.disabled():
        print(f"\nfrom the package to the first call: {seconds:.0f} s")
    assert seconds < FIVE_MINUTES


async def road(debian: BootedDebian, pbx: ExistingPbx, phones: Phones) -> float:
    """Go it; returns the seconds until both talk."""
    # On a machine where nothing else listens, nobody would write these.
    port = free_port()
    debian.run("install -d /etc/xucd")
    debian.write("/etc/xucd/xucd.toml", f"[web]\nport = {port}\n[agi]\nport = {pbx.agi_port}\n")
    told = told_on("README.md")
    assert told == told_on("docs/index.md")
    began = time.monotonic()
    said = await asyncio.to_thread(debian.run, f"cd /dist\n{told}", YES)
    assert f"The page: http://127.0.0.1:{port}/" in said
    passwords = csv.DictReader(io.StringIO(debian.run("cat /etc/xucd/first-passwords.csv")))
    password = next(row["password"] for row in passwords if row["login"] == "anna.berg")
    token = await token_of(port, "anna.berg", password)
    async with await Client.sign_in(port, "anna.berg", token=token) as agent:
        await agent.opened()
        await agent.ask("agentLogin", agentphonenumber="201")
        await agent.until_state("AgentReady")
        caller = phones.dial("500", caller_number=CALLER, name="Alice")
        leg = await phones.phone("201").rings()
        leg.answer()
        await caller.answered()
        await agent.until_state("AgentOnCall")
        seconds = time.monotonic() - began
        await caller.hang_up()
        await agent.until_state("AgentReady", after=len(agent.frames))
    return seconds
