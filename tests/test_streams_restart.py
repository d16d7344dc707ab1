"""A stream goes on over a restart of xucd, or its client is told that it does not.

A killed xucd is one whose files were copied while it ran: no code of its end has run in them.
"""

from __future__ import annotations

import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.test_ws_resume import back_at, lost, opened
from tests.web_server import ALICE, BRUCE, Server, said, serving, until
from tests.ws_client import Client
from xucd.center.directory import User
from xucd.cti.link import LinkLimits
from xucd.cti.streams.file import RETRY_S, StreamFile
from xucd.cti.streams.log import KEEP_S, StreamLog


class Machine:
    """A machine on which xucd is started again and again; `time` is in seconds since its boot."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.time = 1000.0
        self.boot = "the first boot"
        self._starts = 0

    def xucd(self, **options: Any) -> AbstractAsyncContextManager[Server]:
        """Start xucd on the files that are there."""
        file = StreamFile(self.folder / "streams", self.boot, keep=KEEP_S, limit=1 << 27)
        return serving(streams=StreamLog(lambda: self.time, file), **options)

    async def kill(self, server: Server) -> None:
        """From now on the files are those that a killed xucd would leave."""
        await until(lambda: not server.hub.flush._scheduled)
        self._starts += 1
        after = self.folder.with_name(f"{self.folder.name}-{self._starts}")
        shutil.copytree(self.folder, after)
        self.folder = after

    def files(self) -> list[Path]:
        """The log's files, the oldest first."""
        return sorted(self.folder.glob("streams.[0-9]*"))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    folder = tmp_path / "state"
    folder.mkdir()
    return Machine(folder)


async def heard(client: Client, count: int) -> list[tuple[str, Any]]:
    """The types and bodies of the next messages."""
    messages = [await client.hear() for _ in range(count)]
    return [(message["msgType"], message["ctiMessage"]) for message in messages]


async def is_fresh(server: Server, query: str, login: str = "bruce") -> None:
    """A client that comes with this is told that it cannot be resumed, and gets an opening."""
    client = await server.link(login, more="&resume=1" + query)
    assert (await client.hear())["ctiMessage"]["recovered"] is False
    assert [kind for kind, _ in await heard(client, 2)] == ["RightProfile", "UserStatusUpdate"]
    client.writer.close()


async def before_a_kill(machine: Machine, **options: Any) -> dict[str, Any]:
    """Bruce has opened a stream and read nothing of it, and xucd was killed; returns the stream."""
    async with machine.xucd(**options) as server:
        _, hello = await opened(server)
        server.hub.publish(["everybody"], said(1))
        await machine.kill(server)
    stream: dict[str, Any] = hello["stream"]
    return stream


async def test_what_was_missed_before_and_after_a_kill_comes_in_order(machine: Machine) -> None:
    stream = await before_a_kill(machine)
    async with machine.xucd() as server:
        server.hub.publish(["everybody"], said(2))
        client, hello = await opened(server, back_at(stream, stream["position"]))
        assert hello["recovered"] is True
        assert hello["stream"] == stream
        server.hub.publish(["everybody"], said(3))
        messages = [await client.hear() for _ in range(5)]
        kinds = [(each["msgType"], each["ctiMessage"].get("agentId")) for each in messages]
        assert kinds == [
            ("RightProfile", None),
            ("UserStatusUpdate", None),
            ("AgentListen", 1),
            ("AgentListen", 2),
            ("AgentListen", 3),
        ]
        await lost(server, client)
        _, hello = await opened(server, back_at(stream, messages[-1]["position"]))
        assert hello["recovered"] is True


async def test_a_clean_end_and_an_upgrade_are_no_worse(machine: Machine) -> None:
    async with machine.xucd() as server:
        client, hello = await opened(server)
        server.hub.publish(["everybody"], said(1))
        position = [(await client.hear())["position"] for _ in range(3)][-1]
    assert machine.files()
    async with machine.xucd() as server:
        server.hub.publish(["everybody"], said(2))
        client, hello = await opened(server, back_at(hello["stream"], position))
        assert hello["recovered"] is True
        assert (await heard(client, 1))[0][1]["agentId"] == 2


async def test_the_answer_to_a_command_that_was_carried_out_comes_after_a_kill(
    machine: Machine,
) -> None:
    async with machine.xucd() as server:
        client, hello = await opened(server)
        client.say('{"claz":"web","command":"listenAgent","agentid":7,"requestId":"mine"}')
        await until(lambda: server.application.asked_for)
        await machine.kill(server)
    async with machine.xucd() as server:
        client, hello = await opened(server, back_at(hello["stream"], hello["stream"]["position"]))
        messages = await heard(client, 4)
        assert messages[3] == ("CommandResult", {"requestId": "mine", "ok": True})


