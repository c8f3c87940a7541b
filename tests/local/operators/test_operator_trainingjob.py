"""TrainingJobs on the loopback: how they start, recover, scale, restart and end."""

import json

import pytest

from arena.local.objects import CONFIGMAPS, JOBS, PODS, SECRETS, SERVICES, Refused
from arena.local.operators.elastic.manifests import SCALEINS, SCALEOUTS, TRAININGJOBS

WORKERS = ("e-worker-0", "e-worker-1")


@pytest.fixture
def submit(bench):
    """Submit the job `e`."""
    bench.node()

    def make(worker=None, **spec):
        launcher = {"replicas": 1, "template": bench.template("l")}
        plain = {"spec": {"containers": [{"name": "w", "image": "i"}]}}
        workers = {"replicas": 2, "template": plain, **(worker or {})}
        body = {"etReplicaSpecs": {"launcher": launcher, "worker": workers}, **spec}
        return bench.submit(TRAININGJOBS, {"metadata": {"name": "e"}, "spec": body})

    return make


@pytest.fixture
def running(bench, submit):
    """A job whose launcher and workers run."""

    def make(**how):
        submit(**how)
        bench.run(*WORKERS).run("e-launcher")
        assert phase(bench) == "Running"

    return make


def phase(bench):
    return bench.status(TRAININGJOBS, "e")["phase"]


def hosts(bench):
    """The workers in the host file."""
    lines = bench.read(CONFIGMAPS, "e-config")["data"]["hostfile"].split()
    return [line.partition(":")[0] for line in lines]


def scale(bench, resource, name="s", **spec):
    """Ask for scaling as arena does."""
    body = {"selector": {"name": "e"}, **spec}
    bench.submit(resource, {"metadata": {"name": name}, "spec": body})


def outcome(bench, resource, name="s"):
    """The phase of a request, and the message of its last condition."""
    status = bench.status(resource, name)
    return status["phase"], status["conditions"][-1]["message"]


def test_workers_come_first(bench, submit):
    """The launcher is created when all workers run, and the job runs when the launcher does."""
    submit()
    assert set(bench.pods()) == set(WORKERS)
    bench.run("e-worker-0")
    assert set(bench.pods()) == set(WORKERS)
    bench.run("e-worker-1")
    assert "e-launcher" in bench.pods()
    assert bench.holding(TRAININGJOBS, "e") == {
        "Created",
        "WorkersCreated",
        "WorkersReady",
        "LauncherCreated",
    }
    bench.run("e-launcher")
    assert phase(bench) == "Running"
    assert bench.status(TRAININGJOBS, "e")["currentWorkers"] == list(WORKERS)
    assert bench.status(TRAININGJOBS, "e")["replicaStatuses"] == {
        "Launcher": {"active": 1},
        "Worker": {"active": 2},
    }


def test_parts(bench, running):
    """Pods carry the operator's labels; host files list the workers; launcher and workers share a key."""
    running(slotsPerWorker=2)
    assert bench.read(PODS, "e-worker-1")["metadata"]["labels"] == {
        "group-name": "kai.alibabacloud.com",
        "training-job-name": "e",
        "training-job-role": "worker",
        "replica-index": "1",
    }
    assert bench.read(PODS, "e-launcher")["metadata"]["labels"]["training-job-role"] == "launcher"
    data = bench.read(CONFIGMAPS, "e-config")["data"]
    assert data["hostfile"] == "e-worker-0:2\ne-worker-1:2\n"
    assert data["deepspeed-hostfile"] == "e-worker-0 slots=2\ne-worker-1 slots=2\n"
    assert data["discover_hosts.sh"] == "#!/bin/sh\necho e-worker-0:2\necho e-worker-1:2\n"
    ports = json.loads(bench.read(PODS, "e-worker-0")["metadata"]["annotations"]["local.arena.io/ports"])
    assert json.loads(data["hosts.json"])["e-worker-0"] == ports["2222"]
    assert len(bench.read(SECRETS, "e-remote")["data"]["key"]) > 40
    assert bench.read(SERVICES, "e-worker-0")["spec"]["clusterIP"] == "None"


