"""How `demo-call` reaches a running demo: a Unix socket.

A request is one line of JSON, {"number": "3000", "talk": 10.0}; what becomes of the call comes
back as lines of text. The call goes on when the one who asked goes away.
"""

import asyncio
import json
import random
import socket
from collections.abc import Callable

from integration.demo import places
from integration.demo.callers import TALK, Callers, Say, callers
from integration.demo.places import DemoError


class Control:
    """The running demo's side. `calling` finds those who can call a number."""

    def __init__(self, calling: Callable[[str], Callers], say: Say) -> None:
        self._calling = calling
        self._say = say
        self._callers = callers()

    async def start(self) -> asyncio.Server:
        """Begin to listen; close the server to end."""
        return await asyncio.start_unix_server(self._asked, places.CONTROL)

    async def _asked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said: list[str] = []

        def tell(line: str) -> None:
            said.append(line)
            if not writer.is_closing():
                writer.write(f"{line}\n".encode())

        try:
            asked = json.loads(await reader.readline())
            talk = random.uniform(*TALK) if asked["talk"] is None else asked["talk"]
            number = asked["number"]
            await self._calling(number).call(number, next(self._callers), talk, tell)
            self._say(f"{said[0]}: {', '.join(said[1:])}")
        finally:
            writer.close()


def place_call(number: str, talk: float | None) -> None:
    """Place one call into the running demo and print what becomes of it.

    Raises:
        DemoError: no demo runs, or it ended.
    """
    with socket.socket(socket.AF_UNIX) as link:
        try:
            link.connect(str(places.CONTROL))
        except (FileNotFoundError, ConnectionRefusedError):
            raise DemoError("none runs here: start one with 'make demo-up'") from None
        link.sendall(json.dumps({"number": number, "talk": talk}).encode() + b"\n")
        last = ""
        for line in link.makefile(encoding="utf-8"):
            last = line
            print(line, end="", flush=True)
    if not last.startswith(("talked", "ended", "came to nothing")):
        raise DemoError("the demo ended before the call did")
