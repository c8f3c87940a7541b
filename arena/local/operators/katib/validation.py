"""What Katib's webhooks refuse, and what the local cluster cannot do.

Katib itself checks the settings of algorithms only when the search begins, and then the Experiment fails.
Here they are refused at once.
"""

from collections.abc import Iterator
from typing import Any

from arena.local.checks import items, mapping
from arena.local.field_errors import DNS_1035, FieldError, forbidden, invalid, missing, unsupported
from arena.local.machinery import conditions
from arena.local.objects import Object
from arena.local.operators.katib import progress, statuses
from arena.local.operators.katib.kinds import NEVER, RESUMABLE, SUCCEEDED
from arena.local.operators.katib.metrics_validation import check_collector, check_objective, check_stopping
from arena.local.operators.katib.search_validation import check_search
from arena.local.operators.katib.template_validation import check_conditions, check_template

COUNTS = ("parallelTrialCount", "maxTrialCount", "maxFailedTrialCount")
"""The only fields that may be edited."""
LONGEST = 40


def check(obj: Object) -> Iterator[FieldError]:
    """Yield what is wrong with an Experiment."""
    name, spec = obj["metadata"]["name"], obj.get("spec")
    if not isinstance(spec, dict):
        yield missing("spec", "must be specified")
        return
    if not DNS_1035.fullmatch(name) or len(name) > LONGEST:
        why = (
            f"must consist of at most {LONGEST} lower case alphanumeric characters or '-', start with a "
            "letter, and not end with '-'"
        )
        yield invalid("metadata.name", name, why)
    yield from _check_counts(spec)
    yield from check_objective(spec.get("objective"))
    yield from check_stopping(spec.get("earlyStopping"))
    if spec.get("resumePolicy") not in (NEVER, *RESUMABLE):
        yield unsupported("spec.resumePolicy", spec.get("resumePolicy"), (NEVER, *RESUMABLE))
    yield from check_search(spec)
    yield from check_collector(mapping(spec.get("metricsCollectorSpec")))
    yield from check_template(spec)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_counts(spec: Object) -> Iterator[FieldError]:
    for name in COUNTS:
        least = 0 if name == "maxFailedTrialCount" else 1
        value = spec.get(name)
        if value is not None and (not _is_number(value) or not least <= value < 2**31):
            yield invalid(f"spec.{name}", value, f"must be a whole number of at least {least}")
            return
    most = spec.get("maxTrialCount")
    for name in ("parallelTrialCount", "maxFailedTrialCount"):
        if most is not None and spec.get(name) is not None and spec[name] > most:
            yield invalid(f"spec.{name}", spec[name], "should be less than or equal to spec.maxTrialCount")


def check_trial(obj: Object) -> Iterator[FieldError]:
    """Yield what is wrong with a Trial. Katib refuses none: only its own controller makes them."""
    spec = mapping(obj.get("spec"))
    if not spec:
        yield missing("spec", "must be specified")
        return
    yield from check_objective(spec.get("objective"))
    yield from check_conditions("spec", spec)
    run = mapping(spec.get("runSpec"))
    if not run.get("apiVersion") or not run.get("kind") or not isinstance(run.get("metadata"), dict):
        yield missing("spec.runSpec", "apiVersion, kind and metadata must be specified")
    if not isinstance(spec.get("primaryContainerName"), str):
        yield missing("spec.primaryContainerName", "must be specified")
    for index, one in enumerate(items(spec.get("parameterAssignments"))):
        if not all(isinstance(mapping(one).get(name), str) for name in ("name", "value")):
            yield invalid(
                f"spec.parameterAssignments[{index}]", one, "must have a name and a value, both texts"
            )


def check_suggestion(obj: Object) -> Iterator[FieldError]:
    """Yield what is wrong with a Suggestion, of which Katib refuses none either."""
    spec = mapping(obj.get("spec"))
    if not isinstance(spec.get("algorithm"), dict):
        yield missing("spec.algorithm", "must be specified")
    if not _is_number(spec.get("requests", 0)):
        yield invalid("spec.requests", spec.get("requests"), "must be a whole number")


def change(old: Object, new: Object) -> Iterator[FieldError]:
    """Yield what may not change."""
    before, after = old["spec"], new["spec"]
    if before == after:
        return
    status = old.get("status") or {}
    reason = conditions.find(status, SUCCEEDED).get("reason")
    if statuses.is_final(status) and (reason != progress.MAX or before.get("resumePolicy") not in RESUMABLE):
        why = (
            "Experiment can be restarted if it is in succeeded state by reaching max trials and "
            f"spec.resumePolicy = {RESUMABLE[0]} or spec.resumePolicy = {RESUMABLE[1]}, when experiment is "
            "completed"
        )
        yield invalid("spec.resumePolicy", after.get("resumePolicy"), why)
    most = after.get("maxTrialCount")
    if most != before.get("maxTrialCount") and _is_number(most) and most <= status.get("trials", 0):
        yield invalid("spec.maxTrialCount", most, "must be greater than status.trials count")
    if {**before, **{one: after.get(one) for one in COUNTS}} != {
        **after,
        **{one: after.get(one) for one in COUNTS},
    }:
        why = "only spec.parallelTrialCount, spec.maxTrialCount and spec.maxFailedTrialCount are editable"
        yield forbidden("spec", why)
