"""Listening for clients, so that nobody waits for those who connect, and nothing waits to be sent.

Twisted accepts all connections that have come in one turn of the event loop, and they are served in
the next ones together. Of a thousand that come at once all others would wait for the last. Here a
few are accepted in each turn; the others wait in the kernel.

Over TLS, Twisted gathers small writes for a turn, and leaves each to a wait for the socket. The
links gather theirs themselves, by one write a turn: for them both is only delay and work. Here what
is written leaves at once, as long as the socket takes it.
"""

import socket
from typing import Any

from twisted.internet.tcp import Port, Server
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol

NEW = 8
"""How many connections are accepted in a turn: to make a link of one takes more than 1 ms."""
BACKLOG = 4096
"""How many may wait to be accepted; a kernel may allow less (`net.core.somaxconn`)."""


class _Port(Port):
    # Twisted's own number grows as long as there are more to accept.
    numberAccepts = property(lambda _: NEW, lambda _, __: None)


class _SharedPort(_Port):
    """One that other processes of the same user may have, too: the kernel divides connections."""

    def createInternetSocket(self) -> socket.socket:
        made: socket.socket = super().createInternetSocket()  # type: ignore[no-untyped-call]
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        return made


class _TlsSocket(Server):
    """A connection below TLS, which is the only one that writes to it."""

    def write(self, data: bytes) -> None:
        """Give the socket what it takes now, if nothing waits for it, and keep the rest."""
        if self.connected and not (self.dataBuffer or self._tempDataBuffer):
            try:
                sent = self.socket.send(data)
            except OSError:  # full, or lost: the reactor, which also reads, will tell
                sent = 0
            data = data[sent:]
        super().write(data)  # type: ignore[no-untyped-call]


class _TlsFactory(TLSMemoryBIOFactory):
    protocol = TLSMemoryBIOProtocol


def listen(
    reactor: Any,
    place: tuple[str, int],
    site: Any,
    certificate: Any = None,
    *,
    shared: bool = False,
) -> Any:
    """Listen at a host and port, by TLS with a `Certificate`; returns Twisted's port.

    If it is `shared`, other processes may do so as well. Raises `CannotListenError`.
    """
    host, number = place
    factory: Any = site if certificate is None else _TlsFactory(certificate, False, site)
    make = _SharedPort if shared else _Port
    port = make(number, factory, BACKLOG, host, reactor)
    if certificate is not None:
        port.transport = _TlsSocket
        port._type = "TLS"  # in Twisted's log
    port.startListening()
    return port
