"""Elastic job: a TrainingJob whose program goes on while workers come and go, mostly under horovodrun."""

from collections.abc import Mapping
from typing import Any

from arena import labels
from arena.errors import Conflict, SpecError, aimed
from arena.kinds import forms
from arena.kinds.forms import choice
from arena.kinds.kind import Change, Object
from arena.kinds.record import Record
from arena.kinds.spec import REQUIRED, option
from arena.kinds.training import environment, trainingjob
from arena.kinds.training.trainingjob import TrainingJobSpec
from arena.resources import Resource

NAME = trainingjob.ETJOB

SCALEINS = Resource(labels.ET_GROUP, "v1alpha1", "scaleins", kind="ScaleIn")
SCALEOUTS = Resource(labels.ET_GROUP, "v1alpha1", "scaleouts", kind="ScaleOut")

_SCALABLE = ("Running", "Scaling", "ScaleSucceeded", "ScaleFailed")
_NAME_ROOM = 40
"""Characters of a job's name that go into those of the requests to scale it."""


class ETJobSpec(TrainingJobSpec):
    """What an elastic job is asked to be."""

    max_workers: int = option(1000, "Most workers that it may be scaled to", forms.POSITIVE)
    min_workers: int = option(1, "Fewest workers that it may be scaled to", forms.POSITIVE)
    spot_instance: bool = option(False, "Let it run on nodes that may be taken away")
    max_wait_time: int = option(0, "How long it may wait for such nodes (0: for ever)", forms.SECONDS)
    worker_restart_policy: str = option(
        "",
        "When a worker that ended is replaced",
        choice("Never", "OnFailure", "Always", "ExitCode"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_workers > self.max_workers:
            raise SpecError(
                f"--min-workers {self.min_workers} exceeds --max-workers {self.max_workers}", "lower it"
            )
        if not self.min_workers <= self.workers <= self.max_workers:
            raise SpecError(
                f"--workers {self.workers} is not between --min-workers {self.min_workers} "
                f"and --max-workers {self.max_workers}",
                f"give {self.min_workers} to {self.max_workers}",
            )


class ScaleSpec(Record):
    """What a request to scale an elastic job asks for."""

    name: str = option(REQUIRED, "Name of the elastic job", forms.NAME)
    timeout: int = option(60, "How long the scaling and its script may take", forms.SECONDS, short="-t")
    retry: int = option(0, "How often a script that failed is run again")
    count: int = option(1, "How many workers", forms.POSITIVE)
    script: str = option("", "Script of the image to run, with the workers concerned as its argument")
    env: Mapping[str, str] = option({}, "Environment variable of the script", forms.ENV, short="-e")

    def __post_init__(self) -> None:
        if self.timeout < 1:
            raise SpecError("--timeout is less than a second", "give 1s or more")


def values(spec: ETJobSpec, resource: Resource) -> dict[str, Any]:
    """The values of the template; raises as `trainingjob.launch`."""
    own = {"maxWorkers": str(spec.max_workers), "minWorkers": str(spec.min_workers)}
    found = trainingjob.launch(spec, NAME, resource, own)
    marks = {labels.SPOT_INSTANCE: "true"} if spec.spot_instance else {}
    marks |= {labels.MAX_WAIT_TIME: str(spec.max_wait_time)} if spec.max_wait_time else {}
    return {
        **found,
        "annotations": {**found["annotations"], **marks},
        "worker_min": spec.min_workers,
        "worker_max": spec.max_workers,
        "worker_restart_policy": spec.worker_restart_policy or None,
    }


def scale(obj: Object, workers: int) -> Change:
    """What gives an elastic job so many workers in all.

    Raises:
        SpecError: it may not have so many, or so few.
        Conflict: it does not run, or is being scaled.
    """
    name, now = obj["metadata"]["name"], trainingjob.workers(obj)
    if workers == now:
        return Change(patch={})
    _check_count(obj, workers, f"--workers {workers}")
    if (obj.get("status") or {}).get("phase") == "Scaling":
        raise Conflict(f'etjob "{name}" is being scaled', f"try again when it runs: arena get {_aimed(obj)}")
    return _request(obj, ScaleSpec(name=name, count=abs(workers - now)), out=workers > now)


def scale_by(obj: Object, spec: ScaleSpec, *, out: bool) -> Change:
    """What adds workers to an elastic job (`out`), or takes some away; raises as `scale`."""
    now = trainingjob.workers(obj)
    _check_count(obj, now + spec.count if out else now - spec.count, f"--count {spec.count}")
    return _request(obj, spec, out=out)


def _aimed(obj: Object) -> str:
    return aimed(obj["metadata"]["name"], obj["metadata"].get("namespace") or "default")


def _check_count(obj: Object, workers: int, given: str) -> None:
    fewest, most = trainingjob.limits(obj)
    now = trainingjob.workers(obj)
    has = f'{given}: etjob "{obj["metadata"]["name"]}" has {now} worker' + "s" * (now != 1)
    allowed = f"let it have {fewest} to {most}" if most else f"let it have {fewest} or more"
    if workers < fewest:
        raise SpecError(f"{has} and needs at least {fewest} (its --min-workers)", allowed)
    if most is not None and workers > most:
        raise SpecError(f"{has} and takes at most {most} (its --max-workers)", allowed)


def _request(obj: Object, spec: ScaleSpec, *, out: bool) -> Change:
    resource = SCALEOUTS if out else SCALEINS
    name = obj["metadata"]["name"]
    if (obj.get("status") or {}).get("phase") not in _SCALABLE:
        raise Conflict(
            f'etjob "{name}" does not run', f"only then it can be scaled: arena get {_aimed(obj)} -e"
        )
    body: dict[str, Any] = {
        "selector": {"name": name},
        "toAdd" if out else "toDelete": {"count": spec.count},
        "timeout": spec.timeout,
    }
    if spec.script:
        body["script"] = spec.script
        body["env"] = environment.variables(spec.env) or None
        body["backoffLimit"] = spec.retry or None
    short = name[:_NAME_ROOM].rstrip("-")
    meta = {"generateName": f"{short}-", "labels": labels.common(name, NAME, "scaling")}
    return Change(
        resource=resource,
        request={
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": meta,
            "spec": {key: value for key, value in body.items() if value is not None},
        },
    )


KIND = trainingjob.carried(
    name=NAME,
    aliases=("et", "elastictraining"),
    summary="Elastic training: workers come and go while the program runs",
    spec=ETJobSpec,
    values=values,
    read=trainingjob.reader(NAME),
    owns=lambda obj: trainingjob.carries(obj) == NAME,
    scale=scale,
    examples=(
        'arena submit etjob --name resnet --workers 2 --max-workers 8 --gpus 1 --image IMAGE "horovodrun '
        '-np 2 --min-np 1 --max-np 8 --host-discovery-script /etc/edl/discover_hosts.sh python train.py"',
        "arena scaleout etjob --name resnet --count 2",
    ),
)
