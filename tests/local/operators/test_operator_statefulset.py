"""StatefulSets: order, names, claims, updates."""

import pytest

from arena.local.objects import PERSISTENT_VOLUME_CLAIMS, PODS, STATEFULSETS, Refused

LABELS = {"app": "s"}


@pytest.fixture
def submit(bench):
    """Submit the StatefulSet `s`."""
    bench.node()

    def make(replicas=3, mounts=(), **spec):
        template = bench.template("c", LABELS, volumeMounts=list(mounts))
        body = {"replicas": replicas, "selector": {"matchLabels": LABELS}, "template": template}
        body.update(serviceName="s", **spec)
        return bench.submit(STATEFULSETS, {"metadata": {"name": "s"}, "spec": body})

    return make


def test_order(bench, submit):
    """Each pod waits for the one before it; scaling down takes the last first."""
    submit()
    assert list(bench.pods()) == ["s-0"]
    bench.run("s-0")
    assert list(bench.pods()) == ["s-0", "s-1"]
    bench.run("s-1").run("s-2")
    assert bench.status(STATEFULSETS, "s")["readyReplicas"] == 3
    bench.objects.patch(STATEFULSETS, "s", {"spec": {"replicas": 1}}, "default")
    bench.settled()
    going = {name for name, pod in bench.pods().items() if pod["metadata"].get("deletionTimestamp")}
    assert going == {"s-2"}
    bench.bury().bury()
    assert list(bench.pods()) == ["s-0"]


def test_parallel(bench, submit):
    """With the policy Parallel all pods come and go at once, also when one is already going."""
    submit(podManagementPolicy="Parallel")
    assert list(bench.pods()) == ["s-0", "s-1", "s-2"]
    bench.run("s-0", "s-1", "s-2")
    bench.objects.delete(PODS, "s-2", "default")
    bench.objects.patch(STATEFULSETS, "s", {"spec": {"replicas": 0}}, "default")
    bench.settled()
    going = [name for name, pod in bench.pods().items() if pod["metadata"].get("deletionTimestamp")]
    assert going == ["s-0", "s-1", "s-2"]


def test_claims(bench, submit):
    """Each pod has a claim of its own that its containers may mount, which outlives pod and StatefulSet."""
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    template = {"metadata": {"name": "data"}, "spec": claim}
    submit(1, [{"name": "data", "mountPath": "/data"}], volumeClaimTemplates=[template])
    volumes = bench.read(PODS, "s-0")["spec"]["volumes"]
    assert volumes == [{"name": "data", "persistentVolumeClaim": {"claimName": "data-s-0"}}]
    bench.run("s-0").objects.delete(STATEFULSETS, "s", "default")
    bench.settled().bury()
    assert bench.pods() == {}
    assert bench.read(PERSISTENT_VOLUME_CLAIMS, "data-s-0")


def test_claims_without_a_name(submit):
    """The template of a claim must have a name, since a claim's begins with it."""
    with pytest.raises(Refused, match=r"spec.volumeClaimTemplates\[0\].metadata.name: Required"):
        submit(volumeClaimTemplates=[{"spec": {"accessModes": ["ReadWriteOnce"]}}])


def test_update(bench, submit):
    """A new template replaces the pods from the last to the first, each when all behind it are ready."""
    submit(replicas=2)
    bench.run("s-0").run("s-1")
    uids = {name: pod["metadata"]["uid"] for name, pod in bench.pods().items()}
    patch = {"spec": {"template": {"metadata": {"annotations": {"v": "2"}}}}}
    bench.objects.patch(STATEFULSETS, "s", patch, "default")
    bench.settled().bury()
    assert bench.read(PODS, "s-0")["metadata"]["uid"] == uids["s-0"]
    assert bench.read(PODS, "s-1")["metadata"]["uid"] != uids["s-1"]
    assert "deletionTimestamp" not in bench.read(PODS, "s-0")["metadata"]
    bench.run("s-1").bury()
    assert bench.read(PODS, "s-0")["metadata"]["uid"] != uids["s-0"]
    bench.run("s-0")
    status = bench.status(STATEFULSETS, "s")
    assert status["currentRevision"] == status["updateRevision"]
    assert status["updatedReplicas"] == 2


def test_failed_pod(bench, submit):
    """A pod that failed comes back under its name."""
    submit(replicas=1)
    uid = bench.read(PODS, "s-0")["metadata"]["uid"]
    bench.run("s-0").end("s-0", code=1)
    assert bench.read(PODS, "s-0")["metadata"]["uid"] != uid
