"""A client as a page is one: signs in over HTTP, speaks the CTI protocol, remembers every frame.

async with await Client.sign_in(port, "bruce") as bruce:
    await bruce.ask("agentLogin", agentphonenumber="1001")
    ready = await bruce.until("AgentStateEvent", name="AgentReady")
"""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from tests.told import unfit
from xucd.client import Refused
from xucd.client.authentication import Authentication
from xucd.client.link import ClientLink, Received

__all__ = ["DEADLINE", "Body", "Client", "Frame", "Refused", "http", "token_of"]

DEADLINE = 60.0  # seconds that any awaited frame may take, unless told otherwise

Body = Any
"""What stands in `ctiMessage`: an object, or an array."""


class Frame:
    """A frame as it came: `at` is when, in epoch seconds, `clock` by the loop's own."""

    def __init__(self, raw: str) -> None:
        self.at = time.time()
        self.clock = asyncio.get_running_loop().time()
        self.raw = raw
        self.message: dict[str, Any] = json.loads(raw)

    @property
    def type(self) -> str:
        return str(self.message.get("msgType", ""))

    @property
    def body(self) -> Body:
        return self.message.get("ctiMessage")

    def fits(self, kind: str, wanted: dict[str, Any]) -> bool:
        if self.type != kind:
            return False
        return all(self.body.get(key) == value for key, value in wanted.items())


def http(
    port: int, path: str, body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """A request as a page makes it; returns the status and the decoded answer. Blocks."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data=data, headers=headers or {}
    )
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


async def token_of(port: int, login: str, password: str | None = None) -> str:
    """A token for a user of the demo, whose password is the login and ``-demo``."""
    session = Authentication(f"http://127.0.0.1:{port}", login, password or f"{login}-demo")
    await session.begin()
    return session.token


class Client:
    """One WebSocket. `frames` holds all that ever came, heartbeats left out."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self._wire: ClientLink
        self._watching: asyncio.Task[None]
        self._news = asyncio.Event()
        self._over = False

    @classmethod
    async def sign_in(
        cls, port: int, login: str, *, query: str = "", token: str | None = None
    ) -> Client:
        """Sign in and open a link; returns when it is open, the opening on its way."""
        token = token or await token_of(port, login)
        client = cls()
        address = f"ws://127.0.0.1:{port}/xuc/api/2.0/cti?token={token}{query}"
        client._wire = await ClientLink.open(address, client._heard, heartbeat=None)
        client._watching = asyncio.create_task(client._watch())
        return client

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the link as a page does that is left; all that it was told fits its kind."""
        await self._wire.close()
        await self._watching
        wrong = [each for frame in self.frames for each in unfit(frame.type, frame.body)]
        assert not wrong, wrong

    @property
    def local_port(self) -> int:
        """The port at this end of the link."""
        return int(self._wire._socket.local_address[1])

    def cut(self) -> None:
        """Lose the link without a word, as a laptop does whose lid is shut."""
        self._wire.cut()

    async def say(self, frame: object) -> None:
        """Send a frame: an object as JSON, a string as it is."""
        await self._wire.say(frame if isinstance(frame, str) else json.dumps(frame))

    async def tell(self, command: str, **arguments: Any) -> None:
        """Send a command without asking for an acknowledgement, as old clients do."""
        await self.say({"claz": "web", "command": command, **arguments})

    async def ask(self, command: str, **arguments: Any) -> None:
        """Send a command and wait until it is acknowledged. Raises `Refused`."""
        try:
            async with asyncio.timeout(DEADLINE):
                await self._wire.ask(command, arguments)
        except TimeoutError:
            raise self._late(f"no answer to {command}", DEADLINE) from None

    async def until(
        self, kind: str, within: float = DEADLINE, *, after: int = 0, **wanted: Any
    ) -> Body:
        """The first frame, from number `after` on, of this type and with these values."""
        return (await self.frame(lambda frame: frame.fits(kind, wanted), within, after)).body

    async def until_state(self, name: str, *, after: int = 0, **wanted: Any) -> Body:
        """The first `AgentStateEvent` of this name, from frame `after` on."""
        return await self.until("AgentStateEvent", name=name, after=after, **wanted)

    async def frame(
        self, fits: Callable[[Frame], bool], within: float = DEADLINE, after: int = 0
    ) -> Frame:
        """The first frame from number `after` on that fits."""
        seen = after
        try:
            async with asyncio.timeout(within):
                while True:
                    news = self._news
                    for frame in self.frames[seen:]:
                        if fits(frame):
                            return frame
                    seen = len(self.frames)
                    if self._over:
                        raise ConnectionError("the link is closed")
                    await news.wait()
        except TimeoutError:
            raise self._late("no such frame", within) from None

    async def closed(self, within: float = DEADLINE) -> tuple[int | None, str | None]:
        """Wait until the server has closed the link; returns its code and reason."""
        return await asyncio.wait_for(self._wire.closed(), within)

    def bodies(self, kind: str, after: int = 0) -> list[Body]:
        """The bodies of all frames of a type so far."""
        return [frame.body for frame in self.frames[after:] if frame.type == kind]

    def states(self, agent_id: int, after: int = 0) -> list[str]:
        """The names of an agent's states, in the order in which they came."""
        return [
            body["name"]
            for body in self.bodies("AgentStateEvent", after)
            if body["agentId"] == agent_id
        ]

    async def opened(self) -> None:
        """Wait until the opening of a link has come, up to the phone's status."""
        await self.until("PhoneStatusUpdate")

    def _late(self, what: str, within: float) -> TimeoutError:
        last = "\n".join(frame.raw[:300] for frame in self.frames[-12:])
        return TimeoutError(f"{what} within {within} s; the last frames were\n{last}")

    def _heard(self, raw: str, received: Received) -> None:
        if received.kind:
            self.frames.append(Frame(raw))
            self._tell_those_who_wait()

    async def _watch(self) -> None:
        await self._wire.closed()
        self._over = True
        self._tell_those_who_wait()

    def _tell_those_who_wait(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
