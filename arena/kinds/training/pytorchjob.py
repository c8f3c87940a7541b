"""PyTorchJob: distributed PyTorch; every instance runs the same command."""

from typing import Any

from arena import labels
from arena.errors import SpecError, aimed
from arena.kinds import option_types as types
from arena.kinds.kind import Kind, Modification, Object, count, switch
from arena.kinds.spec import option
from arena.kinds.training import FAMILY
from arena.kinds.training.base import reading, training_operator, workers
from arena.kinds.training.base.training_operator import TRAINING_OPERATOR
from arena.kinds.training.base.workers import TrainingOperatorSpec
from arena.kinds.workload import environment
from arena.kinds.workload.rendering import Rendering

NAME = "pytorchjob"
CONVENTIONS = TRAINING_OPERATOR._replace(main_containers=("pytorch",))
OWN_STORE = "TORCH_DISABLE_SHARE_RDZV_TCP_STORE"
"""If all rounds share a store, torchrun (seen with 2.13) gives a worker that joins later no master."""


class PyTorchJobSpec(TrainingOperatorSpec):
    """The options of a PyTorchJob; `workers` includes the master."""

    nproc_per_node: str = option("", "Processes of each worker, for torchrun", types.PROCESSES)
    min_workers: int = option(0, "Minimum number of workers of an elastic job (0: one)")
    max_workers: int = option(0, "Maximum number of workers of an elastic job (0: not elastic)")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.max_workers:
            return
        low = self.min_workers or 1
        if not low <= self.workers <= self.max_workers:
            bounds = f"--min-workers {low} and --max-workers {self.max_workers}"
            raise SpecError(
                f"--workers {self.workers} is not between {bounds}", "start with a number between them"
            )

    def unused(self) -> dict[str, str]:
        """The unused options of every job; a minimum has no effect without a maximum."""
        lone = self.min_workers and not self.max_workers
        return super().unused() | ({"min_workers": "--max-workers"} if lone else {})

    @property
    def elastic(self) -> dict[str, Any] | None:
        """The policy by which workers come and go."""
        if not self.max_workers:
            return None
        return {"minReplicas": self.min_workers or 1, "maxReplicas": self.max_workers, "rdzvBackend": "c10d"}


def values(spec: PyTorchJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises as `render.shared` and `training_operator.check`."""
    training_operator.check_release(rendering.resource)
    # Elastic workers need a permanent one for the rendezvous, which is the first of them.
    master = 0 if spec.elastic else 1
    return {
        **workers.values(spec, NAME, rendering),
        "processes": spec.nproc_per_node or None,
        "env": _env(spec),
        "elastic": spec.elastic,
        "master": "Master" if master else None,
        "worker": "Worker" if spec.workers > master else None,
        "worker_replicas": spec.workers - master,
    }


def _env(spec: PyTorchJobSpec) -> list[dict[str, Any]]:
    found = environment.env(spec, hide_gpus=not spec.gpus)
    if spec.elastic and not any(one["name"] == OWN_STORE for one in found):
        found += environment.variables({OWN_STORE: "1"})
    return found


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
    spec=PyTorchJobSpec,
    values=values,
    read=reading.read(NAME, "pytorchReplicaSpecs", CONVENTIONS),
    pods=training_operator.selector("pytorchjob-controller", labels.PYTORCH_JOB_NAME),
    event_writer=training_operator.master,
    job_of=training_operator.job_of("pytorchjob-controller", labels.PYTORCH_JOB_NAME),
    former=training_operator.FORMER,
    conventions=CONVENTIONS,
    suspend=switch("spec", "runPolicy", "suspend"),
    scale=scale,
    examples=('arena submit pytorchjob --name bert --workers 4 --gpus 1 --image IMAGE "torchrun train.py"',),
)
