"""HTTP statuses become `arena.errors` here, broken connections in `connection_errors`, and nowhere else.

A message contains the server's message, a hint says what to do next, and neither names a library.
"""

import re
from typing import Any

from arena import foreign_json
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
from arena.resources import Resource
from arena.tuples import NamedTuple

BROKEN = OSError
"""Exceptions of requests and streams below the level of HTTP statuses."""

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


_REFUSED = r'User "[^"]*" cannot '
"""How the authorizer's words begin; other words are those of webhooks and policies."""
_ANONYMOUS = 'User "system:anonymous" cannot '
_TRIALS = "does not support dry run"
_TOO_LONG = "metadata.annotations: Too long"


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
    """The server does not know the path, and does not answer like a cluster."""


class Garbled(Unreachable):
    """The server sends something unexpected or endless: waiting does not help."""


class NotAuthenticated(NotAllowed):
    """The server does not accept the credentials, or there are none."""


class Taken(Conflict):
    """The name is taken."""


class NoTrial(SpecError):
    """A webhook of the cluster forbids dry runs, so nobody can say what would happen."""


class Expired(Conflict):
    """The server no longer has the version from which to continue.

    `resume` is the token with which a list can continue with newer objects, or "".
    """

    resume = ""


def refusal(status: int, body: bytes, asked: Asked) -> ArenaError:
    """The error for an answer with an HTTP status of 300 or more."""
    said = status_of(body)
    message = str(said.get("message") or "").strip()
    if status == 403:
        return _forbidden(message, said, asked)
    if status == 404:
        return _missing(message, said, asked)
    # A patch with the uid of an object whose name another one has taken meanwhile changes an immutable field.
    if status == 409 or any(cause.get("field") == "metadata.uid" for cause in causes(said)):
        return _conflict(message, said, asked)
    if status == 410:
        return _expired(message, said, asked)
    if status in (400, 413, 422):
        return _invalid(status, message, said, asked)
    return _other(status, message, asked)


def _other(status: int, message: str, asked: Asked) -> ArenaError:
    why = f": {message}" if message else ""
    if status == 401:
        return NotAuthenticated(
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
            return Unreachable(f"{asked.cluster} redirects to another address (status {status})", hint)
        return ArenaError(f"{asked.cluster} refuses to {asked.verb} {asked.noun} (status {status}){why}")
    return Unreachable(
        f"{asked.cluster} has an internal error (status {status}){why}", "try again, or ask its administrator"
    )


def status_of(body: bytes) -> dict[str, Any]:
    """The Status object in bytes; servers and proxies also answer with plain text or HTML."""
    try:
        said = foreign_json.loads(body)
    except ValueError:
        text = " ".join(body[:300].decode(errors="replace").split())
        return {} if text.startswith("<") else {"message": text}
    return said if isinstance(said, dict) else {}


def causes(said: dict[str, Any]) -> list[dict[str, Any]]:
    """The causes in a Status."""
    found = _details(said).get("causes")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _details(said: dict[str, Any]) -> dict[str, Any]:
    found = said.get("details")
    return found if isinstance(found, dict) else {}


def _forbidden(message: str, said: dict[str, Any], asked: Asked) -> ArenaError:
    reasons = {str(cause.get("reason")) for cause in causes(said)}
    why = message.partition(" is forbidden: ")[2] or message
    if "NamespaceTerminating" in reasons:
        return Conflict(
            f'namespace "{asked.namespace}" is being deleted', "wait until it is gone, or use another -n"
        )
    if why.startswith("exceeded quota"):
        return NotAllowed(
            f"the quota{asked.place} leaves no room for {asked.noun}: {why}",
            "request less, delete what is no longer needed, or ask for a larger quota",
        )
    if _ANONYMOUS in why:
        text = f"{asked.cluster} received no credentials from you ({why})"
        return NotAllowed(text, "log in, or choose a --context that has a user")
    if not why or re.match(_REFUSED, why):
        what, place, hint = asked.noun, asked.place, "ask for a role that includes it"
        if asked.resource is None:
            what, hint = f"which types {asked.cluster} serves", "ask for the ClusterRole system:discovery"
        elif asked.verb in ("list", "watch") and asked.resource.namespaced and not asked.namespace:
            place, hint = " in all namespaces", "omit -A, or ask for a ClusterRole that includes it"
        text = f"you may not {asked.verb} {what}{place}"
        return NotAllowed(f"{text} ({why})" if why else text, hint)
    return NotAllowed(
        f"{asked.cluster} refuses to {asked.verb} {asked.noun}{asked.place}: {why}",
        "change it as the cluster's policy asks",
    )


def _missing(message: str, said: dict[str, Any], asked: Asked) -> ArenaError:
    details = _details(said)
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
            return NotFound(f"{asked.cluster} does not serve this path: {message}", hint)
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
        return Taken(f"{asked.noun} exists already{asked.place}", "choose another name, or delete it first")
    return Conflict(f"{asked.noun}{asked.place} changed meanwhile: {message}", "try again")


def _expired(message: str, said: dict[str, Any], asked: Asked) -> Expired:
    error = Expired(f"{asked.noun}{asked.place} changed too much while being read: {message}", "try again")
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
        f"{cause['field']}: {cause.get('message', '')}" for cause in causes(said) if cause.get("field")
    )
    if _TRIALS in message:
        text = f"{asked.cluster} cannot try to {asked.verb} {asked.noun}: {message}"
        return NoTrial(text, "only a real attempt will tell")
    why = fields or message or f"status {status}"
    if _TOO_LONG in why:
        text = f"the command and the options of {asked.noun} are longer than {asked.cluster} stores ({why})"
        return SpecError(text, "move what is long into a file: --code, --config-file or a volume")
    return SpecError(f"{asked.cluster} finds {asked.noun} invalid: {why}")


def not_json(asked: Asked, error: type[Unreachable] = Unreachable) -> Unreachable:
    """The error for an unexpected body, such as a proxy's page or a truncated answer."""
    text = f"{asked.cluster} answered with something that is not the cluster's API"
    return error(text, "check the server's address in the kubeconfig, and proxies between")
