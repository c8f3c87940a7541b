"""Where a model comes from: a volume of the pod, which a claim, a folder or a download fills."""

import posixpath
from collections.abc import Sequence

from arena.local.objects import Object
from arena.local.operators.kserve.runtimes import Unusable
from arena.local.programs import download

MOUNT = "/mnt/models"
VOLUME, CLAIM = "kserve-provision-location", "kserve-pvc-source"
INITIALIZER = "storage-initializer"


def attach(pod: Object, served: Object, component: Object) -> None:
    """Mount what the component's model or container asks for, in place.

    Args:
        served: the container of the pod that serves.

    Raises:
        Unusable: it lies where the local cluster cannot read.
    """
    model = component.get("model") or {}
    wanted = [(one["uri"], one.get("mountPath") or MOUNT) for one in component.get("storageUris") or []]
    uri = model.get("storageUri") or _variable(served, "STORAGE_URI")
    if uri:
        wanted.append((uri, MOUNT))
    if model.get("storage"):
        raise Unusable("InvalidPredictorSpec", "the local cluster has no storage secrets: use storageUri")
    for number, (source, path) in enumerate(wanted):
        _mount(pod, served, source, path, f"-{number}" if number else "")


def _variable(container: Object, name: str) -> str:
    found = {one["name"]: one.get("value") for one in container.get("env") or []}
    return str(found.get(name) or "")


def _mount(pod: Object, container: Object, uri: str, path: str, suffix: str) -> None:
    """Add one volume, and its download if it needs one."""
    scheme, _, rest = uri.rpartition("://")
    if scheme == "pvc":
        claim, _, below = rest.partition("/")
        volume = {"name": f"{CLAIM}{suffix}", "persistentVolumeClaim": {"claimName": claim, "readOnly": True}}
        _add(pod, container, volume, path, below.strip("/"))
    elif scheme in ("", "file"):
        if not posixpath.isabs(rest):
            raise Unusable("InvalidPredictorSpec", f"storageUri {uri} must be an absolute path")
        _add(pod, container, {"name": f"{VOLUME}{suffix}", "hostPath": {"path": rest}}, path)
    elif scheme in download.SCHEMES:
        _add(pod, container, {"name": f"{VOLUME}{suffix}", "emptyDir": {}}, path)
        _fetch(pod, container, download.words(uri, path), suffix)
    else:
        raise Unusable("InvalidPredictorSpec", f"the local cluster cannot download {scheme}:// ({uri})")


def _add(pod: Object, container: Object, volume: Object, path: str, below: str = "") -> None:
    pod["volumes"] = [*(pod.get("volumes") or []), volume]
    mount = {"name": volume["name"], "mountPath": path, **({"subPath": below} if below else {})}
    mounts = container.get("volumeMounts") or []
    container["volumeMounts"] = [*mounts, mount if "emptyDir" in volume else {**mount, "readOnly": True}]


def _fetch(pod: Object, container: Object, command: Sequence[str], suffix: str) -> None:
    """The download, with the variables of the container that serves: they may hold credentials."""
    own: Object = {
        "name": f"{INITIALIZER}{suffix}",
        "image": "kserve-storage-initializer:local",
        "command": list(command),
        "env": [one for one in container.get("env") or [] if one["name"] != "STORAGE_URI"],
        "envFrom": container.get("envFrom") or [],
        "volumeMounts": [container["volumeMounts"][-1]],
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    pod["initContainers"] = [*(pod.get("initContainers") or []), own]
