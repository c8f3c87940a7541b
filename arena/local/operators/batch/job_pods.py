"""The pods of a Job: their counts, the number that is wanted, and their manifests."""

import copy
from collections import Counter
from dataclasses import dataclass
from itertools import islice

from arena.local.machinery import pod_status
from arena.local.machinery.pod_template import set_env
from arena.local.machinery.writes import suffix
from arena.local.objects import Object
from arena.local.operators.batch import completion_indexes, pod_failure_policy

JOB_NAME = "batch.kubernetes.io/job-name"
CONTROLLER_UID = "batch.kubernetes.io/controller-uid"


@dataclass
class PodCounts:
    """The counts of one Job's pods."""

    active: list[Object]
    terminating: int
    succeeded: set[str]
    """uids"""
    failed: set[str]
    """uids"""
    last_failure: str
    """When the last failed pod ended, as the API's text."""
    done: set[int]
    """Indexes with a pod that succeeded."""
    held: set[int]
    """Indexes whose pod has not ended."""
    failures: Counter[int]
    """The number of failures at each index, if that is limited."""
    lost: set[int]
    """Indexes at which pods failed too often."""
    fatal: str
    """Why the failure of a pod fails the Job; "" if none does."""


def selector(job: Object) -> str:
    """The label selector of a Job's pods."""
    return f"{CONTROLLER_UID}={job['metadata']['uid']}"


def count(job: Object, status: Object, pods: list[Object]) -> PodCounts:
    """Count the existing pods, and those that the status remembers."""
    known = status.get("uncountedTerminatedPods") or {}
    good, bad = (_ended(pods, word) for word in ("Succeeded", "Failed"))
    verdicts = [(pod, *pod_failure_policy.action(job, pod)) for pod in bad]
    bad = [pod for pod, action, _ in verdicts if action != pod_failure_policy.IGNORE]
    hopeless = _numbers([pod for pod, action, _ in verdicts if action == pod_failure_policy.FAIL_INDEX])
    done = completion_indexes.parse(status.get("completedIndexes")) | _numbers(good)
    limit = job["spec"].get("backoffLimitPerIndex")
    failures = completion_indexes.failures(pods, bad) if limit is not None else Counter()
    lost = {number for number, count in failures.items() if count > int(limit)} | hopeless
    going = [pod for pod in pods if pod_status.is_going(pod)]
    return PodCounts(
        active=[pod for pod in pods if pod_status.is_active(pod)],
        terminating=len(going),
        succeeded=_uids(good) | set(known.get("succeeded") or []),
        failed=_uids(bad) | set(known.get("failed") or []),
        last_failure=max(map(pod_status.finished_at, bad), default=""),
        done={
            one
            for one in done
            if not completion_indexes.is_indexed(job) or one < completion_indexes.size(job)
        },
        held=_numbers([*going, *(pod for pod in pods if not pod_status.is_finished(pod))]),
        failures=failures,
        lost=lost | completion_indexes.parse(status.get("failedIndexes")),
        fatal=next((why for _, action, why in verdicts if action == pod_failure_policy.FAIL_JOB), ""),
    )


def _ended(pods: list[Object], word: str) -> list[Object]:
    return [pod for pod in pods if pod_status.phase(pod) == word and not pod_status.is_going(pod)]


def _uids(pods: list[Object]) -> set[str]:
    return {str(pod["metadata"]["uid"]) for pod in pods}


def _numbers(pods: list[Object]) -> set[int]:
    return {number for pod in pods if (number := completion_indexes.index(pod)) is not None}


