"""Selectors of labels and of nodes, and tolerations of taints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]
Labels = Mapping[str, str]
HARD = ("NoSchedule", "NoExecute")
"""Effects of taints that keep pods away."""


def selects(selector: Object | None, labels: Labels) -> bool:
    """Whether a label selector matches; none at all matches nothing, an empty one everything."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return _all(selector.get("matchExpressions") or (), labels)


def _all(expressions: Iterable[Object], labels: Labels) -> bool:
    return all(_holds(one, labels.get(one.get("key") or "")) for one in expressions)


def _holds(expression: Object, value: str | None) -> bool:
    operator = expression.get("operator")
    values: Sequence[str] = expression.get("values") or ()
    if operator == "In":
        return value is not None and value in values
    if operator == "NotIn":
        return value not in values
    if operator == "Exists":
        return value is not None
    if operator == "DoesNotExist":
        return value is None
    try:
        number, limit = int(value or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return (operator == "Gt" and number > limit) or (operator == "Lt" and number < limit)


def meets(required: Object | None, name: str, labels: Labels) -> bool:
    """Whether a node meets a node selector, which is the alternative of its terms; None asks for nothing."""
    if required is None:
        return True
    return any(_term(one, name, labels) for one in required.get("nodeSelectorTerms") or ())


def _term(term: Object, name: str, labels: Labels) -> bool:
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    return _all(expressions, labels) and _all(fields, {"metadata.name": name})


def untolerated(taints: Iterable[Object], tolerations: Iterable[Object]) -> Object | None:
    """The first taint that keeps a pod with these tolerations away."""
    for taint in taints:
        if taint.get("effect") in HARD and not any(tolerates(one, taint) for one in tolerations):
            return taint
    return None


def tolerates(toleration: Object, taint: Object) -> bool:
    """Whether a toleration is one of this taint."""
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint.get("key"))
    mine = toleration.get("key") or "", toleration.get("value") or ""
    return mine == (taint.get("key"), taint.get("value") or "")
