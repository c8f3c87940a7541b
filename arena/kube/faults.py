"""Statuses and broken connections become `arena.errors`: here and nowhere else.

A message keeps what the server said, a hint says what to do next, and neither names a library.
"""

import json
import socket
import ssl
from collections.abc import Iterator
from typing import Any, NamedTuple

from arena.errors import (
    ArenaError,
    Conflict,
    MissingOperator,
    NotAllowed,
    NotFound,
    SpecError,
    TimedOut,
    Unreachable,
)
from arena.kube.endpoint import Endpoint
from arena.resources import Resource

BROKEN = OSError
"""What a request or a stream can raise below HTTP's own statuses."""

_OPERATORS = {
    "kubeflow.org": "the Kubeflow training operator",
    "trainer.kubeflow.org": "Kubeflow Trainer",
    "ray.io": "the KubeRay operator",
    "batch.volcano.sh": "Volcano",
    "scheduling.volcano.sh": "Volcano",
    "serving.kserve.io": "KServe",
    "sparkoperator.k8s.io": "the Spark operator",
    "jobset.x-k8s.io": "JobSet",
    "leaderworkerset.x-k8s.io": "LeaderWorkerSet",
    "kueue.x-k8s.io": "Kueue",
    "metrics.k8s.io": "the metrics server",
    "kai.alibabacloud.com": "the elastic training operator",
}


class Asked(NamedTuple):
    """What a request was about, for messages."""

    cluster: str
    verb: str
    resource: Resource | None = None
    namespace: str | None = None
    name: str | None = None

    @property
    def noun(self) -> str:
        """`pod "x"`, `pods`, or the cluster itself."""
        if self.resource is None:
            return "the cluster"
        if not self.name:
            return self.resource.plural
        return f'{self.resource.kind.lower() or self.resource.plural} "{self.name}"'

    @property
    def place(self) -> str:
        """` in namespace "x"`, or nothing."""
        inside = self.resource is not None and self.resource.namespaced and self.namespace
        return f' in namespace "{self.namespace}"' if inside else ""


class NoApi(Unreachable):
    """What answers does not know the address, and not in the words of a cluster."""


class Garbled(Unreachable):
    """What answers sends JSON, but not what was asked for: waiting does not help."""


class Expired(Conflict):
    """The server no longer knows the version from which it shall go on.

    `resume` is the token with which a list can go on with newer objects, or "".
    """

    resume = ""


def refusal(status: int, body: bytes, asked: Asked) -> ArenaError:
    """The error for an answer with an HTTP status of 300 or more."""
    said = _status(body)
    message = str(said.get("message") or "").strip()
    if status == 403:
        return _forbidden(message, said, asked)
    if status == 404:
        return _missing(message, said, asked)
    if status == 409:
        return _conflict(message, said, asked)
    if status == 410:
        return _expired(message, said, asked)
    if status in (400, 413, 422):
        return _invalid(status, message, said, asked)
    return _other(status, message, asked)


def _other(status: int, message: str, asked: Asked) -> ArenaError:
    why = f": {message}" if message else ""
    if status == 401:
        return NotAllowed(
            f"{asked.cluster} does not accept your credentials{why}",
            "log in again, or choose another user or --context",
        )
    if status in (408, 504):
        return TimedOut(f"{asked.cluster} took too long to {asked.verb} {asked.noun}{why}", "try again")
    if status == 429:
        return Unreachable(f"{asked.cluster} is overloaded and asks to wait{why}", "try again in a minute")
    if status == 507 or status < 500:
        if 300 <= status < 400:
            hint = "check the server's address in the kubeconfig"
            return Unreachable(f"{asked.cluster} redirects elsewhere (status {status})", hint)
        return ArenaError(f"{asked.cluster} refuses to {asked.verb} {asked.noun} (status {status}){why}")
    return Unreachable(
        f"{asked.cluster} has a fault (status {status}){why}", "try again, or ask its administrator"
    )


