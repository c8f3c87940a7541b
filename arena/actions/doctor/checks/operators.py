"""Which operators are installed, and whether they run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.errors import NotAllowed
from arena.model.checks import FAILURE, NOTE, OK, WARNING, Check
from arena.resources import DEPLOYMENTS
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]


class Operator(NamedTuple):
    """A project that serves types, and how its Deployment is called."""

    name: str
    types: tuple[str, ...]
    """As `PLURAL.GROUP`."""
    deployment: str
    """A regular expression for the names of its Deployments in its own manifests and charts."""


OPERATORS = (
    Operator("training-operator", ("pytorchjobs.kubeflow.org", "tfjobs.kubeflow.org"),
             r"(kubeflow-)?training-operator.*"),
    Operator("mpi-operator", ("mpijobs.kubeflow.org",), r"mpi-operator|(kubeflow-)?training-operator.*"),
    Operator("trainer", ("trainjobs.trainer.kubeflow.org",), r"kubeflow-trainer-controller-manager.*"),
    Operator("jobset", ("jobsets.jobset.x-k8s.io",), r"jobset-controller(-manager)?"),
    Operator("katib", ("experiments.kubeflow.org",), r"katib-controller"),
    Operator("kserve", ("inferenceservices.serving.kserve.io",), r"kserve-controller-manager"),
    Operator("seldon", ("seldondeployments.machinelearning.seldon.io",), r"seldon-controller-manager"),
    Operator("kuberay", ("rayjobs.ray.io",), r"(.*-)?kuberay-operator"),
    Operator("spark-operator", ("sparkapplications.sparkoperator.k8s.io",),
             r"(.*-)?spark-operator(-controller)?"),
    Operator("volcano", ("jobs.batch.volcano.sh",), r"volcano-controllers"),
    Operator("kueue", ("workloads.kueue.x-k8s.io",), r"kueue-controller-manager"),
    Operator("lws", ("leaderworkersets.leaderworkerset.x-k8s.io",), r"lws-controller-manager"),
)  # fmt: skip


def check(session: Session) -> Iterator[Check]:
    """Yield for each operator whose types are served whether it runs, and which kinds cannot be used."""
    cluster = session.cluster()
    missing = [one.name for one in kinds.training_kinds() if not any(map(cluster.serves, one.resources))]
    if missing:
        message = f"no operator is installed for jobs of these kinds: {', '.join(missing)}"
        yield Check(id="operators.kinds", state=NOTE, message=message,
                    remedy="install what you need (docs/clusters.md), or use: arena submit job")  # fmt: skip
    if session.is_local:
        yield Check(id="operators", state=OK, message="all operators are part of the local cluster")
        return
    there = [(one, types) for one in OPERATORS if (types := _served(cluster, one))]
    if not there:
        return
    found = _deployments(cluster)
    for one, types in there:
        yield _judged(one, types, found)


def _served(cluster: Cluster, one: Operator) -> list[str]:
    """The types of an operator that are served, with their versions."""
    found = []
    for text in one.types:
        plural, _, group = text.partition(".")
        if version := cluster.served(group, plural):
            found.append(f"{text}/{version}")
    return found


def _deployments(cluster: Cluster) -> list[Object] | None:
    """The Deployments of the cluster; None if they may not be listed."""
    try:
        return list(cluster.list(DEPLOYMENTS))
    except NotAllowed:
        return None


def _judged(one: Operator, types: Sequence[str], found: Sequence[Object] | None) -> Check:
    name, served = f"operators.{one.name}", ", ".join(types)
    if found is None:
        message = (
            f"{served} is installed; whether {one.name} runs is unknown, as you may not list Deployments"
        )
        return Check(id=name, state=NOTE, message=message)
    own = [each for each in found if re.fullmatch(one.deployment, each["metadata"]["name"])]
    if not own:
        message = f"{served} is installed, but no Deployment of {one.name} was found: jobs may wait for ever"
        return Check(id=name, state=WARNING, message=message,
                     remedy=f"install {one.name}, unless it has another name here")  # fmt: skip
    for each in own:
        if (each.get("status") or {}).get("availableReplicas"):
            return Check(id=name, state=OK, message=f"{one.name}{_release(each)} runs; it serves {served}")
    meta = own[0]["metadata"]
    message = f"{one.name} does not run: no replica of Deployment {meta['name']} is available"
    return Check(id=name, state=FAILURE, message=message,
                 remedy=f"kubectl -n {meta['namespace']} describe deployment {meta['name']}")  # fmt: skip


def _release(deployment: Object) -> str:
    """The tag of the first image, as ` v1.9.0`; "" if it has none."""
    pod = ((deployment.get("spec") or {}).get("template") or {}).get("spec") or {}
    image = str(next((one.get("image") for one in pod.get("containers") or ()), "") or "")
    _, _, tag = image.partition("@")[0].rpartition("/")[2].partition(":")
    return f" {tag}" if tag else ""
