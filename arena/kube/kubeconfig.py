"""Reading kubeconfig files and merging several as one: no credentials are used here, only found."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arena.errors import SpecError

_LARGEST = 4 << 20
_LISTS = ("clusters", "contexts", "users")
_FILES = {
    "cluster": ("certificate-authority",),
    "user": ("client-certificate", "client-key", "tokenFile"),
}

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One context with its cluster and user; `user` may hold secrets and stays out of the repr."""

    name: str
    files: tuple[Path, ...]
    namespace: str
    cluster: dict[str, Any] = field(repr=False)
    user: dict[str, Any] = field(repr=False)

    @property
    def is_plain(self) -> bool:
        """Whether a request needs neither credentials nor TLS nor a proxy."""
        return str(self.cluster.get("server", "")).startswith("http://") and not self.user

    def as_config(self) -> dict[str, Any]:
        """A kubeconfig of this one context."""
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": self.name,
            "clusters": [{"name": "this", "cluster": self.cluster}],
            "users": [{"name": "this", "user": self.user}] if self.user else [],
            "contexts": [{"name": self.name, "context": {"cluster": "this", "user": "this"}}],
        }


def in_cluster(environ: Mapping[str, str]) -> bool:
    """Whether this process runs in a pod that has a service account."""
    return bool(environ.get("KUBERNETES_SERVICE_HOST")) and (SERVICE_ACCOUNT / "token").exists()


def in_cluster_namespace() -> str:
    """The namespace of the pod that this process runs in, or ""."""
    try:
        return (SERVICE_ACCOUNT / "namespace").read_text().strip()
    except OSError:
        return ""


def read(files: Sequence[Path], context: str | None = None) -> Context:
    """The named context (None: the current one) of some kubeconfig files; the first file wins.

    Of several files those that do not exist are skipped, as long as one does. Raises SpecError where a
    file cannot be read or does not hold what it should.
    """
    present = [one for one in files if one.exists()]
    where = ", ".join(str(one) for one in files)
    if not present:
        raise SpecError(
            f"there is no kubeconfig {where}", "correct --kubeconfig or KUBECONFIG, or use --context local"
        )
    named: dict[str, dict[str, Any]] = {kind: {} for kind in _LISTS}
    current = ""
    for one in present:
        data = _load(one)
        current = current or str(data.get("current-context") or "")
        for kind in _LISTS:
            for name, entry in _entries(data, kind, one):
                named[kind].setdefault(name, entry)
    return _select(context or current, named, present, where)


def _select(name: str, named: dict[str, dict[str, Any]], files: list[Path], where: str) -> Context:
    known = ", ".join(sorted(named["contexts"])) or "none"
    if not name:
        text = f"the kubeconfig {where} has no current context"
        raise SpecError(text, f"name one with --context; it has: {known}; or use --context local")
    chosen = named["contexts"].get(name)
    if chosen is None:
        raise SpecError(f'the kubeconfig {where} has no context "{name}"', f"it has: {known}")
    cluster = named["clusters"].get(str(chosen.get("cluster", "")))
    if cluster is None or not cluster.get("server"):
        raise SpecError(
            f'context "{name}" of {where} names a cluster without a server', "correct the kubeconfig"
        )
    user = str(chosen.get("user") or "")
    if user and user not in named["users"]:
        raise SpecError(
            f'context "{name}" of {where} names the user "{user}", which is not there',
            "correct the kubeconfig",
        )
    return Context(
        name=name,
        files=tuple(files),
        namespace=str(chosen.get("namespace") or ""),
        cluster=cluster,
        user=named["users"].get(user, {}),
    )


def _load(path: Path) -> dict[str, Any]:
    import yaml

    try:
        if path.stat().st_size > _LARGEST:
            raise SpecError(f"the kubeconfig {path} is larger than {_LARGEST >> 20} MiB", "name another file")
        data = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except OSError as cause:
        raise SpecError(
            f"the kubeconfig {path} cannot be read: {cause.strerror}", "correct its permissions"
        ) from cause
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as cause:
        raise SpecError(
            f"the kubeconfig {path} is not valid YAML{_line(cause)}", "correct it, or name another"
        ) from cause
    if data is None:
        raise SpecError(f"the kubeconfig {path} is empty", "fill or remove it, or use --context local")
    if not isinstance(data, dict):
        raise SpecError(f"the kubeconfig {path} does not hold a kubeconfig", "name another file")
    return data


def _line(cause: BaseException) -> str:
    mark = getattr(cause, "problem_mark", None)
    return f" (line {mark.line + 1})" if mark is not None else ""


def _entries(data: dict[str, Any], kind: str, path: Path) -> Iterable[tuple[str, dict[str, Any]]]:
    """(name, content) of each cluster, context or user, with file names made absolute."""
    single = kind[:-1]
    entries = data.get(kind) or []
    if not isinstance(entries, list):
        raise SpecError(f"the kubeconfig {path} is wrong: {kind} is not a list", "correct it")
    for entry in entries:
        content = entry.get(single) if isinstance(entry, dict) else None
        if not isinstance(content, dict | None) or not isinstance(entry, dict) or "name" not in entry:
            raise SpecError(
                f"the kubeconfig {path} is wrong: a {single} has no name or content", "correct it"
            )
        yield str(entry["name"]), _absolute(content or {}, single, path.absolute().parent)


def _absolute(content: dict[str, Any], kind: str, folder: Path) -> dict[str, Any]:
    """A copy in which paths relative to the kubeconfig's folder do not depend on it any more."""
    moved = dict(content)
    for key in _FILES.get(kind, ()):
        if moved.get(key):
            moved[key] = str(folder / str(moved[key]))
    plugin = moved.get("exec")
    if isinstance(plugin, dict) and os.sep in str(plugin.get("command", "")):
        moved["exec"] = {**plugin, "command": str(folder / str(plugin["command"]))}
    return moved
