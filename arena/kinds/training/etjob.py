"""Elastic job: a TrainingJob whose program continues while workers come and go, usually with horovodrun."""

from collections.abc import Mapping
from typing import Any

from arena import labels
from arena.errors import Conflict, SpecError, aimed
from arena.kinds import option_types as types
from arena.kinds.kind import Modification, Object, ScaleRequests
from arena.kinds.option_types import choice
from arena.kinds.record import Record
from arena.kinds.spec import REQUIRED, option
from arena.kinds.training.base import et_operator, reading
from arena.kinds.training.base.et_operator import TrainingJobSpec
from arena.kinds.workload import environment
from arena.kinds.workload.rendering import Rendering
from arena.resources import Resource

NAME = "etjob"

SCALEINS = Resource(labels.ET_GROUP, "v1alpha1", "scaleins", kind="ScaleIn")
SCALEOUTS = Resource(labels.ET_GROUP, "v1alpha1", "scaleouts", kind="ScaleOut")

_SCALABLE = ("Running", "Scaling", "ScaleSucceeded", "ScaleFailed")
_NAME_ROOM = 40
"""Number of characters of a job's name in the names of its scale requests."""


class ETJobSpec(TrainingJobSpec):
    """The options of an elastic job."""

    max_workers: int = option(1000, "Maximum number of workers", types.POSITIVE)
    min_workers: int = option(1, "Minimum number of workers", types.POSITIVE)
    spot_instance: bool = option(False, "Allow spot nodes, which may be reclaimed", safe=True)
    max_wait_time: int = option(0, "Maximum time to wait for such nodes (0: no limit)", types.SECONDS)
    worker_restart_policy: str = option(
        "",
        "When to replace a worker that has ended",
        choice("Never", "OnFailure", "Always", "ExitCode"),
        safe=True,
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
    """The options of a request to scale an elastic job."""

    name: str = option(REQUIRED, "Name of the elastic job", types.NAME)
    timeout: int = option(60, "Time limit, including that of the script", types.SECONDS, short="-t")
    retry: int = option(0, "Number of times to run a failed script again")
    count: int = option(1, "Number of workers", types.POSITIVE)
    script: str = option("", "Script in the image to run with the affected workers as its argument")
    env: Mapping[str, str] = option({}, "Environment variable of the script", types.ENV, short="-e")

    def __post_init__(self) -> None:
        if self.timeout < 1:
            raise SpecError("--timeout is less than a second", "give 1s or more")


def values(spec: ETJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises as `et_operator.launch`."""
    own = {"maxWorkers": str(spec.max_workers), "minWorkers": str(spec.min_workers)}
    found = et_operator.launch(spec, NAME, rendering, own)
    marks = {labels.SPOT_INSTANCE: "true"} if spec.spot_instance else {}
    marks |= {labels.MAX_WAIT_TIME: str(spec.max_wait_time)} if spec.max_wait_time else {}
    return {
        **found,
        "annotations": {**found["annotations"], **marks},
        "worker_min": spec.min_workers,
        "worker_max": spec.max_workers,
        "worker_restart_policy": spec.worker_restart_policy or None,
    }


def scale(obj: Object, workers: int) -> Modification:
    """The request that scales an elastic job to that total number of workers.

    Raises:
        SpecError: its limits do not allow that number.
        Conflict: it does not run, or is already being scaled.
    """
    name, now = obj["metadata"]["name"], et_operator.worker_count(obj)
    if workers == now:
        return Modification(patch={})
    _check_count(obj, workers, f"--workers {workers}")
    if (obj.get("status") or {}).get("phase") == "Scaling":
        raise Conflict(f'etjob "{name}" is being scaled', f"try again when it runs: arena get {_aimed(obj)}")
    return _request(obj, ScaleSpec(name=name, count=abs(workers - now)), out=workers > now)


def scale_by(obj: Object, spec: ScaleSpec, out: bool) -> Modification:
    """The request that adds workers to an elastic job (`out`) or removes some; raises as `scale`."""
    now = et_operator.worker_count(obj)
    _check_count(obj, now + spec.count if out else now - spec.count, f"--count {spec.count}")
    return _request(obj, spec, out=out)


def scale_outcome(obj: Object) -> tuple[bool | None, str]:
    """Whether a request succeeded (None: not done yet), and the message of its last condition."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    held = [one for one in conditions if str(one.get("status")) == "True"]
    last = next((one for one in held if str(one["type"]).startswith("ScaleS")), None)
    last = last or next((one for one in held if one["type"] == "ScaleFailed"), held[-1] if held else {})
    outcomes = {"ScaleSucceeded": True, "ScaleFailed": False}
    return outcomes.get(str(last.get("type"))), str(last.get("message") or "")


def _aimed(obj: Object) -> str:
    return aimed(obj["metadata"]["name"], obj["metadata"].get("namespace") or "default")


def _check_count(obj: Object, workers: int, given: str) -> None:
    fewest, most = et_operator.limits(obj)
    now = et_operator.worker_count(obj)
    has = f'{given}: etjob "{obj["metadata"]["name"]}" has {now} worker' + "s" * (now != 1)
    allowed = f"choose {fewest} to {most}" if most else f"choose {fewest} or more"
    if workers < fewest:
        raise SpecError(f"{has} and needs at least {fewest} (its --min-workers)", allowed)
    if most is not None and workers > most:
        raise SpecError(f"{has} and takes at most {most} (its --max-workers)", allowed)


def _request(obj: Object, spec: ScaleSpec, *, out: bool) -> Modification:
    resource = SCALEOUTS if out else SCALEINS
    name = obj["metadata"]["name"]
    if (obj.get("status") or {}).get("phase") not in _SCALABLE:
        raise Conflict(
            f'etjob "{name}" does not run', f"only a running job can be scaled: arena get {_aimed(obj)} -e"
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
    return Modification(
        resource=resource,
        request={
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": meta,
            "spec": {key: value for key, value in body.items() if value is not None},
        },
    )


def owns(obj: Object) -> bool:
    """Whether a TrainingJob was submitted as an elastic job, or its launcher runs no deepspeed."""
    made = reading.made_as(obj, NAME, [et_operator.RESOURCE])
    return not et_operator.runs_deepspeed(obj) if made is None else made


KIND = et_operator.carried(
    name=NAME,
    aliases=("et", "elastictraining"),
    summary="Elastic training: workers come and go while the program runs",
    spec=ETJobSpec,
    values=values,
    read=et_operator.reader(NAME),
    owns=owns,
    scale=scale,
    scale_requests=ScaleRequests(spec=ScaleSpec, modification=scale_by, outcome=scale_outcome),
    servers=("worker",),
    examples=(
        'arena submit etjob --name resnet --workers 2 --max-workers 8 --gpus 1 --image IMAGE "horovodrun '
        '-np 2 --min-np 1 --max-np 8 --host-discovery-script /etc/edl/discover_hosts.sh python train.py"',
        "arena scaleout etjob --name resnet --count 2",
    ),
)
