"""Elastic job: a TrainingJob whose program continues while workers come and go, usually with horovodrun."""

from typing import TYPE_CHECKING, Any

from arena import labels
from arena.errors import Conflict, SpecError, aimed
from arena.kinds.kind import Modification, Object, ScaleRequests
from arena.kinds.training.base import et_operator, reading
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kinds.training.specs.etjob import ScaleSpec

NAME = "etjob"

SCALEINS = Resource(labels.ET_GROUP, "v1alpha1", "scaleins", kind="ScaleIn")
SCALEOUTS = Resource(labels.ET_GROUP, "v1alpha1", "scaleouts", kind="ScaleOut")

_SCALABLE = ("Running", "Scaling", "ScaleSucceeded", "ScaleFailed")
_NAME_ROOM = 40
"""Number of characters of a job's name in the names of its scale requests."""


def scale_spec() -> "type[ScaleSpec]":
    """The type of the Specs of requests to scale."""
    from arena.kinds.training.specs.etjob import ScaleSpec

    return ScaleSpec


def scale(obj: Object, workers: int) -> Modification:
    """The request that scales an elastic job to that total number of workers.

    Raises:
        SpecError: its limits do not allow that number.
        Conflict: it does not run, or is already being scaled.
    """
    from arena.kinds.training.specs.etjob import ScaleSpec

    name, now = obj["metadata"]["name"], et_operator.worker_count(obj)
    if workers == now:
        return Modification(patch={})
    _check_count(obj, workers, f"--workers {workers}")
    if (obj.get("status") or {}).get("phase") == "Scaling":
        raise Conflict(f'etjob "{name}" is being scaled', f"try again when it runs: arena get {_aimed(obj)}")
    return _request(obj, ScaleSpec(name=name, count=abs(workers - now)), out=workers > now)


def scale_by(obj: Object, spec: "ScaleSpec", out: bool) -> Modification:
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


def _request(obj: Object, spec: "ScaleSpec", *, out: bool) -> Modification:
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
        from arena.kinds.workload import environment

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
    specs="arena.kinds.training.specs.etjob",
    read=et_operator.reader(NAME),
    owns=owns,
    scale=scale,
    scale_requests=ScaleRequests(spec=scale_spec, modification=scale_by, outcome=scale_outcome),
    servers=("worker",),
    examples=(
        'arena submit etjob --name resnet --workers 2 --max-workers 8 --gpus 1 --image IMAGE "horovodrun '
        '-np 2 --min-np 1 --max-np 8 --host-discovery-script /etc/edl/discover_hosts.sh python train.py"',
        "arena scaleout etjob --name resnet --count 2",
    ),
)
