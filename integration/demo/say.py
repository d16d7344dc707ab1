"""How `demo-say` speaks to the running demo: as one of its users, over the WebSocket of a page.

One command goes out; every message that comes for some seconds is printed, a line of JSON each.
"""

import asyncio
import contextlib
import json
import urllib.error
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from integration.client import http
from integration.demo import claim, places
from integration.demo.places import DemoError

REQUEST = "demo-say"  # the `requestId` of a command that has none of its own


def say(login: str, text: str, seconds: float) -> None:
    """Sign in, send the command that `text` is, and print what comes for `seconds`.

    Raises:
        DemoError: `text` is no command, no demo runs, or xucd refused.
    """
    command = _command(text)
    if claim.holder() is None or not places.CONTROL.exists():
        raise DemoError("none runs here: start one with 'make demo-up'")
    try:
        asyncio.run(_say(_token(login), command, seconds))
    except (OSError, ConnectionClosed, urllib.error.URLError) as error:
        raise DemoError(f"lost the link to {places.URL}: {error}") from None


def _command(text: str) -> dict[str, Any]:
    """A command as it is sent, from what was typed."""
    try:
        command = json.loads(text)
    except ValueError as error:
        raise DemoError(f"what to say is no JSON ({error}): {text}") from None
    if not isinstance(command, dict) or not isinstance(command.get("command"), str):
        raise DemoError(f'what to say has to be an object such as {{"command":"…"}}: {text}')
    return {"claz": "web", "requestId": REQUEST, **command}


def _token(login: str) -> str:
    credentials = {"login": login, "password": f"{login}-demo"}
    status, answer = http(places.WEB_PORT, "/xuc/api/2.0/auth/login", credentials)
    if status != 200:
        raise DemoError(f"{login} cannot sign in: {answer['message']} ({answer['error']})")
    return str(answer["token"])


async def _say(token: str, command: dict[str, Any], seconds: float) -> None:
    uri = f"ws://127.0.0.1:{places.WEB_PORT}/xuc/api/2.0/cti?token={token}"
    done = False
    async with connect(uri, max_size=None, ping_interval=None) as link:
        await link.send(json.dumps(command))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    message = json.loads(await link.recv())
                    if message.get("claz") == "ping":
                        continue
                    print(json.dumps(message, ensure_ascii=False), flush=True)
                    done = _judge(message, command["requestId"]) or done
    if not done:
        raise DemoError(f"no answer to {command['command']} within {seconds:g} s")


def _judge(message: dict[str, Any], request: object) -> bool:
    """Whether this says that the command was carried out. Raises `DemoError` where it was not."""
    body = message["ctiMessage"]
    if message["msgType"] != "CommandResult" or body["requestId"] != request:
        return False
    if not body["ok"]:
        raise DemoError(f"refused: {body['message']} ({body['error']})")
    return True
