"""Objects as protobuf, the form in which kubectl sends reviews, roles and bindings that it makes itself.

All their fields are texts, messages, or lists and maps of these; `shapes` says which.
"""

from collections.abc import Iterator
from typing import Any

from arena.local.api import refusals, schema
from arena.local.api.schema import Schema
from arena.local.objects import Object

_MAGIC = b"k8s\0"
_GROUPS = tuple(f"/apis/{name}.k8s.io/" for name in ("authentication", "authorization", "rbac.authorization"))
_MESSAGE = 2
"""The wire type of texts and messages."""

_FIELDS = """
ObjectMeta name generateName namespace - - - - - - - labels annotations
SelfSubjectAccessReview metadata spec
SubjectAccessReview metadata spec
LocalSubjectAccessReview metadata spec
SelfSubjectReview metadata
SelfSubjectRulesReview metadata spec
SelfSubjectAccessReviewSpec resourceAttributes nonResourceAttributes
SubjectAccessReviewSpec resourceAttributes nonResourceAttributes user groups - uid
ResourceAttributes namespace verb group version resource subresource name
NonResourceAttributes path verb
SelfSubjectRulesReviewSpec namespace
Role metadata rules
ClusterRole metadata rules aggregationRule
AggregationRule clusterRoleSelectors
LabelSelector matchLabels matchExpressions
LabelSelectorRequirement key operator values
PolicyRule verbs apiGroups resources resourceNames nonResourceURLs
RoleBinding metadata subjects roleRef
ClusterRoleBinding metadata subjects roleRef
Subject kind apiGroup name namespace
RoleRef apiGroup kind name
"""
"""The structures and their fields, in the order of their numbers from 1; `-` is a field that is not read."""
_NUMBERED = {words[0]: words[1:] for words in map(str.split, _FIELDS.strip().splitlines())}


def reads(path: str) -> bool:
    """Whether objects of this path are also read in this form."""
    return path.startswith(_GROUPS)


def decode(body: bytes) -> Object | None:
    """The object in a body; None for a body in another form.

    Raises:
        Refused: 400 if it cannot be read.
    """
    if not body.startswith(_MAGIC):
        return None
    try:
        envelope = dict(_split(body[len(_MAGIC) :]))
        about = {number: value.decode() for number, value in _split(envelope[1])}
        return {"apiVersion": about[1], "kind": about[2], **_message(schema.of(about[2]), envelope[2])}
    except (LookupError, ValueError) as cause:
        raise refusals.bad("the protobuf in the body cannot be read") from cause


def _message(struct: Schema, data: bytes) -> Object:
    found: Object = {}
    names = _NUMBERED[struct.name]
    for number, value in _split(data):
        name = names[number - 1] if number <= len(names) else "-"
        if name == "-":
            continue
        field = struct.fields[name]
        if field.type == "array":
            found.setdefault(name, []).append(_value(field.item, value))
        elif field.values:
            pair = {key: text.decode() for key, text in _split(value)}
            found.setdefault(name, {})[pair.get(1, "")] = pair.get(2, "")
        elif one := _value(field, value):
            found[name] = one
    return found


def _value(one: Schema, data: bytes) -> Any:
    return _message(one, data) if one.fields else data.decode()


def _split(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of the fields that hold text or a message."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 0:
            _, at = _varint(data, at)
        elif kind == _MESSAGE:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise ValueError("a field is longer than its message")
            yield tag >> 3, data[at : at + size]
            at += size
        else:
            raise ValueError(f"a field of type {kind}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of up to 64 bits, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("a number of more than 64 bits")
