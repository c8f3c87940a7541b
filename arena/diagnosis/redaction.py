"""Secrets in what was looked at: values are masked before anything is quoted or saved."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from arena.credential_shapes import TOKENS
from arena.diagnosis.json_fields import mapping, text
from arena.diagnosis.records import Line, Log, Record
from arena.values import replace

Object = dict[str, Any]
MASK = "<redacted>"
LONGEST = 20_000
"""Characters of a text that are kept."""
_NAME = (
    r"(?:pass(?:word|wd|phrase)|\bpwd\b|secret|credential|api[-_ ]?key|access[-_ ]?key|private[-_ ]?key|auth"
    r"|bearer|cookie|token(?!iz|s\b)|(?:key|certificate|authority)-data|\.dockerconfigjson)"
)
"""Names of values that are secret."""
_FIELD = r"(?i)(?:pass(?:word|wd|phrase)|secret|credentials?|token|(?:api|access|private|secret)[-_ ]?key)$"
"""Ends of the names of fields whose text is secret; a `secretName` is only a name."""
_REFERENCE = r"(?i)secrets?\s+(?:[\"'].*|[a-z0-9-]+/[a-z0-9.-]+)"
"""The name of a Secret in messages of Kubernetes: `secret "x"`, `Secret ml/x`."""
_NAMED = (
    rf"""(?i)(?P<name>{_NAME}[\w.-]{{0,80}}["']?(?:\s*[=:]\s*|\s+(?=\S{{12}}))["']?)"""
    r"""(?P<value>(?:Bearer |Basic |token )?[^\s"',;&)}\]]{4,})"""
)
_ADDRESS = r"(?P<scheme>\b[a-z][a-z0-9+.-]{0,20}://)[^\s/@:]{0,200}:[^\s/@]{1,500}@"
_HEADER = r"(?i)(?P<name>\b(?:bearer|basic)\s+)[\w.~+/=-]{12,}"
_NUMBER = r"[\d.,%]+"
_KEY_BEGIN, _KEY_END = "-----BEGIN", "-----END"
_DROPPED = ("managedFields",)
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_compiled = cache(re.compile)


def record(found: Record) -> Record:
    """The record without secrets."""
    return replace(
        found,
        job=found.job and obj(found.job),
        pods=tuple(map(obj, found.pods)),
        events=tuple(map(obj, found.events)),
        objects=tuple(map(obj, found.objects)),
        logs=tuple(Log(one.namespace, one.pod, one.container, _lines(one.lines), one.previous)
                   for one in found.logs),
    )  # fmt: skip


def obj(found: Object) -> Object:
    """An object without secrets; of a Secret or a ConfigMap, only the names of its keys are kept."""
    made: Object = _value(found, "", 60)
    if text(found, "kind") in ("Secret", "ConfigMap"):
        for key in ("data", "stringData", "binaryData"):
            if key in made:
                made[key] = dict.fromkeys(mapping(found, key), MASK)
    return made


def words(found: str) -> str:
    """A text without secrets."""
    if len(found) > LONGEST:
        found = found[:LONGEST] + "..."
    found = _compiled(TOKENS).sub(MASK, found)
    found = _compiled(_ADDRESS).sub(rf"\g<scheme>{MASK}@", found)
    found = _compiled(_HEADER).sub(rf"\g<name>{MASK}", found)
    return _compiled(_NAMED).sub(_masked, found)


def _masked(found: re.Match[str]) -> str:
    name, value = found["name"], found["value"]
    plain = value.isalpha() and not name.rstrip("\"' ").endswith(("=", ":"))
    plain = plain or re.fullmatch(_REFERENCE, name + value) is not None
    if value == MASK or plain or (re.fullmatch(_NUMBER, value) and "pass" not in name.lower()):
        return found[0]
    return name + MASK


def _value(found: Any, key: str, depth: int) -> Any:
    if depth == 0:
        return None
    if isinstance(found, dict):
        named = found.get("name")
        secret = isinstance(named, str) and bool(_compiled(f"(?i){_NAME}").search(named))
        return {
            name: MASK if secret and name == "value" else _value(one, name, depth - 1)
            for name, one in found.items()
            if name not in _DROPPED and name != _APPLIED
        }
    if isinstance(found, list):
        return _list(found, key, depth)
    if not isinstance(found, str):
        return found
    return MASK if found and _compiled(_FIELD).search(key) else words(found)


def _list(found: list[Any], key: str, depth: int) -> list[Any]:
    """A list, in which a secret may follow the flag that names it."""
    made: list[Any] = []
    flag = False
    for one in found:
        made.append(MASK if flag and isinstance(one, str) else _value(one, key, depth - 1))
        word = one if isinstance(one, str) else ""
        flag = word.startswith("-") and "=" not in word and bool(_compiled(f"(?i){_NAME}").search(word))
    return made


def _lines(found: Iterable[Line]) -> tuple[Line, ...]:
    made, within = [], False
    for one in found:
        within = within or (_KEY_BEGIN in one.text and "PRIVATE KEY" in one.text)
        made.append(one._replace(text=MASK if within else words(one.text)))
        within = within and _KEY_END not in one.text
    return tuple(made)
