"""The certificate for HTTPS, which can be replaced while connections are open."""

from pathlib import Path
from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from zope.interface import implementer


class CertificateError(Exception):
    """Certificate and key cannot be used. The text names the files."""


@implementer(IOpenSSLServerConnectionCreator)
class Certificate:
    """Makes the TLS side of new connections. `certificate` and `key` are PEM files.

    The first file may hold the certificates of the authorities between, behind the site's own.
    Raises `CertificateError`.
    """

    def __init__(self, certificate: str, key: str) -> None:
        self._files = certificate, key
        self._context = self._loaded()

    def reload(self) -> None:
        """Read both files again, for new connections. Raises `CertificateError`; no change then."""
        self._context = self._loaded()

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        """Called by Twisted for each new connection."""
        return SSL.Connection(self._context, None)

    def _loaded(self) -> SSL.Context:
        certificate, key = self._files
        for file in self._files:  # of a file that cannot be opened, OpenSSL does not say why
            try:
                Path(file).read_bytes()
            except OSError as error:
                raise CertificateError(f"{file} cannot be read: {error.strerror}") from error
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        # A client could have us compute keys again and again on one connection.
        context.set_options(SSL.OP_NO_RENEGOTIATION)
        # An idle connection needs no buffers, which take more than all the rest of it.
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        try:
            context.use_certificate_chain_file(certificate)
            context.use_privatekey_file(key)
            context.check_privatekey()
        except SSL.Error as error:
            parts = [part[-1] for part in error.args[0] if part[-1]] if error.args else []
            reason = "; ".join(parts) or "unreadable"
            raise CertificateError(f"{certificate} and {key}: {reason}") from error
        return context
