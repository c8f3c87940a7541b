"""Whether the webhooks that must agree to new objects can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from arena.errors import NotAllowed, NotFound
from arena.model.checks import FAILURE, OK, WARNING, Check
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]
_GROUP = "admissionregistration.k8s.io"
WEBHOOKS = (
    Resource(_GROUP, "v1", "validatingwebhookconfigurations", False, kind="ValidatingWebhookConfiguration"),
    Resource(_GROUP, "v1", "mutatingwebhookconfigurations", False, kind="MutatingWebhookConfiguration"),
)
SLICES = Resource("discovery.k8s.io", "v1", "endpointslices", kind="EndpointSlice")
ENDPOINTS = Resource("", "v1", "endpoints", kind="Endpoints")


def check(session: Session) -> Iterator[Check]:
    """Yield the webhooks whose Service has no ready endpoint: what they must agree to is refused."""
    cluster = session.cluster()
    if not cluster.serves(WEBHOOKS[0]):
        return
    asked: dict[tuple[str, str], str] = {}
    dead = 0
    for resource in WEBHOOKS:
        for obj in cluster.list(resource):
            for hook in obj.get("webhooks") or ():
                service = (hook.get("clientConfig") or {}).get("service")
                if not isinstance(service, dict):
                    continue  # by a URL
                where = str(service.get("namespace")), str(service.get("name"))
                if where not in asked:
                    asked[where] = _fault(cluster, *where)
                if not asked[where]:
                    continue
                dead += 1
                yield _dead(obj, hook, where, asked[where])
    if not dead:
        told = "the services of all webhooks can be asked" if asked else "there are no webhooks"
        yield Check(id="webhooks", state=OK, message=told)


def _dead(obj: Object, hook: Object, where: tuple[str, str], fault: str) -> Check:
    name = obj["metadata"]["name"]
    kinds = sorted({one for rule in hook.get("rules") or () for one in rule.get("resources") or ()}) or [
        "objects"
    ]
    ignored = hook.get("failurePolicy") == "Ignore"
    changes = f"new or changed {', '.join(kinds)} {'are no longer checked' if ignored else 'are refused'}"
    message = f"webhook {hook.get('name')} cannot be asked ({fault}): {changes}"
    return Check(id=f"webhooks.{name}", state=WARNING if ignored else FAILURE, message=message,
                 remedy=f"start what is behind it: kubectl -n {where[0]} get deployments")  # fmt: skip


def _fault(cluster: Cluster, namespace: str, name: str) -> str:
    """Why a Service cannot answer; "" if it can."""
    try:
        if cluster.serves(SLICES):
            found = cluster.list(SLICES, namespace, labels=f"kubernetes.io/service-name={name}")
            ready = any(
                (one.get("conditions") or {}).get("ready") is not False
                for each in found
                for one in each.get("endpoints") or ()
            )
        else:
            obj = cluster.get(ENDPOINTS, namespace, name)
            ready = any(one.get("addresses") for one in obj.get("subsets") or ())
    except NotFound:
        return f"service {name} in namespace {namespace} is gone"
    except NotAllowed:
        return ""  # most users may not see it
    return "" if ready else f"service {name} in namespace {namespace} has no ready endpoint"
