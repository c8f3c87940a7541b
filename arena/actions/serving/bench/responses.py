"""HTTP/1.1 answers, read from pieces as they arrive."""

import re

_HEAD = 1 << 16
"""Maximum bytes of the head of an answer, or of a line between chunks."""
_MORE = "the server sent more than the answer"
_HEX = re.compile(rb"[0-9A-Fa-f]{1,16}")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*(?:\r|\Z)")
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r]*chunked")
_CLOSE = re.compile(rb"\r\nconnection:[^\r]*close")


class Garbled(ValueError):
    """The bytes are not an answer."""


class Response:
    """One answer to a POST or GET.

    Attributes:
        status: its code; 0 until the head has come.
        body: what has come of the body; whoever reads it in pieces takes them out.
        ends: whether the connection ends with the answer.
    """

    __slots__ = ("_buffer", "_chunked", "_last", "_left", "body", "ends", "status")

    def __init__(self) -> None:
        self.status = 0
        self.body = bytearray()
        self.ends = False
        self._buffer = b""
        self._chunked = False
        self._last = False
        self._left: int | None = 0

    def feed(self, data: bytes) -> bool:
        """Take a piece; return whether the answer is complete.

        Raises:
            Garbled: this is not HTTP, or more than the answer.
        """
        while not self.status:
            self._buffer += data
            head, found, data = self._buffer.partition(b"\r\n\r\n")
            if not found:
                if len(head) > _HEAD:
                    raise Garbled("the head of the answer is too long")
                return False
            self._buffer = b""
            self._begin(head)
            if self.status < 200:
                self.status = 0
        if self._chunked:
            return self._chunks(data)
        self.body += data
        if self._left is None:
            return False
        self._left -= len(data)
        if self._left < 0:
            raise Garbled(_MORE)
        return self._left == 0

    def end(self) -> bool:
        """The connection has ended; return whether that completes the answer."""
        return bool(self.status) and self._left is None and not self._chunked

    def _begin(self, head: bytes) -> None:
        if not head.startswith(b"HTTP/1.") or not head[9:12].isdigit():
            raise Garbled("the answer is not HTTP")
        status, low = int(head[9:12]), head.lower()
        self.status = status
        self._chunked = b"transfer-encoding" in low and bool(_CHUNKED.search(low))
        length = _LENGTH.search(low)
        self._left = int(length[1]) if length else None
        if status in (204, 304):
            self._left, self._chunked = 0, False
        unknown = self._left is None and not self._chunked
        old = head[7:8] == b"0" and b"keep-alive" not in low
        self.ends = unknown or old or (b"connection" in low and bool(_CLOSE.search(low)))

    def _chunks(self, data: bytes) -> bool:
        data = self._buffer + data
        while True:
            if self._left and self._left > 0:
                piece = data[: self._left]
                self.body += piece
                self._left -= len(piece)
                data = data[len(piece) :]
                if self._left:
                    self._buffer = b""
                    return False
                self._left = -1  # the line end after the chunk
            line, found, rest = data.partition(b"\r\n")
            if not found:
                if len(line) > _HEAD:
                    raise Garbled("a line between chunks is too long")
                self._buffer = data
                return False
            data = rest
            if self._line(line):
                if data:
                    raise Garbled(_MORE)
                return True

    def _line(self, line: bytes) -> bool:
        """Take a line between chunks; return whether it was the last one of the answer."""
        if self._last:  # a trailer, or the empty line that ends them
            return not line
        if self._left == -1:
            if line:
                raise Garbled("a chunk is longer than its stated size")
            self._left = 0
            return False
        size = line.partition(b";")[0].strip()
        if not _HEX.fullmatch(size):
            raise Garbled("a chunk has no size")
        self._left = int(size, 16)
        self._last = not self._left
        return False
