"""Fault injection: tests make the server slow, refuse requests, or close connections."""

import asyncio
import re
from collections.abc import MutableSequence
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from arena.local.api.refusals import of_code, status


@dataclass(slots=True)
class Fault:
    """A fault for the next `times` requests whose method and path match."""

    path: str = ""
    """A regular expression, searched in the path and query."""
    method: str = ""
    """"" matches every method."""
    code: int = 0
    """Answer with this status and a Status object; 0 calls the handler."""
    message: str = "a fault that a test asked for"
    """The message of the Status object."""
    delay: float = 0
    """Seconds to wait first."""
    cut: bool = False
    """Close the connection without an answer."""
    cut_after: float = 0
    """Let the request run for this many seconds, then close its connection, which interrupts watches."""
    retry_after: int = 0
    """Value of the Retry-After header of an answer."""
    times: int = 1

    def matches(self, request: web.Request) -> bool:
        """Whether it applies to this request."""
        if self.times <= 0 or self.method not in ("", request.method):
            return False
        return re.search(self.path, request.path_qs) is not None


def inject(faults: MutableSequence[Fault]) -> Middleware:
    """A middleware that applies the first fault that matches; the sequence may change meanwhile."""

    @web.middleware
    async def strike(request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = next((one for one in faults if one.matches(request)), None)
        if fault is None:
            return await handler(request)
        fault.times -= 1
        await asyncio.sleep(fault.delay)
        if fault.cut_after:
            asyncio.get_running_loop().call_later(fault.cut_after, _cut, request)
        if fault.cut:
            _cut(request)
        if not fault.code:
            return await handler(request)
        body = status(of_code(fault.code, fault.message))
        headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after else None
        return web.json_response(body, status=fault.code, headers=headers)

    return strike


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
