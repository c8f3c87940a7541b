"""Hashes by which operators tell versions of a template apart."""

import hashlib
import json
from typing import Any

from arena.local.machinery.writes import ALPHABET


def digest(template: dict[str, Any]) -> str:
    """A hash of a template; empty values count as absent."""
    text = json.dumps(_dense(template), sort_keys=True, separators=(",", ":"))
    raw = hashlib.sha256(text.encode()).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in raw[:10])


def _dense(value: Any) -> Any:
    if isinstance(value, list):
        return [_dense(one) for one in value]
    if not isinstance(value, dict):
        return value
    inner = {name: _dense(one) for name, one in value.items()}
    return {name: one for name, one in inner.items() if one not in (None, {}, [])}
