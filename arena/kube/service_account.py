"""The service account of the pod that this process runs in."""

import os
from collections.abc import Mapping

FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"


def exists(environ: Mapping[str, str]) -> bool:
    """Whether this process runs in a pod with a service account."""
    return bool(environ.get("KUBERNETES_SERVICE_HOST")) and os.path.exists(os.path.join(FOLDER, "token"))


def namespace() -> str:
    """The namespace of the pod that this process runs in, or ""."""
    try:
        with open(os.path.join(FOLDER, "namespace")) as file:
            return file.read().strip()
    except OSError:
        return ""
