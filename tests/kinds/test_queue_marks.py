"""What a job of every kind requests from a queue, and how it is read."""

import pytest

from arena import kinds
from arena.actions.diagnosis.ignored_queue import framework
from arena.kinds.spec import options
from arena.model.jobs import Queue

QUEUED = [
    kind.name for kind in kinds.training_kinds() if "queue_name" in {one.name for one in options(kind.spec)}
]
MORE = {"rayjob": ("--worker-replicas", "1"), "sparkjob": ("--jar", "local:///app.jar")}
"""What a kind cannot do without."""


def made(submit, kind, *words):
    needed = (*MORE.get(kind, ()), "--image", "i", "--name", "q", *words)
    job = submit(kind, *needed, *(() if kind == "sparkjob" else ("true",)))[0]
    return {**job, "metadata": {**job["metadata"], "namespace": "n", "uid": "u"}}


@pytest.mark.parametrize("kind", QUEUED)
@pytest.mark.parametrize("system", ["kueue", "volcano"])
def test_a_queue_is_read_as_it_was_asked_for(submit, kind, system):
    """The queue that a submit names is the one that list and get look into."""
    job = made(submit, kind, "--queue-name", "team-a", "--queue-system", system)
    found = kinds.find(kind).read(job, []).queue
    assert found == Queue(name="team-a", system=system)
    assert ("kueue.x-k8s.io/queue-name" in job["metadata"]["labels"]) is (system == "kueue")


@pytest.mark.parametrize("kind", QUEUED)
def test_a_job_without_a_queue_names_none(submit, kind):
    """The manifest of a job without a queue contains nothing about queues."""
    job = made(submit, kind)
    assert kinds.find(kind).read(job, []).queue is None
    assert "kueue" not in str(job)
    assert "volcano" not in str(job)


def test_a_volcanojob_is_always_in_a_queue(submit):
    """A Job of Volcano waits in the queue that it names, or in Volcano's own."""
    for words, name in ((("--queue", "gold"), "gold"), ((), "default")):
        job = made(submit, "volcanojob", *words)
        assert kinds.find("volcanojob").read(job, []).queue == Queue(name=name, system="volcano")


@pytest.mark.parametrize(
    ("kind", "version", "name"),
    [
        ("job", "v1", "batch/job"),
        ("mpijob", "v2beta1", "kubeflow.org/mpijob"),
        ("mpijob", "v1", ""),
        ("horovodjob", "v1", ""),
        ("rayjob", "v1", "ray.io/rayjob"),
        ("jobset", "v1alpha2", "jobset.x-k8s.io/jobset"),
        ("volcanojob", "v1alpha1", ""),
        ("etjob", "v1alpha1", ""),
    ],
)
def test_what_kueue_calls_a_type(kind, version, name):
    """The types that Kueue can manage have the names of its configuration, the others none."""
    found = kinds.find(kind)
    resource = next(one for one in found.resources if one.version == version)
    assert (framework(resource) if found.kueue(resource) else "") == name
