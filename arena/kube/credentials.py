"""Credentials of a context or a pod's service account: the only importer of `kubernetes`.

Only its loading of tokens, certificates and credential plug-ins is used, in the part that is the same
from version 31 to 37; requests are made by `transport`.
"""

import ipaddress
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from arena.errors import NotAllowed, SpecError
from arena.kube.endpoint import Endpoint
from arena.kube.kubeconfig import Context


def load(context: Context) -> Endpoint:
    """The server and credentials of a context; runs its credential plug-in where it has one.

    Raises NotAllowed when the plug-in gives nothing, SpecError when the kubeconfig is wrong.
    """
    if context.is_plain:
        return Endpoint(server=str(context.cluster["server"]).rstrip("/"))
    client, config = _loader()
    settings = client.Configuration()
    with _complaints() as said:
        try:
            if "auth-provider" in context.user:
                # A renewed refresh token must be written back, or the next login fails.
                paths = os.pathsep.join(str(one) for one in context.files)
                config.load_kube_config(paths, context.name, settings, persist_config=True)
            else:
                config.load_kube_config_from_dict(
                    context.as_config(), context.name, settings, persist_config=False
                )
        except (config.ConfigException, OSError, ValueError) as cause:
            text = f'the credentials of context "{context.name}" cannot be used: {_said(cause)}'
            raise SpecError(text, "correct the kubeconfig") from cause
        except (AttributeError, TypeError, KeyError) as cause:
            # The loader stumbles over what a provider that is not set up did not give it.
            raise _no_credentials(context, said) from cause
    if not _proves(settings) and {"exec", "auth-provider"} & context.user.keys():
        raise _no_credentials(context, said)
    return _endpoint(settings, context)


def _said(cause: Exception) -> str:
    if isinstance(cause, OSError) and cause.strerror:
        return f"{cause.filename} cannot be read: {cause.strerror}" if cause.filename else cause.strerror
    return str(cause)


def _loader() -> tuple[Any, Any]:
    """The two modules that are used; Any, since one end of the range has types and the other has not."""
    from kubernetes import client, config

    return client, config


def _endpoint(settings: Any, context: Context) -> Endpoint:
    cluster = context.cluster
    server = str(cluster["server"]).rstrip("/")
    extra = _impersonation(context.user)
    return Endpoint(
        server=server,
        headers=lambda: _sendable({**_authorization(settings), **extra}, context.name),
        verify=not cluster.get("insecure-skip-tls-verify", False),
        ca_file=settings.ssl_ca_cert or None,
        cert_file=settings.cert_file or None,
        key_file=settings.key_file or None,
        server_name=cluster.get("tls-server-name") or None,
        proxy=cluster.get("proxy-url") or proxy_for(server),
    )


def _sendable(headers: dict[str, str], name: str) -> dict[str, str]:
    """The headers; SpecError where one would break the request or smuggle a second one into it."""
    if not all(value.isascii() and value.isprintable() for value in headers.values()):
        text = f'the credentials of context "{name}" hold characters that no request can carry'
        raise SpecError(text, "correct the kubeconfig, or log in again")
    return headers


def load_in_cluster() -> Endpoint:
    """The server and credentials of the pod's service account."""
    client, config = _loader()
    settings = client.Configuration()
    try:
        config.load_incluster_config(client_configuration=settings)
    except (config.ConfigException, OSError) as cause:
        text = f"the service account of this pod cannot be used: {cause}"
        raise SpecError(text, "name a cluster with --kubeconfig, or use --context local") from cause
    return Endpoint(
        server=settings.host, headers=lambda: _authorization(settings), ca_file=settings.ssl_ca_cert
    )


def _authorization(settings: Any) -> dict[str, str]:
    """The header that carries the token; asking for it renews one that expired."""
    found = settings.auth_settings().get("BearerToken") or {}
    return {"Authorization": found["value"]} if found.get("value") else {}


def _proves(settings: Any) -> bool:
    return bool(settings.cert_file or _authorization(settings))


def _impersonation(user: dict[str, Any]) -> dict[str, str]:
    """The headers of `as` and its kin, with which an administrator acts as somebody else."""
    if user.get("as-groups") or user.get("as-user-extra"):
        raise SpecError(
            "as-groups and as-user-extra of a kubeconfig are not supported", "use a user without them"
        )
    names = {"as": "Impersonate-User", "as-uid": "Impersonate-Uid"}
    return {header: str(user[key]) for key, header in names.items() if user.get(key)}


def _no_credentials(context: Context, said: list[str]) -> NotAllowed:
    entry = context.user.get("exec") or {}
    plugin = entry.get("command") or "its auth-provider"
    why = f": {said[-1].removeprefix('exec: ')}" if said else ""
    text = f'the credential plug-in "{plugin}" of context "{context.name}" gave no credentials{why}'
    hint = str(entry.get("installHint") or "install it or log in again").strip()
    return NotAllowed(text, " ".join(hint.split()))


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What is logged meanwhile: failures of plug-ins are only logged, not raised, by the loader."""
    said: list[str] = []
    catcher = _Catcher(said.append)
    logging.getLogger().addHandler(catcher)
    try:
        yield said
    finally:
        logging.getLogger().removeHandler(catcher)


class _Catcher(logging.Handler):
    def __init__(self, hear: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._hear = hear

    def emit(self, record: logging.LogRecord) -> None:
        self._hear(record.getMessage().strip())


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
