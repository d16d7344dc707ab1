"""A client as a page is one: signs in over HTTP, speaks the CTI protocol, remembers every frame.

async with await Client.sign_in(port, "bruce") as bruce:
    await bruce.ask("agentLogin", agentphonenumber="1001")
    ready = await bruce.until("AgentStateEvent", name="AgentReady")
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

DEADLINE = 15.0  # seconds that any awaited frame may take, unless told otherwise

Body = Any
"""What stands in `ctiMessage`: an object, or an array."""


class Refused(Exception):
    """A command was answered by ``ok: false``; `code` is its error."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


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
    credentials = {"login": login, "password": password or f"{login}-demo"}
    status, answer = await asyncio.to_thread(http, port, "/xuc/api/2.0/auth/login", credentials)
    assert status == 200, answer
    return str(answer["token"])


class Client:
    """One WebSocket. `frames` holds all that ever came, heartbeats left out."""

    def __init__(self, socket: ClientConnection) -> None:
        self.frames: list[Frame] = []
        self._socket = socket
        self._ids = itertools.count(1)
        self._news = asyncio.Condition()
        self._over = False
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def sign_in(
        cls, port: int, login: str, *, query: str = "", token: str | None = None
    ) -> Client:
        """Sign in and open a link; returns when it is open, the opening on its way."""
        token = token or await token_of(port, login)
        uri = f"ws://127.0.0.1:{port}/xuc/api/2.0/cti?token={token}{query}"
        return cls(await connect(uri, max_size=None, ping_interval=None))

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the link as a page does that is left."""
        await self._socket.close()
        await self._reading

    def cut(self) -> None:
        """Lose the link without a word, as a laptop does whose lid is shut."""
        self._socket.transport.abort()

    async def say(self, frame: object) -> None:
        """Send a frame: an object as JSON, a string as it is."""
        await self._socket.send(frame if isinstance(frame, str) else json.dumps(frame))

    async def tell(self, command: str, **arguments: Any) -> None:
        """Send a command without asking for an acknowledgement, as old clients do."""
        await self.say({"claz": "web", "command": command, **arguments})

    async def ask(self, command: str, **arguments: Any) -> None:
        """Send a command and wait until it is acknowledged. Raises `Refused`."""
        number = next(self._ids)
        await self.tell(command, requestId=number, **arguments)
        result = await self.until("CommandResult", requestId=number)
        if not result["ok"]:
            raise Refused(result["error"])

    async def until(
        self, kind: str, within: float = DEADLINE, *, after: int = 0, **wanted: Any
    ) -> Body:
        """The first frame, from number `after` on, of this type and with these values."""
        return (await self.frame(lambda frame: frame.fits(kind, wanted), within, after)).body

    async def frame(
        self, fits: Callable[[Frame], bool], within: float = DEADLINE, after: int = 0
    ) -> Frame:
        """The first frame from number `after` on that fits."""
        seen = after
        try:
            async with asyncio.timeout(within), self._news:
                while True:
                    for frame in self.frames[seen:]:
                        if fits(frame):
                            return frame
                    seen = len(self.frames)
                    if self._over:
                        raise ConnectionError("the link is closed")
                    await self._news.wait()
        except TimeoutError:
            last = "\n".join(frame.raw[:300] for frame in self.frames[-12:])
            raise TimeoutError(f"no such frame within {within} s; the last were\n{last}") from None

    async def closed(self, within: float = DEADLINE) -> tuple[int | None, str | None]:
        """Wait until the server has closed the link; returns its code and reason."""
        await asyncio.wait_for(self._socket.wait_closed(), within)
        await self._reading
        return self._socket.close_code, self._socket.close_reason

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

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):  # how it ended is `closed`'s to tell
            async for raw in self._socket:
                frame = Frame(str(raw))
                if frame.message.get("claz") != "ping":
                    async with self._news:
                        self.frames.append(frame)
                        self._news.notify_all()
        async with self._news:
            self._over = True
            self._news.notify_all()
