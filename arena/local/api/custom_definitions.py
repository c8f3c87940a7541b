"""CustomResourceDefinitions of the custom kinds that the server has, for clients that look for them.

They follow from the structures of the kinds, and are read-only.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any

from arena.local.api import openapi, schema, versions
from arena.local.api.refusals import qualified
from arena.local.api.resource_types import DEFINITIONS, TYPES, Type
from arena.local.api.schema import Schema
from arena.local.api.store import Store
from arena.local.objects import Object


def store(created: str) -> Store:
    """A store that holds them in memory; `created` is the time of their creation."""
    made = Store(":memory:")
    with made.transaction():
        for obj in _every(created):
            made.put(f"{DEFINITIONS.group}/{DEFINITIONS.plural}", obj)
    return made


def _every(created: str) -> Iterator[Object]:
    custom = sorted((kind for kind in TYPES if kind.custom), key=_name)
    return (_definition(name, list(kinds), created) for name, kinds in groupby(custom, _name))


def _name(kind: Type) -> str:
    return qualified(kind.resource)


def _definition(name: str, kinds: list[Type], created: str) -> Object:
    """The definition of a kind; the first version is the one that is stored."""
    kind, names = kinds[0], _names(kinds[0])
    meta = {"name": name, "uid": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{created}.{name}")),
            "creationTimestamp": created, "generation": 1}  # fmt: skip
    return {
        "apiVersion": DEFINITIONS.api_version,
        "kind": DEFINITIONS.kind,
        "metadata": meta,
        "spec": {
            "group": kind.resource.group,
            "names": names,
            "scope": "Namespaced" if kind.resource.namespaced else "Cluster",
            "versions": [_version(one, stored=one is kind) for one in kinds],
            "conversion": {"strategy": "None"},
        },
        "status": {
            "acceptedNames": names,
            "conditions": [
                _condition("NamesAccepted", "NoConflicts", "no conflicts found", created),
                _condition("Established", "InitialNamesAccepted", "the names have been accepted", created),
            ],
            "storedVersions": [kind.resource.version],
        },
    }


def _names(kind: Type) -> Object:
    word = kind.resource.kind
    names: Object = {
        "plural": kind.resource.plural, "singular": kind.singular, "kind": word, "listKind": f"{word}List",
    }  # fmt: skip
    lists = {"shortNames": list(kind.short), "categories": list(kind.categories)}
    return names | {key: one for key, one in lists.items() if one}


def _condition(kind: str, reason: str, message: str, time: str) -> Object:
    return {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": time}


def _version(kind: Type, stored: bool) -> Object:
    found = {
        "name": kind.resource.version,
        "served": True,
        "storage": stored,
        **_deprecation(kind),
        "schema": {"openAPIV3Schema": _whole(schema.root(kind))},
    }
    facts: Mapping[str, Any] = kind.facts or {"subresources": {name: {} for name in kind.subresources}}
    if facts["subresources"]:
        found["subresources"] = facts["subresources"]
    if facts.get("columns"):
        found["additionalPrinterColumns"] = [_column(one) for one in facts["columns"]]
    return found


def _deprecation(kind: Type) -> Object:
    told = versions.warning(kind)
    return {"deprecated": True, "deprecationWarning": told} if told else {}


def _column(one: Mapping[str, Any]) -> Object:
    found = {"name": one["name"], "type": one["type"], "jsonPath": one["path"]}
    return found | ({"priority": 1} if one.get("wide") else {})


def _whole(one: Schema) -> Object:
    """The structure with all that is below it."""
    if one.name == "ObjectMeta":
        return {"type": "object"}
    rules = [{"rule": rule} for rule in _expressions(one.rules, "self")]
    return openapi.written(one, _whole) | ({"x-kubernetes-validations": rules} if rules else {})


def _expressions(rules: Mapping[str, Any], name: str) -> list[str]:
    """The rules of a value as expressions, which call it by that name."""
    return [text for form, bound in rules.items() for text in _FORMS[form](bound, name)]


def _there(fields: list[str], name: str, word: str) -> str:
    return word.join(f"has({name}.{field})" for field in fields)


def _inside(paths: Mapping[str, Mapping[str, Any]], name: str) -> list[str]:
    return [_all(path, " && ".join(_expressions(rules, "x")), name) for path, rules in paths.items()]


def _all(path: str, condition: str, name: str) -> str:
    """That all values at a path keep to a condition about `x`."""
    before, is_list, after = path.partition("[]")
    steps = before.split(".") if before else []
    guards = [f"!has({'.'.join((name, *steps[: number + 1]))})" for number in range(len(steps))]
    value = ".".join((name, *steps))
    inner = f"{value}.all(item, {_all(after.lstrip('.'), condition, 'item')})" if is_list else ""
    whole = inner or re.sub(r"\bx\b", value, condition)
    return " || ".join((*guards, whole))


def _apart(groups: list[Mapping[str, Mapping[str, Any]]], name: str) -> list[str]:
    return [
        " || ".join(f"({_all(path, _never(rules), name)})" for path, rules in one.items()) for one in groups
    ]


def _never(rules: Mapping[str, Any]) -> str:
    """That `x` does not keep to the rules."""
    return f"!({' && '.join(_expressions(rules, 'x'))})" if rules else "false"


_FORMS: dict[str, Callable[[Any, str], list[str]]] = {
    "fixed": lambda _, name: [f"{name} == oldSelf"],
    "exclusive": lambda groups, name: [
        f"[{_there(one, name, ', ')}].filter(one, one).size() <= 1" for one in groups
    ],
    "alternatives": lambda groups, name: [" || ".join(f"({_there(one, name, ' && ')})" for one in groups)],
    "required": lambda fields, name: [_there(fields, name, " && ")],
    "excluded": lambda values, name: [f"!({name} in {json.dumps(values)})"],
    "enum": lambda values, name: [f"{name} in {json.dumps(values)}"],
    "pattern": lambda text, name: [f"{name}.matches({json.dumps(text)})"],
    "minimum": lambda least, name: [f"{name} >= {least}"],
    "maxLength": lambda most, name: [f"size({name}) <= {most}"],
    "inside": _inside,
    "apart": _apart,
}
"""The forms of rules as expressions."""
