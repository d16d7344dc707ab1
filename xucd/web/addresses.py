"""Whose request it is: the client's address, behind proxies too.

A trusted proxy tells it in `X-Forwarded-For` or `Forwarded` (RFC 7239). Only the one that is chosen
is read: a proxy sets one, and passes on what a client has put into the other. Each proxy adds at
the right whom it got the request from, so the lists are read from there: what stands left of the
first address that is no trusted proxy was written by whoever is at that address, and counts for
nothing. Nobody else's headers are read at all.

Whether the client came by TLS is told there, too: in `X-Forwarded-Proto`, or by `proto=` in
`Forwarded`.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from xucd.signin.places import Address, parsed

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAX_HOPS = 20
X_FORWARDED_FOR, FORWARDED = "x-forwarded-for", "forwarded"
_X_FORWARDED_PROTO = b"x-forwarded-proto"
# RFC 7239: one `name=value` of a hop; values with a colon or a bracket have to be quoted.
_PAIR = re.compile(r'\s*([\w!#$%&\'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*))\s*(;|,|\Z)')


class Addresses:
    """Finds clients' addresses.

    `trusted` are addresses or networks of proxies, as text. `header` is in which of
    `FORWARDED_HEADERS` they tell them.
    """

    def __init__(self, trusted: Iterable[str] = (), header: str = X_FORWARDED_FOR) -> None:
        self._trusted = [ipaddress.ip_network(text) for text in trusted]
        self._name, self._hops = header.encode(), FORWARDED_HEADERS[header]

    def trusts(self, peer: str) -> bool:
        """Whether the other end of a connection is a proxy whose headers are believed."""
        address = parsed(peer)
        return address is not None and self._is_proxy(address)

    def client(self, peer: str, headers: Any) -> str:
        """The address of the client who sent a request, in its normal form.

        `peer` is the other end of the connection, `headers` are Twisted's. Where the header is
        malformed, it is the last proxy that can be relied on.
        """
        address = parsed(peer)
        if address is None:
            return peer
        if not self._is_proxy(address):
            return str(address)
        told = _joined(headers, self._name)
        return str(self._last_untrusted(address, [] if told is None else self._hops(told)))

    def tells_of_tls(self, peer: str, headers: Any) -> bool:
        """Whether a trusted proxy says that it got a request by TLS."""
        if not self.trusts(peer):
            return False
        forwarded = self._name == FORWARDED.encode()
        told = _joined(headers, self._name if forwarded else _X_FORWARDED_PROTO) or ""
        # The last proxy's word is the only one that is certain to be a proxy's.
        last = told.rpartition(",")[2]
        if forwarded:
            pairs = {pair[1].lower(): pair[2] or pair[3] for pair in _PAIR.finditer(last)}
            last = pairs.get("proto", "")
        return last.strip().lower() == "https"

    def _last_untrusted(self, peer: Address, hops: list[Address | None]) -> Address:
        """The first address from the right that is no proxy; `peer` is behind the last."""
        last = peer
        for hop in reversed(hops[-_MAX_HOPS:]):
            if hop is None:
                return last
            last = hop
            if not self._is_proxy(hop):
                return last
        return last

    def _is_proxy(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def _joined(headers: Any, name: bytes) -> str | None:
    found = headers.getRawHeaders(name)
    return b",".join(found).decode("latin-1") if found else None


def _hop(text: str) -> Address | None:
    """An address with or without its port: ``192.0.2.1:80``, ``[2001:db8::1]:80``."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return parsed(text)


def _x_forwarded_for(text: str) -> list[Address | None]:
    return [_hop(part) for part in text.split(",")]


def _forwarded(text: str) -> list[Address | None]:
    """The hops of `Forwarded`; None for each that names no address, or that is malformed."""
    return [_hop(part) for part in _for_parameters(text)]


def _for_parameters(text: str) -> Iterator[str]:
    """What each hop says in `for`, "" if nothing."""
    at, found = 0, ""
    while True:
        pair = _PAIR.match(text, at)
        if pair is None:  # nothing to the left of it is believed
            yield ""
            at = text.find(",", at) + 1
            if at == 0:
                return
            found = ""
            continue
        if pair[1].lower() == "for":
            found = pair[3] if pair[2] is None else re.sub(r"\\(.)", r"\1", pair[2])
        at = pair.end()
        if pair[4] != ";":
            yield found
            found = ""
        if at >= len(text):
            return


FORWARDED_HEADERS: dict[str, Callable[[str], list[Address | None]]] = {
    X_FORWARDED_FOR: _x_forwarded_for,
    FORWARDED: _forwarded,
}
"""How each header that may be chosen is read."""
