"""The objects that are created beside a workload and that it owns: config files, secrets, TensorBoard, code.

Each is a template and its values. The submitter sets the workload as their owner.
"""

from binascii import b2a_base64
from collections.abc import Mapping
from typing import Any

from arena import labels
from arena.errors import SpecError
from arena.kinds.kind import Kind
from arena.kinds.workload import code, environment, logdir, pod_values, runs, volumes
from arena.kinds.workload.rendering import Rendering
from arena.kinds.workload.spec import TensorBoardSpec, WorkloadSpec
from arena.values import frozen

FILES_LIMIT = 1_000_000
"""Total bytes of all config files; an object of the cluster holds at most a mebibyte."""


@frozen
class Dependent:
    """The template of an object beside the main one, and the values that fill it."""

    template: str
    values: dict[str, Any]


def dependents(kind: Kind, spec: WorkloadSpec, rendering: Rendering) -> list[Dependent]:
    """The objects that the workload alone owns, in the order of creation.

    Raises:
        SpecError: the config files are too large in total.
    """
    found = []
    if spec.config_file:
        found.append(_config_files(kind, spec, rendering.config_files))
    if spec.secret or spec.credentials:
        found.append(_secret(kind, spec, rendering.secrets))
    if isinstance(spec, TensorBoardSpec) and spec.tensorboard:
        found.append(_tensorboard(kind, spec, rendering))
    return [*found, *kind.beside(spec, rendering)]


def code_parts(rendering: Rendering) -> list[Dependent]:
    """The parts of the packed code, which workloads with the same code share."""
    return [Dependent(template="code.yaml", values=one) for one in code.parts(rendering)]


def _secret(kind: Kind, spec: WorkloadSpec, secrets: Mapping[str, str]) -> Dependent:
    values = {
        "name": environment.secret_name(spec),
        "labels": _labels(kind, spec),
        "data": {**spec.credentials, **secrets},
    }
    return Dependent(template="secret.yaml", values=values)


def _labels(kind: Kind, spec: WorkloadSpec) -> dict[str, str]:
    return labels.common(spec.name, kind.name, kind.family.component, spec.release)


def _config_files(kind: Kind, spec: WorkloadSpec, contents: Mapping[str, bytes]) -> Dependent:
    if sum(len(contents[one.source]) for one in spec.config_file) > FILES_LIMIT:
        raise SpecError("--config-file: the files exceed 1 MB in total", "put them on a volume: --data")
    text, binary = {}, {}
    for number, one in enumerate(spec.config_file):
        key, raw = volumes.file_key(number, one.source), contents[one.source]
        try:
            text[key] = raw.decode()
        except UnicodeDecodeError:
            binary[key] = b2a_base64(raw, newline=False).decode()
    values = {
        "name": volumes.files_name(spec),
        "labels": _labels(kind, spec),
    }
    more = {"data": text or None, "binary": binary or None}
    return Dependent(template="configmap.yaml", values={**values, **more})


def _tensorboard(kind: Kind, spec: TensorBoardSpec, rendering: Rendering) -> Dependent:
    own = {**labels.common(spec.name, kind.name, "tensorboard"), labels.ROLE: "tensorboard"}
    pod = pod_values.shared(spec, rendering)
    shared = ("tolerations", "scheduler", "pull_secrets")
    values = {key: pod[key] for key in shared} | {
        "name": f"{spec.name}-tensorboard",
        "labels": own,
        "match": {labels.RELEASE: spec.name, labels.APP: kind.name, labels.ROLE: "tensorboard"},
        "image": spec.tensorboard_image,
        "selector": dict(spec.selector) or None,
        "logdir": logdir.location(spec, rendering),
        "working_dir": code.start_dir(spec, rendering),
        "affinity": _affinity(kind, spec, rendering),
        "volumes": _event_volumes(spec, rendering) or None,
        "mounts": _event_mounts(spec, rendering) or None,
    }
    return Dependent(template="tensorboard.yaml", values=values)


def _event_volumes(spec: WorkloadSpec, rendering: Rendering) -> list[dict[str, Any]]:
    names = {mount["name"] for mount in _event_mounts(spec, rendering)}
    return [volume for volume in volumes.volumes(spec, rendering) if volume["name"] in names]


def _event_mounts(spec: WorkloadSpec, rendering: Rendering) -> list[dict[str, Any]]:
    found = volumes.claim_mounts(spec) + volumes.folder_mounts(spec)
    if path := logdir.volume_path(spec, rendering):
        found.append({"name": "training-logs-volume", "mountPath": path})
    return found


def _affinity(kind: Kind, spec: WorkloadSpec, rendering: Rendering) -> dict[str, Any] | None:
    """Place it beside the pod that writes the event files: files on a node are visible only there.

    Many claims can be mounted only on one node, too.
    """
    if rendering.on_host or not (spec.data or spec.data_dir or logdir.volume_path(spec, rendering)):
        return None
    writer = kind.event_writer(spec.name) if kind.event_writer else _any_pod(kind, spec)
    marks = runs.pod_labels(rendering, spec.name, writer)
    term = {"labelSelector": {"matchLabels": marks}, "topologyKey": "kubernetes.io/hostname"}
    if logdir.volume_path(spec, rendering):
        return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    preference = {"weight": 100, "podAffinityTerm": term}
    return {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [preference]}}


def _any_pod(kind: Kind, spec: WorkloadSpec) -> dict[str, str]:
    """Labels that arena puts on the pods of every kind."""
    return {labels.RELEASE: spec.name, labels.APP: kind.name, labels.COMPONENT: kind.family.component}
