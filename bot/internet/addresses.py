"""Which addresses are out on the internet, and which are somebody's own network."""

import ipaddress
from collections.abc import Iterator

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_HOLDING_V4 = (
    # A gateway turns these into the IPv4 address in their last 32 bits (RFC 6052, RFC 8215).
    ipaddress.ip_network("64:ff9b::/96"),
    ipaddress.ip_network("64:ff9b:1::/48"),
    ipaddress.ip_network("::/96"),
)
_NOBODYS = (
    ipaddress.ip_network("192.0.0.0/24"),  # for protocols
    ipaddress.ip_network("192.88.99.0/24"),  # relays that are no more
    ipaddress.ip_network("fec0::/10"),  # once for sites
)


def is_public(address: str) -> bool:
    """Whether an IP address, and every IPv4 address within it, is of the public internet."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(_is_public(one) for one in _meant(found))


def _meant(address: Address) -> Iterator[Address]:
    yield address
    if isinstance(address, ipaddress.IPv4Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if any(address in network for network in _HOLDING_V4):
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def _is_public(address: Address) -> bool:
    if any(address.version == network.version and address in network for network in _NOBODYS):
        return False
    return address.is_global and not address.is_multicast
