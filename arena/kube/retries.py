"""When a request is sent again, and after which pause."""

import time

from arena.digits import whole

_ATTEMPTS = 4
_LONGEST_PAUSE = 10.0
BUSY = 60.0
"""Seconds for which a server that is overloaded is asked again."""


class Retries:
    """How often a request may still be sent again.

    Only reads are sent again after a broken or refused connection or a 5xx: a write may have been done. What
    gets a 429 has not been done, so everything is sent again after it.
    """

    def __init__(self, method: str) -> None:
        self._left = _ATTEMPTS if method == "GET" else 1
        self._busy = 0
        self._end = time.monotonic() + BUSY

    @property
    def is_busy(self) -> bool:
        """Whether the server said that it is overloaded."""
        return self._busy > 0

    def pause(self, status: int | None = None, wish: str = "") -> float | None:
        """Seconds before the request is sent again, 0.1, 0.2, 0.4 ... or more; None: not again.

        Args:
            status: of the answer; None where there was none.
            wish: the header Retry-After.
        """
        asked = whole(wish)
        if status == 429:
            self._busy += 1
            pause = _pause(self._busy, asked)
            return pause if time.monotonic() + pause < self._end else None
        if status is not None and (status < 500 or status == 501):
            return None
        self._left -= 1
        return _pause(_ATTEMPTS - self._left, asked) if self._left else None


def _pause(attempt: int, asked: int | None) -> float:
    """At least what the server asks for, and longer after each attempt, as many may be waiting."""
    return min(max(0.05 * (1 << attempt), float(asked or 0)), _LONGEST_PAUSE)
