"""The framing of exec and attach: each message begins with its channel number.

`v5.channel.k8s.io` adds to `v4` that a client can close one channel and keep the others.
"""

import json
from typing import Any

from aiohttp import web

from arena.local.api.refusals import bad

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")


class Channels:
    """One client's channels over one websocket."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    @property
    def response(self) -> web.StreamResponse:
        """The answer to the request."""
        return self._socket

    async def send(self, channel: int, data: bytes) -> None:
        """Send to a channel; wait while the client is slow. Raises ConnectionError if the client has left."""
        await self._socket.send_bytes(bytes((channel,)) + data)

    async def receive(self) -> tuple[int, bytes] | None:
        """(channel, data) of the next message; (CLOSE, channel) if a channel is closed; None at the end."""
        while True:
            message = await self._socket.receive()
            if message.type is web.WSMsgType.BINARY and message.data:
                return message.data[0], message.data[1:]
            if message.type is web.WSMsgType.TEXT and message.data:
                text = message.data.encode()
                return text[0], text[1:]
            if message.type in (
                web.WSMsgType.CLOSE,
                web.WSMsgType.CLOSING,
                web.WSMsgType.CLOSED,
                web.WSMsgType.ERROR,
            ):
                return None

    async def finish(self, status: dict[str, Any]) -> None:
        """Send the result and close; further messages of the client are dropped."""
        await self.send(ERROR, json.dumps(status).encode())
        await self._socket.close()


async def accept(request: web.Request, protocols: tuple[str, ...] = PROTOCOLS) -> web.WebSocketResponse:
    """Turn the request into a websocket of one of the protocols.

    Raises:
        Refused: 400 if the client requests another kind of connection.
    """
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise bad("the local cluster streams over websockets: use kubectl 1.30 or newer")
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    if not set(protocols) & {one.strip() for one in offered.split(",")}:
        raise bad(f"unknown subprotocol {offered!r}: the local cluster speaks {', '.join(protocols)}")
    socket = web.WebSocketResponse(protocols=protocols, compress=False, max_msg_size=0)
    await socket.prepare(request)
    return socket


def ending(code: int) -> dict[str, Any]:
    """The Status of a command that ended with an exit code."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }
