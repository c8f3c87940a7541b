"""Read and merge kubeconfig files, without using credentials."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from arena import yamlfile
from arena.errors import SpecError
from arena.paths import StrPath
from arena.values import field, frozen

_LARGEST = 4 << 20
_DEEPEST = 50
_MANY = 10
"""Maximum number of contexts in a message."""
WEB = ("http", "https")
PROXIES = (*WEB, "socks5", "socks5h")
"""Schemes of proxies."""
_LISTS = ("clusters", "contexts", "users")
_FILES = {
    "cluster": ("certificate-authority",),
    "user": ("client-certificate", "client-key", "tokenFile"),
}

_TYPES: dict[str, tuple[type, str]] = {
    **dict.fromkeys(("exec", "auth-provider", "config", "as-user-extra"), (dict, "a mapping")),
    **dict.fromkeys(("insecure-skip-tls-verify", "disable-compression"), (bool, "true or false")),
    **dict.fromkeys(("as-groups", "args"), (list, "a list")),
    **dict.fromkeys(("env", "extensions"), (list, "a list of mappings")),
    **dict.fromkeys(
        (
            *("server", "tls-server-name", "proxy-url"),
            *("certificate-authority", "certificate-authority-data"),
            *("idp-certificate-authority", "idp-certificate-authority-data"),
            *("token", "tokenFile", "username", "password", "as", "as-uid", "namespace", "cluster", "user"),
            *("client-certificate", "client-certificate-data", "client-key", "client-key-data", "command"),
        ),
        (str, "text"),
    ),
}
"""The type of each key of a cluster, user, context or plug-in, and its name in messages."""


@frozen
class Context:
    """One context with its cluster and user; `user` may hold secrets and stays out of the repr."""

    name: str
    files: tuple[Path, ...]
    namespace: str
    cluster: dict[str, Any] = field(repr=False)
    user: dict[str, Any] = field(repr=False)
    login: str = ""
    """The name of the user in the kubeconfig."""

    @property
    def is_plain(self) -> bool:
        """Whether a request needs neither credentials nor TLS nor a proxy."""
        bare = not self.user and not self.cluster.get("proxy-url")
        return bare and str(self.cluster.get("server", "")).startswith("http://")


def read(files: Sequence[StrPath], context: str | None = None) -> Context:
    """Read the named context (None for the current one) of kubeconfig files; the first file wins.

    Of several files, missing and empty ones are skipped, unless all are. Raises SpecError if a file cannot be
    read or is not a valid kubeconfig.
    """
    present = _present(files)
    where = ", ".join(str(Path(one)) for one in files)
    if not present:
        raise SpecError(
            f"there is no kubeconfig {where}", "correct --kubeconfig or KUBECONFIG, or use --context local"
        )
    named: dict[str, dict[str, Any]] = {kind: {} for kind in _LISTS}
    current = ""
    loaded = _loaded(present)
    if not loaded:
        raise SpecError(f"the kubeconfig {where} is empty", "fill or remove it, or use --context local")
    for one, data in loaded:
        current = current or str(data.get("current-context") or "")
        for kind in _LISTS:
            for name, entry in _entries(data, kind, one):
                named[kind].setdefault(name, entry)
    return _select(context or current, named, present, where)


def contexts(files: Sequence[StrPath]) -> list[str]:
    """The names of the contexts in kubeconfig files; raises SpecError like `read`."""
    loaded = _loaded(_present(files))
    return [name for one, data in loaded for name, _ in _entries(data, "contexts", one)]


def _present(files: Iterable[StrPath]) -> list[Path]:
    """The existing files, including inaccessible ones: reading these fails with the reason."""
    return [Path(one) for one in files if not _is_missing(one)]


def _is_missing(path: StrPath) -> bool:
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return True
    except OSError:
        return False
    return False


def place(files: Iterable[Path], key: str, value: str) -> str:
    """The file and line of a key with this value in kubeconfig files, for messages."""
    names = [str(one) for one in files]
    for name in names:
        for number, line in enumerate(Path(name).read_text("utf-8", "replace").splitlines(), 1):
            if key in line and value in line:
                return f"{name}, line {number}"
    return ", ".join(names)


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
            f'context "{name}" of {where} names the user "{login}", which does not exist',
            "correct the kubeconfig",
        )
    user = named["users"].get(login, {})
    for content in _parts(cluster, user):
        _check_types(content, where)
    _check_addresses(cluster, where)
    namespace = chosen.get("namespace") or ""
    return Context(
        name=name, files=tuple(files), namespace=namespace, cluster=cluster, user=user, login=login
    )


def _parts(cluster: dict[str, Any], user: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The mappings whose types are checked, each after the one that contains it."""
    yield cluster
    yield user
    yield user.get("exec") or {}
    provider = user.get("auth-provider") or {}
    yield provider
    yield provider.get("config") or {}


