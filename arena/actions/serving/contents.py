"""ConfigMaps and Secrets of a serving: each content has a name of its own, so that revisions keep theirs.

A submit names them after the serving. An update that changes their content creates others, to which only the
new revision refers: its pods are replaced, and older ones find what they were started with.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from arena import foreign_json, labels

Object = dict[str, Any]
Names = Mapping[str, str]
"""`KIND/NAME` as a submit names it -> its name in a revision."""
DATA = ("data", "binaryData", "stringData")
_REFERENCES = {
    **dict.fromkeys(("configMap", "configMapRef", "configMapKeyRef"), "ConfigMap"),
    **dict.fromkeys(("secret", "secretRef", "secretKeyRef"), "Secret"),
}
"""The fields of pods that refer to them -> their kind."""
_NAMES = ("name", "secretName")


def key(obj: Mapping[str, Any]) -> str:
    """`KIND/NAME` of an object."""
    return f"{obj['kind']}/{obj['metadata']['name']}"


def is_content(obj: Mapping[str, Any]) -> bool:
    """Whether an object holds content that pods read."""
    return obj["kind"] in ("ConfigMap", "Secret")


def names(notes: Mapping[str, str]) -> dict[str, str]:
    """The names in a revision, by its annotations; those that a submit gave are left out."""
    found = _read(notes, labels.CONTENTS, {})
    good = isinstance(found, dict) and all(isinstance(one, str) for one in found.values())
    return found if good else {}


def kept(notes: Mapping[str, str]) -> list[str]:
    """`KIND/NAME` of all that a serving has for its revisions."""
    found = _read(notes, labels.KEPT_CONTENTS, [])
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _read(notes: Mapping[str, str], name: str, none: Any) -> Any:
    """The JSON of an annotation; nothing if somebody has edited it."""
    try:
        return foreign_json.loads(notes[name]) if name in notes else none
    except ValueError:
        return none


def code(notes: Mapping[str, str]) -> list[str]:
    """`KIND/NAME` of the parts of code in a revision, by its annotations."""
    return [f"ConfigMap/{one}" for one in notes.get(labels.CODE_PARTS, "").split(",") if one]


def recorded(notes: Mapping[str, str], names: Names, kept: Iterable[str]) -> dict[str, str]:
    """The annotations with what `names` and `kept` read."""
    told = {labels.CONTENTS: dict(names), labels.KEPT_CONTENTS: sorted(set(kept))}
    rest = {name: one for name, one in notes.items() if name not in told}
    return rest | {name: json.dumps(value) for name, value in told.items() if value}


def data(obj: Mapping[str, Any]) -> Object:
    """What an object holds, as the cluster stores it."""
    from base64 import b64encode

    found = {part: dict(obj.get(part) or {}) for part in DATA}
    for name, text in found.pop("stringData").items():
        found["data"][name] = b64encode(text.encode("utf-8", "surrogateescape")).decode()
    return found


def named(obj: Object, suffix: str = "") -> Object:
    """The object with a name for its content.

    Args:
        suffix: the end of the name; by default a digest, which the name of a Secret must not give away.
    """
    text = json.dumps(data(obj), sort_keys=True)
    end = suffix or hashlib.sha256(text.encode()).hexdigest()[:10]
    return {**obj, "metadata": {**obj["metadata"], "name": f"{obj['metadata']['name']}-{end}"}}


def renamed(node: Any, names: Names) -> Any:
    """An object, or a part of one, that refers to contents by the names in a revision."""
    if isinstance(node, list):
        return [renamed(one, names) for one in node]
    if not isinstance(node, dict) or not names:
        return node
    found = {name: renamed(one, names) for name, one in node.items()}
    for field, kind in _REFERENCES.items():
        if isinstance(there := found.get(field), dict):
            found[field] = {
                name: names.get(f"{kind}/{one}", one) if name in _NAMES else one
                for name, one in there.items()
            }
    return found


def referred(node: Any) -> set[str]:
    """`KIND/NAME` of the contents to which an object, or a part of one, refers."""
    return set(_referred(node))


def _referred(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for one in node:
            yield from _referred(one)
    elif isinstance(node, dict):
        for field, one in node.items():
            if field in _REFERENCES and isinstance(one, dict):
                yield from (f"{_REFERENCES[field]}/{one[name]}" for name in _NAMES if name in one)
            yield from _referred(one)