async def test_nothing_of_the_log_is_left_when_nobody_can_resume(machine: Machine) -> None:
    async with machine.xucd(limits=LinkLimits(parking=0.05)) as server:
        client, _ = await opened(server)
        server.hub.publish(["everybody"], said(1))
        await until(machine.files)
        await lost(server, client)
        await until(lambda: not machine.files())
        client = await server.opened()  # without resuming
        server.hub.publish(["everybody"], said(1))
        client.writer.close()
        await until(lambda: not server.links.open)
    assert list(machine.folder.iterdir()) == []


async def test_the_files_are_for_their_owner_alone(machine: Machine) -> None:
    await before_a_kill(machine)
    assert {path.stat().st_mode & 0o777 for path in machine.folder.iterdir()} == {0o600}


async def test_a_rebooted_machine_resumes_nothing(machine: Machine) -> None:
    stream = await before_a_kill(machine)
    machine.boot = "the second boot"
    async with machine.xucd() as server:
        await is_fresh(server, back_at(stream, stream["position"]))


async def test_a_machine_that_cannot_tell_its_boots_apart_resumes_nothing(
    machine: Machine,
) -> None:
    machine.boot = ""
    stream = await before_a_kill(machine)
    async with machine.xucd() as server:
        await is_fresh(server, back_at(stream, stream["position"]))


@pytest.mark.parametrize(
    "changed",
    [
        {"bruce": msgspec.structs.replace(BRUCE, profile="Supervisor")},
        {"bruce": msgspec.structs.replace(BRUCE, queue_ids=frozenset({1}))},
        {"bruce": msgspec.structs.replace(BRUCE, agent_id=9)},
        {"bruce": msgspec.structs.replace(BRUCE, id=3)},
    ],
)
async def test_who_has_other_rights_or_is_another_starts_anew(
    machine: Machine, changed: dict[str, User]
) -> None:
    stream = await before_a_kill(machine)
    async with machine.xucd(users=changed) as server:
        assert not server.hub.streams.streams
        await is_fresh(server, back_at(stream, stream["position"]))


async def test_a_stream_from_before_a_kill_is_its_users_alone(machine: Machine) -> None:
    stream = await before_a_kill(machine)
    async with machine.xucd(users={"bruce": BRUCE, "alice": ALICE}) as server:
        await is_fresh(server, back_at(stream, stream["position"]), "alice")
        _, hello = await opened(server, back_at(stream, stream["position"]))
        assert hello["recovered"] is True


async def test_of_two_links_for_a_stream_from_before_a_kill_the_later_has_it(
    machine: Machine,
) -> None:
    stream = await before_a_kill(machine)
    async with machine.xucd() as server:
        first, _ = await opened(server, back_at(stream, stream["position"]))
        await heard(first, 3)
        second, hello = await opened(server, back_at(stream, stream["position"]))
        assert hello["recovered"] is True
        assert (await first.goodbye()).code == 4010
        server.hub.publish(["everybody"], said(2))
        assert (await heard(second, 4))[3][1]["agentId"] == 2


async def test_a_position_that_the_log_has_not_reached_starts_anew(machine: Machine) -> None:
    """A client has seen something of which the files know nothing: they are not all."""
    stream = await before_a_kill(machine)
    async with machine.xucd() as server:
        reached = server.hub.streams.position
        await is_fresh(server, back_at(stream, stream["position"] + 4))
        await is_fresh(server, back_at(stream, reached + 100))


async def test_streams_outlive_a_kill_no_longer_than_a_lost_link(machine: Machine) -> None:
    stream = await before_a_kill(machine)
    machine.time += KEEP_S + 10
    async with machine.xucd() as server:
        assert not server.hub.streams.streams
        await is_fresh(server, back_at(stream, stream["position"]))


async def test_the_time_without_a_link_goes_on_over_a_kill(machine: Machine) -> None:
    async with machine.xucd() as server:
        client, hello = await opened(server)
        await lost(server, client)
        machine.time += KEEP_S - 10
        server.hub.streams.tick()
        await machine.kill(server)
    machine.time += 11
    async with machine.xucd() as server:
        await is_fresh(server, back_at(hello["stream"], hello["stream"]["position"]))


async def test_a_client_that_missed_more_than_the_files_hold_starts_anew(
    machine: Machine,
) -> None:
    async with machine.xucd() as server:
        client, hello = await opened(server)
        for number in range(4):
            machine.time += KEEP_S / 2
            server.hub.publish(["everybody"], said(number))
            await until(lambda: not server.hub.flush._scheduled)
        position = [(await client.hear())["position"] for _ in range(5)][-1]
        await machine.kill(server)
    assert len(machine.files()) < 5
    async with machine.xucd() as server:
        await is_fresh(server, back_at(hello["stream"], hello["stream"]["position"]))
    async with machine.xucd() as server:
        _, again = await opened(server, back_at(hello["stream"], position))
        assert again["recovered"] is False  # it was ended by the first that came


