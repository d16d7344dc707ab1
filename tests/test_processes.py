"""An edge that serves by three processes, each a process of its own, beside an owner."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from integration.client import Client, http, token_of
from integration.edged import Edge, ports_of
from integration.nats import Nats
from integration.test_systemd import Systemd
from tests.edged_lone import LoneEdgedXucd
from tests.test_cluster_settings import CLUSTER, loaded
from xucd.app.processes import Processes
from xucd.signin.earlier_attempts import BY_ADDRESS

PROCESSES = 3
AUTH = "/xuc/api/2.0/auth"
LINKS, FAILURES, CONNECTIONS = 6, 5, 8
LIMITS = (
    f"[limits]\nlinks_per_user = {LINKS}\nlogin_attempts_per_minute = {FAILURES}\n"
    f"connections_per_address = {CONNECTIONS}\n"
)


async def until(is_so: Callable[[], Any]) -> None:
    async with asyncio.timeout(30):
        while True:
            if await asyncio.to_thread(is_so):
                return
            await asyncio.sleep(0.02)  # a process that starts or ends tells nobody here


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(postgresql: Callable[[str], str]) -> AsyncIterator[LoneEdgedXucd]:
    with Nats() as nats, TemporaryDirectory() as folder:
        xucd = LoneEdgedXucd(Path(folder), postgresql("processes"), nats)
        xucd.edge.divide(PROCESSES)
        xucd.edge.file.write_text(xucd.edge.file.read_text() + LIMITS)
        async with xucd:
            yield xucd


@pytest_asyncio.fixture(loop_scope="session")
async def xucd(running: LoneEdgedXucd) -> LoneEdgedXucd:
    """All of its processes serve; a test may end some, and all of them."""
    edge = running.edge
    if edge._process is None:
        await edge.start(hears=False)
    await until(lambda: serving(edge) == PROCESSES and all_have_a_feed(edge))
    return running


def all_have_a_feed(edge: Edge) -> bool:
    """Whether all have their owner's state: until then, clients are told of it."""
    log = edge.log.read_text()
    events = r"(listening|the PBX's owner is there) .*process={}\b"
    last = [re.findall(events.format(number), log)[-1:] for number in range(1, PROCESSES + 1)]
    return last == [["the PBX's owner is there"]] * PROCESSES


async def kill(edge: Edge, pid: int) -> None:
    """Kill a process; returns when all know that it is gone."""
    edge.kill(pid)
    await until(lambda: pid not in edge.processes() and serving(edge) < PROCESSES)


def serving(edge: Edge) -> float:
    """How many processes serve; 0 if the one that was asked has just ended."""
    try:
        return edge.metrics().get("xucd_processes", 0)
    except OSError:
        return 0


