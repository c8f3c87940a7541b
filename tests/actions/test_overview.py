"""The list of all jobs: which pods are read for it, and that each counts once."""

import pytest
from shelf import Object, Shelf

from arena import labels
from arena.actions import overview, training
from arena.errors import NotAllowed, NotFound
from arena.resources import EVENTS, PODS, Resource

PYTORCH = Resource("kubeflow.org", "v1", "pytorchjobs", kind="PyTorchJob")
TF = Resource("kubeflow.org", "v1", "tfjobs", kind="TFJob")
RAY = Resource("ray.io", "v1", "rayjobs", kind="RayJob")
PLACE = "default"


def made(kind: str, name: str) -> Object:
    return {"kind": kind, "metadata": {"name": name, "namespace": PLACE, "uid": f"u-{name}"}}


def pod(name: str, marks: dict[str, str]) -> Object:
    return {"metadata": {"name": name, "namespace": PLACE, "uid": f"u-{name}", "labels": marks}}


def trained(job: str, place: int) -> Object:
    marks = {
        labels.OPERATOR_NAME: "pytorchjob-controller",
        labels.JOB_NAME: job,
        labels.REPLICA_TYPE: "worker",
        labels.REPLICA_INDEX: str(place),
    }
    return pod(f"{job}-worker-{place}", marks)


def instances(shelf: Shelf) -> dict[str, list[str]]:
    """Job -> its instances."""
    shelf.put(EVENTS, PLACE)
    found = overview.jobs(shelf.cluster, PLACE)
    return {job.name: [one.name for one in job.instances] for job in found}


def test_a_pod_that_two_selectors_find_counts_once(shelf):
    """The pods of a RayJob are found by two selectors, and listed, with their GPUs, once."""
    marks = {labels.RAY_ORIGIN: "tune", labels.RAY_ORIGIN_KIND: "RayJob", labels.RAY_CLUSTER: "tune-abcde"}
    shelf.put(RAY, PLACE, made("RayJob", "tune"))
    shelf.put(PODS, PLACE, pod("tune-head", {**marks, labels.RAY_NODE_TYPE: "head"}))
    assert instances(shelf) == {"tune": ["tune-head"]}
    assert sum("/pods?" in path for path in shelf.asked) == 2


def test_pods_are_asked_for_where_there_are_jobs(shelf):
    """Of the kinds that a cluster serves only those with a job make it look through its pods."""
    shelf.put(RAY, PLACE)
    shelf.put(TF, PLACE)
    shelf.put(PYTORCH, PLACE)
    shelf.put(PODS, PLACE, trained("bert", 0), trained("bert", 1), trained("gone", 0))
    assert instances(shelf) == {}
    assert not any("/pods" in path for path in shelf.asked)
    shelf.put(PYTORCH, PLACE, made("PyTorchJob", "bert"))
    assert instances(shelf) == {"bert": ["bert-worker-0", "bert-worker-1"]}
    assert sum("/pods?" in path for path in shelf.asked) == 1


def test_pods_of_former_operators_are_asked_for_where_a_job_has_none(shelf):
    """A job without pods has the cluster asked once more, for those of operators of former times."""
    shelf.put(PYTORCH, PLACE, made("PyTorchJob", "old"))
    shelf.put(
        PODS, PLACE, pod("old-worker-0", {labels.OLD_GROUP: "kubeflow.org", labels.PYTORCH_JOB_NAME: "old"})
    )
    assert instances(shelf) == {"old": ["old-worker-0"]}


def test_whoever_may_not_see_pods_is_told(shelf):
    """Jobs without their pods would look as if they waited: the refusal is told instead."""
    shelf.put(PYTORCH, PLACE, made("PyTorchJob", "bert"))
    shelf.refused.add("pods")
    with pytest.raises(NotAllowed, match="list pods"):
        instances(shelf)


def test_names_are_told_without_a_look_at_pods(shelf):
    """For TAB the jobs are listed, and nothing of their pods."""
    shelf.put(PYTORCH, PLACE, made("PyTorchJob", "bert"))
    shelf.put(TF, PLACE, made("TFJob", "mnist"))
    found = overview.names(shelf.cluster, PLACE)
    assert sorted((kind.name, name) for kind, name in found) == [("pytorchjob", "bert"), ("tfjob", "mnist")]
    assert not any("/pods" in path for path in shelf.asked)


def test_a_misspelt_name(shelf):
    """Whoever misspells a job is told of one like it, and its pods are nobody's business for that."""
    shelf.put(PYTORCH, PLACE, made("PyTorchJob", "bert"))
    with pytest.raises(NotFound) as told:
        training.find(shelf.cluster, "bret", PLACE)
    assert told.value.hint == "did you mean bert?"
    assert not any("/pods" in path for path in shelf.asked)
