"""The environment of containers."""

from collections.abc import Mapping
from typing import Any

from arena import accelerators
from arena.kinds.workload.spec import GIT_SECRETS, WorkloadSpec

Values = dict[str, Any]


def env(spec: WorkloadSpec, *, hide_gpus: bool) -> list[Values]:
    """The environment of a container.

    Options come first, so that `$(gpus)` in the value of a later variable is expanded.

    Args:
        hide_gpus: whether the container requests no GPUs, so that it must not see the node's.
    """
    plain = dict(spec.own_variables)
    plain |= {name: value for name, value in spec.env.items() if name not in GIT_SECRETS}
    if hide_gpus and not any("gpu" in name or accelerators.find(name) for name in spec.devices):
        # An image made for GPUs would see all of the node's.
        plain["NVIDIA_VISIBLE_DEVICES"] = "void"
    references = {name: (one.secret, one.key) for name, one in spec.env_from_secret.items()}
    references |= {name: (secret_name(spec), name) for name in spec.secret}
    kept = {name: value for name, value in plain.items() if name not in references}
    return variables(kept) + [reference(name, *where) for name, where in references.items()]


def literal(text: str) -> str:
    """Escape text for a manifest, so that the program receives `$$` as typed.

    Kubernetes turns two `$` in commands and variables into one; `$(NAME)` stays a reference.
    """
    return text.replace("$$", "$$$$")


def variables(plain: Mapping[str, str]) -> list[Values]:
    """Variables with their values, in the form of a manifest."""
    return [{"name": name, "value": literal(value)} for name, value in plain.items()]


def reference(name: str, secret: str, key: str) -> Values:
    """A variable whose value comes from a key of a Secret."""
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def secret_name(spec: WorkloadSpec) -> str:
    """The Secret that holds the secrets of the workload."""
    return f"{spec.release}-env"
