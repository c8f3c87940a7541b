"""TrainingJob of the ET operator, which carries elastic and DeepSpeed jobs: what the two share.

A launcher runs the command and reaches the workers by ssh; which workers there are it reads from a host file.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from arena import labels
from arena.errors import Conflict, SpecError, aimed
from arena.kinds import forms
from arena.kinds.forms import choice
from arena.kinds.kind import Change, Kind, Object, Places, Pod
from arena.kinds.spec import option
from arena.kinds.training import environment, peers, reading, render, sshkey, status, volumes
from arena.kinds.training.peers import CleanedSpec
from arena.model import Job, Phase
from arena.resources import Resource

RESOURCE = Resource(labels.ET_GROUP, "v1alpha1", "trainingjobs", kind="TrainingJob")
ETJOB, DEEPSPEEDJOB = "etjob", "deepspeedjob"

PLACES = Places(roles=(labels.ET_ROLE,), indices=(labels.ET_INDEX,))
SELECTORS = (f"{labels.OLD_GROUP}={labels.ET_GROUP}",)

SSH_CONFIG = "StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\n"

_FOR_GOOD = "WaitingResourceTimeout"
"""The reason that the published operator gives for a suspension; it has no way back from there."""

_VOLUMES = ("training-job-hostfile", "training-job-config", "training-job-kubectl", "deepspeed-hostfile")
"""Volumes that the operator adds to the launcher."""

BACKOFF = 6
"""How often the operator restarts a job that may be restarted."""

_PHASES = {
    "Running": Phase.RUNNING,
    "Restarting": Phase.RESTARTING,
    "Scaling": Phase.SCALING,
    "ScaleSucceeded": Phase.RUNNING,
    "ScaleFailed": Phase.RUNNING,
    "Suspended": Phase.SUSPENDED,
    "Succeeded": Phase.SUCCEEDED,
    "Failed": Phase.FAILED,
}


class TrainingJobSpec(CleanedSpec):
    """What a TrainingJob is asked to be."""

    # The operator knows neither deadlines nor a time to live.
    running_timeout: int = 0
    ttl_after_finished: int = 0

    launcher_selector: Mapping[str, str] = option(
        {}, "Label that the launcher's node must have, instead of those of --selector", forms.LABELS
    )
    launcher_annotation: Mapping[str, str] = option({}, "Annotation of the launcher", forms.ANNOTATIONS)
    worker_annotation: Mapping[str, str] = option({}, "Annotation of the workers", forms.ANNOTATIONS)
    job_restart_policy: str = option(
        "", "Whether a job whose launcher failed starts anew", choice("Never", "OnFailure")
    )
    job_backoff_limit: int = option(BACKOFF, "How often it does so at most")
    ssh_secret: str = option(
        "", "Secret with the SSH key of the job  [default: one made for it]", forms.OBJECT
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        limit = f"--job-backoff-limit {self.job_backoff_limit}" if self.job_backoff_limit != BACKOFF else ""
        policy = "--job-restart-policy Never" if self.job_restart_policy == "Never" else ""
        if self.retry and (limit or policy):
            raise SpecError(f"--retry {self.retry} contradicts {policy or limit}", "give one of them")
        if not volumes.can_name(self.key):
            flag = "--ssh-secret" if self.ssh_secret else "--name"
            raise SpecError(
                f'{flag} "{self.key}" cannot name the volume with the SSH key, as the operator wants it to',
                "choose another one, of a-z, 0-9 and -",
            )

    @property
    def key(self) -> str:
        """The Secret with the SSH key of the job."""
        return self.ssh_secret or self.name

    @property
    def taken(self) -> tuple[str, ...]:
        """As of every Spec; the volume with the key is named like its Secret."""
        return (*super().taken, self.key, *_VOLUMES)

    def idle(self) -> dict[str, str]:
        """As of every Spec; the limit counts where there are restarts."""
        found = super().idle()
        if self.job_backoff_limit != BACKOFF and self.restarts != "OnFailure":
            found["job_backoff_limit"] = "--job-restart-policy OnFailure"
        return found

    @property
    def restarts(self) -> str:
        """The job's restart policy."""
        return self.job_restart_policy or ("OnFailure" if self.retry else "Never")


def launch(spec: TrainingJobSpec, kind: str, resource: Resource, own: Mapping[str, str]) -> dict[str, Any]:
    """The values of the template.

    Args:
        spec: the Spec.
        kind: the kind that the TrainingJob carries.
        resource: its type.
        own: variables of the kind, which the user's of the same name replace.

    Raises:
        SpecError: there is no image, or a label is arena's own.
    """
    # The launcher is made when the workers run, so a gang is of workers only.
    found = {**render.metadata(spec, kind, peers.size(spec)), **render.pod(spec)}
    notes = found.pop("pod_annotations")
    # Named even where it is the default: runs of a schedule, whose names are others, share one.
    found["annotations"] = {**found["annotations"], labels.SSH_SECRET: spec.key}
    return {
        **found,
        "api_version": resource.api_version,
        "name": spec.name,
        "restart_policy": spec.restarts,
        "backoff_limit": spec.retry or spec.job_backoff_limit,
        "clean_pods": spec.clean_task_policy,
        "image": render.image(spec),
        "launcher_annotations": {**notes, **spec.launcher_annotation},
        "launcher_selector": dict(spec.launcher_selector or spec.selector) or None,
        "launcher_env": _env(spec, own, hide_gpus=False),
        "worker_annotations": {**notes, **spec.worker_annotation},
        "worker_selector": dict(spec.selector) or None,
        "worker_env": _env(spec, own, hide_gpus=not spec.gpus),
        "worker_resources": render.resources(spec, spec.gpus, {"cpu": spec.cpu, "memory": spec.memory}),
        "worker_replicas": spec.workers,
        "worker_min": None,
        "worker_max": None,
        "worker_restart_policy": None,
        "ssh_secret": None if spec.ssh_secret else _secret(spec, kind),
    }


