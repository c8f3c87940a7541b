"""The init container that fetches the code with git or rsync, or unpacks that of --code."""

import re
from typing import Any

from arena.kinds.workload import code
from arena.kinds.workload.environment import literal, reference, secret_name, variables
from arena.kinds.workload.pod_spec import PodOptions, PodSpec
from arena.kinds.workload.rendering import Rendering
from arena.kinds.workload.spec import GIT_SECRETS

Values = dict[str, Any]

GIT_IMAGE = "registry.k8s.io/git-sync/git-sync:v3.6.5"
RSYNC_IMAGE = "registry.cn-zhangjiakou.aliyuncs.com/acs/rsync:v3.1.0-aliyun"

SECRETS = (*GIT_SECRETS, "RSYNC_PASSWORD")
"""Variables from Secrets that are passed to the container that fetches the code."""

CLONE = (
    "GIT_TERMINAL_PROMPT=0 git -c credential.helper="
    '\'!f() { echo username="$GIT_SYNC_USERNAME"; echo password="$GIT_SYNC_PASSWORD"; }; f\' '
    'clone --depth 1 ${GIT_SYNC_BRANCH:+--branch "$GIT_SYNC_BRANCH"} '
    '-- "$GIT_SYNC_REPO" "$GIT_SYNC_ROOT/$GIT_SYNC_DEST"'
)
"""The script that replaces the git image for pods without images; it reads the same variables."""


def containers(spec: PodOptions, rendering: Rendering) -> list[Values] | None:
    """The container that provides the code before the others start."""
    if not isinstance(spec, PodSpec) or not spec.sync_mode:
        return code.containers(spec, rendering)
    where = {"name": "code-sync", "mountPath": "/code"}
    made = {"name": "init-code", "volumeMounts": [where], "env": _fetch_env(spec)}
    if spec.sync_mode == "rsync":
        command = ["rsync", "-avP", "--", literal(spec.sync_source), "/code"]
        return [{**made, "image": spec.sync_image or RSYNC_IMAGE, "command": command}]
    made["image"] = spec.sync_image or GIT_IMAGE
    if rendering.on_host:
        made["command"] = ["sh", "-c", CLONE]
    return [made]


def _fetch_env(spec: PodSpec) -> list[Values]:
    plain = {name: value for name, value in spec.env.items() if name not in GIT_SECRETS}
    if spec.sync_mode == "git":
        bare = spec.sync_source.rstrip("/").removesuffix(".git").rstrip("/")
        plain |= {
            "GIT_SYNC_REPO": spec.sync_source,
            "GIT_SYNC_DEST": re.split("[/:]", bare)[-1] or "repository",
            "GIT_SYNC_ROOT": "/code",
            "GIT_SYNC_ONE_TIME": "true",
        }
    found = variables(plain)
    own = {*spec.secret, *spec.credentials}
    found += [reference(name, secret_name(spec), name) for name in SECRETS if name in own]
    given = spec.env_from_secret
    return found + [reference(name, *given[name]) for name in SECRETS if name in given]
