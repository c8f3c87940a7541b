"""An HTTP/1.1 client over an open socket.

The standard library's client loads TLS and an e-mail parser, which takes a third as long as importing click:
a lot, compared to a small `arena list`.
"""

import io
import re
from typing import Any, Protocol

from arena.kube.endpoint import Headers

_LINE, _LINES = 1 << 16, 200
"""Maximum bytes of a line of an answer's head, and maximum number of lines."""
_DIGITS = 20
SWITCHED = 101
"""The status after which the connection speaks another protocol; that of the body is unknown to HTTP."""
_FRAMING = ("content-length", "transfer-encoding")
_HEX = rb"[0-9A-Fa-f]{1,16}"


class Garbled(ConnectionError):
    """The bytes are not a complete answer."""


class Link(Protocol):
    """What an answer is read from, such as a socket."""

    def recv_into(self, buffer: Any, /) -> int:
        """Wait for data, and return how many bytes have come; 0 at the end."""


class _Incoming(io.RawIOBase):
    """What arrives at a socket, which stays open."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def readable(self) -> bool:
        """It can only be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Wait for data; 0 bytes at the end."""
        return self._link.recv_into(buffer)


class Answer:
    """An answer whose head was read.

    Attributes:
        status: its code.
        headers: by their names in small letters.
        left: remaining bytes of the body; None if their number is unknown.
        ends: whether the connection ends with the answer.
    """

    def __init__(self, link: Link) -> None:
        self._file = io.BufferedReader(_Incoming(link))
        try:
            version = self._begin()
            self._chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"
            self.left = self._length()
        except BaseException:
            self.close()
            raise
        wish = self.headers.get("connection", "").lower()
        unknown = self.left is None and not self._chunked
        self.ends = unknown or "close" in wish or (version == b"HTTP/1.0" and "keep-alive" not in wish)
        self._done = self.left == 0

    def _begin(self) -> bytes:
        """Read the head and any interim answers; return the version of HTTP."""
        while True:
            self.status, version = _status(self._line())
            self.headers = self._head()
            if self.status >= 200 or self.status == SWITCHED:
                return version

    def _length(self) -> int | None:
        if self.status in (204, 304):
            return 0
        text = self.headers.get("content-length")
        if text is None or self._chunked:
            return None
        if not (text.isdecimal() and len(text) < _DIGITS):
            raise Garbled("the answer has an invalid length")
        return int(text)

    def _line(self) -> bytes:
        line = self._file.readline(_LINE + 1)
        if not line.endswith(b"\n"):
            raise Garbled("the answer broke off or has an endless line")
        return line.rstrip(b"\r\n")

    def _head(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for _ in range(_LINES):
            line = self._line()
            if not line:
                return found
            name, _, value = (part.strip() for part in line.decode("latin-1").partition(":"))
            if found.setdefault(name.lower(), value) != value and name.lower() in _FRAMING:
                raise Garbled("the answer has an invalid length")
        raise Garbled("the answer has too many headers")

    def read(self, amount: int) -> bytes:
        """Read the given number of bytes of the body; fewer before its end, b"" at the end."""
        pieces = []
        while amount and (piece := self.read1(amount)):
            pieces.append(piece)
            amount -= len(piece)
        return b"".join(pieces)

    def read1(self, amount: int) -> bytes:
        """Read what has arrived of the body, at least a byte; b"" at its end, Garbled if it breaks off."""
        if self._chunked and not self._done and not self.left:
            self._chunk()
        if self._done:
            if self.ends:
                self.close()
            return b""
        found = self._file.read1(amount if self.left is None else min(amount, self.left))
        if self.left is None:
            self._done = not found
            if self._done:
                self.close()
        elif not found:
            raise Garbled("the answer broke off")
        else:
            self.left -= len(found)
            self._done = not self.left and not self._chunked
            if self._chunked and not self.left and self._line():
                raise Garbled("the answer has a chunk that is longer than its stated size")
        return found

    def _chunk(self) -> None:
        """Read the size of the next chunk; skip the trailer after the last one."""
        text = self._line().partition(b";")[0].strip()
        if not re.fullmatch(_HEX, text):
            raise Garbled("the answer broke off")
        self.left = int(text, 16)
        if not self.left:
            self._head()
            self._done = True

    def close(self) -> None:
        """Read no more."""
        self._file.close()


def _status(line: bytes) -> tuple[int, bytes]:
    version, _, rest = line.partition(b" ")
    code = rest[:3]
    if not (version.startswith(b"HTTP/1.") and code.isdigit() and len(code) == 3):
        raise Garbled("the answer is not HTTP")
    return int(code), version


def request(method: str, target: str, host: str, headers: Headers, body: bytes | None) -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body is not None or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body or b'')}")
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line of the request contains a line break")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")
