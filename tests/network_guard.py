"""Keeps tests off the network: only this machine can be reached."""

import functools
import ipaddress
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class NetworkForbiddenError(AssertionError):
    pass


class NetworkGuard:
    """``faults`` holds what was refused, also if somebody hid the error."""

    def __init__(self) -> None:
        self.is_active = False
        self.faults: list[str] = []

    def refuse(self, host: str) -> None:
        if not self.is_active or _is_here(host):
            return
        fault = f"a test reached for {host}: only 127.0.0.1 is allowed"
        self.faults.append(fault)
        raise NetworkForbiddenError(fault)


GUARD = NetworkGuard()


def _is_here(host: str) -> bool:
    if host in ("", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        connection, address = arguments[:2]
        is_inet = isinstance(connection, socket.socket) and connection.family in (
            socket.AF_INET,
            socket.AF_INET6,
        )
        if is_inet and isinstance(address, tuple):
            GUARD.refuse(str(address[0]))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
        GUARD.refuse(host.decode() if isinstance(host, bytes) else str(host or ""))


@functools.cache
def install() -> None:
    sys.addaudithook(_hear)


@contextmanager
def forbid() -> Iterator[NetworkGuard]:
    """Nothing in this process reaches another machine while the block runs."""
    install()
    GUARD.faults.clear()
    GUARD.is_active = True
    try:
        yield GUARD
    finally:
        GUARD.is_active = False
