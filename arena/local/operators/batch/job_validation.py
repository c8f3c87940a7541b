"""What the API refuses in Jobs, and in the templates of Jobs that CronJobs have.

The rules and messages are those of Kubernetes 1.36 (`pkg/apis/batch/validation`).
"""

from collections.abc import Iterator
from typing import Any

from arena.local.checks import at_least, enum, fields, mapping, selector, selects
from arena.local.field_errors import FieldError, invalid, missing, unsupported
from arena.local.objects import Object
from arena.local.operators.batch import job_policies

RESTART = ("OnFailure", "Never")
"""The restart policies of their pods."""

_INDEXED = 100_000
"""Maximum pods at a time, and failed indexes, of an Indexed Job."""
_MANY = 10_000
"""The same, where a Job with a backoff limit for each index has more indexes than that."""
_MANAGER = 63
"""Maximum characters of managedBy."""

_COUNTS = ("parallelism", "completions", "backoffLimit", "backoffLimitPerIndex", "maxFailedIndexes",
           "activeDeadlineSeconds", "ttlSecondsAfterFinished")  # fmt: skip
_REPLACEMENTS = ("Failed", "TerminatingOrFailed")
_spec = fields(
    {
        **dict.fromkeys(_COUNTS, at_least(0)),
        "completionMode": enum("NonIndexed", "Indexed"),
        "podReplacementPolicy": enum(*_REPLACEMENTS),
        "selector": selector,
    }
)


def check(obj: Object) -> Iterator[FieldError]:
    """What is wrong with a Job, apart from its pod template."""
    spec = obj["spec"]
    yield from check_spec("spec", spec)
    if spec.get("completionMode") == "Indexed" and (spec.get("completions") or 0) > _INDEXED:
        # A cluster allows more, though the status lists them all.
        yield invalid(
            "spec.completions", spec["completions"], f"must be at most {_INDEXED} here if it is Indexed"
        )
    chosen = spec.get("selector")
    given = mapping(mapping(mapping(spec.get("template")).get("metadata")).get("labels"))
    if not chosen:
        yield missing("spec.selector")
    elif not spec.get("manualSelector"):
        yield from _generated(obj, chosen, given)
    if not chosen or (not list(selector("", chosen)) and not selects(chosen, given)):
        yield invalid("spec.template.metadata.labels", given, "`selector` does not match template `labels`")


def _generated(obj: Object, chosen: Object, given: Object) -> Iterator[FieldError]:
    """What is wrong with a selector and labels that a user gave, though the API sets them."""
    uid, name = obj["metadata"]["uid"], obj["metadata"]["name"]
    for key, value in (("controller-uid", uid), ("job-name", name)):
        where = f"spec.template.metadata.labels[{key}]"
        if key not in given:
            yield missing(where, f"must be '{value}'")
        elif given[key] != value:
            yield invalid(where, given, f"must be '{value}'")
    wanted = {f"{prefix}controller-uid": uid for prefix in ("", "batch.kubernetes.io/")}
    if not selects(chosen, wanted):
        yield invalid("spec.selector", chosen, "`selector` not auto-generated")


def check_spec(path: str, spec: Object) -> Iterator[FieldError]:
    """What is wrong with the spec of a Job, apart from its pod template and its selector."""
    yield from _spec(path, spec)
    yield from _indexes(path, spec)
    yield from _manager(path, spec)
    yield from job_policies.check(path, spec)
    pod, where = mapping(mapping(spec.get("template")).get("spec")), f"{path}.template.spec.restartPolicy"
    policy = pod.get("restartPolicy")
    if policy not in RESTART:
        yield missing(where, 'valid values: "OnFailure", "Never"')
    elif spec.get("podFailurePolicy") and policy != "Never":
        yield invalid(where, policy, 'only "Never" is supported when podFailurePolicy is specified')
    if spec.get("podFailurePolicy") and spec.get("podReplacementPolicy") not in (None, "Failed"):
        yield unsupported(f"{path}.podReplacementPolicy", spec["podReplacementPolicy"], _REPLACEMENTS[:1])


