"""How a context or a pod's service account proves who one is: tokens, passwords, certificates.

What a program or a login service gives is the business of `plugins`.
"""

import atexit
import ipaddress
import os
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from arena.errors import SpecError
from arena.kube.endpoint import Endpoint, Proof
from arena.kube.kubeconfig import SERVICE_ACCOUNT, Context

_CORRECT = "correct the kubeconfig"


def load(context: Context) -> Endpoint:
    """The server and credentials of a context; runs its credential plug-in where it has one.

    Raises NotAllowed when the plug-in gives nothing, SpecError when the kubeconfig is wrong.
    """
    cluster = context.cluster
    server = str(cluster["server"]).rstrip("/")
    if context.is_plain:
        return Endpoint(server=server)
    whose = f'the credentials of context "{context.name}"'
    proof, extra = _proof(context, whose), _impersonation(context.user)
    return Endpoint(
        server=server,
        headers=lambda: _sendable({**proof.headers(), **extra}, whose),
        verify=not cluster.get("insecure-skip-tls-verify", False),
        ca_file=_file(cluster, "certificate-authority", whose),
        cert_file=proof.cert_file,
        key_file=proof.key_file,
        server_name=cluster.get("tls-server-name") or None,
        proxy=cluster.get("proxy-url") or proxy_for(server),
    )


def load_in_cluster(environ: Mapping[str, str] = os.environ) -> Endpoint:
    """The server and credentials of the service account of the pod that this process runs in."""
    whose = "the service account of this pod"
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "")
    token, ca_file = SERVICE_ACCOUNT / "token", SERVICE_ACCOUNT / "ca.crt"
    hint = "name a cluster with --kubeconfig, or use --context local"
    if not port:
        raise SpecError(f"{whose} cannot be used: KUBERNETES_SERVICE_PORT is not set", hint)
    if not ca_file.is_file():
        raise SpecError(f"{whose} cannot be used: there is no {ca_file}", hint)
    _bearer(token, whose)
    return Endpoint(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        headers=lambda: _sendable(_bearer(token, whose), whose),
        ca_file=str(ca_file),
    )


def _proof(context: Context, whose: str) -> Proof:
    user = context.user
    if {"exec", "auth-provider"} & user.keys():
        from arena.kube import plugins

        return plugins.proof(context)
    authorization = _authorization(user, whose)
    authorization()  # what cannot be read is said before anything is sent
    cert_file, key_file = (_file(user, key, whose) for key in ("client-certificate", "client-key"))
    return Proof(authorization, cert_file, key_file)


def _authorization(user: Mapping[str, Any], whose: str) -> Callable[[], dict[str, str]]:
    """What gives the header with the token or password of a kubeconfig, where it has one."""
    if user.get("token"):
        return lambda: {"Authorization": f"Bearer {user['token']}"}
    if user.get("tokenFile"):
        return lambda: _bearer(Path(user["tokenFile"]), whose)
    if user.get("username") and user.get("password"):
        pair = b64encode(f"{user['username']}:{user['password']}".encode()).decode()
        return lambda: {"Authorization": f"Basic {pair}"}
    return dict


def _bearer(path: Path, whose: str) -> dict[str, str]:
    """The header with the token in a file: read for each request, as whoever wrote it renews it."""
    try:
        token = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as cause:
        why = getattr(cause, "strerror", None) or "it is not text"
        raise SpecError(f"{whose} cannot be used: {path} cannot be read: {why}", _CORRECT) from cause
    if not token:
        raise SpecError(f"{whose} cannot be used: {path} is empty", _CORRECT)
    return {"Authorization": f"Bearer {token}"}


def _file(content: Mapping[str, Any], key: str, whose: str) -> str | None:
    """The file that a key names, or one with the data that stand beside it."""
    if content.get(f"{key}-data"):
        try:
            return _written(b64decode(content[f"{key}-data"]))
        except ValueError as cause:
            raise SpecError(f"{whose} cannot be used: {key}-data is not base64", _CORRECT) from cause
        except OSError as cause:
            text = f"{whose} cannot be used: no file can be written for {key}: {cause.strerror}"
            raise SpecError(text, "make room for temporary files, or set TMPDIR") from cause
    path = content.get(key)
    if path and not Path(path).is_file():
        raise SpecError(f"{whose} cannot be used: there is no file {path}", _CORRECT)
    return path or None


@cache
def _written(data: bytes) -> str:
    """A file for this user alone that is removed at the end: TLS takes keys from files only."""
    descriptor, name = tempfile.mkstemp(prefix="arena-")
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    atexit.register(Path(name).unlink, missing_ok=True)
    return name


def _sendable(headers: dict[str, str], whose: str) -> dict[str, str]:
    """The headers; SpecError where one would break the request or smuggle a second one into it."""
    if not all(value.isascii() and value.isprintable() for value in headers.values()):
        text = f"{whose} cannot be used: there are characters in it that no request can carry"
        raise SpecError(text, "correct the kubeconfig, or log in again")
    return headers


def _impersonation(user: Mapping[str, Any]) -> dict[str, str]:
    """The headers of `as` and its kin, with which an administrator acts as somebody else."""
    if user.get("as-groups") or user.get("as-user-extra"):
        raise SpecError(
            "as-groups and as-user-extra of a kubeconfig are not supported", "use a user without them"
        )
    names = {"as": "Impersonate-User", "as-uid": "Impersonate-Uid"}
    return {header: str(user[key]) for key, header in names.items() if user.get(key)}


def proxy_for(server: str) -> str | None:
    """The proxy that the environment names for an address: never for loopback nor what NO_PROXY lists."""
    url = urlsplit(server)
    host = url.hostname or ""
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    exempt = [one.strip().lower() for one in proxies.get("no", "").split(",") if one.strip()]
    if (
        not proxy
        or Endpoint(server=server).is_loopback
        or any(_covers(one, host, url.netloc) for one in exempt)
    ):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _covers(exempt: str, host: str, netloc: str) -> bool:
    """Whether an entry of NO_PROXY (a domain, host, host:port, address or network) covers a host."""
    if exempt == "*" or exempt in (host, netloc) or host.endswith("." + exempt.lstrip("*").lstrip(".")):
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(exempt, strict=False)
    except ValueError:
        return False