async def test_a_subscription_holds_as_of_its_position_over_a_kill(machine: Machine) -> None:
    async with machine.xucd() as server:
        _, hello = await opened(server)
        other, _ = await opened(server)
        session, watching = server.application.sessions
        server.hub.subscribe(watching, "calls")
        server.hub.publish(["calls"], said(1))
        server.hub.subscribe(session, "calls")
        server.hub.publish(["calls"], said(2))
        server.hub.unsubscribe(session, "calls")
        server.hub.publish(["calls"], said(3))
        await machine.kill(server)
        other.writer.close()
    async with machine.xucd() as server:
        server.hub.publish(["calls", "everybody"], said(4))
        client, _ = await opened(server, back_at(hello["stream"], hello["stream"]["position"]))
        numbers = [body.get("agentId") for _, body in await heard(client, 4)]
        assert numbers == [None, None, 2, 4]


async def test_cut_anywhere_the_files_give_all_or_nothing(machine: Machine) -> None:
    """Whole records at the end may be gone with what follows; none is made up, none left out."""
    stream = await before_a_kill(machine)
    whole = machine.files()[-1].read_bytes()
    seen = set()
    for cut in range(0, len(whole), 3):
        machine.files()[-1].write_bytes(whole[: len(whole) - cut])
        log = StreamLog(
            lambda: machine.time,
            StreamFile(machine.folder / "streams", machine.boot, keep=KEEP_S, limit=1 << 27),
        )
        log.load()
        found = log.streams.get(stream["epoch"])
        frames = log.after(found, stream["position"]) if found is not None else None
        positions = [
            msgspec.json.decode(frame[frame.index(b"{") :])["position"] for frame in frames or ()
        ]
        assert positions == [stream["position"] + 1 + number for number in range(len(positions))]
        seen.add(None if frames is None else len(frames))
        log.close()
        for path in machine.folder.iterdir():
            path.unlink()
        (machine.folder / "streams.1").write_bytes(whole)
    assert seen == {None, 0, 1, 2, 3}


async def test_damaged_files_are_not_read(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = await before_a_kill(machine)
    content = bytearray(machine.files()[-1].read_bytes())
    content[len(content) // 2] ^= 1
    machine.files()[-1].write_bytes(content)
    async with machine.xucd() as server:
        await is_fresh(server, back_at(stream, stream["position"]))
    assert "damaged" in capsys.readouterr().out


async def test_two_daemons_do_not_share_the_files(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    async with machine.xucd() as first:
        client, hello = await opened(first)
        async with machine.xucd() as second:
            _, other = await opened(second)
            second.hub.publish(["everybody"], said(1))
        assert "another xucd has the log of streams" in capsys.readouterr().out
        await lost(first, client)
        _, again = await opened(first, back_at(hello["stream"], hello["stream"]["position"]))
        assert again["recovered"] is True
        await machine.kill(first)
    async with machine.xucd() as server:
        await is_fresh(server, back_at(other["stream"], other["stream"]["position"]))
        _, again = await opened(server, back_at(hello["stream"], hello["stream"]["position"]))
        assert again["recovered"] is True


@pytest.fixture
def full_disk() -> Iterator[Callable[[int], Any]]:
    """Within this context files cannot grow beyond a size, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    @contextmanager
    def full(size: int) -> Iterator[None]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    yield full
    signal.signal(signal.SIGXFSZ, before)


async def test_on_a_full_disk_all_goes_on_but_resuming_over_a_restart(
    machine: Machine,
    full_disk: Callable[[int], Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with machine.xucd() as server:
        client, hello = await opened(server)
        stream, log = hello["stream"], server.hub.streams
        await heard(client, 2)
        size = machine.files()[-1].stat().st_size
        server.hub.publish(["everybody"], said(1, 500))
        with full_disk(size + 100):  # a part of it is written
            server.hub.flush.run()
        assert "cannot write the log of streams" in capsys.readouterr().out
        assert machine.files() == []  # what is not all is not there
        assert (await heard(client, 1))[0][1]["agentId"] == 1
        await lost(server, client)
        server.hub.publish(["everybody"], said(2))
        client, again = await opened(server, back_at(stream, log.position - 1))
        assert again["recovered"] is True
        assert (await heard(client, 1))[0][1]["agentId"] == 2
        server.hub.flush.run()
        killed_while_full = machine.folder

        machine.time += RETRY_S
        server.hub.publish(["everybody"], said(3))
        position = [(await client.hear())["position"] for _ in range(1)][-1]
        assert "can resume over a restart again" in capsys.readouterr().out
        server.hub.publish(["everybody"], said(4))
        await machine.kill(server)
    assert killed_while_full != machine.folder
    async with machine.xucd() as server:
        client, again = await opened(server, back_at(stream, position))
        assert again["recovered"] is True
        assert (await heard(client, 1))[0][1]["agentId"] == 4
        await is_fresh(server, back_at(stream, stream["position"]))
