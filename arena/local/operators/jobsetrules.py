"""The rules of a JobSet: what its webhook fills in and refuses, and what its policies decide."""

from collections.abc import Iterator
from typing import NamedTuple

from arena.local.causes import DNS_1035, Cause, check_count, forbidden, invalid, missing, unsupported
from arena.local.objects import Object
from arena.local.operators import jobsetjobs
from arena.local.operators.jobsetjobs import Set

_RESTART = "RestartJobSet"
_ACTIONS = (
    "FailJobSet",
    _RESTART,
    "RestartJobSetAndIgnoreMaxRestarts",
    "RestartJob",
    "RestartJobAndIgnoreMaxRestarts",
)
_SUFFIX = 6
"""Characters that a pod's name has after its host name."""


class Verdict(NamedTuple):
    """What follows from a Job that failed."""

    action: str
    why: str
    ends: str = ""
    """Why the JobSet fails, "" when it goes on."""
    counts: bool = True
    """Whether it counts as one of the restarts allowed."""
    alone: bool = False
    """Whether only that Job starts again."""


def judge(obj: Object, job: Object, restarts: int) -> Verdict:
    """What the failurePolicy says of a Job that failed, after so many restarts."""
    policy = obj["spec"].get("failurePolicy")
    if not policy:
        return Verdict("FailJobSet", "jobset failed due to one or more job failures", "FailedJobs")
    rules = policy.get("rules") or []
    action = next((str(one["action"]) for one in rules if _applies(one, job)), _RESTART)
    if action == "FailJobSet":
        return Verdict(
            action, "a rule of the failure policy ends the jobset", "FailJobSetFailurePolicyAction"
        )
    counts = not action.endswith("AndIgnoreMaxRestarts")
    if counts and restarts >= int(policy.get("maxRestarts") or 0):
        return Verdict(action, "jobset failed due to reaching max number of restarts", "ReachedMaxRestarts")
    alone = action.startswith("RestartJob") and not action.startswith(_RESTART)
    return Verdict(action, "restarting the job" if alone else "restarting jobset", "", counts, alone)


def _applies(rule: Object, job: Object) -> bool:
    reasons, groups = rule.get("onJobFailureReasons"), rule.get("targetReplicatedJobs")
    group = job["metadata"]["labels"][jobsetjobs.REPLICATED]
    return (not reasons or jobsetjobs.reason(job) in reasons) and (not groups or group in groups)


def has_succeeded(found: Set) -> bool:
    """Whether the Jobs that the successPolicy names have all, or any of them, succeeded."""
    policy = found.obj["spec"].get("successPolicy") or {}
    targets = policy.get("targetReplicatedJobs") or []
    counted = [group for group in found.groups if not targets or group["name"] in targets]
    done = [jobsetjobs.holds(job, "Complete") for group in counted for job in found.of(str(group["name"]))]
    if policy.get("operator") == "Any":
        return any(done)
    return sum(done) == sum(map(jobsetjobs.size, counted)) > 0


def ready_to_start(found: Set) -> Iterator[Object]:
    """The Jobs that are not there and depend on nothing that has not come so far."""
    in_order = (found.obj["spec"].get("startupPolicy") or {}).get("startupPolicyOrder") == "InOrder"
    for group in found.groups:
        if all(_has_come(found, one) for one in group.get("dependsOn") or []):
            yield from jobsetjobs.bodies(found, group)
        if in_order and not _has_come(found, {"name": group["name"], "status": "Ready"}):
            return


def _has_come(found: Set, dependency: Object) -> bool:
    group = next((one for one in found.groups if one["name"] == dependency["name"]), {})
    jobs = found.of(str(dependency["name"]))
    if dependency["status"] == "Complete":
        come = [jobsetjobs.holds(job, "Complete") for job in jobs]
    else:
        come = [jobsetjobs.is_ready(job) or jobsetjobs.holds(job, "Complete") for job in jobs]
    return bool(group) and all(come) and len(come) == jobsetjobs.size(group)


def fill(obj: Object) -> None:
    """What the webhook fills in, in place."""
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


def check(obj: Object) -> Iterator[Cause]:
    """What the webhook refuses."""
    spec, groups = obj["spec"], obj["spec"].get("replicatedJobs") or []
    names = [group["name"] for group in groups]
    if not groups:
        yield missing("spec.replicatedJobs", "must have at least one")
    for number, group in enumerate(groups):
        where = f"spec.replicatedJobs[{number}]"
        yield from check_count(f"{where}.replicas", group.get("replicas"))
        if names.index(group["name"]) != number:
            yield Cause(f"{where}.name", "FieldValueDuplicate", f'Duplicate value: "{group["name"]}"')
        yield from _length(obj["metadata"]["name"], group, where)
        yield from _dependencies(spec, group, names[:number], where)
    yield from _policies(spec, names)


def _length(name: str, group: Object, where: str) -> Iterator[Cause]:
    job = group["template"]["spec"]
    pods = int(job.get("completions") or job.get("parallelism") or 1)
    longest = f"{name}-{group['name']}-{max(0, jobsetjobs.size(group) - 1)}-{pods - 1}"
    if not DNS_1035.fullmatch(longest) or len(longest) + _SUFFIX > 63:
        yield invalid(
            f"{where}.name", group["name"],
            f"the names of its pods, such as {longest}, must be DNS-1035 labels of at most {63 - _SUFFIX}",
        )  # fmt: skip


def _dependencies(spec: Object, group: Object, earlier: list[str], where: str) -> Iterator[Cause]:
    given = group.get("dependsOn") or []
    if given and (spec.get("startupPolicy") or {}).get("startupPolicyOrder") == "InOrder":
        yield forbidden(f"{where}.dependsOn", "may not be used with startupPolicyOrder InOrder")
    for one in given:
        if one["name"] not in earlier:
            yield invalid(f"{where}.dependsOn", one["name"], "must name an earlier replicated job")
        if one["status"] not in ("Ready", "Complete"):
            yield unsupported(f"{where}.dependsOn.status", one["status"], ("Ready", "Complete"))


def _policies(spec: Object, names: list[str]) -> Iterator[Cause]:
    success, failure = spec.get("successPolicy") or {}, spec.get("failurePolicy") or {}
    if success.get("operator") not in (None, "All", "Any"):
        yield unsupported("spec.successPolicy.operator", success["operator"], ("All", "Any"))
    yield from _targets(success, "spec.successPolicy", names)
    yield from check_count("spec.failurePolicy.maxRestarts", failure.get("maxRestarts"))
    for number, rule in enumerate(failure.get("rules") or []):
        where = f"spec.failurePolicy.rules[{number}]"
        if rule["action"] not in _ACTIONS:
            yield unsupported(f"{where}.action", rule["action"], _ACTIONS)
        yield from _targets(rule, where, names)
    chief = spec.get("coordinator")
    if chief and chief["replicatedJob"] not in names:
        yield invalid("spec.coordinator.replicatedJob", chief["replicatedJob"], "is no replicated job")


def _targets(policy: Object, where: str, names: list[str]) -> Iterator[Cause]:
    for one in policy.get("targetReplicatedJobs") or []:
        if one not in names:
            yield invalid(f"{where}.targetReplicatedJobs", one, "is no replicated job")
