"""Text of the cluster for the page: no credentials, and control characters as escapes."""

import math
import re
from typing import Any

from arena import visible
from arena.credential_shapes import TOKENS
from arena.kinds.option_types import MASK, is_credential

_ASSIGNED = re.compile(
    r"""(?P<name>[A-Za-z][\w.-]{1,80})(?P<sign>["']?(?:\s{0,3}[=:]\s{0,3}|\s{1,3}is\s{1,3}))"""
    r"""(?P<value>"[^"]{1,4096}"|'[^']{1,4096}'|(?:(?:Bearer|Basic)\s{1,3})?[^\s"',;&]{1,4096})"""
)
"""A name and its value, as programs print their settings: `HF_TOKEN=x`, `"api_key": "x"`, `--api-key=x`."""
_FLAG = re.compile(r"(?P<name>--[a-z][\w-]{1,80})(?P<sign>\s{1,3})(?P<value>[^\s\"'-][^\s\"']{3,4096})")
_NUMBER = re.compile(r"[-+]?[\d.,]{1,20}(?:[eE][-+]?\d{1,3})?%?")
_SHAPES = re.compile(
    rf"{TOKENS}|(?<=://)[^\s/@:]{{1,256}}:[^\s/@]{{1,256}}(?=@)|(?<=\bBearer )[\w.~+/-]{{8,}}=*"
)
"""What is a credential whatever its name: tokens of known services, and passwords in addresses."""
_SEPARATORS = re.compile(r"[.-]+|(?<=[a-z\d])(?=[A-Z])")


def shown(data: Any) -> Any:
    """The data with every text as the page may show it, and NaN and infinity as texts."""
    if isinstance(data, str):
        return visible.page(masked(data))
    if isinstance(data, dict):
        return {shown(key): shown(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [shown(one) for one in data]
    return str(data) if isinstance(data, float) and not math.isfinite(data) else data


def output(raw: bytes) -> str:
    """A line that a program has written, without colours; of a progress bar only what is seen in the end."""
    text = visible.output(raw.decode("utf-8", "replace"))
    text = re.sub(visible.COLOUR, "", text)
    text = next((one for one in reversed(text.split("\r")) if one.strip()), "")
    # Masked without colours, which may stand within a credential.
    return visible.line(masked(text).expandtabs(8))


def masked(text: str) -> str:
    """The text without what looks like a credential."""
    if len(text) < 8:
        return text
    if "=" in text or ":" in text or " is " in text:
        text = _ASSIGNED.sub(_assigned, text)
    if "--" in text:
        text = _FLAG.sub(_assigned, text)
    return _SHAPES.sub(MASK, text)


def _assigned(found: "re.Match[str]") -> str:
    name, sign, value = found["name"], found["sign"], found["value"]
    # A name is split as that of a variable: `hfToken` and `api-key` are `hf_Token` and `api_key`.
    if not is_credential(_SEPARATORS.sub("_", name.strip("-"))):
        return found[0]
    if _NUMBER.fullmatch(value) and "pass" not in name.lower():
        return found[0]  # `token=4096` of a tokenizer
    if sign.strip() == "is" and value.isalpha():
        return found[0]  # `the token is missing`
    return f"{name}{sign}{MASK}"
