"""The variables, the command line and the folder with which a container's command starts."""

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from arena.local.node import references
from arena.local.node.processes import CONTAINER, MARK
from arena.local.node.references import Missing
from arena.local.objects import PORTS, Object, Objects, Refused, Resource, owner

CWD = "local.arena.io/cwd"
ENV = "local.arena.io/env"
ALLOWED = re.compile(
    r"PATH|HOME|LANG|LC_\w+|TZ|USER|LOGNAME|TMPDIR|VIRTUAL_ENV|CONDA_\w+|(DY)?LD_LIBRARY_PATH|CUDA_\w+"
)
"""What a pod gets of the server's own environment; not all of it, so that no token leaks into pods."""
_REFERENCE = re.compile(r"\$\$|\$\(([^()]*)\)")


@dataclass(frozen=True)
class Mount:
    """A volume in a container: where the program looks for it and where it really is."""

    volume: str
    path: str
    real: Path

    @property
    def shadowed(self) -> bool:
        """Whether this machine has the path already, so that programs see that instead."""
        return os.path.lexists(self.path)


@dataclass(frozen=True)
class Place:
    """What a container's environment depends on besides its spec.

    Attributes:
        gpus: the variables that show the container its GPUs.
        work: the pod's own folder, where commands start that are told no other.
    """

    objects: Objects
    pod: Object
    container: Object
    mounts: tuple[Mount, ...] = ()
    gpus: Mapping[str, str] = field(default_factory=dict)
    work: Path = Path("/")

    @property
    def annotations(self) -> dict[str, str]:
        """The pod's annotations."""
        return self.pod["metadata"].get("annotations") or {}


def variables(place: Place) -> dict[str, str]:
    """The container's whole environment; Missing when a reference of its spec leads nowhere."""
    given = _given(place)
    own = {name: relocate(value, place.mounts) for name, value in _declared(place, given).items()}
    name = place.container["name"]
    return _base(place) | given | own | {MARK: place.pod["metadata"]["uid"], CONTAINER: name}


def command(place: Place, env: Mapping[str, str]) -> list[str]:
    """The container's command and arguments, with `$(NAME)` filled and mount paths replaced."""
    words = [*(place.container.get("command") or []), *(place.container.get("args") or [])]
    return [relocate(expand(word, env), place.mounts) for word in words]


def folder(place: Place) -> str:
    """Where the command starts: the submitter's directory wins, unless a volume is mounted at workingDir."""
    wanted = place.container.get("workingDir") or ""
    moved = relocate(wanted, place.mounts)
    if moved != wanted or any(_below(wanted, mount.path) for mount in place.mounts):
        return moved
    submitted = place.annotations.get(CWD)
    if submitted and not os.path.isdir(submitted):
        raise Missing(f"the directory {submitted}, where the job was submitted, is not there any more")
    return submitted or (wanted if os.path.isdir(wanted) and not nested(place) else str(place.work))


def nested(place: Place) -> dict[str, Path]:
    """The empty volumes directly in workingDir, which others fill: name there -> where it really is.

    Commands name them by relative paths, such as `code` for what an init container fetched.
    """
    wanted = (place.container.get("workingDir") or "").rstrip("/")
    empty = {one["name"] for one in place.pod["spec"].get("volumes") or [] if "emptyDir" in one}
    return {
        os.path.basename(mount.path.rstrip("/")): mount.real
        for mount in place.mounts
        if mount.volume in empty and wanted and os.path.dirname(mount.path.rstrip("/")) == wanted
    }


def _below(path: str, parent: str) -> bool:
    return bool(path) and (path + "/").startswith(parent.rstrip("/") + "/")


def expand(text: str, env: Mapping[str, str]) -> str:
    """Fill `$(NAME)` by the environment; unknown names stay as they are, and `$$` is a plain `$`."""
    return _REFERENCE.sub(lambda one: "$" if one[0] == "$$" else env.get(one[1], one[0]), text)


def relocate(text: str, mounts: tuple[Mount, ...]) -> str:
    """Replace mount paths that this machine does not have, wherever they begin a path in the text."""
    moved = {mount.path.rstrip("/"): str(mount.real) for mount in mounts if not mount.shadowed}
    moved.pop("", None)  # a mount at / moves nothing
    if not moved:
        return text
    paths = "|".join(re.escape(path) for path in sorted(moved, key=len, reverse=True))
    return re.sub(rf"(?<![\w./~-])({paths})(?![\w.-])", lambda found: moved[found[1]], text)


def _base(place: Place) -> dict[str, str]:
    """The submitter's environment where the pod tells it, else what is harmless of the server's own."""
    text = place.annotations.get(ENV)
    if text:
        try:
            found = json.loads(text)
        except ValueError:
            raise Missing(f"annotation {ENV} is not JSON") from None
        if not isinstance(found, dict):
            raise Missing(f"annotation {ENV} is not a mapping of names to values")
        return {"PATH": os.defpath} | {str(name): str(value) for name, value in found.items()}
    allowed = {name: value for name, value in os.environ.items() if ALLOWED.fullmatch(name)}
    path = allowed.get("PATH", os.defpath)
    return allowed | {"PATH": f"{path}:{os.path.dirname(sys.executable)}"}


