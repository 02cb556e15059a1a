"""Who may talk to the page at all: this machine's own browser, on the page's own address, with its token.

A web site that somebody has open meanwhile can reach 127.0.0.1 too. It does not know the token, it cannot make a
browser send another Origin or Host than its own, and it may neither frame the page nor read from it.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from bot.demo.loopback import Handler

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": _POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cache-Control": "no-store",
        "Server": "flux-bot",
    }
)
"""On every answer, refusals included."""


@dataclass(slots=True)
class Guard:
    """Lets in what comes to `host` (`127.0.0.1:PORT`, known once the server listens) below `/token/`."""

    token: str
    host: str = ""

    def middleware(self) -> Middleware:
        @web.middleware
        async def only_our_own(request: web.Request, handler: Handler) -> web.StreamResponse:
            return self._refusal(request) or await handler(request)

        return only_our_own

    def _refusal(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Host") != self.host:
            return _refused(421, "This is not the address that the demo printed.")
        origin = request.headers.get("Origin")
        if origin != f"http://{self.host}" and (origin is not None or request.method == "POST"):
            return _refused(403, "Another page may not do that.")
        if not hmac.compare_digest(_first_part(request.path).encode(), self.token.encode()):
            return _refused(404, "Nothing is here. The demo printed the whole address.")
        if request.method == "POST" and request.headers.get("Content-Type") != "application/json":
            return _refused(415, "Only application/json is read here.")
        return None


async def armour(_: web.Request, response: web.StreamResponse) -> None:
    """To be called before any answer begins."""
    response.headers.update(HEADERS)


def _first_part(path: str) -> str:
    return path.removeprefix("/").partition("/")[0]


def _refused(status: int, why: str) -> web.Response:
    return web.Response(status=status, text=f"{why}\n")