def _indexes(path: str, spec: Object) -> Iterator[FieldError]:
    """What is wrong with the fields that only Indexed Jobs may have."""
    completions, limit, most = (
        spec.get(n) for n in ("completions", "backoffLimitPerIndex", "maxFailedIndexes")
    )
    if most is not None and limit is None:
        yield missing(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified")
    if spec.get("completionMode") != "Indexed":
        for name in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(name) is not None:
                yield invalid(f"{path}.{name}", spec[name], "requires indexed completion mode")
        return
    if completions is None:
        yield missing(f"{path}.completions", "when completion mode is Indexed")
    parallelism = spec.get("parallelism") or 0
    if parallelism > _INDEXED:
        why = f"must be less than or equal to {_INDEXED} when completion mode is Indexed"
        yield invalid(f"{path}.parallelism", parallelism, why)
    if most is not None and completions is not None and most > completions:
        yield invalid(f"{path}.maxFailedIndexes", most, "must be less than or equal to completions")
    if most is not None and most > _INDEXED:
        yield invalid(f"{path}.maxFailedIndexes", most, f"must be less than or equal to {_INDEXED}")
    if limit is not None and (completions or 0) > _INDEXED:
        yield from _many(path, parallelism, most)


def _many(path: str, parallelism: int, most: int | None) -> Iterator[FieldError]:
    """What is wrong with a Job of very many indexes, each with a backoff limit."""
    if most is None:
        yield missing(f"{path}.maxFailedIndexes", f"must be specified when completions is above {_INDEXED}")
    why = (
        f"must be less than or equal to {_MANY} when completions are above {_INDEXED} and used with "
        "backoff limit per index"
    )
    for name, value in (("parallelism", parallelism), ("maxFailedIndexes", most or 0)):
        if value > _MANY:
            yield invalid(f"{path}.{name}", value, why)


def _manager(path: str, spec: Object) -> Iterator[FieldError]:
    """What is wrong with the name of the controller."""
    manager = spec.get("managedBy")
    if manager is None:
        return
    domain, slash, rest = manager.partition("/")
    if not (domain and slash and rest):
        why = 'must be a domain-prefixed path (such as "acme.io/foo")'
        yield invalid(f"{path}.managedBy", manager, why)
    if len(manager) > _MANAGER:
        message = f"Too long: may not be more than {_MANAGER} bytes"
        yield FieldError(f"{path}.managedBy", "FieldValueTooLong", message)


_FIXED = ("selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy",
          "successPolicy")  # fmt: skip
_DIRECTIVES = ("nodeSelector", "affinity", "tolerations", "schedulingGates")
"""What of a template queueing systems set before a suspended Job starts, besides labels and annotations."""


def check_change(old: Object, new: Object) -> Iterator[FieldError]:
    """What a Job may not change."""
    before, after = old["spec"], new["spec"]
    for name in _FIXED:
        if before.get(name) != after.get(name):
            yield invalid(f"spec.{name}", after.get(name), "field is immutable")
    yield from _completions(before, after)
    is_open = bool(before.get("suspend")) and not mapping(old.get("status")).get("startTime")
    one, other = (mapping(spec.get("template")) for spec in (before, after))
    if one != other and not (is_open and _undirected(one) == _undirected(other)):
        yield invalid("spec.template", other, "field is immutable")


def _completions(before: Object, after: Object) -> Iterator[FieldError]:
    """The completions of an Indexed Job change together with its parallelism, others do not."""
    completions = after.get("completions")
    if completions == before.get("completions"):
        return
    if after.get("completionMode") != "Indexed" or completions is None:
        yield invalid("spec.completions", completions, "field is immutable")
    elif completions != after.get("parallelism"):
        yield invalid("spec.completions", completions, "can only be modified in tandem with spec.parallelism")


def _undirected(template: Object) -> dict[str, Any]:
    """A template without what says where its pods run."""
    spec = {key: value for key, value in mapping(template.get("spec")).items() if key not in _DIRECTIVES}
    return {"spec": spec}
