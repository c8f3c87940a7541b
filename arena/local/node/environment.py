"""The environment variables, the command line and the working directory of a container's command."""

import importlib.util
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arena import engines, foreign_json, operating_system
from arena.digits import whole
from arena.local import pod_limit, process_settings
from arena.local.node import processes, value_sources
from arena.local.node.mounts import Mount, relocate, relocate_words
from arena.local.node.value_sources import HOST, Missing
from arena.local.objects import PORTS, TOKEN, Object, Objects, controllers

CWD = "local.arena.io/cwd"
ENV = "local.arena.io/env"
PROCESS = "local.arena.io/process"
ALLOWED = re.compile(
    r"PATH|HOME|LANG|LC_\w+|TZ|USER|LOGNAME|TMPDIR|VIRTUAL_ENV|CONDA_\w+|(DY)?LD_LIBRARY_PATH|CUDA_\w+"
)
"""What a pod gets of the server's own environment; not all of it, so that no token leaks into pods."""
BOARD = (
    "import sys; sys.path[:] = filter(None, sys.path); sys.argv[0] = 'tensorboard'; "
    "from tensorboard.main import run_main; run_main()"
)
"""Runs TensorBoard, without modules of the current directory in the place of Python's own."""
_EVERYWHERE = re.compile(r"^(|-[\w-]+=)(?:0\.0\.0\.0|\[::\])(|:\d+)$")
_PORT = re.compile(r"(^|_)PORT$")
"""Names of variables that hold a port of the container; the program has to listen on the allotted one."""
_REFERENCE = re.compile(r"\$\$|\$\(([^()]*)\)")


@dataclass(frozen=True)
class Place:
    """What a container's environment depends on besides its spec.

    Attributes:
        gpus: the variables that show the container its GPUs.
        work: the pod's own folder, the default working directory.
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
    """Return the container's environment; raises Missing if something it refers to does not exist."""
    given = _given(place)
    own = {name: loopback(relocate(value, place.mounts)) for name, value in _declared(place, given).items()}
    if _is_board(place):
        # The submitter's may be meant for another Python.
        own["PYTHONPATH"] = os.environ.get("PYTHONPATH", "")
    return _base(place) | given | own | processes.marks(place.pod["metadata"]["uid"], place.container["name"])


def process(place: Place) -> dict[str, Any]:
    """Return the umask, niceness and soft limits that the pod records, otherwise the usual ones."""
    text = place.annotations.get(PROCESS)
    try:
        return process_settings.read(text) if text else process_settings.usual()
    except ValueError as error:
        raise Missing(f"annotation {PROCESS} does not hold settings of a process: {error}") from None


def command(place: Place, env: Mapping[str, str]) -> list[str]:
    """Return the command and arguments with `$(NAME)` expanded and mount paths replaced.

    The TensorBoard of a job is run by the Python that runs arena, which has one, wherever PATH leads.
    """
    words = [*(place.container.get("command") or []), *(place.container.get("args") or [])]
    tensorboard = bool(words) and os.path.basename(words[0]) == "tensorboard"
    found = [loopback(word) for word in relocate_words([expand(word, env) for word in words], place.mounts)]
    if _is_board(place) and "tensorboard" in found:
        program = found.index("tensorboard")
        found[program : program + 1] = [sys.executable, "-c", BOARD]
    return [f"--host={HOST}" if tensorboard and word == "--bind_all" else word for word in found]


def _is_board(place: Place) -> bool:
    """Whether it is the TensorBoard that arena starts beside a job."""
    named = place.container["name"] == "tensorboard" and TOKEN in place.annotations
    return named and importlib.util.find_spec("tensorboard") is not None


def loopback(text: str) -> str:
    """Replace addresses that mean all interfaces by loopback, since the machine has other users."""
    return _EVERYWHERE.sub(rf"\g<1>{HOST}\g<2>", text)


def folder(place: Place) -> str:
    """Return the working directory: the submitter's, unless a volume is mounted at workingDir."""
    wanted = place.container.get("workingDir") or ""
    moved = relocate(wanted, place.mounts)
    if moved != wanted or any(_below(wanted, mount.path) for mount in place.mounts):
        return moved
    submitted = place.annotations.get(CWD)
    if submitted and not os.path.isdir(submitted):
        raise Missing(f"the directory {submitted}, where the job was submitted, is not there any more")
    return submitted or (wanted if os.path.isdir(wanted) and not nested(place) else str(place.work))


