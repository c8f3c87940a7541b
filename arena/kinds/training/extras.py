"""What is made beside a training job: its config files, its secrets and its TensorBoard.

Each is a template and its values; who submits gives them the job as owner.
"""

from binascii import b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from arena import labels
from arena.errors import SpecError
from arena.kinds.training import code, environment, render, volumes
from arena.kinds.training.base import TrainingSpec

FILES_LIMIT = 1_000_000
"""Bytes of all config files together: an object of the cluster holds at most a mebibyte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """One template beside the job's, and what fills it."""

    template: str
    values: dict[str, Any]


def extras(spec: TrainingSpec, kind: str, contents: Mapping[str, bytes]) -> list[Extra]:
    """What the job needs beside itself, in the order of creation.

    Args:
        spec: the job's Spec.
        kind: the job's kind, such as `tfjob`.
        contents: the bytes of each file of `spec.config_file`, by its source.

    Raises:
        SpecError: the config files are too big together.
    """
    found = []
    if spec.config_file:
        found.append(_files(spec, kind, contents))
    if spec.secret or spec.credentials:
        common = labels.common(spec.name, kind)
        values = {"name": environment.secret_name(spec), "labels": common}
        found.append(
            Extra(template="secret.yaml", values={**values, "data": {**spec.credentials, **spec.secret}})
        )
    if spec.tensorboard:
        found.append(_tensorboard(spec, kind))
    return found


def parts(spec: TrainingSpec) -> list[Extra]:
    """The parts of the job's code: jobs with the same code have them together."""
    return [Extra(template="code.yaml", values=one) for one in code.parts(spec)]


def _files(spec: TrainingSpec, kind: str, contents: Mapping[str, bytes]) -> Extra:
    if sum(len(contents[one.source]) for one in spec.config_file) > FILES_LIMIT:
        raise SpecError(
            "--config-file: the files are larger than 1 MB together", "put them on a volume: --data"
        )
    text, binary = {}, {}
    for number, one in enumerate(spec.config_file):
        key, raw = volumes.file_key(number, one.source), contents[one.source]
        try:
            text[key] = raw.decode()
        except UnicodeDecodeError:
            binary[key] = b2a_base64(raw, newline=False).decode()
    values = {"name": volumes.files_name(spec), "labels": labels.common(spec.name, kind)}
    return Extra(template="configmap.yaml", values={**values, "data": text or None, "binary": binary or None})


def _tensorboard(spec: TrainingSpec, kind: str) -> Extra:
    own = {**labels.common(spec.name, kind, "tensorboard"), labels.ROLE: "tensorboard"}
    pod = render.pod(spec)
    shared = ("tolerations", "scheduler", "pull_secrets")
    values = {key: pod[key] for key in shared} | {
        "name": f"{spec.name}-tensorboard",
        "labels": own,
        "match": {labels.RELEASE: spec.name, labels.APP: kind, labels.ROLE: "tensorboard"},
        "image": spec.tensorboard_image,
        "selector": dict(spec.selector) or None,
        "logdir": spec.events,
        "working_dir": spec.start_dir,
        "affinity": _beside_chief(spec, kind),
        "volumes": _event_volumes(spec) or None,
        "mounts": _event_mounts(spec) or None,
    }
    return Extra(template="tensorboard.yaml", values=values)


def _event_volumes(spec: TrainingSpec) -> list[dict[str, Any]]:
    names = {mount["name"] for mount in _event_mounts(spec)}
    return [volume for volume in volumes.volumes(spec) if volume["name"] in names]


def _event_mounts(spec: TrainingSpec) -> list[dict[str, Any]]:
    found = volumes.claim_mounts(spec) + volumes.folder_mounts(spec)
    if spec.owns_events:
        found.append({"name": "training-logs-volume", "mountPath": spec.events})
    return found


def _beside_chief(spec: TrainingSpec, kind: str) -> dict[str, Any] | None:
    """Files on a node are only seen there, and many claims mount on one node only."""
    if spec.on_host or not (spec.owns_events or spec.data or spec.data_dir):
        return None
    chief = {"labelSelector": {"matchLabels": _chief(spec, kind)}, "topologyKey": "kubernetes.io/hostname"}
    if spec.owns_events:
        return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [chief]}}
    wish = {"weight": 100, "podAffinityTerm": chief}
    return {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [wish]}}


def _chief(spec: TrainingSpec, kind: str) -> dict[str, str]:
    """Labels of the pod that writes the events."""
    if kind in ("job", "jobset", "trainjob"):
        # Their operators do not label the first one, on all clusters, but arena labels them all.
        return {labels.RELEASE: spec.name, labels.APP: kind, labels.COMPONENT: "training"}
    if kind == "rayjob":
        return {labels.RAY_ORIGIN: spec.name, labels.RAY_NODE_TYPE: "head"}
    # Rank 0 runs in the first worker, not in the launcher.
    if kind in ("etjob", "deepspeedjob"):
        return {labels.ET_JOB_NAME: spec.name, labels.ET_INDEX: "0"}
    first = {labels.JOB_ROLE: "master"}
    if kind in ("mpijob", "horovodjob"):
        first = {labels.REPLICA_INDEX: "0"}
    if kind == "paddlejob":
        # Its masters are parameter servers, and where there are none no worker is called one.
        first = {labels.REPLICA_TYPE: "worker", labels.REPLICA_INDEX: "0"}
    return {labels.JOB_NAME: spec.name, **first}
