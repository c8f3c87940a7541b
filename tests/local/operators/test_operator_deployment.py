"""Deployments and their ReplicaSets: rolling, recreating, rolling back, scaling, status."""

import pytest

from arena.local.objects import DEPLOYMENTS, PODS, REPLICASETS

LABELS = {"app": "w"}


@pytest.fixture
def submit(bench):
    """Submit the Deployment `w`."""
    bench.node(pods="500", cpu="500")

    def make(replicas=4, **spec):
        selector = {"matchLabels": LABELS}
        template = bench.template("c", LABELS)
        body = {"replicas": replicas, "selector": selector, "template": template, **spec}
        return bench.submit(DEPLOYMENTS, {"metadata": {"name": "w"}, "spec": body})

    return make


def change(bench, **spec):
    bench.objects.patch(DEPLOYMENTS, "w", {"spec": spec}, "default")
    bench.settled()


def restart(bench, mark):
    """Restart as `kubectl rollout restart` does."""
    change(bench, template={"metadata": {"annotations": {"restartedAt": mark}}})


def sets(bench):
    """Replicas asked for, by revision."""
    found = bench.objects.list(REPLICASETS, "default")
    note = "deployment.kubernetes.io/revision"
    return {one["metadata"]["annotations"][note]: one["spec"]["replicas"] for one in found}


def run_all(bench):
    """The kubelet makes every pod ready and ends deleted ones, until nothing changes."""
    bench.bury()
    waiting = [name for name, pod in bench.pods().items() if pod["status"]["phase"] == "Pending"]
    while waiting:
        bench.run(*waiting).bury()
        waiting = [name for name, pod in bench.pods().items() if pod["status"]["phase"] == "Pending"]


def test_available(bench, submit):
    """A Deployment is available when enough pods are ready, and its rollout is then complete."""
    submit()
    pods = bench.pods("app=w")
    assert len(pods) == 4
    assert all("pod-template-hash" in pod["metadata"]["labels"] for pod in pods.values())
    assert bench.holding(DEPLOYMENTS, "w") == {"Progressing"}
    bench.run(*pods)
    status = bench.status(DEPLOYMENTS, "w")
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")
    assert [status[name] for name in counts] == [4, 4, 4, 4, 0]
    assert status["observedGeneration"] == bench.read(DEPLOYMENTS, "w")["metadata"]["generation"]
    reasons = {one["type"]: one["reason"] for one in status["conditions"]}
    assert reasons == {"Available": "MinimumReplicasAvailable", "Progressing": "NewReplicaSetAvailable"}


def test_rolling(bench, submit):
    """A rollout never exceeds maxSurge, and never has fewer ready pods than maxUnavailable allows."""
    submit(strategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}})
    run_all(bench)
    restart(bench, "1")
    for _ in range(20):
        alive = [pod for pod in bench.pods().values() if not pod["metadata"].get("deletionTimestamp")]
        assert len(alive) <= 5
        assert sum(pod["status"]["phase"] == "Running" for pod in alive) >= 3
        waiting = [pod["metadata"]["name"] for pod in alive if pod["status"]["phase"] == "Pending"]
        if not waiting:
            break
        bench.run(waiting[0]).bury()
    assert sets(bench) == {"1": 0, "2": 4}
    assert bench.status(DEPLOYMENTS, "w")["updatedReplicas"] == 4


def test_bad_rollout(bench, submit):
    """Pods that never become ready do not take the good ones away, and the deadline says so."""
    submit(strategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}, progressDeadlineSeconds=60)
    run_all(bench)
    restart(bench, "bad")
    assert sets(bench) == {"1": 4, "2": 1}
    bench.later(61)
    progressing = bench.status(DEPLOYMENTS, "w")["conditions"][1]
    assert (progressing["status"], progressing["reason"]) == ("False", "ProgressDeadlineExceeded")
    assert "Available" in bench.holding(DEPLOYMENTS, "w")


def test_rollback(bench, submit):
    """Going back to an old template uses its ReplicaSet again, under a new revision."""
    submit()
    run_all(bench)
    restart(bench, "1")
    run_all(bench)
    restart(bench, None)
    run_all(bench)
    assert sets(bench) == {"2": 0, "3": 4}
    annotations = bench.read(DEPLOYMENTS, "w")["metadata"]["annotations"]
    assert annotations["deployment.kubernetes.io/revision"] == "3"


def test_recreate(bench, submit):
    """With Recreate no new pod comes before the last old one is gone."""
    submit(strategy={"type": "Recreate"})
    run_all(bench)
    old = set(bench.pods())
    restart(bench, "1")
    assert set(bench.pods()) == old
    assert all(pod["metadata"].get("deletionTimestamp") for pod in bench.pods().values())
    bench.bury()
    assert len(bench.pods()) == 4
    assert not old & set(bench.pods())


def test_scale(bench, submit):
    """Scaling changes the pods, and needs no new ReplicaSet."""
    submit()
    run_all(bench)
    for replicas in (6, 1, 0, 2):
        change(bench, replicas=replicas)
        run_all(bench)
        assert len(bench.pods()) == replicas
    assert sets(bench) == {"1": 2}


def test_pause(bench, submit):
    """A paused Deployment scales but does not roll."""
    submit()
    run_all(bench)
    change(bench, paused=True, replicas=5)
    restart(bench, "1")
    assert sets(bench) == {"1": 5}
    change(bench, paused=False)
    run_all(bench)
    assert sets(bench) == {"1": 0, "2": 5}


def test_history(bench, submit):
    """Old empty ReplicaSets beyond revisionHistoryLimit are deleted."""
    submit(revisionHistoryLimit=1)
    for mark in ("1", "2", "3"):
        restart(bench, mark)
        run_all(bench)
    assert set(sets(bench)) == {"3", "4"}


def test_ready_for_a_while(bench, submit):
    """A pod counts as available only after minReadySeconds."""
    submit(replicas=1, minReadySeconds=30)
    run_all(bench)
    assert bench.status(DEPLOYMENTS, "w")["availableReplicas"] == 0
    bench.later(30)
    assert bench.status(DEPLOYMENTS, "w")["availableReplicas"] == 1


def test_min_ready_changed(bench, submit):
    """A new minReadySeconds applies to the existing pods, without a new revision."""
    submit(replicas=1, minReadySeconds=30)
    bench.run(*bench.pods())
    assert not bench.status(DEPLOYMENTS, "w")["availableReplicas"]
    change(bench, minReadySeconds=0)
    assert bench.status(DEPLOYMENTS, "w")["availableReplicas"] == 1
    assert sets(bench) == {"1": 1}


def test_lost_pod(bench, submit):
    """A pod that is deleted or fails is replaced."""
    submit(replicas=2)
    run_all(bench)
    first, second = bench.pods()
    bench.objects.delete(PODS, first, "default")
    bench.bury().end(second, code=1)
    alive = [name for name, pod in bench.pods().items() if pod["status"]["phase"] != "Failed"]
    assert len(alive) == 2
    assert not {first, second} & set(alive)


def test_delete(bench, submit):
    """Deleting the Deployment deletes ReplicaSets and pods."""
    submit()
    run_all(bench)
    bench.objects.delete(DEPLOYMENTS, "w", "default")
    bench.settled().bury()
    assert bench.pods() == {}
    assert bench.objects.list(REPLICASETS, "default") == []