def report(job: Object, status: Object, counts: PodCounts) -> None:
    """Write the counts into the status."""
    over = any(one["type"] in ("Complete", "Failed") for one in status.get("conditions") or [])
    status["active"] = len(counts.active)
    status["ready"] = sum(pod_status.is_ready(pod) for pod in counts.active)
    status["terminating"] = counts.terminating
    status["succeeded"] = _succeeded(job, counts)
    status["failed"] = len(counts.failed)
    if completion_indexes.is_indexed(job):
        status["completedIndexes"] = completion_indexes.text(counts.done)
    if job["spec"].get("backoffLimitPerIndex") is not None:
        status["failedIndexes"] = completion_indexes.text(counts.lost)
    kept = {"succeeded": sorted(counts.succeeded), "failed": sorted(counts.failed)}
    status["uncountedTerminatedPods"] = {} if over else {name: uids for name, uids in kept.items() if uids}


def _succeeded(job: Object, counts: PodCounts) -> int:
    return len(counts.done if completion_indexes.is_indexed(job) else counts.succeeded)


def _completions(job: Object) -> int | None:
    """The number of pods that must succeed; None for a work queue, where the pods decide."""
    spec = job["spec"]
    if spec.get("completions") is None and spec.get("parallelism") is not None:
        return None if not completion_indexes.is_indexed(job) else int(spec["parallelism"])
    return int(spec.get("completions", 1) if spec.get("completions") is not None else 1)


def is_complete(job: Object, counts: PodCounts) -> bool:
    """Whether enough pods have succeeded."""
    completions = _completions(job)
    if completions is None:
        return bool(counts.succeeded) and not counts.active and not counts.terminating
    return _succeeded(job, counts) >= completions


def wanted(job: Object, counts: PodCounts) -> int:
    """The number of pods that are to be active."""
    parallelism = job["spec"].get("parallelism")
    most = 1 if parallelism is None else int(parallelism)
    completions = _completions(job)
    if completions is None:
        return min(most, len(counts.active)) if counts.succeeded else most
    return min(most, completions - _succeeded(job, counts) - len(counts.lost))


def surplus(job: Object, counts: PodCounts) -> list[Object]:
    """The surplus active pods: first those of indexes that no longer exist, then those not ready."""

    def worth(pod: Object) -> tuple[bool, bool]:
        number = completion_indexes.index(pod)
        return number is None or number < completion_indexes.size(job), pod_status.is_ready(pod)

    return sorted(counts.active, key=worth)[: max(0, len(counts.active) - wanted(job, counts))]


def bodies(job: Object, counts: PodCounts, missing: int) -> list[Object]:
    """The pods to create: one for each missing index, or a number of pods without indexes."""
    if not completion_indexes.is_indexed(job):
        return [_pod(job) for _ in range(missing)]
    numbers = islice(completion_indexes.missing(job, counts.done | counts.lost | counts.held), missing)
    return [_numbered(job, number, counts.failures[number]) for number in numbers]


def _pod(job: Object) -> Object:
    name, uid = job["metadata"]["name"], job["metadata"]["uid"]
    template = copy.deepcopy(job["spec"]["template"])
    meta = template.get("metadata") or {}
    ours = {JOB_NAME: name, CONTROLLER_UID: uid, "job-name": name, "controller-uid": uid}
    labels = {**(meta.get("labels") or {}), **ours}
    annotations = dict(meta.get("annotations") or {})
    own = f"{name[:57]}-{suffix()}"
    return {
        "metadata": {"name": own, "labels": labels, "annotations": annotations},
        "spec": template["spec"],
    }


def _numbered(job: Object, number: int, failures: int) -> Object:
    """The pod of an index."""
    pod, name = _pod(job), job["metadata"]["name"]
    meta, spec = pod["metadata"], pod["spec"]
    meta["name"] = f"{name[:52]}-{number}-{suffix()}"
    meta["annotations"][completion_indexes.INDEX] = meta["labels"][completion_indexes.INDEX] = str(number)
    if job["spec"].get("backoffLimitPerIndex") is not None:
        meta["annotations"][completion_indexes.FAILURES] = str(failures)
    spec.setdefault("hostname", f"{name}-{number}")
    for container in [*spec["containers"], *(spec.get("initContainers") or [])]:
        set_env(container, {"JOB_COMPLETION_INDEX": str(number)})
    return pod