def _env(spec: TrainingJobSpec, own: Mapping[str, str], *, hide_gpus: bool) -> list[dict[str, Any]]:
    given = environment.env(spec, hide_gpus=hide_gpus)
    taken = {one["name"] for one in given}
    return [*environment.variables({name: own[name] for name in own if name not in taken}), *given]


def _secret(spec: TrainingJobSpec, kind: str) -> dict[str, Any]:
    """The Secret with the job's own key, under the name and keys that the operator mounts."""
    private, public = sshkey.pair(os.urandom(32))
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": spec.name, "labels": labels.common(spec.name, kind)},
        "type": "Opaque",
        "stringData": {"config": SSH_CONFIG, "id_rsa": private, "id_rsa.pub": public},
    }


def carries(obj: Object) -> str:
    """Which kind a TrainingJob is: as its maker said, else by what the launcher runs."""
    kind = (obj["metadata"].get("labels") or {}).get(labels.APP)
    if kind in (ETJOB, DEEPSPEEDJOB):
        return str(kind)
    words = [
        str(word)
        for one in ((_role(obj, "launcher").get("template") or {}).get("spec") or {}).get("containers") or ()
        for word in (*(one.get("command") or ()), *(one.get("args") or ()))
    ]
    return DEEPSPEEDJOB if "deepspeed" in " ".join(words) else ETJOB


def _role(obj: Object, name: str) -> Mapping[str, Any]:
    specs = (obj.get("spec") or {}).get("etReplicaSpecs") or {}
    found: Mapping[str, Any] = specs.get(name) or {}
    return found


def workers(obj: Object) -> int:
    """How many workers a TrainingJob has, after what scaling is done."""
    target = (obj.get("status") or {}).get("targetWorkers")
    return len(target) if target else int(_role(obj, "worker").get("replicas") or 1)


def limits(obj: Object) -> tuple[int, int | None]:
    """The fewest and the most workers that a TrainingJob may have; None: no limit."""
    worker = _role(obj, "worker")
    return int(worker.get("minReplicas") or 1), worker.get("maxReplicas")


def pods_of(obj: Object) -> Mapping[str, str]:
    """The labels that all pods of a TrainingJob carry."""
    return {labels.OLD_GROUP: labels.ET_GROUP, labels.ET_JOB_NAME: obj["metadata"]["name"]}


def job_of(pod: Object) -> str:
    """The TrainingJob that a pod belongs to, or ""."""
    own = pod["metadata"].get("labels") or {}
    return (own.get(labels.ET_JOB_NAME) or "") if own.get(labels.OLD_GROUP) == labels.ET_GROUP else ""


def reader(kind: str) -> Callable[[Object, Sequence[Pod]], Job]:
    """The reader of a kind that a TrainingJob carries."""

    def read(obj: Object, members: Sequence[Pod]) -> Job:
        obj = _current(obj)
        state = obj["status"]
        roles = [_role(obj, "launcher"), {**_role(obj, "worker"), "replicas": workers(obj)}]
        word = str(state.get("phase") or "")
        said = (_PHASES.get(word), _why(state, word))
        return reading.job(kind, obj, members, [role for role in roles if role], PLACES, said)

    return read


def _current(obj: Object) -> Object:
    """The object, of which the status tells of this try: the operator leaves parts of the one before in it.

    A job that is to start anew is told to have failed until it does, and the end of its first try stays.
    """
    spec, state = obj.get("spec") or {}, obj.get("status") or {}
    done, most = state.get("restartCount") or 0, spec.get("backoffLimit", BACKOFF)
    kept = {key: value for key, value in state.items() if not (done and key == "completionTime")}
    if state.get("phase") == "Failed" and spec.get("restartPolicy") == "OnFailure" and done < most:
        others = [one for one in state.get("conditions") or () if one.get("type") != "Failed"]
        kept |= {"phase": "Restarting", "conditions": others}
    return {**obj, "status": kept}


def _why(state: Mapping[str, Any], phase: str) -> str:
    """What the condition of that name says; that of a scaling that failed tells of a job that runs on."""
    conditions = [one for one in state.get("conditions") or () if str(one.get("status")) == "True"]
    scaled = [one for one in conditions if str(one.get("type")).startswith("Scal")]
    if phase == "Running":
        told = [one for one in scaled[-1:] if one["type"] == "ScaleFailed"]
    else:
        told = [one for one in conditions if one.get("type") == phase]
    return str(told[-1].get("message") or "") if told else ""


def suspend(obj: Object, on: bool) -> Change:
    """Suspends and resumes by the annotation that the operator heeds.

    Raises:
        Conflict: the job was suspended by an operator that does not resume, as that of today does not.
    """
    stopped = status.condition(obj, "Suspended")
    if not on and stopped.get("reason") == _FOR_GOOD:
        name, namespace = obj["metadata"]["name"], obj["metadata"].get("namespace") or "default"
        raise Conflict(
            f'job "{name}" is suspended for good: the operator of the cluster resumes no TrainingJob',
            f"start it anew: arena rerun {aimed(name, namespace)} --replace",
        )
    return Change(patch={"metadata": {"annotations": {labels.ET_SUSPENDED: "true" if on else "false"}}})


carried = partial(
    Kind,
    resources=(RESOURCE,),
    template="etjob.yaml",
    pods=pods_of,
    job_of=job_of,
    places=PLACES,
    selectors=SELECTORS,
    suspend=suspend,
)
"""A kind that a TrainingJob carries."""
