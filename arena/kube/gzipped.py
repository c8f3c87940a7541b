"""Answers that are packed with gzip."""

import zlib
from collections.abc import Callable

_GZIP = 31
"""zlib's value for gzip with a window of any size."""


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
