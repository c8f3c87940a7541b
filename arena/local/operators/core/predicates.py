"""Whether a pod fits a node, and the reasons why it does not."""

from collections.abc import Iterable

from arena.local.machinery.quantities import Quantities
from arena.local.objects import Object

NO_MATCH = "node(s) didn't match Pod's node affinity/selector"


def obstacles(pod: Object, node: Object, wants: Quantities, free: Quantities) -> list[str]:
    """The reasons, as the scheduler puts them, why the pod does not fit the node; empty when it does."""
    if node["spec"].get("unschedulable"):
        return ["node(s) were unschedulable"]
    if not _is_ready(node):
        return ["node(s) were not ready"]
    taint = _untolerated(pod, node)
    if taint:
        return [f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"]
    if not _is_selected(pod, node):
        return [NO_MATCH]
    return [_short(name) for name, value in sorted(wants.items()) if value > max(free[name], 0)]


def _short(name: str) -> str:
    return "Too many pods" if name == "pods" else f"Insufficient {name}"


def _is_ready(node: Object) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _untolerated(pod: Object, node: Object) -> Object | None:
    tolerations = pod["spec"].get("tolerations") or []
    for taint in node["spec"].get("taints") or []:
        hard = taint.get("effect") in ("NoSchedule", "NoExecute")
        if hard and not any(_tolerates(one, taint) for one in tolerations):
            return dict(taint)
    return None


def _tolerates(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    mine = toleration.get("key"), toleration.get("value", "")
    return mine == (taint["key"], taint.get("value", ""))


def _is_selected(pod: Object, node: Object) -> bool:
    labels = node["metadata"].get("labels") or {}
    selector = pod["spec"].get("nodeSelector") or {}
    if any(labels.get(name) != value for name, value in selector.items()):
        return False
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if not required:
        return True
    return any(_matches(term, node) for term in required.get("nodeSelectorTerms") or [])


def _matches(term: Object, node: Object) -> bool:
    expressions = term.get("matchExpressions") or []
    fields = term.get("matchFields") or []
    labels = node["metadata"].get("labels") or {}
    names = {"metadata.name": node["metadata"]["name"]}
    if not expressions and not fields:
        return False
    return _all(expressions, labels) and _all(fields, names)


def _all(expressions: Iterable[Object], labels: dict[str, str]) -> bool:
    return all(_holds(one, labels.get(one.get("key", ""))) for one in expressions)


def _holds(expression: Object, value: str | None) -> bool:
    """Whether one expression holds for a label's value (None: the node has no such label).

    An invalid one matches nowhere, so that it does not prevent other pods from being scheduled.
    """
    operator = str(expression.get("operator"))
    values: list[str] = expression.get("values") or []
    if operator in ("Exists", "DoesNotExist"):
        return (value is not None) == (operator == "Exists")
    if operator == "In":
        return value in values
    if operator == "NotIn":
        return value not in values
    try:
        number, limit = int(value or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return (operator == "Gt" and number > limit) or (operator == "Lt" and number < limit)
