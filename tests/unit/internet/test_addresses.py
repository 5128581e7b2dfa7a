"""What is public and what is not."""

import pytest

from bot.internet.addresses import is_public


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "2001:4860:4860::8888"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.9.1", "10.0.0.1", "172.16.3.4", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "192.0.0.8", "192.88.99.1", "198.18.0.1"),
        "0.0.0.0",  # noqa: S104  # nothing is bound to it
        *("224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1"),
        # IPv4 addresses in IPv6 clothes
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1"),
        *("64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a00:1::1"),
        *("", "localhost", "no address"),
    ],
)
def test_everything_else_is_not(address: str) -> None:
    assert not is_public(address)
