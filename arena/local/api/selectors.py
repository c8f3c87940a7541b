"""Label and field selectors: parsed once, then applied to each object."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from arena.local import definitions
from arena.local.api import resource_types
from arena.local.api.refusals import bad, qualified
from arena.local.objects import Object, Resource
from arena.tuples import NamedTuple

_SPLIT = re.compile(r",(?![^(]*\))")
_SET = re.compile(r"^\s*([^\s!=<>,()]+)\s+(in|notin)\s*\(([^()]*)\)\s*$")
_COMPARE = re.compile(r"^\s*([^\s!=<>,()]+)\s*(==|=|!=|>|<)\s*([^\s!=<>,()]*)\s*$")
_EXISTS = re.compile(r"^\s*(!?)\s*([^\s!=<>,()]+)\s*$")
_FIELD = re.compile(r"^\s*([A-Za-z.]+)\s*(==|=|!=)(.*)$", re.DOTALL)

_WORD = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")

_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
FIELDS: dict[str, tuple[str, ...]] = {
    "/pods": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
        "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName",
    ),
    "/events": (
        *(f"involvedObject.{one}" for one in _INVOLVED),
        "reason", "reportingComponent", "source", "type",
    ),
    "/secrets": ("type",),
    "/namespaces": ("status.phase",),
    "/nodes": ("spec.unschedulable",),
    "logs.arena.io/podlogs": ("job.uid",),
}  # fmt: skip


_SPELLED = {"source": "source.component", "status.successful": "status.succeeded"}
_UNSET = {
    "spec.unschedulable": "false", "spec.hostNetwork": "false",
    "status.replicas": "0", "status.succeeded": "0",
}  # fmt: skip
"""The values of missing fields if not the empty text; none of these is stored as text."""


class Need(NamedTuple):
    """A requirement for one label: `op` is one of in, notin, exists, absent, gt, lt."""

    label: str
    op: str
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels satisfy it."""
        value = labels.get(self.label)
        if self.op == "absent":
            return value is None
        if self.op == "notin":
            return value is None or value not in self.values
        if value is None:
            return False
        if self.op in ("gt", "lt"):
            return _compare(value, self.op, self.values[0])
        return self.op == "exists" or value in self.values


class Field(NamedTuple):
    """A requirement for one field."""

    path: str
    value: str
    equal: bool = True

    def holds(self, obj: Object) -> bool:
        """Whether the object satisfies it; a missing field counts as the empty text."""
        return (_text(obj, self.path) == self.value) == self.equal


@dataclass(frozen=True, slots=True)
class Selector:
    """Both selectors of a list or watch."""

    labels: tuple[Need, ...] = ()
    fields: tuple[Field, ...] = ()

    def matches(self, obj: Object) -> bool:
        """Whether the object satisfies every requirement."""
        labels = obj["metadata"].get("labels") or {}
        return all(n.holds(labels) for n in self.labels) and all(f.holds(obj) for f in self.fields)

    def label_texts(self) -> list[str]:
        """JSON texts that the stored labels of every match contain, by which SQL drops most others."""
        return [
            f"{json.dumps(n.label)}:{json.dumps(n.values[0])}"
            for n in self.labels
            if n.op == "in" and len(n.values) == 1
        ]

    def body_texts(self) -> list[str]:
        """The same for the stored object."""
        return [json.dumps(f.value) for f in self.fields if f.equal and f.value and f.path not in _UNSET]


EVERYTHING = Selector()


def parse(resource: Resource, labels: str = "", fields: str = "") -> Selector:
    """Both selectors of a request.

    Raises:
        Refused: 400 if one cannot be parsed or contains an unsupported field.
    """
    if not labels and not fields:
        return EVERYTHING
    needs = tuple(_need(part) for part in _SPLIT.split(labels)) if labels.strip() else ()
    for need in needs:
        for word in (need.label.rpartition("/")[2], *need.values):
            if not _WORD.fullmatch(word):
                raise bad(f'unable to parse requirement: "{word}" is no name or value of a label')
    parts = re.split(r"(?<!\\),", fields) if fields.strip() else []
    return Selector(needs, tuple(_field(resource, part) for part in parts if part.strip()))


def _need(text: str) -> Need:
    if match := _SET.match(text):
        label, op, values = match.groups()
        return Need(label, op, tuple(one.strip() for one in values.split(",")))
    if match := _COMPARE.match(text):
        label, sign, value = match.groups()
        op = {"!=": "notin", ">": "gt", "<": "lt"}.get(sign, "in")
        if op in ("gt", "lt") and not re.fullmatch(r"-?\d+", value):
            raise bad(f'unable to parse requirement: for "{sign}" the value must be an integer: "{value}"')
        return Need(label, op, (value,))
    if match := _EXISTS.match(text):
        negated, label = match.groups()
        return Need(label, "absent" if negated else "exists")
    raise bad(f'unable to parse requirement: found "{text.strip()}", expected a label selector')


def _field(resource: Resource, text: str) -> Field:
    match = _FIELD.match(text)
    if not match:
        raise bad(f'invalid selector: "{text}"; can\'t understand it')
    path, sign, value = match.groups()
    if path not in _fields(resource):
        raise bad(f'Unable to find "{qualified(resource)}" that match label selector "", '
                  f'field selector "{text}": field label not supported: {path}')  # fmt: skip
    return Field(_SPELLED.get(path, path), re.sub(r"\\(.)", r"\1", value), sign != "!=")


def _fields(resource: Resource) -> tuple[str, ...]:
    """The supported paths of field selectors."""
    own = next((one.fields for one in definitions.every() if one.resource == resource), ())
    known = FIELDS.get(f"{resource.group}/{resource.plural}", own)
    space = ("metadata.namespace",) if resource.namespaced or not resource_types.of(resource).custom else ()
    return ("metadata.name", *space, *known)


def _compare(value: str, op: str, limit: str) -> bool:
    if not re.fullmatch(r"-?\d+", value):
        return False
    return int(value) > int(limit) if op == "gt" else int(value) < int(limit)


def _text(obj: Object, path: str) -> str:
    value: Any = obj
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if value is None:
        return _UNSET.get(path, "")
    return str(value).lower() if isinstance(value, bool) else str(value)
