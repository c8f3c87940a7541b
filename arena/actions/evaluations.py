"""Evaluations of models: list, read and delete them; they are submitted as jobs are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions import served, training
from arena.errors import NotFound
from arena.kinds import evaluation
from arena.kinds.kind import Kind
from arena.model import Evaluation, Job
from arena.resources import PODS, Resource
from arena.units import by_age

if TYPE_CHECKING:
    from arena.kube import Cluster


def evaluations(cluster: Cluster, namespace: str | None) -> list[Evaluation]:
    """The evaluations of a namespace (None: of all), the newest first, without their instances."""
    resource = served.require(cluster, evaluation.KIND)
    objects = cluster.list(resource, namespace, labels=f"{labels.APP}={evaluation.NAME}")
    found = [evaluation.evaluation(obj, evaluation.read(obj, ())) for obj in objects]
    return sorted(found, key=lambda one: by_age(one.job), reverse=True)


def one(cluster: Cluster, name: str, namespace: str) -> Evaluation:
    """One evaluation with its instances.

    Raises:
        NotFound: there is none.
    """
    kind, _, obj = _find(cluster, name, namespace)
    pods = list(cluster.list(PODS, namespace, labels=training.pod_selector(kind, obj)))
    return evaluation.evaluation(obj, kind.read(obj, pods))


def _find(cluster: Cluster, name: str, namespace: str) -> tuple[Kind, Resource, dict[str, Any]]:
    try:
        return training.find(cluster, name, namespace, evaluation.KIND)
    except NotFound as error:
        raise NotFound(
            f'no evaluation "{name}" in namespace "{namespace}"', "arena evaluate list -A shows all"
        ) from error


def delete(cluster: Cluster, name: str, namespace: str) -> Job:
    """Delete an evaluation and what was made with it; raises as `one`."""
    return training.delete(cluster, name, namespace, _find(cluster, name, namespace)[0])
