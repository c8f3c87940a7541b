"""Whether the arena and the Python that this process runs are still those that it was started from."""

import os
import sys

from arena import _version


def _seen() -> list[tuple[int, int, int] | None]:
    """What can be seen of both: they change whenever arena is installed anew."""
    found: list[tuple[int, int, int] | None] = []
    for path in (_version.__file__, sys.executable):
        try:
            meta = os.stat(path)
            found.append((meta.st_dev, meta.st_ino, meta.st_mtime_ns))
        except OSError:
            found.append(None)
    return found


_STARTED = _seen()


def is_replaced() -> bool:
    """Whether one of them was removed or installed anew, so that further imports fail or do not fit."""
    return _seen() != _STARTED
