"""Where somebody is, as clients are bounded: addresses, and networks of IPv6."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# A client of IPv6 has at least this much of the address for itself alone.
_IPV6_PREFIX = 64
# And a customer of a provider as much as this.
_IPV6_SITE = 48


def parsed(text: str) -> Address | None:
    """The address that a text is, in its normal form; None for a text that is none."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def bucket(address: str) -> str:
    """What counts as one address where clients are bounded: of IPv6 the /64."""
    return _masked(address, _IPV6_PREFIX)


def network(address: str) -> str:
    """What takes turns with others as one: of IPv6 the /48, which one customer may have."""
    return _masked(address, _IPV6_SITE)


def _masked(address: str, prefix: int) -> str:
    found = parsed(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, prefix), strict=False))
    return address
