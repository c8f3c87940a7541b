"""Limits of an answer that is kept whole: bytes of memory, and seconds in total."""

import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

LARGEST = 256 << 20
"""Maximum bytes of an unpacked answer or of a line of a stream: 500 objects of half a MB each."""
LONGEST = 300.0
"""Maximum seconds in total, however regularly data arrives."""
_PIECE = 1 << 20
_GZIP = 31
"""zlib's value for gzip with a window of any size."""


class Excess(OSError):
    """The server sends more than any cluster should."""


def whole(read: Callable[[int], bytes]) -> bytes:
    """All that `read` returns until its end; raises Excess if that is too much."""
    pieces: list[bytes] = []
    size = 0
    while piece := read(_PIECE):
        size = checked(size + len(piece))
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class Unpacked:
    """Unpacks the gzip data that another `read` returns, never more at once than requested."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._packed = read
        self._rest = b""
        self._inflate = zlib.decompressobj(_GZIP)

    def read(self, amount: int) -> bytes:
        """Some of the data, b"" at the end; raises ConnectionError if it is damaged or truncated."""
        while True:
            if self._inflate.eof and self._rest:  # several gzip members may follow each other
                self._inflate = zlib.decompressobj(_GZIP)
            if not self._rest and not (new := self._packed(amount)):
                if self._inflate.eof:
                    return b""
                raise ConnectionError("the answer broke off")
            try:
                found = self._inflate.decompress(self._rest or new, amount)
            except zlib.error as cause:
                raise ConnectionError("the answer cannot be unpacked") from cause
            self._rest = self._inflate.unconsumed_tail or self._inflate.unused_data
            if found:
                return found


def unpacked(read: Callable[[int], bytes], encoding: str) -> Callable[[int], bytes]:
    """Gives what `read` gives, unpacked where an answer says that it is encoded as gzip."""
    return Unpacked(read).read if encoding.lower() in ("gzip", "x-gzip") else read


def checked(size: int) -> int:
    """Return the number of bytes; raises Excess if it is too large."""
    if size > LARGEST:
        raise Excess
    return size


class Alarm:
    """Breaks off a connection that takes longer than `seconds` from the first `watch`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: threading.Timer | None = None
        self._cut: Callable[[], None] = lambda: None
        self.rang = False

    def watch(self, link: socket.socket) -> None:
        """Break off this connection when the time is over."""
        # Below TLS, whose own shutdown would wait for a dead peer or a reader.
        self.wake(lambda: socket.socket.shutdown(link, socket.SHUT_RDWR))

    def wake(self, cut: Callable[[], None]) -> None:
        """Call this when the time is over, to end the wait; the last call counts."""
        self._cut = cut
        if self._timer is None:
            self._timer = threading.Timer(self._seconds, self._ring)
            self._timer.daemon = True
            self._timer.start()

    def _ring(self) -> None:
        self.rang = True
        with suppress(OSError):
            self._cut()

    def stop(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()


@contextmanager
def patience(seconds: float | None) -> Iterator[Alarm | None]:
    """An alarm for the block, which raises TimeoutError if it broke off; None if `seconds` is None."""
    if seconds is None:
        yield None
        return
    alarm = Alarm(seconds)
    try:
        yield alarm
    except OSError as cause:
        if alarm.rang:
            raise TimeoutError(f"not in {seconds:g} s") from cause
        raise
    finally:
        alarm.stop()
    if alarm.rang:  # an answer that ends with its connection looks whole
        raise TimeoutError(f"not in {seconds:g} s")
