"""What the API needs to know about Jobs: their fields, defaults and validation."""

import re
from collections.abc import Iterator

from arena.local.definitions import Span, set_defaults
from arena.local.field_errors import FieldError, check_count, invalid, missing, unsupported
from arena.local.machinery import conditions
from arena.local.objects import Object

RESTART = ("OnFailure", "Never")
"""The restart policies of their pods."""

_INDEXES = re.compile(r"[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*")
_INDEXED = 100_000
"""Maximum completions of an Indexed Job, since its status lists each."""


def fill(obj: Object) -> None:
    """Set the defaults of a Job, in place."""
    spec = obj["spec"]
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    limit = 6 if spec.get("backoffLimitPerIndex") is None else 2**31 - 1
    set_defaults(spec, parallelism=1, backoffLimit=limit, completionMode="NonIndexed", suspend=False)
    replaced = "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed"
    set_defaults(spec, podReplacementPolicy=replaced)
    if not spec.get("manualSelector") and not spec.get("selector"):
        uid, name = obj["metadata"]["uid"], obj["metadata"]["name"]
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
        meta = spec.setdefault("template", {}).setdefault("metadata", {})
        labels = meta.get("labels") or {}
        for prefix in ("", "batch.kubernetes.io/"):
            labels = {**labels, f"{prefix}controller-uid": uid, f"{prefix}job-name": name}
        meta["labels"] = labels
        obj["metadata"].setdefault("labels", dict(labels))


def check(obj: Object) -> Iterator[FieldError]:
    """What is wrong with a Job, apart from its pod template."""
    spec = obj["spec"]
    for name in (
        "parallelism",
        "completions",
        "backoffLimit",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
        "activeDeadlineSeconds",
        "ttlSecondsAfterFinished",
    ):
        yield from check_count(f"spec.{name}", spec.get(name))
    if spec.get("completionMode") == "Indexed" and (spec.get("completions") or 0) > _INDEXED:
        yield invalid(
            "spec.completions", spec["completions"], f"must be at most {_INDEXED} where it is Indexed"
        )
    yield from _failure_policy(spec)
    yield from _success_policy(spec)
    for name in ("successPolicy", "backoffLimitPerIndex", "maxFailedIndexes"):
        if spec.get(name) is not None and spec.get("completionMode") != "Indexed":
            yield invalid(f"spec.{name}", spec[name], "requires indexed completion mode")


def _failure_policy(spec: Object) -> Iterator[FieldError]:
    """What decides on the failure of a pod."""
    actions, where = ("Count", "FailIndex", "FailJob", "Ignore"), "spec.podFailurePolicy"
    for number, rule in enumerate((spec.get("podFailurePolicy") or {}).get("rules") or []):
        if rule.get("action") not in actions:
            yield unsupported(f"{where}.rules[{number}].action", rule.get("action", ""), actions)
        codes = rule.get("onExitCodes")
        if codes and codes.get("operator") not in ("In", "NotIn"):
            yield unsupported(f"{where}.rules[{number}].onExitCodes.operator", codes.get("operator", ""),
                              ("In", "NotIn"))  # fmt: skip
    pod = spec["template"].get("spec") or {}
    if spec.get("podFailurePolicy") and pod.get("restartPolicy") != "Never":
        yield invalid(where, "", "may only be used with restartPolicy Never")


def _success_policy(spec: Object) -> Iterator[FieldError]:
    """What decides on the success of a few."""
    for number, rule in enumerate((spec.get("successPolicy") or {}).get("rules") or []):
        indexes, one = rule.get("succeededIndexes"), f"spec.successPolicy.rules[{number}]"
        if indexes is None and rule.get("succeededCount") is None:
            yield missing(one)
        elif indexes is not None and not _INDEXES.fullmatch(indexes):
            yield invalid(f"{one}.succeededIndexes", indexes, "must be numbers and ranges, such as 0,2-4")


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