@pytest.mark.parametrize("api", [range(0)], indirect=True, ids=["without ports"])
def test_on_a_cluster(bench, running):
    """Where names resolve, workers run an ssh daemon with the submitter's key, and nothing stands for ssh."""
    running()
    worker = bench.read(PODS, "e-worker-0")["spec"]
    assert worker["containers"][0]["command"] == ["sh", "-c", "/usr/sbin/sshd && sleep 365d"]
    secrets = [one["secret"]["secretName"] for one in worker["volumes"] if "secret" in one]
    assert secrets == ["e"]
    assert set(bench.read(CONFIGMAPS, "e-config")["data"]) == {
        "hostfile",
        "discover_hosts.sh",
        "deepspeed-hostfile",
    }
    assert bench.objects.list(SECRETS, "default") == []


def test_success(bench, running):
    """The job ends with its launcher; workers go, the launcher and its log stay."""
    running()
    bench.end("e-launcher").bury()
    assert phase(bench) == "Succeeded"
    assert bench.holding(TRAININGJOBS, "e") >= {"Succeeded"}
    assert "Running" not in bench.holding(TRAININGJOBS, "e")
    assert set(bench.pods()) == {"e-launcher"}
    assert bench.objects.list(SERVICES, "default") == []


@pytest.mark.parametrize(
    ("policy", "left"),
    [("None", {"e-launcher", *WORKERS}), ("Running", {"e-launcher", "e-worker-1"}), ("All", {"e-launcher"})],
)
def test_clean_pod_policy(bench, running, policy, left):
    """At its end the job keeps all workers, those that ended, or none."""
    running(cleanPodPolicy=policy)
    bench.end("e-worker-1").end("e-launcher", code=1).bury()
    assert phase(bench) == "Failed"
    assert set(bench.pods()) == left


def test_failure(bench, running):
    """The job fails with its launcher, and says how that ended."""
    running()
    bench.end("e-launcher", code=3)
    failed = bench.status(TRAININGJOBS, "e")["conditions"][-1]
    assert (failed["type"], failed["message"]) == (
        "Failed",
        "TrainingJob e has failed because its launcher failed: exit code 3.",
    )


def test_restart(bench, running):
    """With OnFailure the whole job restarts up to backoffLimit times, and is not Failed before."""
    running(restartPolicy="OnFailure", backoffLimit=1)
    bench.end("e-launcher", code=1)
    assert phase(bench) == "Restarting"
    assert bench.status(TRAININGJOBS, "e")["restartCount"] == 1
    assert "Failed" not in bench.holding(TRAININGJOBS, "e")
    bench.bury()
    assert set(bench.pods()) == set(WORKERS)
    bench.run(*WORKERS).run("e-launcher")
    assert phase(bench) == "Running"
    assert "Restarting" not in bench.holding(TRAININGJOBS, "e")
    bench.end("e-launcher", code=1)
    assert phase(bench) == "Failed"


def test_a_launcher_that_is_gone(bench, running):
    """A deleted launcher counts as failed; only the policy Always creates another one."""
    running()
    bench.objects.delete(PODS, "e-launcher", "default")
    bench.settled().bury()
    assert phase(bench) == "Failed"


def test_a_worker_before_the_launcher(bench, submit):
    """A worker that ends before the launcher starts fails the job, which would wait forever otherwise."""
    submit()
    bench.run("e-worker-0").end("e-worker-1", code=1)
    assert phase(bench) == "Failed"
    assert "e-worker-1" in bench.status(TRAININGJOBS, "e")["conditions"][-1]["message"]


@pytest.mark.parametrize(
    ("policy", "code", "replaced"),
    [
        ("Never", 1, False),
        ("OnFailure", 0, False),
        ("OnFailure", 1, True),
        ("Always", 0, True),
        ("ExitCode", 1, False),
        ("ExitCode", 137, True),
    ],
)
def test_worker_policies(bench, running, policy, code, replaced):
    """A worker that ended leaves the host file at once, and is replaced under a new name by its policy."""
    running(worker={"restartPolicy": policy})
    bench.end("e-worker-0", code=code)
    assert hosts(bench) == ["e-worker-1"]
    assert ("e-worker-2" in bench.pods()) is replaced
    if replaced:
        bench.run("e-worker-2")
        assert hosts(bench) == ["e-worker-1", "e-worker-2"]
    assert phase(bench) == "Running"