def _chosen(name: str, contexts: dict[str, Any], where: str) -> dict[str, Any]:
    """The content of the context with that name."""
    if not name:
        text = f"the kubeconfig {where} has no current context"
        hint = f"name one with --context; it has: {_enumerated(contexts)}; or use --context local"
        raise SpecError(text, hint)
    if name not in contexts:
        from difflib import get_close_matches

        near = [f'did you mean "{one}"? ' for one in get_close_matches(name, contexts, n=1)]
        text = f'the kubeconfig {where} has no context "{name}"'
        raise SpecError(text, f"{''.join(near)}it has: {_enumerated(contexts)}")
    found: dict[str, Any] = contexts[name]
    _check_types(found, where)
    return found


def _enumerated(names: Iterable[str]) -> str:
    """The names for messages, since users may have hundreds of contexts."""
    known = sorted(names)
    more = f" and {len(known) - _MANY} more" if len(known) > _MANY else ""
    return ", ".join(known[:_MANY]) + more or "none"


def _check_types(content: dict[str, Any], where: str) -> None:
    """Refuse values whose types the loader of credentials does not expect."""
    for key, value in content.items():
        kind, words = _TYPES.get(key, (object, ""))
        fits = value is None or isinstance(value, kind)
        if not fits or (words.endswith("mappings") and not all(isinstance(one, dict) for one in value or ())):
            raise SpecError(f'the kubeconfig {where} is wrong: "{key}" is not {words}', "correct it")


def is_address(url: str, schemes: Iterable[str]) -> bool:
    """Whether it is a URL with one of these schemes, a host, and a port that there can be."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in schemes and _is_host(parts.hostname or "") and parts.port != 0
    except ValueError:  # unmatched brackets, or a port out of range
        return False
    return good and parts.path.isascii() and url.isprintable() and " " not in url


def _is_host(name: str) -> bool:
    """Whether it can be the name or address of a host."""
    try:
        if not name.isascii():
            name.encode("idna")
    except UnicodeError:  # such as for an empty part
        return False
    return name.isprintable() and name.strip(".") != "" and not name.startswith(".")


def _check_addresses(cluster: dict[str, Any], where: str) -> None:
    """Refuse a server or proxy that is not a URL, and a name that no certificate can have."""
    for key, schemes in (("server", WEB), ("proxy-url", PROXIES)):
        url = cluster.get(key)
        if not url:
            continue
        if not is_address(url, schemes):
            # The address itself is not shown, because it may contain a password.
            text = f"the kubeconfig {where} is wrong: {key} is not a valid address"
            raise SpecError(text, "write it like https://HOST:PORT")
    name = cluster.get("tls-server-name")
    if name and not _is_host(name):
        raise SpecError(f"the kubeconfig {where} is wrong: tls-server-name is not a host name", "correct it")


def _loaded(files: Iterable[Path]) -> list[tuple[Path, dict[str, Any]]]:
    """The files that are not empty, and their contents."""
    found = []
    for path in files:
        what = f"the kubeconfig {path}"
        data = yamlfile.parse(yamlfile.read(path, what, _LARGEST), what, _DEEPEST)
        if not isinstance(data, dict | None):
            raise SpecError(f"{what} is not a kubeconfig", "name another file")
        if data is not None:
            found.append((path, data))
    return found


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
    """A copy in which paths relative to the kubeconfig's folder are absolute."""
    moved = dict(content)
    for key in _FILES.get(kind, ()):
        if moved.get(key):
            moved[key] = str(folder / str(moved[key]))
    plugin = moved.get("exec")
    if isinstance(plugin, dict) and os.sep in str(plugin.get("command", "")):
        moved["exec"] = {**plugin, "command": str(folder / str(plugin["command"]))}
    return moved
