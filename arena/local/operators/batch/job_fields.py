"""What the API needs to know about Jobs: their fields, defaults and columns."""

from arena.local.definitions import Span, set_defaults
from arena.local.machinery import conditions
from arena.local.objects import Object


def fill(obj: Object) -> None:
    """Set the defaults of a Job, in place."""
    spec = obj["spec"]
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    limit = 6 if spec.get("backoffLimitPerIndex") is None else 2**31 - 1
    set_defaults(spec, parallelism=1, backoffLimit=limit, completionMode="NonIndexed", suspend=False)
    replacement = "TerminatingOrFailed" if spec.get("podFailurePolicy") is None else "Failed"
    set_defaults(spec, manualSelector=False, podReplacementPolicy=replacement)
    is_new = "resourceVersion" not in obj["metadata"]
    if is_new and not spec.get("manualSelector"):
        _select(obj)


def _select(obj: Object) -> None:
    """Let a Job select its own pods, by labels that no other has. What a user gave is checked later."""
    spec, uid, name = obj["spec"], obj["metadata"]["uid"], obj["metadata"]["name"]
    chosen = spec["selector"] = dict(spec.get("selector") or {})
    chosen["matchLabels"] = {"batch.kubernetes.io/controller-uid": uid, **(chosen.get("matchLabels") or {})}
    meta = spec.setdefault("template", {}).setdefault("metadata", {})
    labels: dict[str, str] = {}
    for prefix in ("", "batch.kubernetes.io/"):
        labels |= {f"{prefix}controller-uid": uid, f"{prefix}job-name": name}
    meta["labels"] = {**labels, **(meta.get("labels") or {})}
    obj["metadata"].setdefault("labels", dict(meta["labels"]))


def status(obj: Object) -> str:
    """The cell that shows the status of a Job."""
    known = obj.get("status") or {}
    for name in ("Complete", "Failed", "Suspended", "FailureTarget"):
        if conditions.holds(known, name):
            return name
    return "Terminating" if obj["metadata"].get("deletionTimestamp") else "Running"


def completions(obj: Object) -> str:
    """The cell that shows how many of the required pods have succeeded."""
    done = (obj.get("status") or {}).get("succeeded", 0)
    wanted, parallel = obj["spec"].get("completions"), obj["spec"].get("parallelism", 1)
    if wanted is None:
        return f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"
    return f"{done}/{wanted}"


def duration(obj: Object) -> Span:
    """The cell that shows how long a Job has run."""
    known = obj.get("status") or {}
    return Span(known.get("startTime"), known.get("completionTime"))
