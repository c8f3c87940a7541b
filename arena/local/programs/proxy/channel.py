"""JSON messages over a Unix socket, one a line, each with the descriptors that it passes on."""

import json
import socket
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Message = dict[str, Any]

NAME = "proxy.sock"
"""Where the process listens for the next server, in the state folder."""
VERSION = 3
"""Of the messages; a server replaces a process that speaks another one."""
MOST = 200
"""Descriptors in one message; the system passes on up to 253 at once."""
CHUNK = 1 << 16


class Channel:
    """One end of the socket. A message may be up to as long as memory allows; threads may send at once."""

    def __init__(self, link: socket.socket) -> None:
        self.link = link
        self._sending = threading.Lock()
        self._buffer = b""
        self._descriptors: list[int] = []

    def send(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        """Send a message with up to MOST descriptors.

        Raises:
            OSError: the other end is closed, or does not read.
        """
        data = json.dumps({**message, "descriptors": len(descriptors)}).encode() + b"\n"
        with self._sending:
            sent = socket.send_fds(self.link, [data], list(descriptors)) if descriptors else 0
            self.link.sendall(data[sent:])

    def receive(self, wait: bool = True) -> list[tuple[Message, list[int]]] | None:
        """The messages that the next piece completes, with their descriptors; None at the end.

        Raises:
            BlockingIOError: nothing has come, and `wait` is False.
            OSError: the connection broke.
            ValueError: the other end does not speak this protocol.
        """
        flags = 0 if wait else socket.MSG_DONTWAIT
        # `socket.recv_fds` of Python 3.11 drops the flags.
        data, ancillary, _, _ = self.link.recvmsg(CHUNK, socket.CMSG_LEN(4 * MOST), flags)
        for _, _, found in ancillary:
            self._descriptors += memoryview(found[: len(found) // 4 * 4]).cast("i")
        if not data:
            return None
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return [self._message(line) for line in lines]

    def _message(self, line: bytes) -> tuple[Message, list[int]]:
        message = json.loads(line)
        count = message.pop("descriptors", 0)
        own, self._descriptors = self._descriptors[:count], self._descriptors[count:]
        return message, own

    def close(self) -> None:
        """Close this end."""
        self.link.close()


def batches(ports: Iterable[int]) -> Iterator[list[int]]:
    """Ports in lists so short that their sockets fit into one message."""
    rest = list(ports)
    while rest:
        yield rest[:MOST]
        rest = rest[MOST:]
