"""xucd as a process: the limit of open files, exposed secrets, a systemd that does not read."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

import pytest
import pytest_asyncio

from integration.client import http
from integration.ports import free_port
from tests.lone_xucd import LoneXucd
from tests.rest_client import PREFIX
from tests.web_server import until
from tests.ws_client import Client
from xucd import cli
from xucd.app import file_limit
from xucd.app.systemd import Notifier
from xucd.config.plan import Plan
from xucd.store.apply import apply

SOFT, HARD = 64, 1024


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def careless(demo_plan: Plan) -> AsyncIterator[LoneXucd]:
    """xucd under a low limit of open files, and everybody can read its settings."""
    with TemporaryDirectory(dir="/tmp") as folder:  # pytest's own are private
        xucd = LoneXucd(Path(folder))
        xucd.folder.chmod(0o755)
        xucd.file.chmod(0o644)
        xucd.launcher = ("prlimit", f"--nofile={SOFT}:{HARD}")
        store = xucd.store()
        store.migrate()
        apply(store, demo_plan)
        store.close()
        async with xucd:
            yield xucd


async def test_more_links_are_open_than_files_might_have_been_at_first(careless: LoneXucd) -> None:
    paths = [f"{PREFIX}/cti?token={careless.token(login)}" for login in ("ada", "sue")]
    links = [await Client.connect(careless.port, path) for path in paths for _ in range(SOFT // 2)]
    links.append(await Client.connect(careless.port, paths[0]))
    for link in links:
        link.say('{"claz":"ping"}')
        while await link.hear() != {"claz": "ping"}:
            pass
    assert careless.sockets() > SOFT
    for link in links:
        link.writer.close()


async def test_settings_with_a_secret_that_all_can_read_are_told_of_at_start_and_by_the_check(
    careless: LoneXucd, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = f"{careless.file} holds ami.secret and can be read by every user of this machine"
    logged = careless.log.read_text()
    assert "a secret is exposed" in logged
    assert f"{problem}: chmod o-r {careless.file}" in logged
    for mode in (0o644, 0o640):
        careless.file.chmod(mode)
        await asyncio.to_thread(cli.main, ["-c", str(careless.file), "check"])
        assert (problem in capsys.readouterr().out) == (mode == 0o644)


async def test_a_process_that_has_looked_up_names_for_the_provider_comes_to_its_end(
    tmp_path: Path,
) -> None:
    xucd = LoneXucd(tmp_path)
    oidc = f'[oidc]\nissuer = "http://localhost:{free_port()}"\n'
    web = '[web]\npublic_url = "https://x.example"\n'
    xucd.file.write_text(xucd.file.read_text().replace("[web]\n", web) + oidc)
    async with xucd:
        page = f"http://127.0.0.1:{xucd.port}/signin/oidc"
        answer = await asyncio.to_thread(urlopen, page)
        assert "#sign-in-error=" in answer.url, "it asked the provider, which is not there"
        assert await xucd.stop() == 0


async def test_a_process_that_waits_for_an_ldap_server_comes_to_its_end(tmp_path: Path) -> None:
    asked, over = asyncio.Event(), asyncio.Event()

    async def never_answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await over.wait()
        writer.close()

    server = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f'"ldap://127.0.0.1:{port}"'
    ldap = f'[ldap]\nurls = [{url}]\nbase = "dc=x"\ntimeout = 60\nstarttls = false\n'
    async with server, LoneXucd(tmp_path, settings=ldap) as xucd:
        body = {"login": "bruce", "password": "wrong"}
        path = (xucd.port, f"{PREFIX}/auth/login", body)
        signing_in = asyncio.create_task(asyncio.to_thread(http, *path))
        await asked.wait()
        assert await xucd.stop() == 0
        with pytest.raises(OSError):
            await signing_in
        over.set()


def test_the_limit_of_open_files_is_raised_as_far_as_it_goes() -> None:
    program = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (256, 777))\n"
        "from xucd.app import file_limit\n"
        "print(file_limit.raised(), resource.getrlimit(resource.RLIMIT_NOFILE))\n"
    )
    said = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert said == "777 (777, 777)\n"


@pytest.mark.parametrize("limit", [256, 1024, 4096, 65536, 1 << 20])
def test_clients_leave_files_for_asterisk_the_database_and_the_log(limit: int) -> None:
    clients, agi = file_limit.for_clients(limit), file_limit.for_agi(limit)
    assert clients > 0
    assert agi > 0
    if limit >= 1024:
        assert limit - clients - agi >= file_limit.RESERVED


async def test_a_systemd_that_does_not_read_holds_nothing_up(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        systemd.setblocking(False)
        notifier = Notifier({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "2000"})
        alive = asyncio.create_task(notifier.stay_alive())
        # A datagram socket takes few before it is read (net.unix.max_dgram_qlen).
        await asyncio.sleep(0.2)
        notifier.send("RELOADING=1")
        notifier.send("READY=1")
        said: list[str] = []

        def read() -> bool:
            while True:
                try:
                    said.append(systemd.recv(100).decode())
                except BlockingIOError:
                    return "READY=1" in said

        await until(read)
        alive.cancel()
    assert said.index("RELOADING=1") < said.index("READY=1")
    assert "WATCHDOG=1" in said


async def test_a_notification_that_nobody_takes_is_only_logged(tmp_path: Path) -> None:
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).send("READY=1")
    Notifier({}).send("READY=1")
