"""Signing in over HTTP, and a token that is renewed long before it expires."""

import asyncio
import json
import random
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from xucd.client.addresses import NodeAddresses
from xucd.client.errors import Refused

TIMEOUT = 10.0  # seconds that a request may take
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
SHORTEST_LIFE = 2.0  # of a token, where its sign-in is about to end
_FINAL = (400, 401, 403, 404)


class Authentication:
    """A signed-in user, by login and password or by a token that is still valid.

    All nodes of a centre accept the token of any of them.
    """

    def __init__(
        self, urls: str | Sequence[str], login: str, password: str, token: str = ""
    ) -> None:
        self.token = token
        self.addresses = NodeAddresses(urls)
        self._credentials = {"login": login, "password": password} if login else None
        self._life = 0.0

    async def begin(self) -> None:
        """Sign in, or check the given token. Raises `Refused`."""
        if self.token:
            await self.renew()
        else:
            await self._sign_in()

    async def renew(self) -> None:
        """Exchange the token for a new one; sign in again by a password if it has just expired.

        Whoever was signed out stays so. Raises `Refused`.
        """
        try:
            headers = {"Authorization": f"Bearer {self.token}"}
            self._accept(await self._ask_any("check", headers))
        except Refused as refused:
            if refused.code != "TokenExpired" or self._credentials is None:
                raise
            await self._sign_in()

    def forget(self) -> None:
        """Forget the password: the user was signed out."""
        self._credentials = None

    async def keep_fresh(self) -> None:
        """Renew the token until that cannot succeed any more; an open link outlives its token."""
        wait, pause = self._life, FIRST_PAUSE
        while True:
            await asyncio.sleep(wait)
            try:
                await self.renew()
                wait, pause = self._life, FIRST_PAUSE
            except Refused as refused:
                if refused.final:
                    return
                wait, pause = pause, min(2 * pause, LONGEST_PAUSE)

    async def sign_out(self, *, everywhere: bool) -> None:
        """End the sign-in, and so all its tokens; or all sign-ins of the user. Raises `Refused`."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        body = json.dumps({"everywhere": everywhere}).encode()
        await self._ask_any("logout", headers, body)

    async def change_password(self, password: str, new_password: str) -> None:
        """Change the user's password; only this sign-in goes on. Raises `Refused`."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        body = json.dumps({"password": password, "newPassword": new_password}).encode()
        # Of one node alone: once changed, the present password is wrong at the next one.
        self._accept(await _request(self.addresses.present, "password", headers, body))
        if self._credentials is not None:
            self._credentials["password"] = new_password

    def address(self, **query: object) -> str:
        """The address of the WebSocket, at the present address."""
        parts = urlsplit(self.addresses.present)
        scheme = "wss" if parts.scheme == "https" else "ws"
        query_string = urlencode({"token": self.token, **query})
        return f"{scheme}://{parts.netloc}/xuc/api/2.0/cti?{query_string}"

    async def _sign_in(self) -> None:
        headers = {"Content-Type": "application/json"}
        self._accept(await self._ask_any("login", headers, json.dumps(self._credentials).encode()))

    def _accept(self, answer: dict[str, Any]) -> None:
        self.token = answer["token"]
        # Jitter, between 40 and 60 % of its life: clients that signed in together renew apart.
        self._life = max(answer["TTL"], SHORTEST_LIFE) * random.uniform(0.4, 0.6)

    async def _ask_any(
        self, name: str, headers: dict[str, str], body: bytes | None = None
    ) -> dict[str, Any]:
        return await self.addresses.ask(lambda url: _request(url, name, headers, body))


async def _request(
    url: str, name: str, headers: dict[str, str], body: bytes | None
) -> dict[str, Any]:
    address = urljoin(url, f"/xuc/api/2.0/auth/{name}")
    request = urllib.request.Request(address, data=body, headers=headers)
    return await asyncio.to_thread(_answer, request)


def _answer(request: urllib.request.Request) -> dict[str, Any]:
    """The JSON of an answer; blocks. Raises `Refused`."""
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            body = answer.read()
            content: dict[str, Any] = json.loads(body) if body else {}
            return content
    except urllib.error.HTTPError as error:
        try:
            content = json.load(error)
            code, text = str(content["error"]), str(content["message"])
        except (ValueError, KeyError, TypeError):
            code, text = "Unreachable", f"xucd answered with an error ({error.code})."
        raise Refused(code, text, final=error.code in _FINAL) from None
    except (OSError, ValueError) as error:
        raise Refused("Unreachable", f"xucd cannot be reached: {error}") from None
