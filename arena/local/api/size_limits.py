"""Size limits of a body, and so of an object: every request waits while one is traversed.

Each traversal is linear in the number of values, and with this limit takes a fraction of a second.
"""

import re
from typing import Any

from arena.local.api import refusals

DEEPEST = 64
"""Maximum depth."""
MOST = 30_000
"""Maximum number of values."""
LONGEST = 1000
"""Maximum characters of a key, which is part of the path of everything below it."""

LARGEST = 3 * 1024 * 1024
"""Maximum bytes of a body, and of an object, as on a real cluster."""

_TEXT = re.compile(rb'"[^"]*"?')
_BRACKETS = rb"[]{}"
_OTHERS = bytes(set(range(256)) - set(_BRACKETS))
_OPEN = frozenset(b"[{")


def check(text: bytes) -> None:
    """Refuse JSON that is too deep or too large, before anything traverses it.

    Raises:
        Refused: 400 if it is too deep; 413 if it is too large.
    """
    if len(text) > LARGEST:
        raise refusals.of_code(
            413, f"an object of {len(text)} bytes is larger than the server accepts (3 MiB)"
        )
    if sum(map(text.count, (b",", b"[", b"{"))) <= DEEPEST:
        return
    bare = _TEXT.sub(b"", text.replace(rb"\\", b"").replace(rb"\"", b""))
    level = 0
    for bracket in bare.translate(None, _OTHERS)[: 2 * MOST]:
        level += 1 if bracket in _OPEN else -1
        if level > DEEPEST:
            raise too_deep()
    if sum(map(bare.count, (b",", b"[", b"{"))) > MOST:
        raise too_much()


def check_keys(value: Any) -> None:
    """Refuse long keys: each is part of the path of everything below it.

    Raises:
        Refused: 413.
    """
    rest = [value]
    while rest:
        one = rest.pop()
        if isinstance(one, dict):
            if any(len(key) > LONGEST for key in one):
                raise refusals.of_code(413, f"a key is longer than {LONGEST} characters")
            rest += one.values()
        elif isinstance(one, list):
            rest += one


def too_much() -> Exception:
    """413."""
    return refusals.of_code(413, f"the body holds more than {MOST} values")


def too_deep() -> Exception:
    """400."""
    return refusals.bad(f"the body is nested deeper than {DEEPEST} levels")
