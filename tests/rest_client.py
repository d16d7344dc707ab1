"""A program that uses the REST routes of a running xucd."""

import asyncio
import http.client
import json
from typing import Any

PREFIX = "/xuc/api/2.0"
JSON = "application/json"


class RestClient:
    """Asks as one user, over a connection for each request."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.token = token

    async def ask(
        self, method: str, path: str, body: Any = None, kind: str = JSON, **headers: str
    ) -> tuple[int, Any]:
        """One request; returns the status and the answer, decoded if it is JSON."""
        status, answered, content = await self.whole(method, path, body, kind, **headers)
        if answered.get("content-type") == JSON:
            return status, json.loads(content)
        return status, content.decode("utf-8-sig")

    async def whole(
        self, method: str, path: str, body: Any = None, kind: str = JSON, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """One request; returns the status, the headers in small letters, and the content.

        A body that is no text and no bytes is sent as JSON.
        """
        if body is not None and not isinstance(body, bytes):
            body = (body if isinstance(body, str) else json.dumps(body)).encode()
        sent = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            sent["Content-Type"] = kind
        return await asyncio.to_thread(self._send, method, path, body, sent | headers)

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=110)
        try:
            connection.request(method, PREFIX + path, body, headers)
            answer = connection.getresponse()
            answered = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, answered, answer.read()
        finally:
            connection.close()
