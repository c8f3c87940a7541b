"""The webhooks of JobSets: the defaults that they set, and what they refuse."""

from collections.abc import Container, Iterator

from arena.local.field_errors import (
    DNS_1035,
    FieldError,
    check_count,
    forbidden,
    invalid,
    missing,
)
from arena.local.objects import Object
from arena.local.operators.jobset import child_jobs

_SUFFIX = 6
"""Characters that a pod's name has after its host name."""


def fill(obj: Object) -> None:
    """Set the defaults of the webhook, in place."""
    spec = obj["spec"]
    spec.setdefault("suspend", False)
    spec.setdefault("network", {}).setdefault("enableDNSHostnames", True)
    spec["network"].setdefault("publishNotReadyAddresses", True)
    spec.setdefault("successPolicy", {"operator": "All", "targetReplicatedJobs": []})
    for number, rule in enumerate((spec.get("failurePolicy") or {}).get("rules") or []):
        rule.setdefault("name", f"failurePolicyRule{number}")
    for group in spec.get("replicatedJobs") or []:
        group.setdefault("replicas", 1)
        group.setdefault("groupName", "default")
        job = (group.get("template") or {}).get("spec") or {}
        job.setdefault("completionMode", "Indexed")
        pod = (job.get("template") or {}).get("spec")
        if isinstance(pod, dict):
            pod.setdefault("restartPolicy", "OnFailure")


def check(obj: Object) -> Iterator[FieldError]:
    """Yield what the webhook and the rules of the definition refuse."""
    spec, groups = obj["spec"], obj["spec"].get("replicatedJobs") or []
    places = {group["name"]: number for number, group in reversed(list(enumerate(groups)))}
    if not groups:
        yield missing("spec.replicatedJobs", "must have at least one")
    for number, group in enumerate(groups):
        where = f"spec.replicatedJobs[{number}]"
        yield from check_count(f"{where}.replicas", group.get("replicas"))
        if "spec" in group["template"]:
            yield from _length(obj["metadata"]["name"], group, where)
        else:
            yield missing(f"{where}.template.spec")
        yield from _dependencies(spec, group, places, where)
    yield from _policies(spec, places)


def _length(name: str, group: Object, where: str) -> Iterator[FieldError]:
    job = group["template"]["spec"]
    pods = int(job.get("completions") or job.get("parallelism") or 1)
    longest = f"{name}-{group['name']}-{max(0, child_jobs.size(group) - 1)}-{pods - 1}"
    if not DNS_1035.fullmatch(longest) or len(longest) + _SUFFIX > 63:
        yield invalid(
            f"{where}.name", group["name"],
            f"the names of its pods, such as {longest}, must be DNS-1035 labels of at most {63 - _SUFFIX}",
        )  # fmt: skip


def _dependencies(spec: Object, group: Object, places: dict[str, int], where: str) -> Iterator[FieldError]:
    given = group.get("dependsOn") or []
    if given and (spec.get("startupPolicy") or {}).get("startupPolicyOrder") == "InOrder":
        yield forbidden(f"{where}.dependsOn", "may not be used with startupPolicyOrder InOrder")
    for one in given:
        if places.get(one["name"], len(places)) >= places[group["name"]]:
            yield invalid(f"{where}.dependsOn", one["name"], "must name an earlier replicated job")


def _policies(spec: Object, names: Container[str]) -> Iterator[FieldError]:
    success, failure = spec.get("successPolicy") or {}, spec.get("failurePolicy") or {}
    yield from _targets(success, "spec.successPolicy", names)
    yield from check_count("spec.failurePolicy.maxRestarts", failure.get("maxRestarts"))
    for number, rule in enumerate(failure.get("rules") or []):
        where = f"spec.failurePolicy.rules[{number}]"
        yield from _targets(rule, where, names)
    chief = spec.get("coordinator")
    if chief and chief["replicatedJob"] not in names:
        yield invalid("spec.coordinator.replicatedJob", chief["replicatedJob"], "is not a replicated job")


def _targets(policy: Object, where: str, names: Container[str]) -> Iterator[FieldError]:
    for one in policy.get("targetReplicatedJobs") or []:
        if one not in names:
            yield invalid(f"{where}.targetReplicatedJobs", one, "is not a replicated job")


_DIRECTIVES = ("nodeSelector", "tolerations", "schedulingGates")
"""What of pods queueing systems set before a suspended JobSet starts, besides labels and annotations."""


def check_change(old: Object, new: Object) -> Iterator[FieldError]:
    """What the webhook does not let change: the jobs, but for where their pods run while it is suspended."""
    before, after = (one["spec"].get("replicatedJobs") or [] for one in (old, new))
    is_open = bool(old["spec"].get("suspend"))
    if before != after and not (is_open and list(map(_undirected, before)) == list(map(_undirected, after))):
        yield invalid("spec.replicatedJobs", after, "field is immutable")


def _undirected(group: Object) -> Object:
    """A replicated job without what says where its pods run."""
    template = group["template"]
    pod = template["spec"]["template"]
    kept = {name: value for name, value in (pod.get("spec") or {}).items() if name not in _DIRECTIVES}
    spec = {**template["spec"], "template": {"spec": kept}}
    return {**group, "template": {**template, "spec": spec}}
