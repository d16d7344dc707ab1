"""A new certificate is taken over at SIGHUP by a daemon that runs; a broken one is not."""

from __future__ import annotations

import asyncio
import signal
import ssl
from pathlib import Path

from cryptography import x509

from integration.running import DEADLINE
from tests.certificates import certificate
from tests.lone_xucd import LoneXucd


class TlsXucd(LoneXucd):
    """A daemon that serves HTTPS."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        files = certificate(folder)
        text = self.file.read_text()
        tls = f'[web]\ntls_certificate = "{files[0]}"\ntls_key = "{files[1]}"\n'
        self.file.write_text(text.replace("[web]\n", tls))

    def serial(self) -> int:
        """The serial number of the certificate that a new connection is shown."""
        shown = ssl.get_server_certificate(("127.0.0.1", self.port), timeout=DEADLINE)
        return x509.load_pem_x509_certificate(shown.encode()).serial_number

    def _answers(self) -> bool:
        try:
            self.serial()
        except OSError:
            return False
        return True

    async def logged(self, text: str) -> None:
        """Wait until the log has a text."""
        async with asyncio.timeout(DEADLINE):
            while text not in self.log.read_text():  # noqa: ASYNC110  # another process writes it
                await asyncio.sleep(0.02)


async def test_a_signal_takes_over_a_new_certificate_and_keeps_the_old_for_a_broken_one(
    tmp_path: Path,
) -> None:
    xucd = TlsXucd(tmp_path)
    await xucd.prepare()
    await xucd.start()
    try:
        assert await asyncio.to_thread(xucd.serial) == 1
        certificate(tmp_path, serial=2)
        xucd.signal(signal.SIGHUP)
        await xucd.logged("certificate reloaded")
        assert await asyncio.to_thread(xucd.serial) == 2
        (tmp_path / "cert.pem").write_text("no certificate")
        xucd.signal(signal.SIGHUP)
        await xucd.logged("cannot use the new certificate")
        assert await asyncio.to_thread(xucd.serial) == 2
        assert "Traceback" not in xucd.log.read_text()
    finally:
        await xucd.stop()
