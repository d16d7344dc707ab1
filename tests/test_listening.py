"""Who connects keeps nobody waiting: of many that come at once, a few are accepted in each turn."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.protocol import Factory, Protocol

from tests.certificates import certificate
from tests.web_server import reactor
from xucd.web.certificate import Certificate
from xucd.web.listening import NEW, listen


class Greeted(Factory):
    """Counts its connections."""

    count = 0

    def buildProtocol(self, _address: object) -> Protocol:
        self.count += 1
        return Protocol()


@pytest.mark.parametrize("by_tls", [False, True])
async def test_of_many_that_connect_at_once_a_few_are_accepted_in_each_turn(
    by_tls: bool, tmp_path: Path
) -> None:
    greeted = Greeted()
    tls: Any = Certificate(*certificate(tmp_path)) if by_tls else None
    port = listen(reactor, ("127.0.0.1", 0), greeted, tls)
    clients = [socket.create_connection(("127.0.0.1", port.getHost().port)) for _ in range(5 * NEW)]
    async with asyncio.timeout(30):
        while greeted.count < len(clients):
            before = greeted.count
            await asyncio.sleep(0)
            assert greeted.count - before <= NEW
    for client in clients:
        client.close()
    await port.stopListening().asFuture(asyncio.get_running_loop())
