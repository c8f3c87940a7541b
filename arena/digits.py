"""Whole numbers in foreign text."""

import re

_WHOLE = re.compile(r"[0-9]{1,19}")
"""What fits into 64 bits; Python refuses to read or write numbers of thousands of digits."""


def whole(text: object) -> int | None:
    """The number in a text of digits; None if it is something else or too large.

    >>> whole("12"), whole("x"), whole("9" * 5000), whole("²")
    (12, None, None, None)
    """
    return int(text) if isinstance(text, str) and _WHOLE.fullmatch(text) else None
