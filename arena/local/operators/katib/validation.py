"""What Katib's webhooks refuse, and what the local cluster cannot do.

Katib itself checks the settings of algorithms only when the search begins, and then the Experiment fails.
Here they are refused at once.
"""

from collections.abc import Iterator

from arena.local.checks import mapping
from arena.local.field_errors import DNS_1035, FieldError, forbidden, invalid, missing, unsupported
from arena.local.machinery import conditions
from arena.local.objects import Object
from arena.local.operators.katib import early_stopping, progress, statuses
from arena.local.operators.katib.kinds import NEVER, RESUMABLE, SUCCEEDED
from arena.local.operators.katib.metrics_validation import check_collector, check_objective, check_stopping
from arena.local.operators.katib.search_validation import check_search
from arena.local.operators.katib.template_validation import check_conditions, check_template

COUNTS = ("parallelTrialCount", "maxTrialCount", "maxFailedTrialCount")
"""The only fields that may be edited."""
LONGEST = 40


def check(obj: Object) -> Iterator[FieldError]:
    """Yield what is wrong with an Experiment."""
    name, spec = obj["metadata"]["name"], obj["spec"]
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


def _check_counts(spec: Object) -> Iterator[FieldError]:
    for name in COUNTS:
        least = 0 if name == "maxFailedTrialCount" else 1
        value = spec.get(name)
        if value is not None and value < least:
            yield invalid(f"spec.{name}", value, f"must be at least {least}")
            return
    most = spec.get("maxTrialCount")
    for name in ("parallelTrialCount", "maxFailedTrialCount"):
        if most is not None and spec.get(name) is not None and spec[name] > most:
            yield invalid(f"spec.{name}", spec[name], "should be less than or equal to spec.maxTrialCount")


def check_trial(obj: Object) -> Iterator[FieldError]:
    """Yield what is wrong with a Trial. Katib refuses none: only its own controller makes them."""
    spec = obj["spec"]
    yield from check_objective(spec.get("objective"))
    yield from check_conditions("spec", spec)
    run = mapping(spec.get("runSpec"))
    if not run.get("apiVersion") or not run.get("kind"):
        yield missing("spec.runSpec", "apiVersion and kind must be specified")
    for name in ("name", "namespace"):
        value = mapping(run.get("metadata")).get(name)
        if value != obj["metadata"].get(name):
            yield invalid(f"spec.runSpec.metadata.{name}", value, f"must be the {name} of the trial")
    if not spec.get("primaryContainerName"):
        yield missing("spec.primaryContainerName", "must be specified")
    for index, one in enumerate(spec.get("earlyStoppingRules") or []):
        yield from _check_rule(f"spec.earlyStoppingRules[{index}]", one)


def _check_rule(path: str, rule: Object) -> Iterator[FieldError]:
    if rule.get("comparison") not in early_stopping.COMPARISONS:
        yield unsupported(f"{path}.comparison", rule.get("comparison"), tuple(early_stopping.COMPARISONS))
    if not rule.get("name"):
        yield missing(f"{path}.name", "must be specified")
    try:
        float(rule.get("value") or "")
    except ValueError:
        yield invalid(f"{path}.value", rule.get("value"), "must be a number, as text")


def check_suggestion(obj: Object) -> Iterator[FieldError]:
    """Yield what is wrong with a Suggestion, of which Katib refuses none either."""
    if not obj["spec"].get("algorithm"):
        yield missing("spec.algorithm", "must be specified")


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
    if most != before.get("maxTrialCount") and most is not None and most <= status.get("trials", 0):
        yield invalid("spec.maxTrialCount", most, "must be greater than status.trials count")
    if {**before, **{one: after.get(one) for one in COUNTS}} != {
        **after,
        **{one: after.get(one) for one in COUNTS},
    }:
        why = "only spec.parallelTrialCount, spec.maxTrialCount and spec.maxFailedTrialCount are editable"
        yield forbidden("spec", why)