def _status(body: bytes) -> dict[str, Any]:
    """The Status object of an answer; servers and proxies also answer with plain text or HTML."""
    try:
        said = json.loads(body)
    except ValueError:
        text = " ".join(body[:300].decode(errors="replace").split())
        return {} if text.startswith("<") else {"message": text}
    return said if isinstance(said, dict) else {}


def _causes(said: dict[str, Any]) -> list[dict[str, Any]]:
    return (said.get("details") or {}).get("causes") or []


def _forbidden(message: str, said: dict[str, Any], asked: Asked) -> ArenaError:
    reasons = {cause.get("reason") for cause in _causes(said)}
    why = message.partition(" is forbidden: ")[2] or message
    if "NamespaceTerminating" in reasons:
        return Conflict(
            f'namespace "{asked.namespace}" is being deleted', "wait until it is gone, or use another -n"
        )
    if why.startswith("exceeded quota"):
        return NotAllowed(
            f"the quota{asked.place} leaves no room for {asked.noun}: {why}",
            "ask for less, delete what is no longer needed, or ask for a larger quota",
        )
    if "cannot " in why or not why:
        text = f"you may not {asked.verb} {asked.noun}{asked.place}"
        return NotAllowed(f"{text} ({why})" if why else text, "ask for a role that includes it")
    return NotAllowed(
        f"{asked.cluster} refuses to {asked.verb} {asked.noun}{asked.place}: {why}",
        "change it as the cluster's policy asks",
    )


def _missing(message: str, said: dict[str, Any], asked: Asked) -> ArenaError:
    details = said.get("details") or {}
    absent = details.get("name")
    if (
        absent
        and details.get("kind") == "namespaces"
        and asked.resource
        and asked.resource.plural != "namespaces"
    ):
        hint = f"choose another with -n, or create it; on the local cluster: arena local start -n {absent}"
        return NotFound(f'no namespace "{absent}" on {asked.cluster}', hint)
    if absent or (asked.name and asked.resource and not asked.resource.group):
        return NotFound(f"no {asked.noun}{asked.place}", "check the name and the namespace")
    if asked.resource is None:
        hint = "check the server's address in the kubeconfig"
        if said.get("kind") == "Status":
            return NotFound(f"{asked.cluster} has no such address: {message}", hint)
        return NoApi(f"there is no cluster's API at the address of {asked.cluster}", hint)
    return missing_operator(asked.cluster, asked.resource)


def missing_operator(cluster: str, resource: Resource) -> MissingOperator:
    """The error for a resource type that the cluster does not serve."""
    kind = resource.kind or f"{resource.plural}.{resource.group}"
    owner = _OPERATORS.get(resource.group, f"what serves {resource.api_version}")
    return MissingOperator(
        f"{cluster} has no {kind}", f"ask its administrator to install {owner}, or use --context local"
    )


def _conflict(message: str, said: dict[str, Any], asked: Asked) -> ArenaError:
    if said.get("reason") == "AlreadyExists":
        return Conflict(
            f"{asked.noun} exists already{asked.place}", "choose another name, or delete it first"
        )
    return Conflict(f"{asked.noun}{asked.place} changed meanwhile: {message}", "try again")


def _expired(message: str, said: dict[str, Any], asked: Asked) -> Expired:
    error = Expired(
        f"{asked.noun}{asked.place} changed too much since they were read: {message}", "try again"
    )
    error.resume = str((said.get("metadata") or {}).get("continue") or "")
    return error


def _invalid(status: int, message: str, said: dict[str, Any], asked: Asked) -> ArenaError:
    if asked.verb == "read the log of":
        return NotFound(f"no log of {asked.noun}{asked.place}: {message}", "wait until it has started")
    if status == 413:
        return SpecError(
            f"{asked.noun} is larger than the cluster accepts: {message}", "move data into a volume"
        )
    if asked.verb in ("list", "watch"):
        return SpecError(
            f"{asked.cluster} cannot select {asked.noun}: {message or f'status {status}'}",
            "write labels like team=vision,tier!=test",
        )
    fields = "; ".join(
        f"{cause['field']}: {cause.get('message', '')}" for cause in _causes(said) if cause.get("field")
    )
    why = fields or message or f"status {status}"
    return SpecError(f"{asked.cluster} finds {asked.noun} invalid: {why}")


