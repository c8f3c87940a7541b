"""Connections that the server refuses: pages in a browser, and other users.

The connection itself authenticates the user: it came through the Unix socket in a private folder, or by TLS
with the client's certificate.
"""

import os
import socket

from aiohttp import web
from aiohttp.typedefs import Handler

from arena import operating_system

_LOOPBACK = ("127.0.0.1", "localhost")


@web.middleware
async def restrict_access(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse requests of web pages, and of other users if the folder was opened to them.

    A web page in a browser that has the client certificate is recognized by headers that it cannot forge:
    Host (DNS rebinding), Origin and Sec-Fetch-Site.
    """
    if _from_page(request) or _is_foreign(request):
        return web.Response(status=403)
    return await handler(request)


def _from_page(request: web.Request) -> bool:
    address = request.headers.get("Host", "")
    # Some clients send the server itself as the origin of their websockets; it has no pages.
    origin = request.headers.get("Origin", f"https://{address}")
    site = request.headers.get("Sec-Fetch-Site", "none")
    return address.rsplit(":", 1)[0] not in _LOOPBACK or origin != f"https://{address}" or site != "none"


def _is_foreign(request: web.Request) -> bool:
    link = request.get_extra_info("socket")
    if link is None or link.family != socket.AF_UNIX:
        return False
    return operating_system.peer(link) not in (None, 0, os.getuid())  # root is allowed, too
