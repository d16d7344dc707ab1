"""The same over TLS, where nobody but the transport may write to the socket."""

import ssl
from pathlib import Path

import pytest
from twisted.internet import ssl as twisted_ssl

from tests.certificates import certificate
from tests.web_server import said, serving, until
from tests.ws_client import Client, Closed
from xucd.cti.link import LinkLimits


async def test_over_tls_messages_arrive_in_order_and_a_slow_client_is_closed(
    tmp_path: Path,
) -> None:
    cert, key = certificate(tmp_path)
    context = twisted_ssl.DefaultOpenSSLContextFactory(  # type: ignore[no-untyped-call]
        key, cert
    )
    trusting = ssl.create_default_context(cafile=cert)
    async with serving(tls=context, limits=LinkLimits(backlog=64 * 1024)) as server:
        token = server.tokens.sign(server.tokens.begin("bruce", "one"))
        client = await Client.connect(
            server.port, f"/xuc/api/2.0/cti?token={token}", tls=trusting, buffer=1024
        )
        for opening in ("LoggedOn", "RightProfile", "UserStatusUpdate"):
            assert (await client.hear())["msgType"] == opening
        count = 0
        while not server.hub.metrics.slow._value.get():
            count += 1
            assert count < 20_000
            server.hub.publish(["everybody"], said(count, 4096))
            await until(lambda: server.hub.flush.idle)
        number = 0
        with pytest.raises(Closed) as closed:
            while True:
                number += 1
                assert (await client.hear())["ctiMessage"]["agentId"] == number
        assert (closed.value.code, closed.value.reason) == (4008, "slow")
        client.writer.close()
