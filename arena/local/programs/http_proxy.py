"""Passes HTTP requests on to the pods behind a Service, if `link_auth` admits them."""

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from arena.local.objects import LOOPBACK
from arena.local.programs.proxy.routes import Backend
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession, web
    from multidict import CIMultiDict

_HOPS = ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
"""Headers that concern a single connection, and are not passed on."""
_CONNECT = 5.0
"""Seconds to connect to a pod."""


class Pages(NamedTuple):
    """The targets of requests to one port.

    Attributes:
        backends: the ready pods.
        token: what browsers must present; "" if nobody is admitted any more.
    """

    backends: Sequence[Backend]
    token: str = ""


class HttpProxy:
    """The HTTP proxy of one port.

    Args:
        port: the port to listen on.
        pages: returns the present targets.
    """

    def __init__(self, port: int, pages: Callable[[], Pages]) -> None:
        self._port = port
        self._pages = pages
        self._turn = 0
        self._client: ClientSession | None = None
        self._key = os.urandom(32)

    async def answer(self, request: "web.BaseRequest") -> "web.StreamResponse":
        """Answer one request."""
        from aiohttp import web

        from arena.local.programs import link_auth

        pages = self._pages()
        refused = link_auth.admit(request, self._port, pages.token, self._key)
        if refused is not None:  # a response of aiohttp 3.10 is an empty mapping, and so false
            return refused
        headers = _outward(request, link_auth.cookie(self._port), pages.token)
        self._turn += 1
        for at in range(len(pages.backends)):
            backend = pages.backends[(self._turn + at) % len(pages.backends)]
            for port in backend.ports:
                if await _accepts(port):
                    return await self._ask(request, f"http://{LOOPBACK}:{port}{backend.folder}", headers)
        return web.Response(status=503, text="No pod of this Service is ready.\n")

    async def _ask(
        self, request: "web.BaseRequest", root: str, headers: "CIMultiDict[str]"
    ) -> "web.StreamResponse":
        from aiohttp import ClientError, web
        from yarl import URL

        url = URL(f"{root}/{str(request.rel_url).lstrip('/')}", encoded=True)
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._talk(request, url, headers)
            body = request.content if request.body_exists else None
            async with self._session().request(
                request.method, url, headers=headers, data=body, allow_redirects=False
            ) as answer:
                return await _relay(request, answer, root)
        except ClientError as error:
            return web.Response(status=502, text=f"The pod did not answer: {error}\n")

    def _session(self) -> "ClientSession":
        """The client of the pods, which adds no cookies, limits or headers."""
        from aiohttp import ClientSession, ClientTimeout, DummyCookieJar

        if self._client is None:
            self._client = ClientSession(
                cookie_jar=DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
                timeout=ClientTimeout(total=None),
            )
        return self._client

    async def _talk(
        self, request: "web.BaseRequest", url: object, headers: "CIMultiDict[str]"
    ) -> "web.StreamResponse":
        """Pass on a websocket."""
        from aiohttp import web

        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        protocols = [one.strip() for one in offered.split(",") if one.strip()]
        for name in [name for name in headers if name.lower().startswith("sec-websocket-")]:
            headers.popall(name, None)
        async with self._session().ws_connect(
            str(url), protocols=protocols, headers=headers, max_msg_size=0
        ) as there:
            chosen = [there.protocol] if there.protocol else []
            here = web.WebSocketResponse(protocols=chosen, max_msg_size=0)
            await here.prepare(request)
            sides = {asyncio.ensure_future(_pump(here, there)), asyncio.ensure_future(_pump(there, here))}
            await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
            for side in sides:
                side.cancel()
            await here.close()
            return here


async def _accepts(port: int) -> bool:
    """Whether the port accepts connections."""
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(LOOPBACK, port), _CONNECT)
    except (OSError, asyncio.TimeoutError):
        return False
    writer.close()
    return True


def _outward(request: "web.BaseRequest", cookie: str, token: str) -> "CIMultiDict[str]":
    """The request's headers for the pod: without our cookie and token."""
    headers = request.headers.copy()
    for name in (*_HOPS, *headers.get("Connection", "").replace(" ", "").split(",")):
        headers.popall(name, None)
    if token in headers.get("Authorization", ""):
        headers.popall("Authorization", None)
    given = [one.strip() for line in headers.popall("Cookie", []) for one in line.split(";")]
    kept = [one for one in given if one and one.partition("=")[0].rstrip() != cookie]
    if kept:
        headers["Cookie"] = "; ".join(kept)
    return headers


async def _relay(request: "web.BaseRequest", answer: "ClientResponse", root: str) -> "web.StreamResponse":
    from aiohttp import ClientError, web

    headers = answer.headers.copy()
    for name in _HOPS:
        headers.popall(name, None)
    folder = root.removeprefix("http://").partition("/")[2]
    if folder and "Location" in headers:
        headers["Location"] = headers["Location"].replace(f"/{folder}", "", 1) or "/"
    response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
    await response.prepare(request)
    try:
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
    except ClientError:  # too late for an error: the page ends where the pod's answer ended
        if request.transport:
            request.transport.close()
    return response


async def _pump(source: Any, sink: Any) -> None:
    """Pass messages from one websocket to another; client and server have different classes."""
    from aiohttp import WSMsgType

    async for message in source:
        if message.type is WSMsgType.TEXT:
            await sink.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await sink.send_bytes(message.data)
