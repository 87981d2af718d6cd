"""Which addresses a request may go to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.outgoing.addresses import is_public

PUBLIC = ("8.8.8.8", "1.1.1.1", "93.184.215.14", "2606:4700::1111", "2a00:1450:4001:82b::200e", "64:ff9b::808:808")

NOT_PUBLIC = (
    *("0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.0.9", "192.0.2.1", "198.18.0.1"),
    *("198.51.100.7", "203.0.113.9", "192.88.99.1", "168.63.129.16", "224.0.0.1", "232.1.1.1", "239.255.255.250"),
    *("240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "2606:4700::1111%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"),
    *(
        "64:ff9b:1::808:808",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "2001:0:7f00:1::1",
        "2001:db8::1",
        "3fff::1",
        "100::1",
    ),
    *("5f00::1", "4000::1", "fec0::1"),
    *("", "localhost", "127.1", "0177.0.0.1", "0x7f.1", "2130706433", "8.8.8.8 ", "8.8.8.8:80", "[::1]", "٨.٨.٨.٨"),
)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_by_itself(address: IPv4Address) -> None:
    """NAT64 leads to the IPv4 address that it holds; no other way of holding one is allowed at all."""
    value = int(address)
    assert is_public(str(IPv6Address((0x64FF9B << 96) | value))) == is_public(str(address))
    for prefix in (0xFFFF << 32, 0, 0x2002 << 112 | value << 80, 0x64FF9B0001 << 80):
        assert not is_public(str(IPv6Address(prefix | value)))


@given(st.ip_addresses())
def test_nothing_public_that_the_library_calls_local(address: IPv4Address | IPv6Address) -> None:
    local = address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
    if local or address.is_unspecified or not address.is_global:
        assert not is_public(str(address)) or str(address).startswith("64:ff9b:")
