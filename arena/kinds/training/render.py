"""From a Spec to the values that the templates of all training kinds share. None drops a key."""

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from arena import labels
from arena.errors import SpecError
from arena.kinds.spec import encode
from arena.kinds.training.base import GIT_SECRETS, TrainingSpec
from arena.resources import Resource

Values = dict[str, Any]

GPU = "nvidia.com/gpu"
GIT_IMAGE = "registry.k8s.io/git-sync/git-sync:v3.6.5"
RSYNC_IMAGE = "registry.cn-zhangjiakou.aliyuncs.com/acs/rsync:v3.1.0-aliyun"

CLONE = (
    "GIT_TERMINAL_PROMPT=0 git -c credential.helper="
    '\'!f() { echo username="$GIT_SYNC_USERNAME"; echo password="$GIT_SYNC_PASSWORD"; }; f\' '
    'clone --depth 1 ${GIT_SYNC_BRANCH:+--branch "$GIT_SYNC_BRANCH"} '
    '-- "$GIT_SYNC_REPO" "$GIT_SYNC_ROOT/$GIT_SYNC_DEST"'
)
"""What the image for git does, for where there are no images; it reads the same variables."""

_VOLUME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_TAKEN = re.compile(r"dshm|code-sync|config-files|training-logs-volume|training-data-\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a job asks for in all."""

    pods: int
    gpus: int


def shared(spec: TrainingSpec, kind: str, resource: Resource, size: Size) -> Values:
    """Values of the job object and of the pods of every role.

    Raises:
        SpecError: a label is arena's own.
    """
    return {
        "api_version": resource.api_version,
        "name": spec.name,
        **metadata(spec, kind, size),
        "backoff_limit": spec.retry or None,
        "restart_policy": "OnFailure" if spec.retry else "Never",
        "active_deadline": spec.running_timeout or None,
        "ttl": spec.ttl_after_finished or None,
        "scheduling": {"minAvailable": size.pods} if spec.gang else None,
        **pod(spec),
    }


def metadata(spec: TrainingSpec, kind: str, size: Size) -> Values:
    """Labels and annotations of the job and of its pods."""
    own = labels.common(spec.name, kind)
    for key in spec.label:
        if key in own or key.startswith("training.kubeflow.org/"):
            raise SpecError(f'--label: "{key}" is set by arena itself', "choose another key")
    both = {**spec.label, **own}
    on_pods = dict(both)
    if spec.gang:
        on_pods |= {labels.POD_GROUP: f"{kind}-{spec.name}", labels.POD_GROUP_MIN: str(size.pods)}
    on_job = {**both, labels.KUEUE_QUEUE: spec.queue_name} if spec.queue_name else both
    remarks = {**spec.annotation, labels.GPUS: str(size.gpus)}
    stored = json.dumps(encode(spec), ensure_ascii=False)
    suspended = {labels.QUEUE_SUSPEND: "true"} if spec.queue else {}
    return {
        "labels": on_job,
        "annotations": {**remarks, **suspended, labels.SPEC: stored},
        "pod_labels": on_pods,
        # A proxy that is injected never ends, and so the pod would not.
        "pod_annotations": {labels.ISTIO_INJECT: "false", **remarks},
    }


def pod(spec: TrainingSpec) -> Values:
    """Values of a pod that do not depend on its role."""
    host_network = spec.host_network and spec.annotation.get("k8s.aliyun.com/eni") != "true"
    return {
        "image_pull_policy": spec.image_pull_policy,
        "command": shell(spec, spec.command),
        "working_dir": spec.working_dir,
        "mounts": mounts(spec) or None,
        "security": {"capabilities": {"add": ["IPC_LOCK"]}} if spec.rdma else None,
        "volumes": volumes(spec) or None,
        "init_containers": fetcher(spec),
        "tolerations": [one.manifest() for one in spec.toleration] or None,
        "scheduler": spec.scheduler or None,
        "priority": spec.priority or None,
        "host_network": host_network or None,
        "dns_policy": "ClusterFirstWithHostNet" if host_network else None,
        "host_ipc": spec.host_ipc or None,
        "host_pid": spec.host_pid or None,
        "pull_secrets": [{"name": one} for one in spec.image_pull_secret] or None,
    }


def image(spec: TrainingSpec, chosen: str = "") -> str:
    """The image of a role; the job's where the role has none.

    Raises:
        SpecError: neither is given.
    """
    if not (chosen or spec.image):
        raise SpecError("--image is missing", "a cluster needs a container image: add --image IMAGE")
    return chosen or spec.image


def env(spec: TrainingSpec, *, hide_gpus: bool) -> list[Values]:
    """The environment of a container.

    What the job was asked for comes first, so that `$(workers)` in a later value is expanded.

    Args:
        spec: the Spec.
        hide_gpus: whether it has none, so that it must not see those of the node either.
    """
    plain = {"workers": str(spec.workers), "gpus": str(spec.gpus)}
    plain |= {name: value for name, value in spec.env.items() if name not in GIT_SECRETS}
    if hide_gpus and not any("gpu" in name for name in spec.device):
        # An image made for GPUs would see all of the node's.
        plain["NVIDIA_VISIBLE_DEVICES"] = "void"
    references = {name: (one.secret, one.key) for name, one in spec.env_from_secret.items()}
    references |= {name: (secret_name(spec), name) for name in spec.secret}
    kept = {name: value for name, value in plain.items() if name not in references}
    return _variables(kept) + [_reference(name, *where) for name, where in references.items()]


def shell(spec: TrainingSpec, line: str) -> list[str]:
    """The command of a container that runs a line in the job's shell."""
    return [spec.shell, "-c", literal(line)]


def literal(text: str) -> str:
    """Text as a manifest must have it so that the program gets `$$` as it was typed.

    Kubernetes makes one `$` of two in commands and variables; `$(NAME)` stays a reference.
    """
    return text.replace("$$", "$$$$")


def _variables(plain: Mapping[str, str]) -> list[Values]:
    return [{"name": name, "value": literal(value)} for name, value in plain.items()]


def _reference(name: str, secret: str, key: str) -> Values:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def secret_name(spec: TrainingSpec) -> str:
    """The Secret that holds the job's own secrets."""
    return f"{spec.name}-env"


def files_name(spec: TrainingSpec) -> str:
    """The ConfigMap that holds the job's config files."""
    return f"{spec.name}-files"


def resources(
    spec: TrainingSpec, gpus: int, requests: Mapping[str, str], limits: Mapping[str, str] | None = None
) -> Values | None:
    """Requests and limits of a container; empty amounts are left out, limits default to the requests."""
    asked = {name: amount for name, amount in requests.items() if amount}
    limited = {name: amount for name, amount in (requests if limits is None else limits).items() if amount}
    if gpus:
        limited[GPU] = str(gpus)
    limited.update(spec.device)
    if spec.rdma:
        limited["rdma/hca"] = "1"
    return {name: part for name, part in (("requests", asked), ("limits", limited)) if part} or None


def volumes(spec: TrainingSpec) -> list[Values]:
    """The volumes of a pod."""
    names = claim_names(spec)
    found = [
        {"name": name, "persistentVolumeClaim": {"claimName": one.source}}
        for name, one in zip(names, spec.data, strict=True)
    ]
    found += [
        {"name": f"training-data-{number}", "hostPath": {"path": one.source}}
        for number, one in enumerate(spec.data_dir)
    ]
    if spec.config_file:
        found.append({"name": "config-files", "configMap": {"name": files_name(spec)}})
    if spec.sync_mode:
        found.append({"name": "code-sync", "emptyDir": {}})
    if spec.owns_events:
        found.append({"name": "training-logs-volume", "hostPath": events_folder(spec)})
    if spec.share_memory:
        shm = {"medium": "Memory", "sizeLimit": spec.share_memory}
        found.append({"name": "dshm", "emptyDir": shm})
    return found


def events_folder(spec: TrainingSpec) -> Values:
    """The folder of the node that holds the event files where no mounted volume does."""
    return {"path": f"/arena_logs/{spec.name}", "type": "DirectoryOrCreate"}


def mounts(spec: TrainingSpec, *, claims: bool = True) -> list[Values]:
    """Where a container sees the volumes.

    Args:
        spec: the Spec.
        claims: whether it sees the data of --data too.
    """
    found = claim_mounts(spec) if claims else []
    found += folder_mounts(spec)
    found += [
        # A file at a time, as a mount of their folder would hide what else the image has there.
        {
            "name": "config-files",
            "mountPath": one.path,
            "subPath": file_key(number, one.source),
            "readOnly": True,
        }
        for number, one in enumerate(spec.config_file)
    ]
    if spec.sync_mode:
        found.append({"name": "code-sync", "mountPath": posixpath.join(spec.working_dir, "code")})
    if spec.owns_events:
        found.append({"name": "training-logs-volume", "mountPath": spec.events})
    if spec.share_memory:
        found.append({"name": "dshm", "mountPath": "/dev/shm"})
    return found


def claim_mounts(spec: TrainingSpec) -> list[Values]:
    """Where a container sees the data of --data."""
    return [
        {"name": name, "mountPath": one.path} for name, one in zip(claim_names(spec), spec.data, strict=True)
    ]


def folder_mounts(spec: TrainingSpec) -> list[Values]:
    """Where a container sees the folders of --data-dir."""
    return [
        {"name": f"training-data-{number}", "mountPath": one.path} for number, one in enumerate(spec.data_dir)
    ]


def claim_names(spec: TrainingSpec) -> list[str]:
    """A volume is named like its claim, where that can name a volume."""
    fit = [bool(_VOLUME.fullmatch(one.source)) and not _TAKEN.fullmatch(one.source) for one in spec.data]
    return [one.source if fit[number] else f"claim-{number}" for number, one in enumerate(spec.data)]


def file_key(number: int, source: str) -> str:
    """The key of a config file in the ConfigMap: unique, and still telling which file it is."""
    return f"{number}-" + re.sub(r"[^-._a-zA-Z0-9]", "_", posixpath.basename(source))[-200:]


def fetcher(spec: TrainingSpec) -> list[Values] | None:
    """The container that fetches the code before the others start."""
    if not spec.sync_mode:
        return None
    where = {"name": "code-sync", "mountPath": "/code"}
    made = {"name": "init-code", "volumeMounts": [where], "env": _fetch_env(spec)}
    if spec.sync_mode == "rsync":
        command = ["rsync", "-avP", "--", literal(spec.sync_source), "/code"]
        return [{**made, "image": spec.sync_image or RSYNC_IMAGE, "command": command}]
    made["image"] = spec.sync_image or GIT_IMAGE
    if spec.on_host:
        made["command"] = ["sh", "-c", CLONE]
    return [made]


def _fetch_env(spec: TrainingSpec) -> list[Values]:
    plain = {name: value for name, value in spec.env.items() if name not in GIT_SECRETS}
    if spec.sync_mode == "git":
        bare = spec.sync_source.rstrip("/").removesuffix(".git").rstrip("/")
        plain |= {
            "GIT_SYNC_REPO": spec.sync_source,
            "GIT_SYNC_DEST": re.split("[/:]", bare)[-1] or "repository",
            "GIT_SYNC_ROOT": "/code",
            "GIT_SYNC_ONE_TIME": "true",
        }
    found = _variables(plain)
    own = {*spec.secret, *spec.credentials}
    found += [_reference(name, secret_name(spec), name) for name in GIT_SECRETS if name in own]
    given = spec.env_from_secret
    return found + [_reference(name, *given[name]) for name in GIT_SECRETS if name in given]