def _given(place: Place) -> dict[str, str]:
    """What the node adds; the spec may say otherwise."""
    pod = place.pod
    loopback = "lo" if sys.platform == "linux" else "lo0"
    threads = max(1, (os.cpu_count() or 1) // replicas(place.objects, pod))
    mounts = {f"ARENA_MOUNT_{upper(mount.volume)}": str(mount.real) for mount in place.mounts}
    allotted = ports(pod)
    first = next((allotted[one] for one in declared_ports(place.container) if one in allotted), None)
    return {
        "PYTHONUNBUFFERED": "1",
        "HOSTNAME": pod["spec"].get("hostname") or pod["metadata"]["name"],
        "OMP_NUM_THREADS": str(threads),
        "GLOO_SOCKET_IFNAME": loopback,
        "NCCL_SOCKET_IFNAME": loopback,
        **({"PORT": str(first)} if first else {}),
        **mounts,
        **place.gpus,
    }


def upper(name: str) -> str:
    """A volume's name as part of a variable's."""
    return re.sub(r"\W", "_", name).upper()


def ports(pod: Object) -> dict[int, int]:
    """Declared port -> the loopback port that the API allotted to it."""
    text = (pod["metadata"].get("annotations") or {}).get(PORTS)
    try:
        return {int(declared): int(allotted) for declared, allotted in json.loads(text or "{}").items()}
    except (ValueError, AttributeError):
        return {}


def declared_ports(container: Object) -> list[int]:
    """The container's ports, in order."""
    return [int(one["containerPort"]) for one in container.get("ports") or []]


def _declared(place: Place, given: Mapping[str, str]) -> dict[str, str]:
    """What the spec asks for: `envFrom`, then `env`, each able to refer to those before it."""
    env = _bulk(place)
    allotted = ports(place.pod)
    for entry in place.container.get("env") or []:
        name = entry["name"]
        value = _value(place, entry, {**given, **env})
        if value is None:
            continue
        if name == "PORT" and value.isdigit() and int(value) in declared_ports(place.container):
            value = str(allotted.get(int(value), value))
        env[name] = value
    return env


def _bulk(place: Place) -> dict[str, str]:
    env: dict[str, str] = {}
    namespace = place.pod["metadata"].get("namespace", "default")
    for source in place.container.get("envFrom") or []:
        kind = "secret" if "secretRef" in source else "configmap"
        reference = source.get("secretRef") or source.get("configMapRef") or {}
        optional = bool(reference.get("optional"))
        found = references.data(place.objects, kind, reference.get("name", ""), namespace, optional) or {}
        prefix = source.get("prefix", "")
        env.update({prefix + key: value.decode("utf-8", "surrogateescape") for key, value in found.items()})
    return env


def _value(place: Place, entry: Object, env: Mapping[str, str]) -> str | None:
    source = entry.get("valueFrom")
    if not source:
        return expand(str(entry.get("value") or ""), env)
    namespace = place.pod["metadata"].get("namespace", "default")
    if "fieldRef" in source:
        return references.pod_field(place.pod, source["fieldRef"]["fieldPath"])
    if "resourceFieldRef" in source:
        return references.resource_field(place.pod, place.container, source["resourceFieldRef"])
    if "configMapKeyRef" in source:
        return references.one(place.objects, "configmap", source["configMapKeyRef"], namespace)
    if "secretKeyRef" in source:
        return references.one(place.objects, "secret", source["secretKeyRef"], namespace)
    raise Missing(f"the local cluster knows no source {', '.join(source)} for variable {entry['name']}")


def replicas(objects: Objects, pod: Object) -> int:
    """How many pods the pod's job has, by its controllers' specs; 1 where none tells."""
    found, current = 1, pod
    for _ in range(3):  # pod <- Job <- MPIJob, pod <- ReplicaSet <- Deployment
        reference = owner(current)
        if reference is None:
            break
        group, _, version = reference["apiVersion"].rpartition("/")
        kind = reference["kind"]
        resource = Resource(group, version, kind.lower() + "s", kind)
        try:
            above = objects.get(resource, reference["name"], pod["metadata"].get("namespace"))
        except Refused:  # a type that the local cluster does not have
            above = None
        if above is None:
            break
        found, current = max(found, _size(above.get("spec") or {})), above
    return found


def _size(spec: Object) -> int:
    groups = [
        value for key, value in spec.items() if key.endswith("ReplicaSpecs") and isinstance(value, dict)
    ]
    if groups:
        return sum(int(one.get("replicas") or 1) for one in groups[0].values())
    return int(spec.get("replicas") or spec.get("parallelism") or 1)
