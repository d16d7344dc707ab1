"""HTTPS by Twisted's TLS, of which what is written leaves at once, as long as the socket takes it.

Twisted gathers small writes for a turn of the event loop, and leaves each to a wait for the socket.
The links gather theirs themselves, by one write a turn: for them both is only delay and work.
"""

from typing import Any

from twisted.internet.tcp import Port, Server
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol


class _Connection(Server):
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


class _Factory(TLSMemoryBIOFactory):
    protocol = TLSMemoryBIOProtocol


def listen_by_tls(
    reactor: Any, place: tuple[str, int], site: Any, certificate: Any, backlog: int
) -> Any:
    """Listen for TLS at a host and port; returns Twisted's port. Raises `CannotListenError`.

    `certificate` is a `Certificate`, or whatever else Twisted takes in its place.
    """
    host, number = place
    factory: Any = _Factory(certificate, False, site)
    port = Port(number, factory, backlog, host, reactor)
    port.transport = _Connection
    port._type = "TLS"  # in Twisted's log
    port.startListening()
    return port
