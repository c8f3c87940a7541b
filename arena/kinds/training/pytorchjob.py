"""PyTorchJob: distributed PyTorch; every instance runs the same command."""

from arena import labels
from arena.errors import SpecError, aimed
from arena.kinds.kind import Kind, Modification, Object, count, switch
from arena.kinds.training import FAMILY
from arena.kinds.training.base import reading, training_operator
from arena.kinds.training.base.training_operator import TRAINING_OPERATOR

NAME = "pytorchjob"
CONVENTIONS = TRAINING_OPERATOR._replace(main_containers=("pytorch",))


def scale(obj: Object, workers: int) -> Modification:
    """Change the number of workers of an elastic job, including its master.

    Raises:
        SpecError: it is not elastic, or its policy does not allow that number.
    """
    spec, name = obj.get("spec") or {}, obj["metadata"]["name"]
    policy, roles = spec.get("elasticPolicy"), spec.get("pytorchReplicaSpecs") or {}
    job = aimed(name, obj["metadata"].get("namespace") or "default")
    again = f"arena rerun {job} --replace --set workers={workers}"
    if policy is None or "Worker" not in roles:
        raise SpecError(
            f'job "{name}" is not elastic: its programs were started with a fixed number of workers',
            f"submit it with --max-workers, or start it again: {again}",
        )
    wanted = workers - ("Master" in roles)
    now = roles["Worker"].get("replicas") or 1
    low, high = policy.get("minReplicas") or now, policy.get("maxReplicas") or now
    if not low <= wanted <= high:
        more = workers - wanted
        raise SpecError(
            f'--workers {workers} is out of range for job "{name}"', f"give {low + more} to {high + more}"
        )
    return count("spec", "pytorchReplicaSpecs", "Worker", "replicas")(obj, wanted)


KIND = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("pytorch", "py"),
    summary="Distributed PyTorch",
    resources=training_operator.resources("pytorchjobs", "PyTorchJob"),
    template="pytorchjob.yaml",
    specs="arena.kinds.training.specs.pytorchjob",
    read=reading.read(NAME, "pytorchReplicaSpecs", CONVENTIONS),
    pods=training_operator.selector("pytorchjob-controller", labels.PYTORCH_JOB_NAME),
    event_writer=training_operator.master,
    job_of=training_operator.job_of("pytorchjob-controller", labels.PYTORCH_JOB_NAME),
    former=training_operator.FORMER,
    conventions=CONVENTIONS,
    suspend=switch("spec", "runPolicy", "suspend"),
    halt=training_operator.HALT,
    scale=scale,
    examples=('arena submit pytorchjob --name bert --workers 4 --gpus 1 --image IMAGE "torchrun train.py"',),
)