def has_ended(pid: int) -> bool:
    """Whether a process is no more, or nobody has asked for its end yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


async def one_at_each(edge: Edge, login: str, token: str, query: str = "") -> dict[int, Client]:
    """Links of a user, one at each process."""
    found: dict[int, Client] = {}
    while len(found) < PROCESSES:
        client = await Client.sign_in(edge.port, login, token=token, query=query)
        pid = edge.process_of(client)
        if pid in found:
            await client.close()
        else:
            await client.opened()
            found[pid] = client
    return found


async def close(clients: dict[int, Client]) -> None:
    await asyncio.gather(*(client.close() for client in clients.values()))


async def resumed(edge: Edge, login: str, token: str, old: Client) -> tuple[int, bool]:
    """Where a client comes back by chance, and whether it resumes there."""
    position = old.frames[-1].message["position"]
    stream = old.bodies("LoggedOn")[0]["stream"]
    query = f"&resume=1&epoch={stream['epoch']}&position={position}"
    client = await Client.sign_in(edge.port, login, token=token, query=query)
    recovered = bool((await client.until("LoggedOn"))["recovered"])
    if not recovered:
        await client.opened()
    pid = edge.process_of(client)
    client.cut()
    await client.close()
    return pid, recovered


async def test_all_processes_end_when_the_one_that_started_them_is_told_to(
    xucd: LoneEdgedXucd,
) -> None:
    processes = xucd.edge.processes()
    assert len(processes) == PROCESSES
    assert await xucd.edge.stop() == 0
    assert all(has_ended(pid) for pid in processes)


async def test_all_processes_end_when_the_one_that_started_them_is_killed(
    xucd: LoneEdgedXucd,
) -> None:
    processes = xucd.edge.processes()
    await xucd.edge.stop(signal.SIGKILL)
    await until(lambda: all(has_ended(pid) for pid in processes))


async def test_a_process_that_ends_is_started_again_and_clients_of_the_others_notice_nothing(
    xucd: LoneEdgedXucd,
) -> None:
    edge = xucd.edge
    token = await token_of(edge.port, "ada")
    clients = await one_at_each(edge, "ada", token)
    for client in clients.values():
        await client.until("LinkStatus")  # there is no Asterisk; it comes last
    killed, *others = edge.processes()
    before = [len(clients[pid].frames) for pid in others]
    await until(partial(agree, edge))
    counted = edge.metrics()["xucd_links_opened_total"]
    await kill(edge, killed)
    await clients[killed].closed()
    again = await edge.client("ada")  # at one of the others
    await until(lambda: serving(edge) == PROCESSES)
    assert killed not in edge.processes()
    assert [len(clients[pid].frames) for pid in others] == before
    # What the killed one has counted still counts.
    await until(lambda: edge.metrics()["xucd_links_opened_total"] == counted + 1)
    assert "killed by SIGKILL" in edge.log.read_text()
    await again.close()
    await close(clients)


def agree(edge: Edge) -> bool:
    """Whether all processes, asked by chance, have the same counts: none is to be reported yet."""
    told = [edge.metrics() for _ in range(4 * PROCESSES)]
    return len({(each["xucd_links"], each["xucd_links_opened_total"]) for each in told}) == 1


async def test_the_pause_before_a_process_is_started_again_grows(xucd: LoneEdgedXucd) -> None:
    edge = xucd.edge
    for _ in range(2):
        await kill(edge, edge.processes()[-1])  # the one that was started last
        await until(lambda: serving(edge) == PROCESSES)
    told = re.findall(r"a process has ended.*delay=([\d.]+) process=(\d)", edge.log.read_text())
    (first, one), (second, other) = told[-2:]
    assert one == other
    assert 0.5 <= float(first) <= float(second) <= 30


async def test_a_client_that_comes_back_to_another_process_gets_everything_anew(
    xucd: LoneEdgedXucd,
) -> None:
    edge = xucd.edge
    token = await token_of(edge.port, "ada")
    client = await Client.sign_in(edge.port, "ada", token=token, query="&resume=1")
    await client.opened()
    home = edge.process_of(client)
    client.cut()
    await client.close()
    seen: dict[bool, set[int]] = {True: set(), False: set()}
    while not (seen[True] and len(seen[False]) == PROCESSES - 1):
        pid, recovered = await resumed(edge, "ada", token, client)
        seen[recovered].add(pid)
    assert seen[True] == {home}


async def test_each_process_restores_its_own_streams_at_a_restart_of_all(
    xucd: LoneEdgedXucd,
) -> None:
    edge = xucd.edge
    token = await token_of(edge.port, "sue")
    clients = await one_at_each(edge, "sue", token, "&resume=1")
    await edge.stop(signal.SIGKILL)
    await edge.start(hears=False)
    await until(lambda: serving(edge) == PROCESSES)
    for client in clients.values():
        while not (await resumed(edge, "sue", token, client))[1]:
            pass
    await close(clients)


async def test_a_user_has_as_many_links_over_all_processes_as_over_one(
    xucd: LoneEdgedXucd,
) -> None:
    edge = xucd.edge
    token = await token_of(edge.port, "bruce")
    clients = list((await one_at_each(edge, "bruce", token)).values())
    clients += [
        await Client.sign_in(edge.port, "bruce", token=token) for _ in range(LINKS - PROCESSES)
    ]

    async def is_refused() -> bool:
        path = f"/xuc/api/2.0/cti?token={token}"
        headers = {
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        }  # fmt: skip
        status, answer = await asyncio.to_thread(http, edge.port, path, None, headers)
        return (status, answer["error"]) == (429, "TooManyLinks")

    assert all([await is_refused() for _ in range(4 * PROCESSES)])
    await asyncio.gather(*(client.close() for client in clients))
    again = await edge.client("bruce")
    await again.close()


async def test_an_address_has_as_many_connections_over_all_processes_as_over_one(
    xucd: LoneEdgedXucd,
) -> None:
    place = ("127.0.0.1", xucd.edge.port)
    held = [await asyncio.to_thread(socket.create_connection, place) for _ in range(40)]

    def open_ones() -> int:
        return sum(is_open(connection) for connection in held)

    # Each process alone would keep as many.
    await until(lambda: CONNECTIONS // 2 <= open_ones() <= 2 * CONNECTIONS - 1)
    for connection in held:
        connection.close()


async def test_a_connection_over_the_bound_is_let_in_where_only_another_process_has_silent_ones(
    xucd: LoneEdgedXucd,
) -> None:
    edge = xucd.edge
    full, other, *_ = edge.processes()
    silent = [await connected(edge, full) for _ in range(CONNECTIONS)]
    late = await connected(edge, other)
    await until(lambda: sum(map(is_open, silent)) == CONNECTIONS - 1)
    assert not is_open(silent[0])
    assert is_open(late)
    for connection in (*silent, late):
        connection.close()


async def connected(edge: Edge, pid: int) -> socket.socket:
    """A connection that the kernel gives to this process."""
    place = ("127.0.0.1", edge.port)
    while True:
        connection = await asyncio.to_thread(socket.create_connection, place)
        port = connection.getsockname()[1]
        await until(partial(is_held, edge, port))
        if port in ports_of(pid):
            return connection
        connection.close()
        await until(partial(is_let_go, edge, port))


def is_held(edge: Edge, port: int) -> bool:
    """Whether a process has the connection from a port."""
    return any(port in ports_of(pid) for pid in edge.processes())


def is_let_go(edge: Edge, port: int) -> bool:
    return not is_held(edge, port)


def is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


async def test_wrong_passwords_are_counted_over_all_processes(xucd: LoneEdgedXucd) -> None:
    wrong = {"login": "alice", "password": "wrong"}
    told = [
        (await asyncio.to_thread(http, xucd.edge.port, f"{AUTH}/login", wrong))[0]
        for _ in range(4 * FAILURES)
    ]
    assert told[:FAILURES] == [401] * FAILURES
    assert told.count(401) <= FAILURES + 1  # one may have leaked away
    assert told[-1] == 429


async def test_a_user_who_is_known_at_an_address_is_so_to_all_processes(
    xucd: LoneEdgedXucd,
) -> None:
    edge = xucd.edge

    async def signs_in(login: str, password: str) -> int:
        body = {"login": login, "password": password}
        return (await asyncio.to_thread(http, edge.port, f"{AUTH}/login", body))[0]

    try:
        assert await signs_in("jack", "jack-demo") == 200
        told = [await signs_in(f"nobody-{number}", "wrong") for number in range(20 * FAILURES)]
        # Wrong passwords of another test may count, too.
        assert told.count(401) >= (BY_ADDRESS - 2) * FAILURES
        assert told[-1] == 429
        assert [await signs_in("jack", "jack-demo") for _ in range(4 * PROCESSES)] == [200] * 12
    finally:
        await edge.stop()  # or strangers of other tests would be refused


async def test_a_sign_in_that_ends_at_one_process_ends_at_all(xucd: LoneEdgedXucd) -> None:
    edge = xucd.edge
    token = await token_of(edge.port, "sue")
    clients = await one_at_each(edge, "sue", token)
    bearer = {"Authorization": f"Bearer {token}"}
    with pytest.raises(ValueError, match="Expecting value"):  # an answer without a body
        await asyncio.to_thread(http, edge.port, f"{AUTH}/logout", {}, bearer)
    assert [(await client.closed())[0] for client in clients.values()] == [4011] * PROCESSES
    await close(clients)


async def test_every_process_tells_the_metrics_of_all(xucd: LoneEdgedXucd) -> None:
    edge = xucd.edge
    token = await token_of(edge.port, "ada")
    clients = await one_at_each(edge, "ada", token)
    await until(lambda: edge.metrics()["xucd_links"] == PROCESSES)
    # By chance, from each of them.
    told = [edge.metrics() for _ in range(8 * PROCESSES)]
    assert {each["xucd_links"] for each in told} == {PROCESSES}
    await close(clients)


async def test_another_xucd_is_refused_the_port(xucd: LoneEdgedXucd) -> None:
    process = await xucd.edge._run("run")
    said, _ = await process.communicate()
    assert process.returncode == 2
    assert f"xucd: cannot listen on 127.0.0.1:{xucd.edge.port}" in said.decode()


async def test_processes_that_may_choose_a_port_choose_the_same(xucd: LoneEdgedXucd) -> None:
    edge = xucd.edge
    await edge.stop()
    text, begun = edge.file.read_text(), len(edge.log.read_text())
    edge.file.write_text(re.sub(r"(?m)^port = \d+$", "port = 0", text))
    await edge.spawn()

    def ports() -> list[str]:
        return re.findall(r"listening .*port=(\d+)", edge.log.read_text()[begun:])

    await until(lambda: len(ports()) == PROCESSES)
    assert len(set(ports())) == 1
    await edge.stop()
    edge.file.write_text(text)


async def test_systemd_is_told_of_all_processes_by_the_one_that_it_has_started(
    xucd: LoneEdgedXucd,
) -> None:
    edge = xucd.edge
    await edge.stop()
    systemd = Systemd()
    environment = edge.more_environment
    edge.more_environment = {
        **environment, "NOTIFY_SOCKET": f"@{systemd.name}", "WATCHDOG_USEC": "6000000"
    }  # fmt: skip
    begun = len(edge.log.read_text())

    async def told() -> str:
        while (state := await systemd.told(main)) == "WATCHDOG=1":
            pass
        return state.partition("\n")[0]

    def logged() -> str:
        return edge.log.read_text()[begun:]

    try:
        await edge.spawn()
        main = edge.parent
        assert await told() == "READY=1"
        assert logged().count("listening ") == PROCESSES
        edge.signal(signal.SIGHUP)
        assert [await told(), await told()] == ["RELOADING=1", "READY=1"]
        assert logged().count("configuration reloaded") == PROCESSES
        edge.kill(edge.processes()[1], signal.SIGSTOP)
        await until(lambda: "a process stands still" in logged())
        await until(lambda: logged().count("listening ") == PROCESSES + 1)
        ended = asyncio.create_task(edge.stop())
        assert await told() == "STOPPING=1"
        assert await ended == 0
    finally:
        systemd.close()
        edge.more_environment = environment


async def test_a_wrong_setting_ends_all_with_its_code(xucd: LoneEdgedXucd) -> None:
    edge = xucd.edge
    await edge.stop()
    text = edge.file.read_text()
    tls = 'tls_certificate = "/nowhere"\ntls_key = "/nowhere"\n'
    edge.file.write_text(text.replace("[web]\n", f"[web]\n{tls}"))
    await edge.spawn()
    assert edge._process is not None
    assert await asyncio.wait_for(edge._process.wait(), 30) == 2
    edge._process = None
    edge.file.write_text(text)


async def test_a_process_that_stands_still_is_killed_also_while_it_starts_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    processes = Processes(loaded(tmp_path, CLUSTER), lambda *_: 0)
    now = 1000.0
    processes._loop = SimpleNamespace(time=lambda: now)  # type: ignore[assignment]
    (process,) = processes._all
    process.heard_at = now
    now += 1000  # at the first start systemd waits
    assert not processes._stands_still(process)
    processes._has_begun = True
    process.heard_at, process.ready_at = now, now
    now += 31
    assert processes._stands_still(process)
    process.ready_at = 0.0
    assert not processes._stands_still(process)
    now += 60
    assert processes._stands_still(process)
