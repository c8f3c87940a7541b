"""YAML for people: quoted so that every reader sees the same text, Secrets masked."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

MASK = "***"
_SHORT = 40
"""Characters of binary data that a person wants to see."""

_BASE: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_AMBIGUOUS = re.compile(
    r"[-+.]*[0-9][-0-9_.,:a-fxotz +]*|[-+]?\.(inf|nan)|y|n|yes|no|on|off|true|false|null|nil|none|~|=|<<|",
    re.IGNORECASE,
)
"""Plain scalars that some reader (YAML 1.1, 1.2, Go) takes for something else than text, and their likes."""


class _Dumper(_BASE):  # type: ignore[misc]  # the C dumper where PyYAML has it
    """Writes without aliases: a manifest is read by people and edited."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: Any, value: str) -> Any:
    style = None
    if "\n" in value:
        style = "|"
    elif _AMBIGUOUS.fullmatch(value):
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def dump(objects: Iterable[Mapping[str, Any]]) -> str:
    """The objects as YAML documents, keys in their order."""
    texts = [
        yaml.dump(one, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**20) for one in objects
    ]
    return "---\n".join(texts)


def masked(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The object with every value of a Secret replaced by `***`; others as they are."""
    if obj.get("kind") != "Secret":
        return dict(obj)
    shown = dict(obj)
    for part in ("data", "stringData"):
        if isinstance(shown.get(part), Mapping):
            shown[part] = dict.fromkeys(shown[part], MASK)
    return shown


def brief(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The object with its binary values cut short, for a terminal; others as they are."""
    binary = obj.get("binaryData")
    if not isinstance(binary, Mapping):
        return dict(obj)
    cut = {
        key: one if len(one) <= _SHORT else f"{one[:_SHORT]}... ({len(one)})" for key, one in binary.items()
    }
    return {**obj, "binaryData": cut}
