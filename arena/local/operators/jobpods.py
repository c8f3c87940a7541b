"""The pods of a Job: how they are counted, how many are wanted, and what they are made of."""

import copy
from collections import Counter
from dataclasses import dataclass

from arena.local.objects import Object
from arena.local.operators import indexes, podfailures
from arena.local.operators import pods as facts
from arena.local.operators.replicas import set_env
from arena.local.operators.writes import suffix

JOB_NAME = "batch.kubernetes.io/job-name"
CONTROLLER_UID = "batch.kubernetes.io/controller-uid"


@dataclass
class Tally:
    """The pods of one Job, counted."""

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
    """How often pods failed at each index, where that is limited."""
    lost: set[int]
    """Indexes at which that was once too often."""
    fatal: str
    """Why a pod's failure is that of the Job, "" where none is."""


def selector(job: Object) -> str:
    """The label selector of a Job's pods."""
    return f"{CONTROLLER_UID}={job['metadata']['uid']}"


def count(job: Object, status: Object, pods: list[Object]) -> Tally:
    """Count the pods that there are, and those that the status remembers."""
    known = status.get("uncountedTerminatedPods") or {}
    good, bad = (_ended(pods, word) for word in ("Succeeded", "Failed"))
    verdicts = [(pod, *podfailures.action(job, pod)) for pod in bad]
    bad = [pod for pod, action, _ in verdicts if action != podfailures.IGNORE]
    hopeless = _numbers([pod for pod, action, _ in verdicts if action == podfailures.FAIL_INDEX])
    done = indexes.parse(status.get("completedIndexes")) | _numbers(good)
    limit = job["spec"].get("backoffLimitPerIndex")
    failures = indexes.failures(pods, bad) if limit is not None else Counter()
    lost = {number for number, count in failures.items() if count > int(limit)} | hopeless
    going = [pod for pod in pods if facts.is_going(pod)]
    return Tally(
        active=[pod for pod in pods if facts.is_active(pod)],
        terminating=len(going),
        succeeded=_uids(good) | set(known.get("succeeded") or []),
        failed=_uids(bad) | set(known.get("failed") or []),
        last_failure=max(map(facts.finished_at, bad), default=""),
        done={one for one in done if not indexes.is_indexed(job) or one < indexes.size(job)},
        held=_numbers([*going, *(pod for pod in pods if not facts.is_finished(pod))]),
        failures=failures,
        lost=lost | indexes.parse(status.get("failedIndexes")),
        fatal=next((why for _, action, why in verdicts if action == podfailures.FAIL_JOB), ""),
    )


def _ended(pods: list[Object], word: str) -> list[Object]:
    return [pod for pod in pods if facts.phase(pod) == word and not facts.is_going(pod)]


def _uids(pods: list[Object]) -> set[str]:
    return {str(pod["metadata"]["uid"]) for pod in pods}


def _numbers(pods: list[Object]) -> set[int]:
    return {number for pod in pods if (number := indexes.index(pod)) is not None}


def report(job: Object, status: Object, tally: Tally) -> None:
    """Write the counts into the status."""
    over = any(one["type"] in ("Complete", "Failed") for one in status.get("conditions") or [])
    status["active"] = len(tally.active)
    status["ready"] = sum(facts.is_ready(pod) for pod in tally.active)
    status["terminating"] = tally.terminating
    status["succeeded"] = _succeeded(job, tally)
    status["failed"] = len(tally.failed)
    if indexes.is_indexed(job):
        status["completedIndexes"] = indexes.text(tally.done)
    if job["spec"].get("backoffLimitPerIndex") is not None:
        status["failedIndexes"] = indexes.text(tally.lost)
    kept = {"succeeded": sorted(tally.succeeded), "failed": sorted(tally.failed)}
    status["uncountedTerminatedPods"] = {} if over else {name: uids for name, uids in kept.items() if uids}


def _succeeded(job: Object, tally: Tally) -> int:
    return len(tally.done if indexes.is_indexed(job) else tally.succeeded)


def _completions(job: Object) -> int | None:
    """How many pods must succeed; None for one of a work queue, where the pods decide."""
    spec = job["spec"]
    if spec.get("completions") is None and spec.get("parallelism") is not None:
        return None if not indexes.is_indexed(job) else int(spec["parallelism"])
    return int(spec.get("completions", 1) if spec.get("completions") is not None else 1)


def is_complete(job: Object, tally: Tally) -> bool:
    """Whether enough pods have succeeded."""
    completions = _completions(job)
    if completions is None:
        return bool(tally.succeeded) and not tally.active and not tally.terminating
    return _succeeded(job, tally) >= completions


def wanted(job: Object, tally: Tally) -> int:
    """How many pods should be active now."""
    parallelism = job["spec"].get("parallelism")
    most = 1 if parallelism is None else int(parallelism)
    completions = _completions(job)
    if completions is None:
        return min(most, len(tally.active)) if tally.succeeded else most
    return min(most, completions - _succeeded(job, tally) - len(tally.lost))


def surplus(job: Object, tally: Tally) -> list[Object]:
    """The active pods that are too many: those of indexes that are no more, then those not ready."""

    def worth(pod: Object) -> tuple[bool, bool]:
        number = indexes.index(pod)
        return number is None or number < indexes.size(job), facts.is_ready(pod)

    return sorted(tally.active, key=worth)[: max(0, len(tally.active) - wanted(job, tally))]


def bodies(job: Object, tally: Tally, missing: int) -> list[Object]:
    """The pods to make: one for each index, or as many as are missing where there are no indexes."""
    if not indexes.is_indexed(job):
        return [_pod(job) for _ in range(missing)]
    numbers = indexes.missing(job, tally.done | tally.lost, tally.held)[:missing]
    return [_numbered(job, number, tally.failures[number]) for number in numbers]


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
    meta["annotations"][indexes.INDEX] = meta["labels"][indexes.INDEX] = str(number)
    if job["spec"].get("backoffLimitPerIndex") is not None:
        meta["annotations"][indexes.FAILURES] = str(failures)
    spec.setdefault("hostname", f"{name}-{number}")
    for container in [*spec["containers"], *(spec.get("initContainers") or [])]:
        set_env(container, {"JOB_COMPLETION_INDEX": str(number)})
    return pod
