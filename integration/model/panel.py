"""A foreign AMI client: it acts as panels and CRMs do, and is an independent witness of events."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from integration.pbx import Pbx

ANSWER = 20.0  # seconds that an action may take
PASSED_OVER = (
    *("RTCP", "VarSet", "Newexten", "DTMF", "SuccessfulAuth", "ChallengeSent", "Challenge"),
    *("MusicOnHold", "TestEvent", "Registry", "MixMonitorStart", "NewCallerid", "NewConnectedLine"),
)
"""What begins the names of events that come without anything having changed for a centre."""


@dataclass
class Block:
    """One AMI message. `lines` are the values of ``Output``, of a command's answer."""

    fields: dict[str, str]
    lines: list[str] = field(default_factory=list)

    @property
    def event(self) -> str:
        return self.fields.get("Event", "")

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")


@dataclass
class Answer:
    """What came in answer to an action: the first message, and the items of a list."""

    first: Block
    items: list[Block] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.first["Response"] == "Success"


class Panel:
    """One AMI session of the witness's account.

    `heard` counts the events that changed something; `last_at` is when the last one came, by the
    loop's clock. Functions in `listeners` are called with every event.
    """

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self.heard = 0
        self.last_at = 0.0
        self.listeners: list[Callable[[Block], None]] = []
        self._numbers = itertools.count(1)
        self._open: dict[str, tuple[Answer, asyncio.Future[Answer]]] = {}
        self._news = asyncio.Event()
        self._reader: asyncio.Task[None]
        self._writer: asyncio.StreamWriter

    async def __aenter__(self) -> Self:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._pbx.ami_port)
        self._reader = asyncio.create_task(self._read(reader))
        answer = await self.ask(
            "Login", Username=self._pbx.witness_user, Secret=self._pbx.witness_secret
        )
        assert answer.ok, answer
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await self._reader

    async def reopen(self) -> None:
        """Log in again, to an Asterisk that was restarted."""
        await self.__aexit__()
        self._open.clear()
        await self.__aenter__()

    async def closed(self) -> None:
        """Wait until Asterisk has closed the session."""
        await asyncio.wait({self._reader})

    async def ask(self, action: str, **fields: str) -> Answer:
        """Send an action; returns its answer, and of a list all of it."""
        number = f"model-{next(self._numbers)}"
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._open[number] = (Answer(Block({})), future)
        text = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._writer.write(f"Action: {action}\r\nActionID: {number}\r\n{text}\r\n".encode())
        return await asyncio.wait_for(future, ANSWER)

    async def command(self, text: str) -> list[str]:
        """What Asterisk's command line answers, by AMI."""
        return (await self.ask("Command", Command=text)).first.lines

    async def quiet(self, seconds: float, bound: float) -> bool:
        """Wait until nothing has happened for so long, at most `bound` seconds; whether it has."""
        loop = asyncio.get_running_loop()
        end = loop.time() + bound
        since = self.last_at = loop.time()
        while (left := max(since, self.last_at) + seconds - loop.time()) > 0:
            if loop.time() > end:
                return False
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), left)
        return True

    async def _read(self, reader: asyncio.StreamReader) -> None:
        fields: dict[str, str] = {}
        lines: list[str] = []
        async for raw in reader:
            line = raw.decode(errors="replace").rstrip("\r\n")
            if line:
                name, _, value = line.partition(":")
                if name == "Output":
                    lines.append(value.removeprefix(" "))
                else:
                    fields[name] = value.strip()
            elif fields:
                self._take(Block(fields, lines))
                fields, lines = {}, []

    def _take(self, block: Block) -> None:
        number = block["ActionID"]
        if number in self._open:
            self._take_answer(number, block)
        elif block.event:
            for listener in self.listeners:
                listener(block)
            if not block.event.startswith(PASSED_OVER):
                self.heard += 1
                self.last_at = asyncio.get_running_loop().time()
                self._news.set()

    def _take_answer(self, number: str, block: Block) -> None:
        answer, future = self._open[number]
        if not block.event:
            answer.first = block
        elif not block["EventList"].startswith("Complete"):
            answer.items.append(block)
        if (block.event and block["EventList"].startswith("Complete")) or (
            not block.event and block["EventList"] != "start"
        ):
            del self._open[number]
            if not future.done():
                future.set_result(answer)
