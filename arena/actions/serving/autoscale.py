"""Let the cluster change the number of instances of a serving by its load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from arena import labels, manifests
from arena.actions import served
from arena.actions.jobs import find as jobs
from arena.actions.serving import change
from arena.actions.serving.find import Found
from arena.errors import Conflict, NotFound, SpecError
from arena.kinds.kind import Kind
from arena.kinds.serving import kserve
from arena.kinds.serving.base import autoscaling
from arena.model.servings import Autoscaler, Metric
from arena.resources import AUTOSCALERS, Resource
from arena.values import frozen

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]
_TYPES = (AUTOSCALERS, AUTOSCALERS._replace(version="v2beta2"))
"""Their fields are the same; Kubernetes serves the first since 1.23."""
KSERVE_METRICS = ("cpu", "memory", "concurrency", "rps")


@frozen
class Scaling:
    """How a serving shall be scaled."""

    least: int
    most: int
    metrics: tuple[Metric, ...]

    def check(self) -> None:
        """Refuse limits that contradict each other, and scaling by nothing; raises SpecError."""
        if self.most < max(self.least, 1):
            raise SpecError(
                f"--max {self.most} is less than --min {self.least}", "give at least as many as --min"
            )
        if not self.metrics:
            raise SpecError("there is no metric to scale by", "add --cpu 80, or another one")


def autoscale(
    session: Session, name: str, scaling: Scaling, *, version: str = "", kind: Kind | str | None = None
) -> Autoscaler:
    """Let the cluster change the number of instances of a serving, within limits.

    Args:
        scaling: the limits, and the metrics with their targets.
        version: required if it has several.
        kind: required if several kinds have a serving of that name.

    Raises:
        NotFound: there is no such serving.
        SpecError: the limits contradict each other, or the cluster cannot scale by that.
        Conflict: another program's autoscaler scales it.
    """
    scaling.check()
    found = change.locate(session, name, version, kind)
    cluster = session.cluster()
    if found.kind is kserve.KIND:
        return _kserve(cluster, found, scaling)
    unmeasured = [one.name for one in scaling.metrics if one.name in ("concurrency", "rps")]
    if unmeasured:
        raise SpecError(
            f"a {found.resource.kind} is not scaled by {unmeasured[0]}, which its cluster does not measure",
            "name a metric of your metrics adapter: --metric NAME:VALUE",
        )
    limits = scaling.least, scaling.most
    owner = jobs.reference(found.resource, found.obj)
    wanted = autoscaling.manifest(found.serving, owner, limits, scaling.metrics, _type(cluster))
    try:
        return autoscaling.read(_sent(cluster, found, wanted))
    except SpecError as error:
        if scaling.least == 0:
            error.hint = "most clusters scale to at least 1 by these metrics; KServe's serverless mode to 0"
        raise


def _type(cluster: Cluster) -> Resource:
    """The type of autoscalers on this cluster."""
    return next(iter(served.first(cluster, [_TYPES]).served), AUTOSCALERS)


def _sent(cluster: Cluster, found: Found, wanted: Object) -> Object:
    old = scaler_of(cluster, found)
    if old is None:
        return cluster.create(_type(cluster), found.serving.namespace, wanted)
    _check_ours(found, old)
    meta = old["metadata"]
    patch = manifests.merge_patch({"spec": old["spec"]}, {"spec": {**old["spec"], **wanted["spec"]}})
    if not patch:
        return old
    # Its controller writes its status at any time, which is no conflict.
    body = {**patch, "metadata": {"uid": meta["uid"]}}
    return cluster.patch(_type(cluster), meta["namespace"], meta["name"], body)


def _check_ours(found: Found, scaler: Object) -> None:
    if not labels.managed(scaler["metadata"].get("labels") or {}):
        raise Conflict(
            f'HorizontalPodAutoscaler "{scaler["metadata"]["name"]}" of another program scales '
            f'serving "{found.serving.title}"',
            "change or delete that one",
        )


def scaler_of(cluster: Cluster, found: Found) -> Object | None:
    """The HorizontalPodAutoscaler of a serving; None if there is none.

    Raises:
        NotAllowed: they may not be listed.
    """
    if not cluster.serves(_type(cluster)):
        return None
    every = cluster.list(_type(cluster), found.serving.namespace)
    return next((one for one in every if autoscaling.is_for(one, found.obj, found.resource.kind)), None)


def stop(session: Session, name: str, *, version: str = "", kind: Kind | str | None = None) -> bool:
    """End the scaling of a serving by its load; its present number of instances stays.

    Returns:
        Whether it was scaled before.

    Raises:
        NotFound: there is no such serving.
        Conflict: another program's autoscaler scales it.
    """
    found = change.locate(session, name, version, kind)
    cluster = session.cluster()
    if found.kind is kserve.KIND:
        none = dict.fromkeys(("scaleMetric", "scaleTarget", "maxReplicas"))
        return bool(change.apply(cluster, found, lambda now: _with_predictor(now, none)).patch)
    scaler = scaler_of(cluster, found)
    if scaler is None:
        return False
    _check_ours(found, scaler)
    meta = scaler["metadata"]
    try:
        cluster.delete(_type(cluster), meta["namespace"], meta["name"], uid=meta["uid"])
    except NotFound:
        return False
    return True


def _with_predictor(found: Found, fields: Object) -> Object:
    patched: Object = manifests.patch(found.obj, {"spec": {"predictor": fields}})
    return patched


def _kserve(cluster: Cluster, found: Found, scaling: Scaling) -> Autoscaler:
    """Write the limits and the metric into the fields of an InferenceService."""
    metric = _only(scaling.metrics)
    word = metric.target.removesuffix("%")
    if not word.isdigit():
        raise SpecError(f"--{metric.name}: KServe takes a whole number", f"write it like --{metric.name} 80")
    fields = {
        "minReplicas": scaling.least,
        "maxReplicas": scaling.most,
        "scaleMetric": metric.name,
        "scaleTarget": int(word),
    }
    change.apply(cluster, found, lambda now: _with_predictor(now, fields))
    name = f"InferenceService {found.serving.object_name}"
    return Autoscaler(name=name, least=scaling.least, most=scaling.most, metrics=scaling.metrics)


def _only(metrics: Sequence[Metric]) -> Metric:
    if len(metrics) > 1 or metrics[0].name not in KSERVE_METRICS:
        known = ", ".join(f"--{one}" for one in KSERVE_METRICS)
        raise SpecError("KServe scales by one metric of its own", f"give one of {known}")
    return metrics[0]
