"""Where a model comes from: a volume of the pod, which a claim, a folder or a download fills."""

import os
import posixpath
import sys
from collections.abc import Sequence

from arena.local.objects import Object

MOUNT = "/mnt/models"
VOLUME, CLAIM = "kserve-provision-location", "kserve-pvc-source"
INITIALIZER = "storage-initializer"
DOWNLOADED = ("http", "https", "hf", "s3", "gs")
"""The schemes that `programs/model_download.py` knows."""
_DOWNLOAD = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "programs", "model_download.py"
)


class Unreadable(Exception):
    """A model lies where the local cluster cannot read."""


def mount(pod: Object, container: Object, uri: str, path: str = MOUNT, number: int = 0) -> None:
    """Mount a model into a container of a pod, in place.

    Args:
        number: of the model, if the pod has several.

    Raises:
        Unreadable: it lies where the local cluster cannot read.
    """
    suffix = f"-{number}" if number else ""
    scheme, _, rest = uri.rpartition("://")
    if scheme == "pvc":
        claim, _, below = rest.partition("/")
        volume = {"name": f"{CLAIM}{suffix}", "persistentVolumeClaim": {"claimName": claim, "readOnly": True}}
        _add(pod, container, volume, path, below.strip("/"))
    elif scheme in ("", "file"):
        if not posixpath.isabs(rest):
            raise Unreadable(f"the location {uri} must be an absolute path")
        _add(pod, container, {"name": f"{VOLUME}{suffix}", "hostPath": {"path": rest}}, path)
    elif scheme in DOWNLOADED:
        _add(pod, container, {"name": f"{VOLUME}{suffix}", "emptyDir": {}}, path)
        _fetch(pod, container, [sys.executable, "-I", _DOWNLOAD, uri, path], suffix)
    else:
        raise Unreadable(f"the local cluster cannot download {scheme}:// ({uri})")


def _add(pod: Object, container: Object, volume: Object, path: str, below: str = "") -> None:
    pod["volumes"] = [*(pod.get("volumes") or []), volume]
    mount = {"name": volume["name"], "mountPath": path, **({"subPath": below} if below else {})}
    mounts = container.get("volumeMounts") or []
    container["volumeMounts"] = [*mounts, mount if "emptyDir" in volume else {**mount, "readOnly": True}]


def _fetch(pod: Object, container: Object, command: Sequence[str], suffix: str) -> None:
    """The download, with the variables of the container that serves: they may hold credentials."""
    own: Object = {
        "name": f"{INITIALIZER}{suffix}",
        "image": "storage-initializer:local",
        "command": list(command),
        "env": [one for one in container.get("env") or [] if one["name"] != "STORAGE_URI"],
        "envFrom": container.get("envFrom") or [],
        "volumeMounts": [container["volumeMounts"][-1]],
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    pod["initContainers"] = [*(pod.get("initContainers") or []), own]
