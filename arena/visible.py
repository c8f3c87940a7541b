"""Foreign text made safe for a terminal: visible control characters, widths in cells.

Characters that control a terminal or the direction of text are shown as escapes: `\\x1b`, `\\u202e`.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

_UNSAFE = (
    r"\x00-\x09\x0b-\x1f\x7f-\x9f"
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # text direction
    r"\u2028\u2029\ufff9-\ufffb"  # ends of lines and paragraphs, annotations
    r"\ud800-\udfff"
)
_LINE = rf"[{_UNSAFE}\n]"
_PAGE = f"[{_UNSAFE}]"
_SURROGATE = r"[\ud800-\udfff]"
_SEQUENCE = (
    r"(?P<colour>\x1b\[[0-9;:]*m|[\t\r])"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
    rf"|[{_UNSAFE}\n]"
)
"""Control sequences, complete or cut off by the end of the text; colours are kept."""
_compiled = cache(re.compile)  # these take a millisecond to compile, and most texts need none of them
COLOUR = r"(\x1b\[[0-9;:]*m)"
_JOINER, _EMOJI_STYLE, _SOFT_HYPHEN = "\u200d", "\ufe0f", "\xad"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_JAMO = range(0x1160, 0x1200)
"""Vowels and final consonants, which are drawn below a syllable's first."""


def line(text: str) -> str:
    """The text on one line, with every control character as an escape, including line ends and tabs."""
    return text if text.isprintable() else _compiled(_LINE).sub(_escape, text)


def page(text: str) -> str:
    """As `line`, for text with line ends of our own, which are kept."""
    return text if _is_printable(text) else _compiled(_PAGE).sub(_escape, text)


def lines(texts: Iterable[str]) -> str:
    """The texts, one on each line."""
    return "\n".join(map(line, texts))


def json(text: str) -> str:
    """JSON with the same data and no control characters but line ends."""
    return text if _is_printable(text) else _compiled(_PAGE).sub(_json_escape, text)


def yaml(text: str) -> str:
    """As `json`, for YAML whose texts are in the style of `yaml_style`."""
    return json(text)


def yaml_style(text: str) -> str | None:
    """The YAML style with escapes, if the text needs them."""
    return '"' if not _is_printable(text) and _compiled(_PAGE).search(text) else None


def encodable(text: str) -> str:
    """The text without lone surrogates, which cannot be encoded."""
    return _compiled(_SURROGATE).sub(_escape, text)


def output(text: str) -> str:
    """A line of a program's output for a terminal, with only colours, tabs and carriage returns."""
    return text if text.isprintable() else _compiled(_SEQUENCE).sub(r"\g<colour>", text)


def redrawn(text: str) -> str:
    """What a terminal shows of a line that carriage returns draw again: what follows the last of them."""
    return next(filter(None, reversed(text.split("\r"))), "") if "\r" in text else text


def width(text: str) -> int:
    """The width of a line in terminal cells: a wide character has two, a joining one none."""
    return len(text) if text.isascii() else sum(size for _, size in _cells(text))


def clip(text: str, columns: int) -> str:
    """The beginning of a line that fits into the given number of cells."""
    if len(text) <= columns and text.isascii():
        return text
    taken, kept = 0, []
    for part, size in _cells(text):
        taken += size
        if taken > columns:
            break
        kept.append(part)
    return "".join(kept)


def _is_printable(text: str) -> bool:
    """Whether Python considers all characters but line ends printable, so that none is unsafe."""
    return text.replace("\n", "").isprintable()


def _json_escape(found: "re.Match[str]") -> str:
    return f"\\u{ord(found[0]):04x}"


def _escape(found: "re.Match[str]") -> str:
    code = ord(found[0])
    # Python's own form of a byte that is not text.
    byte = 0xDC80 <= code <= 0xDCFF
    return f"\\x{code - 0xDC00:02x}" if byte else found[0].encode("unicode_escape").decode()


def _cells(text: str) -> Iterator[tuple[str, int]]:
    """Characters with the cells that each adds to the text before it; composed emoji count as one."""
    before, base, base_size = "", "", 0
    for char in text:
        size = _size(char)
        if base_size == 2 and (before == _JOINER or ord(char) in _SKIN_TONES):
            size = 0
        elif char == _EMOJI_STYLE and base_size == 1 and not (base.isalpha() or base.isspace()):
            size, base_size = 1, 2
        elif size:
            base, base_size = char, size
        before = char
        yield char, size


def _size(char: str) -> int:
    joins = unicodedata.category(char) in ("Mn", "Me", "Cf") and char != _SOFT_HYPHEN
    if joins or ord(char) in _JAMO:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
