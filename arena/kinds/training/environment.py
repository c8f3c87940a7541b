"""The environment of a job's containers."""

from collections.abc import Mapping
from typing import Any

from arena import labels
from arena.kinds.training.base import GIT_SECRETS, TrainingSpec

Values = dict[str, Any]

PROCESSES = "PET_NPROC_PER_NODE"
"""The variable by which torchrun is told how many processes it starts."""


def env(spec: TrainingSpec, *, hide_gpus: bool) -> list[Values]:
    """The environment of a container.

    What the job was asked for comes first, so that `$(workers)` in a later value is expanded.

    Args:
        spec: the Spec.
        hide_gpus: whether it has none, so that it must not see those of the node either.
    """
    plain = {"workers": str(spec.workers), "gpus": str(spec.gpus)}
    plain |= {name: value for name, value in spec.env.items() if name not in GIT_SECRETS}
    if hide_gpus and not any("gpu" in name or name.startswith("nvidia.com/") for name in spec.device):
        # An image made for GPUs would see all of the node's.
        plain["NVIDIA_VISIBLE_DEVICES"] = "void"
    references = {name: (one.secret, one.key) for name, one in spec.env_from_secret.items()}
    references |= {name: (secret_name(spec), name) for name in spec.secret}
    kept = {name: value for name, value in plain.items() if name not in references}
    return variables(kept) + [reference(name, *where) for name, where in references.items()]


def meeting(spec: TrainingSpec, host: str, port: int, processes: str) -> list[Values]:
    """How workers that are told apart by a completion index find each other: what torch and torchrun read.

    Args:
        spec: the Spec; what it sets itself is left to it.
        host: where the first worker is reached, at `port`.
        processes: how many each worker starts, a number or a word of torchrun's; "" for the usual.
    """
    size = spec.workers * (int(processes) if processes.isdecimal() else 1)
    plain = {"MASTER_ADDR": host, "MASTER_PORT": str(port), "WORLD_SIZE": str(size)}
    plain |= {"PET_NNODES": str(spec.workers), "PET_MASTER_ADDR": host, "PET_MASTER_PORT": str(port)}
    plain |= {PROCESSES: processes} if processes else {}
    index = {"fieldRef": {"fieldPath": f"metadata.annotations['{labels.COMPLETION_INDEX}']"}}
    ranks = [{"name": name, "valueFrom": index} for name in ("RANK", "PET_NODE_RANK")]
    own = {*spec.env, *spec.env_from_secret, *spec.secret}
    return [one for one in (*variables(plain), *ranks) if one["name"] not in own]


def alone(spec: TrainingSpec, processes: str) -> list[Values]:
    """What torchrun reads in a worker that has no other to meet; nothing where `processes` is ""."""
    own = {*spec.env, *spec.env_from_secret, *spec.secret}
    return variables({PROCESSES: processes}) if processes and PROCESSES not in own else []


def literal(text: str) -> str:
    """Text as a manifest must have it so that the program gets `$$` as it was typed.

    Kubernetes makes one `$` of two in commands and variables; `$(NAME)` stays a reference.
    """
    return text.replace("$$", "$$$$")


def variables(plain: Mapping[str, str]) -> list[Values]:
    """Variables with their values, as a manifest has them."""
    return [{"name": name, "value": literal(value)} for name, value in plain.items()]


def reference(name: str, secret: str, key: str) -> Values:
    """A variable whose value is that of a Secret's key."""
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def secret_name(spec: TrainingSpec) -> str:
    """The Secret that holds the job's own secrets."""
    return f"{spec.name}-env"
