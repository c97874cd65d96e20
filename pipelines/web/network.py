"""Connections to public addresses only: a host is resolved, checked, and connected to at the address that was checked.

A name that points to this machine, to its network or to a cloud's metadata is refused, whenever it does: there is no
second resolution between check and connection. `Host` and the certificate's name stay those of the host.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

_NAT64 = IPv6Network("64:ff9b::/96")

Resolve = Callable[[str, int], Sequence[str]]  # the addresses of a host


class NotPublicError(httpx.TransportError):
    """The host leads to an address that is not public."""


class PinnedTransport(httpx.BaseTransport):
    """Connects to where a host was found to be, through no proxy."""

    def __init__(
        self, resolve: Resolve, *, allow_private: bool, connections: httpx.BaseTransport | None = None
    ) -> None:
        self._resolve = resolve
        self._allow_private = allow_private
        self._connections = connections or httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request to the first of the host's addresses that can be connected to."""
        host = request.url.raw_host.decode()
        *others, last = self._checked(host, request.url.port or (443 if request.url.scheme == "https" else 80))
        for address in others:
            try:
                return self._connections.handle_request(_pinned(request, host, address))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return self._connections.handle_request(_pinned(request, host, last))

    def close(self) -> None:
        """Close what is open."""
        self._connections.close()

    def _checked(self, host: str, port: int) -> list[str]:
        try:
            addresses = list(dict.fromkeys(self._resolve(host, port)))
        except OSError as error:
            raise httpx.ConnectError(f"the host {host} cannot be found") from error
        private = [] if self._allow_private else [address for address in addresses if not is_public(address)]
        if private or not addresses:
            raise NotPublicError(f"leads to {', '.join(private) or 'nowhere'}")
        return addresses


def resolve(host: str, port: int) -> list[str]:
    """As the system resolves names."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet; one that wraps another is as that one."""
    ip = _unwrapped(ip_address(address.partition("%")[0]))
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _unwrapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def _pinned(request: httpx.Request, host: str, address: str) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address.partition("%")[0]),
        headers=request.headers,  # with the Host that was asked for
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )
