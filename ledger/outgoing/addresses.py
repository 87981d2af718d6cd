"""Which addresses are public: those that anybody on the internet could send to as well."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

_NOT_V4: Final = tuple(
    map(
        IPv4Network,
        (
            "192.0.0.0/24",  # IETF protocols (RFC 6890); a cloud's metadata stands here
            "192.88.99.0/24",  # relays of 6to4 (RFC 7526)
            "168.63.129.16/32",  # a public address that Azure's machines know as their own host
        ),
    )
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""All of IPv6 that was ever given out (RFC 4291 section 2.4)."""
_NOT_V6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # IETF protocols, Teredo among them (RFC 2928, RFC 4380)
            "2002::/16",  # 6to4 (RFC 3056): it leads to an IPv4 address
            "2001:db8::/32",  # documentation (RFC 3849)
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are the IPv4 address that it leads to."""


def is_public(address: str) -> bool:
    """Whether the address, as text, is one of the public internet. What is no address, or has a zone, is not."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return _is_public_v4(parsed) if isinstance(parsed, IPv4Address) else _is_public_v6(parsed)


def _is_public_v4(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and not any(address in net for net in _NOT_V4)


def _is_public_v6(address: IPv6Address) -> bool:
    if address.scope_id is not None:
        return False
    if address in _NAT64:
        return _is_public_v4(IPv4Address(int(address) & 0xFFFF_FFFF))
    return address in _GLOBAL_UNICAST and address.is_global and not any(address in net for net in _NOT_V6)
