"""Limits of an answer that is kept whole: bytes of memory, and seconds in total."""

import _socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

LARGEST = 256 << 20
"""Maximum bytes of an unpacked answer or of a line of a stream: 500 objects of half a MB each."""
LONGEST = 300.0
"""Maximum seconds in total, however regularly data arrives."""
_PIECE = 1 << 20


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


def unpacked(read: Callable[[int], bytes], encoding: str) -> Callable[[int], bytes]:
    """Gives what `read` gives, unpacked where an answer says that it is encoded as gzip."""
    if encoding.lower() not in ("gzip", "x-gzip"):
        return read
    from arena.kube.gzipped import Unpacked  # the local cluster packs nothing

    return Unpacked(read).read


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

    def watch(self, link: _socket.socket) -> None:
        """Break off this connection when the time is over."""
        # Below TLS, whose own shutdown would wait for a dead peer or a reader.
        self.wake(lambda: _socket.socket.shutdown(link, _socket.SHUT_RDWR))

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
