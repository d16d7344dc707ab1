"""`xucd setup` beside a PBX that was there before: from nothing to an agent who takes a call.

The PBX's configuration is as its integrator wrote it, without a word of xucd; its queues stay as
they are. Every PBX is set up by one command, and left as it was found by another.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from integration.client import Client, token_of
from integration.existing.pbx import ExistingPbx, Layout
from integration.phones import Phones
from integration.running import Xucd

pytestmark = pytest.mark.timeout(300)  # a PBX of its own each, and a dozen of processes

WRAPUP = 2  # seconds
Tree = dict[str, tuple[bytes, int, int, int]]


class SetUp(Xucd):
    """xucd with settings that name only its places: `xucd setup` is to write the rest."""

    def __init__(self, pbx: ExistingPbx, folder: Path) -> None:
        super().__init__(pbx, folder)
        self.existing = pbx
        self.file.write_text(
            f"[web]\nport = {self.port}\n[agi]\nport = {pbx.agi_port}\n"
            f'[store]\nurl = "{self.url}"\n'
        )

    def setup(self, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
        """Run ``xucd setup`` to its end."""
        return subprocess.run(
            self.command_line(*arguments),
            input=said, capture_output=True, text=True, check=False, env=self.environment,
        )  # fmt: skip

    def command_line(self, *arguments: str) -> list[str]:
        """What runs setup, in `environment`."""
        return [
            sys.executable, "-m", "xucd", "-c", str(self.file), "setup",
            "--asterisk-etc", str(self.existing.etc), *arguments,
        ]  # fmt: skip

    @property
    def environment(self) -> dict[str, str]:
        """With the PBX's command `asterisk`."""
        return {**os.environ, "PATH": f"{self.existing.bin}:{os.environ['PATH']}"}

    def ended_in_setup(self, by: signal.Signals) -> str:
        """End a run of setup once its files are there; what it said of its end."""
        run = subprocess.Popen(
            self.command_line("--yes"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, env=self.environment,
        )  # fmt: skip
        main = self.existing.etc / "extensions.conf"  # the last of them
        while b"xucd/extensions.conf" not in main.read_bytes() and run.poll() is None:
            time.sleep(0.02)  # setup tells of it only at its end
        run.send_signal(by)
        return run.communicate()[1]

    def password(self, login: str) -> str:
        """A user's first password."""
        with (self.folder / "first-passwords.csv").open(encoding="utf-8", newline="") as file:
            return next(row["password"] for row in csv.DictReader(file) if row["login"] == login)

    async def agent(self, login: str) -> Client:
        """The page of an agent that signs in with its first password."""
        token = await token_of(self.port, login, self.password(login))
        client = await Client.sign_in(self.port, login, token=token)
        await client.opened()
        return client


def tree(folder: Path) -> Tree:
    """All files of a folder: content, mode and owners."""
    return {
        str(path.relative_to(folder)): (
            path.read_bytes(), path.stat().st_mode, path.stat().st_uid, path.stat().st_gid,
        )
        for path in folder.rglob("*")
        if path.is_file()
    }  # fmt: skip


@contextlib.asynccontextmanager
async def running(xucd: SetUp) -> AsyncIterator[None]:
    """The daemon, with a wrap-up in each queue as an administrator writes it."""
    center = xucd.folder / "center.toml"
    text = center.read_text()
    center.write_text(text.replace("[[queues]]", f"[[queues]]\nwrapup = {WRAPUP}"))
    await xucd.command("center", "apply", str(center))
    await xucd.start()
    try:
        yield
    finally:
        await xucd.stop()


@dataclass(frozen=True)
class Case:
    """An agent of a PBX: its phone, the queue's number and name, and another member of it."""

    layout: Layout
    login: str
    phone: str
    number: str
    queue: str
    other: str


CASES = [
    Case("plain", "anna.berg", "201", "500", "support", "202"),
    Case("freepbx", "dan.fields", "211", "400", "400", "212"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.layout)
async def test_a_discovered_agent_takes_a_call_of_an_untouched_queue(
    asterisk_image: str, tmp_path: Path, case: Case
) -> None:
    with ExistingPbx(case.layout, asterisk_image) as pbx:
        if case.layout == "plain":
            write_members_by_hand(pbx)
            pbx.cli("queue pause member PJSIP/202 queue sales reason office")
        before, queues = tree(pbx.etc), pbx.cli("queue show")
        xucd = SetUp(pbx, tmp_path)
        done = await asyncio.to_thread(xucd.setup, "--yes")
        assert (done.returncode, done.stderr) == (0, "")
        assert f"The page: http://127.0.0.1:{xucd.port}/" in done.stdout
        assert ("left out: line" in done.stdout) is (case.layout == "plain")
        assert strategies(pbx.cli("queue show")) == strategies(queues)
        (tmp_path / "center.toml").unlink()
        again = await asyncio.to_thread(xucd.setup, "--yes")
        assert "nothing is new" in again.stdout
        assert "center.toml is not there" in again.stdout
        proposal = tmp_path / "proposal.toml"
        proposal.write_text(await xucd.command("discover"))
        assert await xucd.command("center", "apply", str(proposal)) == "nothing to change\n"
        async with Phones(pbx) as phones, running(xucd):
            await phones.register(case.phone, case.other)
            agent = await xucd.agent(case.login)
            await agent.ask("agentLogin", agentphonenumber=case.phone)
            await agent.until_state("AgentReady")
            caller = phones.dial(case.number, caller_number="0230210082", name="Alice")
            leg = await phones.phone(case.phone).rings()
            sheet = await agent.until("Sheet")
            items = sheet["payload"]["profile"]["user"]["sheetInfo"]
            assert [item["value"] for item in items] == ["0230210082", "Alice", case.queue]
            leg.answer()
            await caller.answered()
            await agent.until_state("AgentOnCall")
            seen = len(agent.frames)
            await caller.hang_up()
            await agent.until_state("AgentOnWrapup", after=seen)
            await agent.until_state("AgentReady", after=seen)
            await agent.ask("agentLogout")
            await agent.until_state("AgentLoggedOut")
            await agent.close()
        assert "paused:xucd-logout" in pbx.cli(f"queue show {case.queue}")
        dry = await asyncio.to_thread(xucd.setup, "--remove", "--dry-run")
        removed = await asyncio.to_thread(xucd.setup, "--remove", "--yes")
        assert (removed.returncode, removed.stderr) == (0, "")
        freed = f"made ready in {case.queue}\n"
        assert (freed in dry.stdout, freed in removed.stdout) == (True, True)
        shown = pbx.cli("queue show")
        assert ("paused:xucd" in shown, "paused:office" in shown) == (False, case.layout == "plain")
        assert tree(pbx.etc) == before


def write_members_by_hand(pbx: ExistingPbx) -> None:
    """Have a member whose technology is in other letters, and one that the centre cannot hold."""
    queues = pbx.etc / "queues.conf"
    text = queues.read_text().replace("PJSIP/201", "pjsip/201")
    queues.write_text(f"{text}member => PJSIP/old desk,0,Old Desk\n")
    pbx.restart_asterisk()


def strategies(shown: str) -> list[str]:
    """The queues with their strategies, as ``queue show`` has them."""
    return sorted(
        line.split(" has ")[0] + line.split(" in ")[1].split(" strategy")[0]
        for line in shown.splitlines()
        if " strategy (" in line
    )


@pytest.mark.any_asterisk
async def test_setup_changes_nothing_that_it_does_not_show_and_undoes_what_fails(
    asterisk_image: str, tmp_path: Path
) -> None:
    with ExistingPbx("plain", asterisk_image) as pbx:
        manager = pbx.etc / "general.conf"
        # As some write it on other systems; and its interface is switched off.
        text = (pbx.etc / "manager.conf").read_text().replace("enabled = yes", "enabled = no")
        manager.write_bytes(("\ufeff" + text.replace("\n", "\r\n")).encode())
        (pbx.etc / "manager.conf").write_bytes(b'#include "general.conf"\r\n')
        pbx.restart_asterisk()
        xucd = SetUp(pbx, tmp_path)
        before = tree(pbx.etc)
        dry = await asyncio.to_thread(xucd.setup, "--dry-run")
        assert dry.returncode == 0
        assert "+enabled = yes" in dry.stdout
        assert '+#include "xucd/extensions.conf"' in dry.stdout
        refused = await asyncio.to_thread(xucd.setup, said="n\n")
        assert refused.returncode == 2
        assert "nothing was changed" in refused.stderr
        assert tree(pbx.etc) == before
        done = await asyncio.to_thread(xucd.setup, "--yes", "--exact-wrapup", "support")
        assert done.returncode == 0, done.stderr
        assert "of 2 members (Anna Berg, Bruno O'Neill), xucd pauses" in done.stdout
        assert manager.read_bytes().count(b"\r\n") == manager.read_bytes().count(b"\n")
        shown = pbx.cli("queue show support")
        assert "'ringall' strategy" in shown
        with (pbx.etc / "xucd/extensions.conf").open("a") as file:
            file.write("; of ours\n")
        prepared = tree(pbx.etc)
        again = await asyncio.to_thread(xucd.setup, "--yes")
        assert "xucd/extensions.conf was changed by hand" in again.stdout
        assert tree(pbx.etc) == prepared
        more = await asyncio.to_thread(xucd.setup, "--yes", "--exact-wrapup", "none")
        assert (more.returncode, more.stderr) == (
            2, "xucd: --exact-wrapup: there is no queue none\n",
        )  # fmt: skip
        assert tree(pbx.etc) == prepared
        removed = await asyncio.to_thread(xucd.setup, "--remove", "--yes")
        assert removed.returncode == 0, removed.stderr
        left = tree(pbx.etc)
        assert left.pop("xucd/extensions.conf")[0].endswith(b"; of ours\n")
        assert left == before


@pytest.mark.any_asterisk
async def test_a_run_that_is_ended_leaves_nothing_and_a_killed_one_is_ended_by_the_next(
    asterisk_image: str, tmp_path: Path
) -> None:
    with ExistingPbx("plain", asterisk_image) as pbx:
        # The account was made by hand, and is right.
        account = "\n[xucd]\nsecret = made-by-hand\nread = all\nwrite = all\n"
        with (pbx.etc / "manager.conf").open("a") as file:
            file.write(account)
        pbx.cli("manager reload")
        missing = pbx.etc / "of-last-year.conf"
        with (pbx.etc / "extensions.conf").open("a") as file:
            file.write(f'#include "{missing.name}"\n')  # so that it reads no new dialplan
        xucd = SetUp(pbx, tmp_path)
        with xucd.file.open("a") as file:
            file.write(f'[ami]\nport = {pbx.ami_port}\nsecret = "made-by-hand"\n')
        before = tree(pbx.etc), xucd.file.read_text(), sorted(os.listdir(tmp_path))
        said = await asyncio.to_thread(xucd.ended_in_setup, signal.SIGTERM)
        assert "interrupted; run it again" in said
        assert (tree(pbx.etc), xucd.file.read_text(), sorted(os.listdir(tmp_path))) == before
        await asyncio.to_thread(xucd.ended_in_setup, signal.SIGKILL)
        missing.touch()
        done = await asyncio.to_thread(xucd.setup, "--yes")
        assert (done.returncode, done.stderr) == (0, "")
        assert "it has not read them yet" in done.stdout
        assert "Asterisk lets xucd in." in done.stdout
        assert (pbx.etc / "manager.conf").read_bytes() == before[0]["manager.conf"][0]


@pytest.mark.any_asterisk
async def test_what_asterisk_does_not_take_is_undone(asterisk_image: str, tmp_path: Path) -> None:
    with ExistingPbx("plain", asterisk_image) as pbx:
        with (pbx.etc / "extensions.conf").open("a") as file:
            file.write('#include "of-last-year.conf"\n')  # so that it reads no new dialplan
        xucd = SetUp(pbx, tmp_path)
        before = tree(pbx.etc), xucd.file.read_text(), sorted(os.listdir(tmp_path))
        failed = await asyncio.to_thread(xucd.setup, "--yes")
        assert failed.returncode == 2
        assert "has not taken xucd's contexts" in failed.stderr
        assert (tree(pbx.etc), xucd.file.read_text(), sorted(os.listdir(tmp_path))) == before
        assert "xucd" not in pbx.cli("manager show users")
        # Of another Asterisk of this machine, the second of two to be named, which does not run.
        second = pbx.etc / "second"
        second.mkdir()
        (second / "asterisk.conf").write_text("[directories]\nastrundir => /nowhere\n")
        failed = await asyncio.to_thread(xucd.setup, "--yes", "--asterisk-etc", str(second))
        assert failed.returncode == 2
        assert f"-C {second}/asterisk.conf -rx core show version: " in failed.stderr
        assert os.listdir(second) == ["asterisk.conf"]
        shutil.rmtree(second)
        pbx.halt()
        failed = await asyncio.to_thread(xucd.setup, "--yes")
        assert failed.returncode == 2
        assert "start Asterisk, and run this again" in failed.stderr
        assert (tree(pbx.etc), xucd.file.read_text(), sorted(os.listdir(tmp_path))) == before
