"""Credentials of a context or a pod's service account: tokens, passwords, certificates.

`plugins` handles credentials from programs, and `oidc` those from login services.
"""

import os
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from arena.errors import SpecError
from arena.kube import keyfiles, proxies, service_account
from arena.kube.endpoint import Endpoint, Headers, Proof
from arena.kube.kubeconfig import Context

_TOKEN = "!#$&'*+^`|"
"""Characters allowed in header names besides letters, digits and `-._~`, without `%`, which escapes."""


def load(context: Context, silent: bool = False) -> Endpoint:
    """Return the server and credentials of a context; runs its credential plug-in if it has one.

    Raises NotAllowed if the plug-in provides nothing, SpecError if the kubeconfig is wrong.

    Args:
        silent: as for `plugins.proof`.
    """
    cluster = context.cluster
    server = str(cluster["server"]).rstrip("/")
    if context.is_plain:
        return Endpoint(server=server)
    whose = f'the credentials of context "{context.name}"'
    proxy, ca_file = proxies.of(context, server), keyfiles.find(cluster, "certificate-authority", context)
    impersonation = _impersonation(context.user, whose)
    proof = _proof(context, whose, silent)
    return Endpoint(
        server=server,
        headers=lambda: _sendable(proof.headers(), whose),
        impersonation=impersonation,
        verify=not cluster.get("insecure-skip-tls-verify", False),
        ca_file=ca_file,
        cert_file=proof.cert_file,
        key_file=proof.key_file,
        server_name=cluster.get("tls-server-name") or None,
        proxy=proxy[0],
        proxy_origin=proxy[1],
    )


def load_in_cluster(environ: Mapping[str, str] = os.environ) -> Endpoint:
    """The server and credentials of the service account of the pod that this process runs in."""
    whose = "the service account of this pod"
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "")
    token, ca_file = (Path(service_account.FOLDER) / name for name in ("token", "ca.crt"))
    hint = "name a cluster with --kubeconfig, or use --context local"
    if not port:
        raise SpecError(f"{whose} cannot be used: KUBERNETES_SERVICE_PORT is not set", hint)
    if not os.path.isfile(ca_file):
        raise SpecError(f"{whose} cannot be used: there is no {ca_file}", hint)
    _bearer(token, whose)
    return Endpoint(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        headers=lambda: _sendable(_bearer(token, whose), whose),
        ca_file=str(ca_file),
    )


def _proof(context: Context, whose: str, silent: bool) -> Proof:
    user = context.user
    if "auth-provider" in user:
        from arena.kube import oidc

        return oidc.proof(context, silent)
    files = tuple(keyfiles.find(user, key, context) for key in ("client-certificate", "client-key"))
    if "exec" in user and not (user.get("token") or user.get("tokenFile")):
        from arena.kube import plugins

        given = plugins.proof(context, silent)
        return given if given.cert_file else Proof(given.headers, *files)
    authorization = _authorization(user, whose)
    authorization()  # unreadable files are reported before anything is sent
    return Proof(authorization, *files)


def _authorization(user: Mapping[str, Any], whose: str) -> Callable[[], dict[str, str]]:
    """A function for the header with the token or password of a kubeconfig, if it has one."""
    if user.get("token"):
        return lambda: {"Authorization": f"Bearer {user['token']}"}
    if user.get("tokenFile"):
        return lambda: _bearer(Path(user["tokenFile"]), whose)
    if user.get("username") and user.get("password"):
        pair = b64encode(f"{user['username']}:{user['password']}".encode()).decode()
        return lambda: {"Authorization": f"Basic {pair}"}
    return dict


def _bearer(path: Path, whose: str) -> dict[str, str]:
    """The header with the token in a file, which is read for each request because it may be renewed."""
    try:
        token = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as cause:
        why = getattr(cause, "strerror", None) or "it is not text"
        raise SpecError(f"{whose} cannot be used: {path} cannot be read: {why}", keyfiles.CORRECT) from cause
    if not token:
        raise SpecError(f"{whose} cannot be used: {path} is empty", keyfiles.CORRECT)
    return {"Authorization": f"Bearer {token}"}


def _sendable(headers: dict[str, str], whose: str) -> dict[str, str]:
    """Return the headers; raises SpecError if one would break the request or inject a second header."""
    if not all(value.isascii() and value.isprintable() for value in headers.values()):
        text = f"{whose} cannot be used: it contains characters that a request cannot contain"
        raise SpecError(text, "correct the kubeconfig, or log in again")
    return headers


def _impersonation(user: Mapping[str, Any], whose: str) -> Headers:
    """The headers of `as` and related keys, with which an administrator acts as somebody else."""
    groups, extra = user.get("as-groups") or (), user.get("as-user-extra") or {}
    found = [("Impersonate-User", user.get("as")), ("Impersonate-Uid", user.get("as-uid"))]
    found += [("Impersonate-Group", str(one)) for one in groups]
    for key, values in extra.items():
        # Characters that headers do not allow are escaped, as the cluster expects.
        name = f"Impersonate-Extra-{quote(str(key), safe=_TOKEN)}"
        found += [(name, str(one)) for one in (values if isinstance(values, list) else [values])]
    pairs = [(name, value) for name, value in found if value]
    if pairs and not user.get("as"):
        text = f"{whose} cannot be used: as-uid, as-groups and as-user-extra need as, the user's name"
        raise SpecError(text, keyfiles.CORRECT)
    for name, value in pairs:
        _sendable({name: value}, whose)
    return pairs
