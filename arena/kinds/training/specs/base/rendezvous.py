"""Variables of torch and torchrun with which workers find each other."""

from typing import Any

from arena import labels
from arena.kinds.training.specs.base.spec import TrainingSpec
from arena.kinds.workload.environment import variables

PROCESSES = "PET_NPROC_PER_NODE"
"""The variable that tells torchrun how many processes to start."""


def rendezvous(spec: TrainingSpec, host: str, port: int, processes: str) -> list[dict[str, Any]]:
    """Variables of workers with a completion index, except those that the user sets.

    Args:
        host: the host of the first worker, which listens on `port`.
        processes: the number of processes of each worker, or a word of torchrun; "" for its default.
    """
    size = spec.workers * (int(processes) if processes.isdecimal() else 1)
    plain = {"MASTER_ADDR": host, "MASTER_PORT": str(port), "WORLD_SIZE": str(size)}
    plain |= {"PET_NNODES": str(spec.workers), "PET_MASTER_ADDR": host, "PET_MASTER_PORT": str(port)}
    plain |= {PROCESSES: processes} if processes else {}
    index = {"fieldRef": {"fieldPath": f"metadata.annotations['{labels.COMPLETION_INDEX}']"}}
    ranks = [{"name": name, "valueFrom": index} for name in ("RANK", "PET_NODE_RANK")]
    own = {*spec.env, *spec.env_from_secret, *spec.secret}
    return [one for one in (*variables(plain), *ranks) if one["name"] not in own]


def single_worker(spec: TrainingSpec, processes: str) -> list[dict[str, Any]]:
    """The variable for torchrun in the only worker of a job; nothing if `processes` is ""."""
    own = {*spec.env, *spec.env_from_secret, *spec.secret}
    return variables({PROCESSES: processes}) if processes and PROCESSES not in own else []
