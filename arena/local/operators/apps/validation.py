"""What Deployments, ReplicaSets and StatefulSets have in common for the API."""

from collections.abc import Iterator

from arena.local.checks import Check, at_least, fields, mapping, selector, selects
from arena.local.field_errors import FieldError, forbidden, invalid, missing, unsupported
from arena.local.objects import Object

_COUNTS = ("replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
_counts = fields({**dict.fromkeys(_COUNTS, at_least(0)), "selector": selector})


def check(obj: Object, kind: str = "deployment", also: Check | None = None) -> Iterator[FieldError]:
    """What is wrong with the counts, the selector and the template of an object.

    Args:
        kind: the kind as messages about its selector name it.
        also: checks the rest of its spec.
    """
    spec = obj["spec"]
    wrong = list(_counts("spec", spec))
    yield from wrong
    yield from _selection(spec, kind, any(one.field.startswith("spec.selector") for one in wrong))
    yield from _template(mapping(mapping(spec.get("template")).get("spec")), kind)
    if also:
        yield from also("spec", spec)


def _selection(spec: Object, kind: str, is_wrong: bool) -> Iterator[FieldError]:
    """What is wrong with the selector, which must select the pods of the template."""
    chosen = mapping(spec.get("selector"))
    if spec.get("selector") is None:
        yield missing("spec.selector")
    elif not chosen.get("matchLabels") and not chosen.get("matchExpressions"):
        yield invalid("spec.selector", chosen, f"empty selector is invalid for {kind}")
    given = mapping(mapping(mapping(spec.get("template")).get("metadata")).get("labels"))
    if is_wrong:
        yield invalid("spec.selector", chosen, "invalid label selector")
    elif spec.get("selector") is None or not selects(chosen, given):
        yield invalid("spec.template.metadata.labels", given, "`selector` does not match template `labels`")


def _template(pod: Object, kind: str) -> Iterator[FieldError]:
    policy = pod.get("restartPolicy", "Always")
    if policy != "Always":
        yield unsupported("spec.template.spec.restartPolicy", policy, ("Always",))
    if pod.get("activeDeadlineSeconds") is not None:
        owner = "StatefulSet" if kind == "statefulset" else "ReplicaSet"
        why = f"activeDeadlineSeconds in {owner} is not Supported"
        yield forbidden("spec.template.spec.activeDeadlineSeconds", why)


def ready(obj: Object) -> str:
    """The cell that shows how many of the requested pods are ready."""
    return f"{(obj.get('status') or {}).get('readyReplicas') or 0}/{obj['spec'].get('replicas', 1)}"