def nested(place: Place) -> dict[str, Path]:
    """Return the emptyDir volumes mounted directly below workingDir, by name, with their real paths.

    Commands use them by relative paths, such as `code` for what an init container fetched.
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
    """Expand `$(NAME)` from the environment; unknown names stay as they are, and `$$` is a plain `$`."""
    return _REFERENCE.sub(lambda one: "$" if one[0] == "$$" else env.get(one[1], one[0]), text)


def _base(place: Place) -> dict[str, str]:
    """The submitter's environment if the pod records it, otherwise the allowed part of the server's."""
    text = place.annotations.get(ENV)
    if text:
        try:
            found = foreign_json.loads(text)
        except ValueError:
            raise Missing(f"annotation {ENV} is not JSON, or nested too deeply") from None
        if not isinstance(found, dict):
            raise Missing(f"annotation {ENV} is not a mapping of names to values")
        given = {"PATH": os.defpath} | {str(name): str(value) for name, value in found.items()}
        return given | {"PATH": _with_engines(given["PATH"])}
    allowed = {name: value for name, value in os.environ.items() if ALLOWED.fullmatch(name)}
    path = allowed.get("PATH", os.defpath)
    return allowed | {"PATH": _with_engines(f"{path}:{os.path.dirname(sys.executable)}")}


def _with_engines(path: str) -> str:
    """The folders of programs, with that of the engines that are installed, if there are any."""
    programs = engines.programs(engines.folder())
    return f"{path}:{programs}" if os.path.isdir(programs) else path


def _given(place: Place) -> dict[str, str]:
    """The variables that the node adds; the spec may override them."""
    pod = place.pod
    interface = operating_system.loopback()
    threads = max(1, (os.cpu_count() or 1) // _pods_of_job(place.objects, pod))
    mounts = {f"ARENA_MOUNT_{upper(mount.volume)}": str(mount.real) for mount in place.mounts}
    allotted = ports(pod)
    first = next((allotted[one] for one in declared_ports(place.container) if one in allotted), None)
    return {
        "PYTHONUNBUFFERED": "1",
        "HOSTNAME": pod["spec"].get("hostname") or pod["metadata"]["name"],
        "OMP_NUM_THREADS": str(threads),
        "GLOO_SOCKET_IFNAME": interface,
        "NCCL_SOCKET_IFNAME": interface,
        **({"PORT": str(first)} if first else {}),
        **mounts,
        **place.gpus,
    }


def upper(name: str) -> str:
    """A volume's name as part of a variable's name."""
    return re.sub(r"\W", "_", name).upper()


def ports(pod: Object) -> dict[int, int]:
    """Return the loopback port that the API allotted to each declared port."""
    text = (pod["metadata"].get("annotations") or {}).get(PORTS)
    try:
        found = foreign_json.loads(text or "{}")
        return {int(declared): int(allotted) for declared, allotted in found.items()}
    except (ValueError, AttributeError):
        return {}


def declared_ports(container: Object) -> list[int]:
    """The container's ports, in order."""
    return [int(one["containerPort"]) for one in container.get("ports") or []]


def _declared(place: Place, given: Mapping[str, str]) -> dict[str, str]:
    """The variables of the spec: `envFrom`, then `env`, each of which may refer to earlier ones."""
    env = _bulk(place)
    allotted = ports(place.pod)
    for entry in place.container.get("env") or []:
        name = entry["name"]
        value = _value(place, entry, {**given, **env})
        if value is None:
            continue
        if _PORT.search(name) and (port := whole(value)) in declared_ports(place.container):
            value = str(allotted.get(port or 0, value))
        env[name] = value
    return env


def _bulk(place: Place) -> dict[str, str]:
    env: dict[str, str] = {}
    namespace = place.pod["metadata"].get("namespace", "default")
    for source in place.container.get("envFrom") or []:
        kind = "secret" if "secretRef" in source else "configmap"
        reference = source.get("secretRef") or source.get("configMapRef") or {}
        optional = bool(reference.get("optional"))
        found = value_sources.data(place.objects, kind, reference.get("name", ""), namespace, optional) or {}
        prefix = source.get("prefix", "")
        env.update({prefix + key: value.decode("utf-8", "surrogateescape") for key, value in found.items()})
    return env


def _value(place: Place, entry: Object, env: Mapping[str, str]) -> str | None:
    source = entry.get("valueFrom")
    if not source:
        return expand(str(entry.get("value") or ""), env)
    namespace = place.pod["metadata"].get("namespace", "default")
    if "fieldRef" in source:
        return value_sources.pod_field(place.pod, source["fieldRef"]["fieldPath"])
    if "resourceFieldRef" in source:
        return value_sources.resource_field(place.pod, place.container, source["resourceFieldRef"])
    if "configMapKeyRef" in source:
        return value_sources.one(place.objects, "configmap", source["configMapKeyRef"], namespace)
    if "secretKeyRef" in source:
        return value_sources.one(place.objects, "secret", source["secretKeyRef"], namespace)
    raise Missing(f"the local cluster knows no source {', '.join(source)} for variable {entry['name']}")


def _pods_of_job(objects: Objects, pod: Object) -> int:
    """Return the number of pods that the pod's job requests, whichever of its controllers counts most."""
    return max([1, *(pod_limit.requested(obj) for _, obj in controllers(objects, pod))])