def not_json(asked: Asked, error: type[Unreachable] = Unreachable) -> Unreachable:
    """The error for a body that is not what was asked for: a proxy's page, or one cut short."""
    text = f"{asked.cluster} answered with something that is not the cluster's API"
    return error(text, "check the server's address in the kubeconfig, and proxies between")


def broken(cause: BaseException, asked: Asked, server: Endpoint) -> ArenaError:
    """The error for a request that got no answer, or a stream that broke."""
    chain = list(_chain(cause))
    known = _dns(chain, asked, server.host) or _tls(chain, asked, server.host) or _slow(chain, asked, server)
    if known is not None:
        return known
    if _has(chain, "ProxyError"):
        return Unreachable(
            f"the proxy on the way to {server.host} does not answer", "check HTTPS_PROXY and NO_PROXY"
        )
    if _has(chain, "NewConnectionError", "ConnectionRefusedError"):
        text = f"{asked.cluster} does not answer at {server.address}: {_reason(chain)}"
        return Unreachable(text, "check that it runs, the network and VPN, or choose another --context")
    text = f"the connection to {asked.cluster} broke while it was to {asked.verb} {asked.noun}"
    if asked.verb in ("create", "change", "delete"):
        return Unreachable(text, "it may have been done all the same: look before you try again")
    return Unreachable(text, "try again")


def _has(chain: list[BaseException], *names: str) -> bool:
    """Whether an exception of one of these types is among them.

    Asked by name: the HTTP library is imported only where a request goes through it.
    """
    return any(base.__name__ in names for one in chain for base in type(one).__mro__)


def _chain(cause: BaseException) -> Iterator[BaseException]:
    """An exception and what led to it: causes, reasons and wrapped arguments."""
    seen: list[BaseException] = []
    todo: list[Any] = [cause]
    while todo:
        one = todo.pop(0)
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            yield one
            todo += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]


def _dns(chain: list[BaseException], asked: Asked, host: str) -> ArenaError | None:
    if not any(isinstance(one, socket.gaierror) for one in chain):
        return None
    text = f"{asked.cluster} cannot be found: the name {host} is not known here"
    return Unreachable(text, "check the server's address in the kubeconfig, the network and VPN")


def _tls(chain: list[BaseException], asked: Asked, host: str) -> ArenaError | None:
    refused = next((one for one in chain if isinstance(one, ssl.SSLCertVerificationError)), None)
    if refused is not None:
        text = f"{asked.cluster} cannot be trusted: the certificate of {host} fails: {refused.verify_message}"
        return Unreachable(text, "check certificate-authority and tls-server-name in the kubeconfig")
    fault = next((one for one in chain if isinstance(one, ssl.SSLError)), None)
    if fault is None:
        return None
    why = (getattr(fault, "reason", "") or "the handshake failed").replace("_", " ").lower()
    text = f"{asked.cluster} and this machine cannot agree on TLS with {host}: {why}"
    return Unreachable(text, "check the server's address and the client certificate in the kubeconfig")


def _slow(chain: list[BaseException], asked: Asked, server: Endpoint) -> ArenaError | None:
    if _has(chain, "ConnectTimeoutError") and not _has(chain, "NewConnectionError"):
        text = f"{asked.cluster} does not answer at {server.address}"
        return TimedOut(text, "check the network, VPN and proxy")
    if _has(chain, "ReadTimeoutError") or any(isinstance(one, TimeoutError) for one in chain):
        return TimedOut(f"{asked.cluster} took too long to {asked.verb} {asked.noun}", "try again")
    return None


def _reason(chain: list[BaseException]) -> str:
    """The operating system's words for why there is no connection."""
    words = (one.strerror for one in chain if isinstance(one, OSError) and one.strerror)
    return next(words, "no connection").lower()
