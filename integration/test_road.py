"""The first five minutes, timed: from package or wheel to the first agent who takes a real call.

On Debian 13 with systemd as the first process, and an Asterisk of its own that somebody else has
configured: static members, a dialplan of its own, and not a word of xucd.
"""

from __future__ import annotations

import asyncio
import csv
import io
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.client import Client, token_of
from integration.debian.booted import PROJECT, BootedDebian, build_package
from integration.existing.pbx import ExistingPbx
from integration.phones import Phones
from integration.ports import free_port
from tests.doc_blocks import blocks_for

pytestmark = pytest.mark.any_asterisk

HERE = Path(__file__).parent
FIVE_MINUTES = 300.0
ROAD = (
    "integration/test_road.py::test_from_the_package_to_the_first_call_takes_less_than_five_minutes"
)
YES = "y\n" * 9
"""The answers, to more questions than `xucd setup` asks."""
WHEEL = "integration/test_road.py::test_from_the_wheel_setup_makes_a_service_and_undoes_it"
CLEARED = """
xucd setup --remove --yes || true
apt-get -qy purge xucd || true
userdel xucd || true
rm -rf /opt/xucd /usr/local/bin/xucd /etc/xucd /var/lib/xucd
"""
CALLER = "0230210082"


Machine = tuple[BootedDebian, ExistingPbx]


@pytest.fixture(scope="module")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A Debian with Asterisk, which shares this machine's network: the phones are outside."""
    dist = tmp_path_factory.mktemp("dist")
    shutil.copy(build_package(), dist)
    [wheel] = (PROJECT / "dist").glob("xucd-*.whl")
    shutil.copy(wheel, dist)
    [libraries] = (PROJECT / "build").glob("libraries-3.13-*")  # for Debian 13's Python
    volumes = {
        "/dist": dist,
        "/libraries": libraries,
        "/xucd/existing": HERE / "existing",
        "/xucd/asterisk": HERE / "asterisk",
    }
    pbx = ExistingPbx("plain")
    try:
        with BootedDebian("13-asterisk", volumes, network="host") as debian:
            start_asterisk(debian, pbx)
            yield debian, pbx
    finally:
        pbx.stop()


@pytest.fixture
def machine(booted: Machine) -> Iterator[Machine]:
    """The same, without xucd afterwards."""
    yield booted
    booted[0].run(CLEARED)


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
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    told = told_on("README.md")
    assert told == told_on("docs/index.md")
    seconds = await road(machine, f"cd /dist\n{told}")
    assert machine[0].run("journalctl -u xucd -p err -o cat --no-pager") == ""
    with capsys.disabled():
        print(f"\nfrom the package to the first call: {seconds:.0f} s")
    assert seconds < FIVE_MINUTES


@pytest.mark.timeout(FIVE_MINUTES + 120)
async def test_from_the_wheel_setup_makes_a_service_and_undoes_it(machine: Machine) -> None:
    debian, _ = machine
    # Line by line as docs/index.md has it. The libraries are there, for want of a network.
    (block,) = blocks_for(WHEEL)
    made, *installed = block.text.splitlines()
    debian.run(f"{made}; cp -r /libraries/. /opt/xucd/lib/python3.*/site-packages/")
    debian.run("\n".join(["cd /dist", "export PIP_NO_INDEX=1", *installed]))
    dry = debian.run("xucd setup --dry-run")
    for shown in (
        "/etc/sysusers.d/xucd.conf", "/etc/systemd/system/xucd.service",
        "+ExecStart=/opt/xucd/bin/xucd -c /etc/xucd/xucd.toml run",
    ):  # fmt: skip
        assert shown in dry
    assert debian.run("find /etc -name '*xucd*'; getent passwd xucd || true") == ""
    await road(machine, "xucd setup")
    asked = "User,LimitNOFILE,UnitFileState,ActiveState,FragmentPath"
    assert set(debian.run(f"systemctl show xucd --property={asked}").split()) == {
        "User=xucd", "LimitNOFILE=65536", "UnitFileState=enabled", "ActiveState=active",
        "FragmentPath=/etc/systemd/system/xucd.service",
    }  # fmt: skip
    owned = "stat -c '%U:%G %a' /var/lib/xucd /var/lib/xucd/xucd.db /etc/xucd/ami-secret"
    assert debian.run(owned).splitlines() == ["xucd:xucd 700", "xucd:xucd 600", "root:xucd 640"]
    assert debian.run("runuser -u xucd -- xucd health").startswith('{"current":true')
    assert "nothing is new" in debian.run("xucd setup --yes")
    # To the package, by the told steps: its unit comes in the place of the one that setup had made.
    own, packaged = "/etc/systemd/system/xucd.service", "/usr/lib/systemd/system/xucd.service"
    debian.run(f"mv {own} {packaged}; systemctl daemon-reload; xucd setup --yes; test ! -e {own}")
    debian.run(f"mv {packaged} {own}; systemctl daemon-reload")
    removed = debian.run("xucd setup --remove --yes")
    assert "the user xucd, whose it is, stays" in removed
    assert debian.run("systemctl is-active xucd || true").strip() in ("inactive", "unknown")
    left = debian.run("find /etc -name '*xucd*' | sort").split()
    assert left == ["/etc/xucd", "/etc/xucd/xucd.toml"]  # which were there before


async def road(machine: Machine, commands: str) -> float:
    """Go it; returns the seconds until both talk."""
    debian, pbx = machine
    # On a machine where nothing else listens, nobody would write these.
    port = free_port()
    debian.run("install -d /etc/xucd")
    debian.write("/etc/xucd/xucd.toml", f"[web]\nport = {port}\n[agi]\nport = {pbx.agi_port}\n")
    async with Phones(pbx) as phones:
        await phones.register("201", "202")
        began = time.monotonic()
        said = await asyncio.to_thread(debian.run, commands, YES)
        assert f"The page: http://127.0.0.1:{port}/" in said
        return await first_call(debian, phones, port) - began


async def first_call(debian: BootedDebian, phones: Phones, port: int) -> float:
    """An agent with its first password takes a call; when both talked, by the steady clock."""
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
        talked = time.monotonic()
        talking = len(agent.frames)
        await caller.hang_up()
        await agent.until_state("AgentReady", after=talking)
    return talked
