"""Asking Asterisk which queues there are, over a connection as it is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from xucd.ami import queue_watch
from xucd.ami.actions import Action
from xucd.ami.errors import AmiError, Deadline, Rejected
from xucd.ami.framing import Block
from xucd.ami.protocol import ManagerProtocol, connect
from xucd.ami.queue_watch import QueueWatch

KNOWN = {"support": 2, "sales": 1}
"""How many members of each queue can be reached."""


@dataclass
class Address:
    port: int
    host: str = "127.0.0.1"
    action_timeout: float = 5.0


@dataclass
class Asterisk:
    """Answers `QueueSummary` as Asterisk does, with these queues.

    `then`, if given, is the answer to the next question.
    """

    queues: dict[str, int] = field(default_factory=lambda: dict(KNOWN))
    then: dict[str, int] | None = None
    asked: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/9.0.0\r\n")
        while not reader.at_eof():
            try:
                raw = (await reader.readuntil(b"\r\n\r\n")).decode()
            except asyncio.IncompleteReadError:
                break
            action = dict(line.split(": ", 1) for line in raw.strip().split("\r\n"))
            self.asked.append(action["Action"])
            mark = f"ActionID: {action['ActionID']}\r\n"
            begin = f"Response: Success\r\n{mark}EventList: start\r\n"
            writer.write(f"{begin}Message: Queue summary will follow\r\n\r\n".encode())
            for queue, reached in self.queues.items():
                row = f"Event: QueueSummary\r\nQueue: {queue}\r\nLoggedIn: {reached}\r\n"
                writer.write(f"{row}{mark}\r\n".encode())
            end = f"Event: QueueSummaryComplete\r\n{mark}EventList: Complete\r\nListItems: 2\r\n"
            writer.write(f"{end}\r\n".encode())
            self.queues = self.then or self.queues
        writer.close()


@dataclass
class Watched:
    asterisk: Asterisk
    watch: QueueWatch
    strays: list[bytes]
    relisted: list[None]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_watch, "AGAIN_S", 0.0)


@pytest_asyncio.fixture(loop_scope="session")
async def watched() -> AsyncIterator[Watched]:
    asterisk, strays, relisted = Asterisk(), list[bytes](), list[None]()
    server = await asyncio.start_server(asterisk.serve, "127.0.0.1", 0)
    manager: ManagerProtocol = await connect(
        Address(server.sockets[0].getsockname()[1]), strays.append
    )
    watch = QueueWatch(
        lambda action: manager.query(action, 5),
        lambda summary: summary != KNOWN,
        lambda: relisted.append(None),
        lambda: False,
    )
    yield Watched(asterisk, watch, strays, relisted)
    manager.close()
    server.close()


async def test_queues_that_stay_the_same_are_not_listed_with_their_members(
    watched: Watched,
) -> None:
    for _ in range(2):
        await watched.watch.ask()
    assert watched.asterisk.asked == ["QueueSummary"] * 2
    assert (watched.relisted, watched.strays) == ([], [])


@pytest.mark.parametrize(
    "queues",
    [{"support": 2}, {**KNOWN, "billing": 0}, {}, {**KNOWN, "sales": 2}],
    ids=["went", "came", "all went", "a member came"],
)
async def test_what_came_or_went_without_an_event_has_the_members_listed_once(
    watched: Watched, queues: dict[str, int]
) -> None:
    watched.asterisk.queues = queues
    for _ in range(2):
        await watched.watch.ask()
    assert watched.relisted == [None]


async def test_an_answer_that_cannot_be_read_contradicts_nothing(watched: Watched) -> None:
    watched.asterisk.queues = {"support": "many"}  # type: ignore[dict-item]
    await watched.watch.ask()
    assert watched.relisted == []


async def test_a_difference_that_an_event_explains_meanwhile_is_none(watched: Watched) -> None:
    watched.asterisk.queues["sales"] = 2
    watched.asterisk.then = dict(KNOWN)
    await watched.watch.ask()
    assert (watched.asterisk.asked, watched.relisted) == (["QueueSummary"] * 2, [])


@pytest.mark.parametrize(
    ("error", "relisted"),
    [
        (Deadline("Asterisk did not answer"), []),
        (Rejected("QueueSummary", "Invalid/unknown command"), [None]),
    ],
    ids=["busy", "no queues at all"],
)
async def test_an_asterisk_that_is_too_busy_to_answer_is_asked_for_no_longer_list(
    error: AmiError, relisted: list[None]
) -> None:
    listed: list[None] = []

    async def refuse(action: Action) -> list[Block]:
        raise error

    watch = QueueWatch(refuse, lambda _: True, lambda: listed.append(None), lambda: False)
    await watch.ask()
    assert listed == relisted
