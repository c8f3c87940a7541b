"""The list of all jobs: which pods are read for it, and that each counts once."""

import pytest
from shelf import Object, Shelf, Visitor

from arena import kinds, labels
from arena.actions.jobs import find, listing, object_names
from arena.actions.jobs.packed import Packed
from arena.errors import NotFound
from arena.kube.lists import FIRST
from arena.parallel import thread_pool
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
    found = listing.jobs(Visitor(shelf.cluster, PLACE))
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


def test_the_rest_of_many_jobs_waits_for_the_first_pods(shelf):
    """The rest of a long list of jobs is requested once pods have arrived, or could not be read."""
    kind = kinds.find("pytorchjob")
    for refused in ((), ("pods",)):
        shelf.refused = refused
        shelf.put(PODS, PLACE, trained("job-0", 0))
        asked: list[bool] = []
        with thread_pool() as threads:
            pods = listing._Pods(shelf.cluster, PLACE, [kind], threads, False)
            for _ in pods.expected_of(kind.resources[0], [made("PyTorchJob", "job-0")]):
                pods.await_first()
                asked.append(any("/pods" in path for path in shelf.asked))
        assert asked == [True]


def test_the_jobs_of_a_long_list(shelf):
    """All jobs of a list that has a rest are shown, and the rest is requested after the first pods."""
    shelf.put(PYTORCH, PLACE, *(made("PyTorchJob", f"job-{number}") for number in range(FIRST + 1)))
    shelf.put(PODS, PLACE, trained("job-0", 0))
    assert instances(shelf) == {"job-0": ["job-0-worker-0"]} | {f"job-{n}": [] for n in range(1, FIRST + 1)}
    paths = [path for path in shelf.asked if "resourceVersion=0" in path or "/pods" in path]
    assert "/pods" in paths[0]
    assert "pytorchjobs?resourceVersion=0" in "".join(paths)


def test_pods_of_former_operators_are_asked_for_where_a_job_has_none(shelf):
    """A job without pods has the cluster asked once more, for those of operators of former times."""
    shelf.put(PYTORCH, PLACE, made("PyTorchJob", "old"))
    shelf.put(
        PODS, PLACE, pod("old-worker-0", {labels.OLD_GROUP: "kubeflow.org", labels.PYTORCH_JOB_NAME: "old"})
    )
    assert instances(shelf) == {"old": ["old-worker-0"]}


def test_whoever_may_not_see_pods_is_told(shelf):
    """Jobs are listed without their pods, and what is missing is reported."""
    shelf.put(PYTORCH, PLACE, made("PyTorchJob", "bert"))
    shelf.refused.add("pods")
    found = listing.jobs(Visitor(shelf.cluster, PLACE))
    assert [(one.name, one.instances) for one in found] == [("bert", ())]
    assert found[0].finding("instances.none") is None
    [missing] = found.unread
    assert (missing.what, missing.effect) == ("pods", "instances are missing")


def test_names_are_told_without_a_look_at_pods(shelf):
    """For TAB the jobs are listed, and nothing of their pods."""
    shelf.put(PYTORCH, PLACE, made("PyTorchJob", "bert"))
    shelf.put(TF, PLACE, made("TFJob", "mnist"))
    found = object_names.names(shelf.cluster, PLACE)
    assert sorted((kind.name, name) for kind, name in found) == [("pytorchjob", "bert"), ("tfjob", "mnist")]
    assert not any("/pods" in path for path in shelf.asked)


def test_a_misspelt_name(shelf):
    """A misspelt name produces a suggestion, for which no pods are read."""
    shelf.put(PYTORCH, PLACE, made("PyTorchJob", "bert"))
    with pytest.raises(NotFound) as told:
        find.find(shelf.cluster, "bret", PLACE)
    assert told.value.hint == "did you mean bert?"
    assert not any("/pods" in path for path in shelf.asked)


def test_packed_objects_can_be_read_again():
    """What is kept as bytes comes out as it went in, as often as one asks."""
    objects = [
        made("PyTorchJob", "bert") | {"spec": {"n": [1, 1.5, True, None, "ü"]}},
        made("TFJob", "mnist"),
    ]
    packed = Packed(iter(objects))
    assert list(packed) == list(packed) == objects


def test_an_object_that_is_nested_too_deeply_to_be_packed():
    """It is kept as it is: Python 3.13 reads such JSON, and one of them must not end a list."""
    deep = {}
    for _ in range(5000):
        deep = {"a": deep}
    first, second = Packed([deep, {"b": 1}])
    assert first is deep
    assert second == {"b": 1}
