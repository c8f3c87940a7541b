"""Reading kubeconfig files and merging several as one: no credentials are used here, only found."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from arena import yamlfile
from arena.errors import SpecError

_LARGEST = 4 << 20
_DEEPEST = 50
_WEB = ("http", "https")
_LISTS = ("clusters", "contexts", "users")
_FILES = {
    "cluster": ("certificate-authority",),
    "user": ("client-certificate", "client-key", "tokenFile"),
}

_TYPES: dict[str, tuple[type, str]] = {
    **dict.fromkeys(("exec", "auth-provider", "as-user-extra"), (dict, "a mapping")),
    **dict.fromkeys(("insecure-skip-tls-verify", "disable-compression"), (bool, "true or false")),
    **dict.fromkeys(("as-groups",), (list, "a list")),
    **dict.fromkeys(
        (
            *("server", "tls-server-name", "proxy-url"),
            *("certificate-authority", "certificate-authority-data"),
            *("token", "tokenFile", "username", "password", "as", "as-uid", "namespace", "cluster", "user"),
            *("client-certificate", "client-certificate-data", "client-key", "client-key-data", "command"),
        ),
        (str, "text"),
    ),
}
"""What a key of a cluster, user, context or plug-in holds, and how to say it."""

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One context with its cluster and user; `user` may hold secrets and stays out of the repr."""

    name: str
    files: tuple[Path, ...]
    namespace: str
    cluster: dict[str, Any] = field(repr=False)
    user: dict[str, Any] = field(repr=False)
    login: str = ""
    """What the kubeconfig calls the user."""

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


def contexts(files: Sequence[Path]) -> list[str]:
    """The names of the contexts that some kubeconfig files have; raises SpecError as `read`."""
    return [name for one in files if one.exists() for name, _ in _entries(_load(one), "contexts", one)]


def _select(name: str, named: dict[str, dict[str, Any]], files: list[Path], where: str) -> Context:
    chosen = _chosen(name, named["contexts"], where)
    cluster = named["clusters"].get(chosen.get("cluster") or "")
    if cluster is None or not cluster.get("server"):
        raise SpecError(
            f'context "{name}" of {where} names a cluster without a server', "correct the kubeconfig"
        )
    login = chosen.get("user") or ""
    if login and login not in named["users"]:
        raise SpecError(
            f'context "{name}" of {where} names the user "{login}", which is not there',
            "correct the kubeconfig",
        )
    user = named["users"].get(login, {})
    for content in (cluster, user, user.get("exec") or {}):
        _check_types(content, where)
    _check_addresses(cluster, where)
    namespace = chosen.get("namespace") or ""
    return Context(
        name=name, files=tuple(files), namespace=namespace, cluster=cluster, user=user, login=login
    )


def _chosen(name: str, contexts: dict[str, Any], where: str) -> dict[str, Any]:
    """The content of the context of that name."""
    known = ", ".join(sorted(contexts)) or "none"
    if not name:
        text = f"the kubeconfig {where} has no current context"
        raise SpecError(text, f"name one with --context; it has: {known}; or use --context local")
    if name not in contexts:
        raise SpecError(f'the kubeconfig {where} has no context "{name}"', f"it has: {known}")
    found: dict[str, Any] = contexts[name]
    _check_types(found, where)
    return found


def _check_types(content: dict[str, Any], where: str) -> None:
    """Refuse values of another type than the loader of credentials takes for granted."""
    for key, value in content.items():
        kind, words = _TYPES.get(key, (object, ""))
        if value is not None and not isinstance(value, kind):
            raise SpecError(f'the kubeconfig {where} is wrong: "{key}" is not {words}', "correct it")


def _check_addresses(cluster: dict[str, Any], where: str) -> None:
    """Refuse a server or proxy that is no URL."""
    for key, schemes in (("server", _WEB), ("proxy-url", (*_WEB, "socks5", "socks5h"))):
        url = cluster.get(key)
        if not url:
            continue
        try:
            parts = urlsplit(url)
            good = parts.scheme in schemes and parts.hostname and parts.port != 0
        except ValueError:  # brackets that do not match, or a port out of range
            good = False
        if not good or not url.isprintable() or " " in url:
            # The address itself is not shown: a password may be part of it.
            text = f"the kubeconfig {where} is wrong: {key} is no address"
            raise SpecError(text, "write it like https://HOST:PORT")


def _load(path: Path) -> dict[str, Any]:
    what = f"the kubeconfig {path}"
    data = yamlfile.parse(yamlfile.read(path, what, _LARGEST), what, _DEEPEST)
    if data is None:
        raise SpecError(f"{what} is empty", "fill or remove it, or use --context local")
    if not isinstance(data, dict):
        raise SpecError(f"{what} does not hold a kubeconfig", "name another file")
    return data


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
