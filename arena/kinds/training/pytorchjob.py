"""PyTorchJob: distributed PyTorch; every instance runs the same command."""

from typing import Any

from arena import labels
from arena.errors import SpecError, aimed
from arena.kinds import forms
from arena.kinds.kind import Change, Kind, Object, count, switch
from arena.kinds.spec import option
from arena.kinds.training import environment, peers, reading, releases
from arena.kinds.training.peers import CleanedSpec
from arena.resources import Resource

NAME = "pytorchjob"
OWN_STORE = "TORCH_DISABLE_SHARE_RDZV_TCP_STORE"
"""Where all rounds share a store, torchrun (seen with 2.13) tells a worker that joins later of no master."""


class PyTorchJobSpec(CleanedSpec):
    """What a PyTorchJob is asked to be; `workers` counts the master."""

    nproc_per_node: str = option("", "Processes of each worker, for torchrun", forms.PROCESSES)
    min_workers: int = option(0, "Fewest workers that an elastic job goes on with (0: one)")
    max_workers: int = option(0, "Most workers that an elastic job may have (0: it is not elastic)")

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

    def idle(self) -> dict[str, str]:
        """As of every Spec; the least counts where there is a most."""
        lone = self.min_workers and not self.max_workers
        return super().idle() | ({"min_workers": "--max-workers"} if lone else {})

    @property
    def elastic(self) -> dict[str, Any] | None:
        """The policy by which workers come and go."""
        if not self.max_workers:
            return None
        return {"minReplicas": self.min_workers or 1, "maxReplicas": self.max_workers, "rdzvBackend": "c10d"}


def values(spec: PyTorchJobSpec, resource: Resource) -> dict[str, Any]:
    """The values of the template; raises as `render.shared` and `releases.check`."""
    releases.check(resource)
    # Workers that come and go need one that stays only to meet at, which is the first of them.
    master = 0 if spec.elastic else 1
    return {
        **peers.operated(spec, NAME, resource),
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


def scale(obj: Object, workers: int) -> Change:
    """What changes the workers of an elastic job, its master counted.

    Raises:
        SpecError: it is not elastic, or its policy allows no such number.
    """
    spec, name = obj.get("spec") or {}, obj["metadata"]["name"]
    policy, roles = spec.get("elasticPolicy"), spec.get("pytorchReplicaSpecs") or {}
    job = aimed(name, obj["metadata"].get("namespace") or "default")
    again = f"arena rerun {job} --replace --set workers={workers}"
    if policy is None or "Worker" not in roles:
        raise SpecError(
            f'job "{name}" is not elastic: its programs were told how many they are',
            f"submit it with --max-workers, or start it anew: {again}",
        )
    wanted = workers - ("Master" in roles)
    now = roles["Worker"].get("replicas") or 1
    low, high = policy.get("minReplicas") or now, policy.get("maxReplicas") or now
    if not low <= wanted <= high:
        more = workers - wanted
        raise SpecError(
            f'--workers {workers} is not what job "{name}" allows', f"give {low + more} to {high + more}"
        )
    return count("spec", "pytorchReplicaSpecs", "Worker", "replicas")(obj, wanted)


KIND = Kind(
    name=NAME,
    aliases=("pytorch", "py"),
    summary="Distributed PyTorch",
    resources=releases.of("pytorchjobs", "PyTorchJob"),
    template="pytorchjob.yaml",
    spec=PyTorchJobSpec,
    values=values,
    read=reading.read(NAME, "pytorchReplicaSpecs"),
    pods=reading.selector("pytorchjob-controller", labels.PYTORCH_JOB_NAME),
    job_of=reading.job_of("pytorchjob-controller", labels.PYTORCH_JOB_NAME),
    former=reading.FORMER,
    suspend=switch("spec", "runPolicy", "suspend"),
    scale=scale,
    examples=('arena submit pytorchjob --name bert --workers 4 --gpus 1 --image IMAGE "torchrun train.py"',),
)
