"""Who may ask. Without a key only people at this very machine may, unless a setting lets everyone in."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

from core.settings import Settings
from serving.errors import UnauthenticatedError

_FORWARDED = ("forwarded", "x-forwarded", "x-real-ip", "via")  # how proxies give themselves away


class AnonymousAccess:
    """A route's dependency: passes where anonymous questions are taken, else UnauthenticatedError."""

    def __init__(self, settings: Settings) -> None:
        self._everyone = settings.allow_anonymous
        self._bound_to_loopback = is_loopback(settings.host)

    async def __call__(self, request: Request) -> None:
        """Let `request` pass, or raise."""
        if self._everyone or (self._bound_to_loopback and _is_local(request)):
            return
        raise UnauthenticatedError(
            "Questions without a key are taken only on the server's own machine and not through a proxy; "
            "set FRONTDESK_ALLOW_ANONYMOUS=true to take them from everyone."
        )


def is_loopback(host: str) -> bool:
    """Whether an address or name can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_local(request: Request) -> bool:
    """Judged by both ends of the connection and by the name that was asked for (against DNS rebinding)."""
    if any(name.startswith(_FORWARDED) for name in request.headers):
        return False
    named = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    return all(map(is_loopback, [named, *_ends(request.scope.get("server")), *_ends(request.scope.get("client"))]))


def _ends(address: Sequence[str | int] | None) -> list[str]:
    return [str(address[0])] if address else []
