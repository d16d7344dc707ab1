"""The same over TLS, where nobody but the transport may write to the socket."""

import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from twisted.internet import ssl as twisted_ssl

from tests.web_server import said, serving, until
from tests.ws_client import Client, Closed
from xucd.cti.link import LinkLimits


def certificate(folder: Path, serial: int = 1) -> tuple[str, str]:
    """A certificate of 127.0.0.1, signed by itself; returns its file and its key's."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(folder / "cert.pem"), str(folder / "key.pem")


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
            await until(lambda: not server.hub.flush.dirty)
        number = 0
        with pytest.raises(Closed) as closed:
            while True:
                number += 1
                assert (await client.hear())["ctiMessage"]["agentId"] == number
        assert (closed.value.code, closed.value.reason) == (4008, "slow")
        client.writer.close()
