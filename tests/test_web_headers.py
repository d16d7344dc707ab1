"""The security headers of every answer, and security.txt."""

import datetime
import ssl
from pathlib import Path

import pytest
from twisted.internet import ssl as twisted_ssl

from tests.certificates import certificate
from tests.web_server import serving

ANSWERS = ("/desk", "/assets/javascripts/cti.js", "/health", "/nothing", "/xuc/api/2.0/auth/check")


@pytest.mark.parametrize("path", ANSWERS)
async def test_every_answer_keeps_other_pages_and_unasked_devices_out(path: str) -> None:
    async with serving() as server:
        _, headers, _ = await server.http("GET", path)
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["permissions-policy"].split(", ")[0] == "microphone=(self)"
    assert "camera=()" in headers["permissions-policy"]
    library = path.startswith("/assets/")
    assert headers["cross-origin-resource-policy"] == ("cross-origin" if library else "same-origin")
    assert "strict-transport-security" not in headers


async def test_over_tls_browsers_are_told_to_stay_with_it(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    context = twisted_ssl.DefaultOpenSSLContextFactory(key, cert)  # type: ignore[no-untyped-call]
    async with serving(tls=context) as server:
        server.trust = ssl.create_default_context(cafile=cert)
        _, headers, _ = await server.http("GET", "/desk")
    assert headers["strict-transport-security"] == "max-age=31536000"


async def test_whom_to_tell_of_a_weakness_is_served_if_it_is_known() -> None:
    path = "/.well-known/security.txt"
    async with serving(security_contact="mailto:security@example.org") as server:
        server.now = datetime.datetime(2026, 11, 26, 23, 0, tzinfo=datetime.UTC).timestamp()
        status, headers, content = await server.http("GET", path)
    assert (status, headers["content-type"]) == (200, "text/plain; charset=utf-8")
    lines = content.decode().split("\r\n")
    # RFC 9116 wants less than a year.
    assert lines == ["Contact: mailto:security@example.org", "Expires: 2027-05-25T00:00:00Z", ""]
    async with serving() as server:
        assert (await server.http("GET", path))[0] == 404
