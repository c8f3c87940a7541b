"""The part of SPDY/3.1 that sessions with pods need: frames and their compressed headers.

Older clients send these frames over the connection of an HTTP request; for port forwards, kubectl also sends
them inside a websocket. Headers are compressed with a dictionary that the protocol defines.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping

from arena.tuples import NamedTuple

PROTOCOL = "v4.channel.k8s.io"
"""The newest protocol of Kubernetes' sessions over SPDY."""
STREAMS = ("stdin", "stdout", "stderr", "error", "resize")
"""The streams of a session by the numbers of their channels."""
SYN_STREAM, SYN_REPLY, RST_STREAM, PING = 1, 2, 3, 6
FIN = 1
REFUSED = 3
"""The RST_STREAM reason for a refused stream."""

_WORDS = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges "
    "age allow authorization cache-control connection content-base content-encoding content-language "
    "content-length content-location content-md5 content-range content-type date etag expect expires from "
    "host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location "
    "max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer "
    "transfer-encoding upgrade user-agent vary via warning www-authenticate method get status"
)
_PHRASES = ("200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin")
_TAIL = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
    "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
_ENTRIES = (*_WORDS.split(), *_PHRASES)
DICTIONARY = b"".join(struct.pack(">I", len(one)) + one.encode() for one in _ENTRIES) + _TAIL.encode()


class Frame(NamedTuple):
    """One frame; `type` 0 is data, others are control frames."""

    type: int
    flags: int
    stream: int
    body: bytes


class Codec:
    """One side of a connection: converts bytes to frames and back; the compression of headers has state."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Return the frames that are now complete.

        Raises:
            ValueError: the bytes are not SPDY/3.1.
        """
        self._buffer += data
        while len(self._buffer) >= 8:
            head, tail = struct.unpack_from(">II", self._buffer)
            flags, length = tail >> 24, tail & 0xFFFFFF
            if len(self._buffer) < 8 + length:
                return
            body = bytes(self._buffer[8 : 8 + length])
            del self._buffer[: 8 + length]
            yield _frame(head, flags, body)

    def headers(self, frame: Frame) -> dict[str, str]:
        """The headers of a SYN_STREAM.

        Raises:
            ValueError: they cannot be read.
        """
        try:
            text = self._inflate.decompress(frame.body[10:])
            return dict(_pairs(text))
        except (zlib.error, struct.error) as error:
            raise ValueError(f"broken headers: {error}") from error

    def open(self, stream: int, headers: Mapping[str, str]) -> bytes:
        """A SYN_STREAM; the names of headers are in small letters."""
        return control(SYN_STREAM, struct.pack(">IIxx", stream, 0) + self._block(headers))

    def reply(self, stream: int) -> bytes:
        """A SYN_REPLY without headers."""
        return control(SYN_REPLY, struct.pack(">I", stream) + self._block({}))

    def _block(self, headers: Mapping[str, str]) -> bytes:
        words = [word.encode("latin-1") for pair in headers.items() for word in pair]
        text = b"".join(struct.pack(">I", len(word)) + word for word in words)
        block = struct.pack(">I", len(headers)) + text
        return self._deflate.compress(block) + self._deflate.flush(zlib.Z_SYNC_FLUSH)


def control(kind: int, body: bytes, flags: int = 0) -> bytes:
    """A control frame."""
    return struct.pack(">HHI", 0x8003, kind, flags << 24 | len(body)) + body


def data(stream: int, body: bytes, fin: bool = False) -> bytes:
    """A data frame; `fin` marks the last one of its stream from this side."""
    return struct.pack(">II", stream, (FIN if fin else 0) << 24 | len(body)) + body


def reset(stream: int, reason: int) -> bytes:
    """A RST_STREAM."""
    return control(RST_STREAM, struct.pack(">II", stream, reason))


def _frame(head: int, flags: int, body: bytes) -> Frame:
    if not head >> 31:
        return Frame(0, flags, head, body)
    if head >> 16 != 0x8003:
        raise ValueError(f"not a frame of SPDY/3: {head:08x}")
    first = struct.unpack_from(">I", body)[0] & 0x7FFFFFFF if len(body) >= 4 else 0
    return Frame(head & 0xFFFF, flags, first, body)


def _pairs(text: bytes) -> Iterator[tuple[str, str]]:
    count, place = struct.unpack_from(">I", text)[0], 4
    for _ in range(count):
        pair = []
        for _ in range(2):
            (length,) = struct.unpack_from(">I", text, place)
            pair.append(text[place + 4 : place + 4 + length].decode("latin-1"))
            place += 4 + length
        yield pair[0].lower(), pair[1]
