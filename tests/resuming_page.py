"""A page that resumes its stream again and again, and remembers every message by its position."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
from typing import Any

import msgspec

from integration.client import Client, Refused
from integration.running import Xucd
from xucd.client.state import State
from xucd.cti import messages as msg
from xucd.cti.parts import SentCommand

Message = dict[str, Any]


class ResumingPage:
    """A page of a user. `messages` are those of its stream that it has read, by position."""

    def __init__(self, xucd: Xucd, login: str, token: str) -> None:
        self.messages: dict[int, Message] = {}
        self.start = 0
        self.position = 0
        self.link: Client | None = None
        self.resumed = 0
        self._xucd = xucd
        self._login = login
        self._token = token
        self._epoch = ""

    async def open(self, *commands: SentCommand) -> None:
        """Open the stream, and subscribe to what these commands say."""
        self.link = await self._connect("")
        stream = (await self.link.until("LoggedOn"))["stream"]
        self._epoch, self.start = stream["epoch"], stream["position"]
        self.position = self.start
        for command, arguments in commands:
            await self.link.ask(command, **arguments)
        self._read(self.link)

    async def lose(self) -> None:
        """Lose the link; what has come until now was read."""
        link, self.link = self.link, None
        if link is not None:
            link.cut()
            await link.closed()
            self._read(link)

    async def resume(self) -> Client:
        """Come back, and have all that was missed. Fails unless the stream goes on."""
        assert self.link is None
        query = f"&epoch={self._epoch}&position={self.position}"
        self.link = link = await self._connect(query)
        hello = await link.until("LoggedOn")
        assert hello["recovered"] is True, hello
        assert hello["stream"] == {"epoch": self._epoch, "position": self.position}
        with contextlib.suppress(Refused):  # by an edge whose owner is away: an answer as well
            await link.ask("getCallbackPreferredPeriods")  # answered after all that was missed
        self._read(link)
        self.resumed += 1
        return link

    async def resume_when_possible(self) -> None:
        """Come back as soon as xucd lets it in, before it knows what Asterisk has."""
        while True:
            try:
                await self.resume()
                return
            except (Refused, OSError):
                await asyncio.sleep(0.05)  # it listens to nobody yet

    def catch_up(self) -> None:
        """Read what has come."""
        if self.link is not None:
            self._read(self.link)

    def forget(self, chance: random.Random, most: int = 10) -> None:
        """As if some of the last messages had not reached the page."""
        read = sorted(self.messages)
        kept = read[: len(read) - chance.randint(0, min(most, len(read)))]
        self.position = kept[-1] if kept else self.start

    def told(
        self, kinds: tuple[str, ...], since: int, until: float = math.inf
    ) -> list[tuple[int, Message]]:
        """The messages of these types between two positions, in order."""
        return [
            (position, message)
            for position, message in sorted(self.messages.items())
            if since < position <= until and message["msgType"] in kinds
        ]

    def state(self) -> State:
        """What the page shows: all that it has read, put together as the client library does."""
        return folded(message for _, message in sorted(self.messages.items()))

    async def _connect(self, query: str) -> Client:
        return await Client.sign_in(
            self._xucd.port, self._login, query="&resume=1" + query, token=self._token
        )

    def _read(self, link: Client) -> None:
        before = self.position
        for message in [frame.message for frame in link.frames]:
            position = message.get("position")
            if position is None or position <= self.position:
                # `LoggedOn` and echoes have none; the rest was read from this very link.
                assert position is None or position in self.messages
                continue
            assert position > before
            known = self.messages.setdefault(position, message)
            assert known == message  # what it forgot comes again, the same
            before = self.position = position


def folded(messages: Any) -> State:
    """The state that these messages lead to."""
    state = State()
    for message in messages:
        kind = message["msgType"]
        if kind in msg.MESSAGES:
            state.apply(msg.decode(kind, msgspec.json.encode(message["ctiMessage"])))
    return state
