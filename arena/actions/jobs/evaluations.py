"""Evaluations of models: list, read and delete them; they are submitted like jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions import readings, served
from arena.actions.deletion import Removal
from arena.actions.jobs import delete as deletion
from arena.actions.jobs import find
from arena.errors import ArenaError, NotFound
from arena.kinds.evaluation import FAMILY
from arena.kinds.evaluation import evaluatejob as evaluation
from arena.kinds.kind import Kind
from arena.model.evaluations import Evaluation
from arena.model.jobs import Job
from arena.resources import PODS, Resource
from arena.units import by_age

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session


def evaluations(session: Session, *, everywhere: bool = False, selector: str = "") -> list[Evaluation]:
    """Return the evaluations of the session's namespace, the newest first, without their instances.

    Args:
        everywhere: include every namespace.
        selector: labels that the evaluations must have, such as `team=vision,stage!=test`.
    """
    cluster, namespace = session.cluster(), None if everywhere else session.namespace
    resource = served.require(cluster, evaluation.KIND)
    own = f"{labels.APP}={evaluation.NAME}"
    objects = cluster.list(resource, namespace, labels=",".join(filter(None, (own, selector))))
    found = [evaluation.evaluation(obj, evaluation.read(obj, ())) for obj in objects]
    return sorted(found, key=lambda one: by_age(one.job), reverse=True)


def one(session: Session, name: str) -> Evaluation:
    """Return one evaluation with its instances.

    Raises:
        NotFound: there is no evaluation with that name.
    """
    cluster, namespace = session.cluster(), session.namespace
    kind, _, obj = _find(cluster, name, namespace)
    try:
        pods = list(cluster.list(PODS, namespace, labels=find.pod_selector(kind, obj)))
    except ArenaError as error:
        unseen = kind.read(obj, []).unseen(readings.unread(PODS, error, readings.INSTANCES))
        return evaluation.evaluation(obj, unseen)
    return evaluation.evaluation(obj, kind.read(obj, pods))


def _find(cluster: Cluster, name: str, namespace: str) -> tuple[Kind, Resource, dict[str, Any]]:
    try:
        return find.find(cluster, name, namespace, evaluation.KIND, FAMILY)
    except NotFound as error:
        raise NotFound(f'no evaluation "{name}" in namespace "{namespace}"', error.hint) from error


def remove(removal: Removal, name: str, namespace: str) -> Job:
    """Delete an evaluation and everything that was created with it; raises as `one`."""
    kind = _find(removal.cluster, name, namespace)[0]
    return deletion.remove(removal, name, namespace, kind, "evaluation")
