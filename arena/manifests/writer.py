"""YAML for users: quoted so that every parser reads the same text, with Secrets masked."""

from collections.abc import Iterable, Mapping
from typing import Any

from arena import plain_yaml, visible

MASK = "***"
_SHORT = 40
"""Number of characters of binary data to show."""


def dump(objects: Iterable[Mapping[str, Any]]) -> str:
    """The objects as YAML documents, keys in their order."""
    return visible.yaml("---\n".join(map(_document, objects)))


def _document(one: Mapping[str, Any]) -> str:
    text = plain_yaml.write(one)
    if text is None:
        from arena.manifests import yaml_library

        text = yaml_library.write(one)
    return text


def masked(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The object with every value of a Secret replaced by `***`; others unchanged."""
    if obj.get("kind") != "Secret":
        return dict(obj)
    shown = dict(obj)
    for part in ("data", "stringData"):
        if isinstance(shown.get(part), Mapping):
            shown[part] = dict.fromkeys(shown[part], MASK)
    return shown


def brief(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The object with its binary values cut short, for a terminal; others unchanged."""
    binary = obj.get("binaryData")
    if not isinstance(binary, Mapping):
        return dict(obj)
    cut = {
        key: one if len(one) <= _SHORT else f"{one[:_SHORT]}... ({len(one)})" for key, one in binary.items()
    }
    return {**obj, "binaryData": cut}
