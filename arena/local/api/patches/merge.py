"""JSON merge patch (RFC 7396)."""

from collections.abc import Mapping
from typing import Any


def merge(target: Any, patch: Any) -> Any:
    """Patch `target`: null removes a key, a mapping is merged, anything else replaces.

    Neither argument is changed, but the result shares parts of both.
    """
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = _bare(value)
    return merged


def _bare(value: Any) -> Any:
    """What stands where no mapping was: without the nulls of its mappings, also in lists, as in a cluster."""
    if isinstance(value, Mapping):
        return {key: _bare(one) for key, one in value.items() if one is not None}
    return [_bare(one) for one in value] if isinstance(value, list) else value
