"""The bodies of HTTP/1.1: where they end. They are passed on as they are."""

import re

LONGEST = 1 << 16
"""Bytes of a head, or of the trailers of a body."""
LINE = 4096
"""Bytes of the line before a chunk."""

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
TEXT = rb"[^\x00-\x08\x0a-\x1f\x7f]*"
_FIELD = re.compile(TOKEN + rb":" + TEXT)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;" + TEXT + rb")?")


class Malformed(Exception):
    """A message that is refused.

    Attributes:
        status: of the answer.
        why: one sentence.
    """

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Length:
    """A body of known length."""

    __slots__ = ("done", "left")

    def __init__(self, left: int) -> None:
        self.left = left
        self.done = not left

    def feed(self, data: bytes | bytearray) -> int:
        """The number of bytes at the begin of `data` that belong to the body."""
        taken = min(self.left, len(data))
        self.left -= taken
        self.done = not self.left
        return taken


class UntilClose:
    """A body that ends with its connection."""

    done = False

    def feed(self, data: bytes | bytearray) -> int:
        """As of `Length`."""
        return len(data)


class Chunked:
    """A chunked body. It is passed on as it is, once each line of it is known to be right."""

    __slots__ = ("_crlf", "_left", "_trailers", "done")

    def __init__(self) -> None:
        self.done = False
        self._left = 0
        self._crlf = False
        self._trailers: int | None = None
        """Bytes of trailers so far; None before the last chunk."""

    def feed(self, data: bytes | bytearray) -> int:
        """As of `Length`; the rest may begin with an unfinished line.

        Raises:
            Malformed: this is no chunked body.
        """
        at, size = 0, len(data)
        while at < size and not self.done:
            if self._left:
                taken = min(self._left, size - at)
                self._left -= taken
                at += taken
            elif self._crlf:
                if not b"\r\n".startswith(data[at : at + 2]):
                    raise Malformed(400, "A chunk is longer than its size.")
                if size - at < 2:
                    break
                self._crlf = False
                at += 2
            else:
                line = _line(data, at)
                if line is None:
                    break
                self._begin(line)
                at += len(line) + 2
        return at

    def _begin(self, line: bytes) -> None:
        """Read the line before a chunk, or one after the last."""
        if self._trailers is not None:
            self._trailers += len(line)
            if (line and not _FIELD.fullmatch(line)) or self._trailers > LONGEST:
                raise Malformed(400, "The trailers are not those of HTTP/1.1.")
            self.done = not line
        elif found := _CHUNK.fullmatch(line):
            self._left = int(found[1], 16)
            self._crlf = bool(self._left)
            self._trailers = None if self._left else 0
        else:
            raise Malformed(400, "The size of a chunk is not a hexadecimal number.")


def _line(data: bytes | bytearray, at: int) -> bytes | None:
    """The line that begins at an index, or None if it is not finished."""
    end = data.find(b"\n", at, at + LINE)
    if end < 0:
        if len(data) - at >= LINE:
            raise Malformed(400, "A line of a chunked body is too long.")
        return None
    if end == at or data[end - 1] != 13:
        raise Malformed(400, "A line of a chunked body does not end with CR LF.")
    return bytes(data[at : end - 1])


Body = Length | Chunked | UntilClose
