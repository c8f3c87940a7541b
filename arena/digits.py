"""Whole numbers in foreign text."""

_LONGEST = 19
"""Digits that fit into 64 bits; Python refuses to read or write numbers of thousands of digits."""


def whole(text: object) -> int | None:
    """The number in a text of digits; None if it is something else or too large.

    >>> whole("12"), whole("x"), whole("9" * 5000), whole("²")
    (12, None, None, None)
    """
    if not isinstance(text, str) or not (text.isascii() and text.isdigit()) or len(text) > _LONGEST:
        return None
    return int(text)