@pytest.mark.parametrize(
    ("policy", "left"), [("Never", ["e-worker-1"]), ("Always", ["e-worker-2", "e-worker-1"])]
)
def test_a_worker_that_is_gone(bench, running, policy, left):
    """A deleted worker is replaced, unless its policy is Never."""
    running(worker={"restartPolicy": policy})
    bench.objects.delete(PODS, "e-worker-0", "default")
    bench.settled().bury()
    assert bench.status(TRAININGJOBS, "e")["targetWorkers"] == left


def test_workers_that_keep_failing(bench, running):
    """The second worker in a row that fails is replaced after a pause, so that none are made in a storm."""
    running(worker={"restartPolicy": "OnFailure"})
    bench.end("e-worker-0", code=1).run("e-worker-2").end("e-worker-2", code=1)
    assert "e-worker-3" not in bench.pods()
    bench.later(11)
    assert "e-worker-3" in bench.pods()


def test_suspend(bench, running):
    """A suspended job keeps no pods; resumed it starts from its beginning."""
    running()
    for word, pods in (("true", set()), ("false", set(WORKERS))):
        note = {"metadata": {"annotations": {"job-supervisor.kube-ai.io/job-suspended": word}}}
        bench.objects.patch(TRAININGJOBS, "e", note, "default")
        bench.settled().bury()
        assert set(bench.pods()) == pods
        assert (phase(bench) == "Suspended") is (word == "true")
    bench.run(*WORKERS).run("e-launcher")
    assert phase(bench) == "Running"


def test_scale_out(bench, running):
    """New workers are in the host file once all of them run, and not before."""
    running(worker={"maxReplicas": 4})
    scale(bench, SCALEOUTS, toAdd={"count": 2})
    assert phase(bench) == "Scaling"
    assert bench.status(SCALEOUTS, "s")["addPods"] == ["e-worker-2", "e-worker-3"]
    bench.run("e-worker-2")
    assert hosts(bench) == list(WORKERS)
    bench.run("e-worker-3")
    assert hosts(bench) == [*WORKERS, "e-worker-2", "e-worker-3"]
    assert outcome(bench, SCALEOUTS) == ("ScaleSucceeded", "ScaleOut s is done: 4 workers")
    assert phase(bench) == "Running"
    assert bench.status(TRAININGJOBS, "e")["targetWorkers"] == [*WORKERS, "e-worker-2", "e-worker-3"]


def test_scale_in(bench, running):
    """Workers leave the host file first; the request is done when their pods are gone."""
    running(worker={"restartPolicy": "Always"})
    scale(bench, SCALEINS, toDelete={"count": 1})
    assert hosts(bench) == ["e-worker-0"]
    assert phase(bench) == "Scaling"
    bench.bury()
    assert outcome(bench, SCALEINS) == ("ScaleSucceeded", "ScaleIn s is done: 1 workers")
    assert set(bench.pods()) == {"e-launcher", "e-worker-0"}
    assert bench.read(SERVICES, "e-worker-1") is None


def test_scale_in_by_name(bench, running):
    """Workers may be named."""
    running()
    scale(bench, SCALEINS, toDelete={"podNames": ["e-worker-0"]})
    bench.bury()
    assert hosts(bench) == ["e-worker-1"]


@pytest.mark.parametrize(
    ("resource", "spec", "why"),
    [
        (SCALEOUTS, {"toAdd": {"count": 2}}, "ScaleOut s would make 4 workers; at most 3 are allowed"),
        (SCALEINS, {"toDelete": {"count": 2}}, "ScaleIn s would leave 0 workers; at least 1 are required"),
        (SCALEINS, {"toDelete": {"count": 9}}, "ScaleIn s would leave 0 workers; at least 1 are required"),
        (SCALEINS, {"toDelete": {"podNames": ["x"]}}, "ScaleIn s: x is not a worker of e"),
    ],
)
def test_scale_beyond_limits(bench, running, resource, spec, why):
    """A request beyond the limits fails with the reason, and the job keeps running unchanged."""
    running(worker={"maxReplicas": 3})
    scale(bench, resource, **spec)
    assert outcome(bench, resource) == ("ScaleFailed", why)
    assert phase(bench) == "Running"
    assert hosts(bench) == list(WORKERS)


