"""Job: any program; every Kubernetes has its type, so no operator is needed."""

from collections.abc import Mapping, Sequence
from typing import Any

from arena import labels
from arena.errors import SpecError, aimed
from arena.kinds.kind import Halt, Kind, Modification, Object, Pod, PodConventions, PodSummary, switch
from arena.kinds.training import FAMILY
from arena.kinds.training.base import reading, status
from arena.kinds.workload import instances
from arena.model.jobs import Job, Phase
from arena.resources import Resource
from arena.units import by_age

NAME = "job"

INDEXED = Resource("batch", "v1", "jobs", kind="Job", field="completionMode")
PLAIN = INDEXED._replace(field="")
"""Of Kubernetes before 1.21: the pods of a Job are all alike."""

CONVENTIONS = PodConventions(
    index_labels=(labels.COMPLETION_INDEX,), default_role="worker", main_containers=("main",)
)

_MAKERS = ("CronJob", "Cron", "Trial")
"""Kinds of objects that create Jobs on a schedule."""


def owns(obj: Object) -> bool:
    """Whether it appears to be a training job of its own.

    Housekeeping of others does not count, nor do Jobs that belong to another object.
    """
    own = obj["metadata"].get("labels") or {}
    trains = labels.managed(own) or labels.KUEUE_QUEUE in own or instances.gpus(_pod(obj)) > 0
    return _is_whole(obj) and trains


def _is_whole(obj: Object) -> bool:
    """Whether it is neither part of another job nor submitted as another kind."""
    meta = obj["metadata"]
    own, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    owner = next((one for one in meta.get("ownerReferences") or () if one.get("controller")), None)
    is_ours = labels.managed(own) or (owner and owner["kind"] == "Trial")
    if owner and not (is_ours and owner["kind"] in _MAKERS):
        return False
    # An adopted Job may have any value there.
    return labels.SPEC not in notes or own.get(labels.APP) == NAME


def _pod(obj: Object) -> Mapping[str, Any]:
    found: Mapping[str, Any] = ((obj.get("spec") or {}).get("template") or {}).get("spec") or {}
    return found


def job_of(pod: Object) -> str:
    """The Job that a pod belongs to, or ""."""
    return (pod["metadata"].get("labels") or {}).get(labels.BATCH_JOB_NAME) or ""


def read(obj: Object, members: Sequence[Pod]) -> Job:
    """Read the job; a failed pod that was replaced is ignored."""
    spec = obj.get("spec") or {}
    indexed, size = spec.get("completionMode") == "Indexed", _size(spec)
    found = _current([instances.summary(one, CONVENTIONS) for one in members], indexed, size)
    roles = [{"replicas": size, "template": spec.get("template") or {}}]
    return reading.job(NAME, obj, found, roles, CONVENTIONS, said=_said(obj, found))


def _said(obj: Object, found: Sequence[PodSummary]) -> tuple[Phase | None, str]:
    # The outcome is already certain while the last pods are still ending.
    for kind, phase in (("FailureTarget", Phase.FAILED), ("SuccessCriteriaMet", Phase.SUCCEEDED)):
        if decided := status.condition(obj, kind):
            return phase, str(decided.get("message") or "")
    retries = (obj.get("spec") or {}).get("backoffLimit")
    active = bool((obj.get("status") or {}).get("active"))
    return between(found, active, again=retries is None or retries > 0), ""


def between(found: Sequence[PodSummary], active: bool, *, again: bool) -> Phase | None:
    """The phase of a job whose pods do not show it: they cannot be read, or ended before the job.

    Args:
        found: the job's pods.
        active: whether its object counts some as active.
        again: whether failed pods are replaced.
    """
    phases = {one.instance.phase for one in found}
    if not found:
        return Phase.RUNNING if active else None
    if not phases <= {"Succeeded", "Failed"}:
        return None
    return Phase.RESTARTING if again and "Failed" in phases else Phase.RUNNING


def _size(spec: Mapping[str, Any]) -> int:
    """The number of pods that run at a time."""
    parallelism, completions = spec.get("parallelism"), spec.get("completions")
    most = 1 if parallelism is None else int(parallelism)
    return most if completions is None else min(most, int(completions))


def _current(members: Sequence[PodSummary], indexed: bool, size: int) -> list[PodSummary]:
    """For each index, the pods that have not failed, else the last one that did."""
    found: list[PodSummary] = []
    for index in {one.instance.index for one in members}:
        there = [one for one in members if one.instance.index == index]
        good = [one for one in there if one.instance.phase != "Failed"]
        failed = [one for one in there if one.instance.phase == "Failed"]
        failed.sort(key=lambda one: by_age(one.instance), reverse=True)
        found += good + failed[: max(0, (1 if indexed else size) - len(good))]
    return found


def scale(obj: Object, workers: int) -> Modification:
    """Change the number of workers.

    Raises:
        SpecError: the workers have no numbers, so new ones would not know theirs.
    """
    if (obj.get("spec") or {}).get("completionMode") != "Indexed":
        name, namespace = obj["metadata"]["name"], obj["metadata"].get("namespace") or "default"
        raise SpecError(
            f'job "{name}" was submitted with one worker and cannot be scaled',
            f"start it again: arena rerun {aimed(name, namespace)} --replace --set workers={workers}",
        )
    return Modification(patch={"spec": {"parallelism": workers, "completions": workers}})


KIND = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("batch", "batchjob"),
    summary="Any program, on any cluster: needs no operator",
    resources=(INDEXED, PLAIN),
    template="job.yaml",
    specs="arena.kinds.training.specs.job",
    read=read,
    pods=lambda obj: {labels.BATCH_JOB_NAME: obj["metadata"]["name"]},
    owns=owns,
    takes=_is_whole,
    job_of=job_of,
    conventions=CONVENTIONS,
    # Jobs that belong to other kinds have their labels, too.
    one_world=False,
    selectors=(f"{labels.BATCH_JOB_NAME},!{labels.JOBSET_NAME},!{labels.JOB_NAME}",),
    suspend=switch("spec", "suspend"),
    halt=Halt({"spec": {"parallelism": 0}}),  # before Kubernetes 1.22
    scale=scale,
    examples=(
        'arena submit job --name prepare --image IMAGE "python prepare.py"',
        'arena submit job --name bert --workers 4 --gpus 1 --image IMAGE "torchrun train.py"',
    ),
)
