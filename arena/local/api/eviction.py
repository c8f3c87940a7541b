"""The subresource `eviction` of pods: a deletion that the PodDisruptionBudget of the pod has to allow.

The rules are those of Kubernetes (`pkg/registry/core/pod/storage/eviction.go`).
"""

from aiohttp import web

from arena.local import checks
from arena.local.api import bodies, metadata, refusals, write_options
from arena.local.api.object_api import Api
from arena.local.api.request_options import DeleteOptions
from arena.local.objects import DISRUPTION_BUDGETS, PODS, Object, Refused

_REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
_CONDITION = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "EvictionByEvictionAPI",
    "message": "Eviction API: evicting",
}


def options(request: web.Request, body: Object, name: str) -> DeleteOptions:
    """The options of the deletion; raises Refused 400 for a body that is no Eviction of the pod."""
    kind = body.get("kind")
    if kind not in (None, "", "Eviction"):
        raise refusals.bad(f"no kind Eviction, but {kind}")
    meta = bodies.mapping(body.get("metadata") or {})
    if meta.get("name") != name:
        raise refusals.bad("name in URL does not match name in Eviction object")
    given = bodies.mapping(body.get("deleteOptions") or {})
    return write_options.deleting(request, given)


def evict(api: Api, name: str, namespace: str, how: DeleteOptions) -> None:
    """Delete a pod, if its PodDisruptionBudget allows that.

    Raises:
        Refused: 404; 429 if the budget does not allow it, or has not been counted yet; 500 if there are two.
    """
    with api.store.transaction(how.dry):
        pod = api.get(PODS, name, namespace)
        if pod is None:
            raise refusals.missing(PODS, name)
        if not _is_free(pod):
            _take(api, pod, namespace)
        found = [one for one in pod["status"].get("conditions") or [] if one["type"] != _CONDITION["type"]]
        condition = {**_CONDITION, "lastTransitionTime": metadata.now()}
        api.patch(PODS, name, {"status": {"conditions": [*found, condition]}}, namespace, "status")
        api.remove(PODS, name, namespace, how)


def _is_free(pod: Object) -> bool:
    """Whether a pod does not run, so that its deletion disrupts nothing."""
    return pod["status"].get("phase") != "Running" or bool(pod["metadata"].get("deletionTimestamp"))


def _take(api: Api, pod: Object, namespace: str) -> None:
    """Take the eviction from the budget of a pod that runs; raises Refused."""
    labels = pod["metadata"].get("labels") or {}
    budgets = [one for one in api.list(DISRUPTION_BUDGETS, namespace) if _covers(one, labels)]
    if len(budgets) > 1:
        why = (
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        )
        raise refusals.of_code(500, why)
    for budget in budgets:
        status, name = budget.get("status") or {}, budget["metadata"]["name"]
        if not _is_ready(pod) and _spares_unready(budget["spec"], status):
            return
        _check(budget, status)
        allowed = status["disruptionsAllowed"] - 1
        disrupted = {pod["metadata"]["name"]: metadata.now()}
        change = {"disruptionsAllowed": allowed, "disruptedPods": disrupted}
        api.patch(DISRUPTION_BUDGETS, name, {"status": change}, namespace, "status")


def _covers(budget: Object, labels: Object) -> bool:
    selector = budget["spec"].get("selector")
    return selector is not None and checks.selects(selector, labels)


def _is_ready(pod: Object) -> bool:
    conditions = pod["status"].get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _spares_unready(spec: Object, status: Object) -> bool:
    """Whether pods that are not ready may go without counting."""
    if spec.get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    wanted, there = int(status.get("desiredHealthy", 0)), int(status.get("currentHealthy", 0))
    return 0 < wanted <= there


def _check(budget: Object, status: Object) -> None:
    """Check that a budget allows one more eviction."""
    name = budget["metadata"]["name"]
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 1):
        raise _refused(f"The disruption budget {name} is still being processed by the server.")
    if status.get("disruptionsAllowed", 0) < 1:
        wanted, there = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
        why = f"The disruption budget {name} needs {wanted} healthy pods and has {there} currently"
        raise _refused(why)


def _refused(why: str) -> Refused:
    cause = {"reason": "DisruptionBudget", "message": why}
    return Refused(429, "TooManyRequests", _REFUSED, {"causes": [cause]})