def test_scale_out_too_late(bench, running):
    """When not all new workers run in time they go again."""
    running()
    scale(bench, SCALEOUTS, toAdd={"count": 2}, timeout=30)
    bench.run("e-worker-2").later(31).bury()
    assert outcome(bench, SCALEOUTS) == (
        "ScaleFailed",
        "ScaleOut s could not add its workers: 1 of 2 run after 30s",
    )
    assert set(bench.pods()) == {"e-launcher", *WORKERS}
    assert phase(bench) == "Running"


def test_one_after_the_other(bench, running):
    """A second request waits for the first one's end."""
    running()
    scale(bench, SCALEOUTS, "first", toAdd={"count": 1})
    scale(bench, SCALEINS, "second", toDelete={"count": 1})
    assert "phase" not in bench.status(SCALEINS, "second")
    bench.run("e-worker-2").bury()
    assert outcome(bench, SCALEOUTS, "first")[0] == "ScaleSucceeded"
    assert outcome(bench, SCALEINS, "second")[0] == "ScaleSucceeded"
    assert hosts(bench) == list(WORKERS)


def test_script(bench, running):
    """A script runs with the workers concerned and its variables before the request is done."""
    running()
    scale(
        bench,
        SCALEOUTS,
        toAdd={"count": 1},
        script="/grow.sh",
        env=[{"name": "A", "value": "b"}],
        backoffLimit=1,
    )
    bench.run("e-worker-2")
    job = bench.read(JOBS, "s-out")["spec"]
    container = job["template"]["spec"]["containers"][0]
    assert container["command"] == ["sh", "/grow.sh", "e-worker-2:1"]
    assert container["env"][-1] == {"name": "A", "value": "b"}
    assert (job["backoffLimit"], job["activeDeadlineSeconds"]) == (1, 60)
    assert phase(bench) == "Scaling"
    (pod,) = [name for name in bench.pods() if name.startswith("s-out")]
    bench.run(pod).end(pod)
    assert outcome(bench, SCALEOUTS)[0] == "ScaleSucceeded"
    assert "ScriptExecuted" in bench.holding(SCALEOUTS, "s")


def test_a_script_that_fails(bench, running):
    """A script that fails fails the request, and workers that came for it go."""
    running()
    scale(bench, SCALEOUTS, toAdd={"count": 1}, script="/grow.sh")
    bench.run("e-worker-2")
    (pod,) = [name for name in bench.pods() if name.startswith("s-out")]
    bench.run(pod).end(pod, code=1).bury()
    state, why = outcome(bench, SCALEOUTS)
    assert state == "ScaleFailed"
    assert "the script /grow.sh failed" in why
    assert hosts(bench) == list(WORKERS)


def test_the_end_of_the_job_ends_requests(bench, running):
    """A request that the job did not live to see fails with that reason."""
    running()
    scale(bench, SCALEOUTS, toAdd={"count": 1})
    bench.end("e-launcher").bury()
    assert outcome(bench, SCALEOUTS) == ("ScaleFailed", "ScaleOut s: the job e has ended")
    assert phase(bench) == "Succeeded"


def test_foreign_requests(bench, running):
    """A request for another job, or for an earlier job of that name, is ignored."""
    running()
    stale = {
        "apiVersion": TRAININGJOBS.api_version,
        "kind": "TrainingJob",
        "name": "e",
        "uid": "another",
        "controller": True,
    }
    body = {"selector": {"name": "e"}, "toAdd": {"count": 1}}
    bench.objects.create(
        SCALEOUTS, {"metadata": {"name": "old", "ownerReferences": [stale]}, "spec": body}, "default"
    )
    bench.submit(SCALEOUTS, {"metadata": {"name": "f"}, "spec": {**body, "selector": {"name": "other"}}})
    assert "e-worker-2" not in bench.pods()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"worker": {"replicas": 0}}, "spec.etReplicaSpecs.worker.replicas"),
        ({"restartPolicy": "Always"}, "spec.restartPolicy"),
        ({"backoffLimit": -1}, "spec.backoffLimit"),
        ({"worker": {"template": {"spec": {"containers": []}}}}, "containers"),
    ],
)
def test_refused(submit, change, word):
    """The rules of the type's definition apply, and a refusal names the field."""
    with pytest.raises(Refused, match=word):
        submit(**change)


def test_a_request_refused(bench, running):
    """A request for no workers is refused."""
    running()
    with pytest.raises(Refused, match=r"spec\.toAdd\.count"):
        scale(bench, SCALEOUTS, toAdd={"count": 0})
