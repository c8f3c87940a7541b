"""Who may talk to the server: programs of this machine that know its secret, and no browser page."""

import hmac

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

_LOOPBACK = ("127.0.0.1", "localhost")


def guard(secret: str) -> Middleware:
    """A middleware that lets pass what names the secret in its path or as a bearer token.

    A page of some site in the user's browser is kept out by what it cannot forge: the Host it was
    led to (DNS rebinding), its Origin and Sec-Fetch-Site. Who does not know the secret learns nothing.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if _from_page(request):
            return web.Response(status=403)
        if not _knows(request, secret):
            return web.Response(status=404)
        return await handler(request)

    return check


def _from_page(request: web.Request) -> bool:
    host = request.headers.get("Host", "").rsplit(":", 1)[0]
    site = request.headers.get("Sec-Fetch-Site", "none")
    return host not in _LOOPBACK or "Origin" in request.headers or site != "none"


def _knows(request: web.Request, secret: str) -> bool:
    parts = request.path.split("/", 3)
    given = parts[2] if len(parts) > 2 and parts[1] == "k" else ""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and not given:
        given = token.strip()
    return hmac.compare_digest(given.encode(errors="replace"), secret.encode())
