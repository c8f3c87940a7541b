"""RayJobs on the loopback: head, workers and program, from their start to their end."""

import pytest

from arena.local.machinery.loopback import allotted_ports
from arena.local.objects import PODS, SECRETS, SERVICES, Refused
from arena.local.operators.ray.manifests import RAYJOBS


def template(name, **fields):
    """A pod template of one container."""
    return {"spec": {"containers": [{"name": name, "image": "example/ray:2", **fields}]}}


@pytest.fixture
def submit(bench):
    """Submit the job `tune` with two workers; its object."""
    bench.node()

    def make(head=None, group=None, **spec):
        body = {
            "entrypoint": "python tune.py",
            "shutdownAfterJobFinishes": True,
            "ttlSecondsAfterFinished": 10,
            "rayClusterSpec": {
                "headGroupSpec": {"rayStartParams": {}, "template": template("ray-head"), **(head or {})},
                "workerGroupSpecs": [
                    {
                        "groupName": "small",
                        "replicas": 2,
                        "minReplicas": 2,
                        "maxReplicas": 2,
                        "rayStartParams": {},
                        "template": template("ray-worker"),
                        **(group or {}),
                    }
                ],
            },
        }
        return bench.submit(RAYJOBS, {"metadata": {"name": "tune"}, "spec": {**body, **spec}})

    return make


def status(bench):
    """The job's status."""
    return bench.status(RAYJOBS, "tune")


def words(bench):
    """Its deployment's and its program's word."""
    found = status(bench)
    return found.get("jobDeploymentStatus"), found.get("jobStatus")


def names(bench, what=""):
    """The names of the job's pods that end so, without the name of the cluster."""
    cluster = status(bench).get("rayClusterName") or "-"
    return sorted(name.removeprefix(f"{cluster}-") for name in bench.pods() if name.endswith(what))


def pod(bench, end):
    """The name of the attempt's pod with that end."""
    return f"{status(bench)['rayClusterName']}-{end}"


def start(bench):
    """The kubelet runs the cluster, and then the program."""
    cluster = status(bench)["rayClusterName"]
    bench.run(*(name for name in bench.pods() if name.startswith(cluster)))
    return bench.run(pod(bench, "submitter"))


def flags(bench, end):
    """The command of a node as flags with their values."""
    found = bench.read(PODS, pod(bench, end))["spec"]["containers"][0]["command"]
    assert found[:2] == ["ray", "start"]
    return {one.partition("=")[0]: one.partition("=")[2] for one in found[2:]}


def test_cluster(bench, submit):
    """Head and workers start at once, and connect by a port of their own and a token."""
    submit()
    assert names(bench) == ["head", "small-worker-0", "small-worker-1"]
    assert words(bench) == ("Initializing", "")
    assert "CreatedRayCluster" in bench.events("tune")
    head, worker = flags(bench, "head"), flags(bench, "small-worker-0")
    port = head["--port"]
    assert {"--head", "--block"} <= head.keys()
    assert "--block" in worker
    assert worker["--address"] == f"127.0.0.1:{port}"
    assert len({head["--temp-dir"], worker["--temp-dir"], flags(bench, "small-worker-1")["--temp-dir"]}) == 3
    service = bench.read(SERVICES, pod(bench, "head-svc"))
    assert str(allotted_ports(service)[6379]) == port
    assert bench.env(pod(bench, "head"))["RAY_ADDRESS"] == f"127.0.0.1:{port}"
    token = bench.read(SECRETS, pod(bench, "token"))
    env = bench.read(PODS, pod(bench, "small-worker-0"))["spec"]["containers"][0]["env"]
    reference = {"name": token["metadata"]["name"], "key": "auth_token"}
    assert {"name": "RAY_AUTH_TOKEN", "valueFrom": {"secretKeyRef": reference}} in env
    labels = bench.read(PODS, pod(bench, "head"))["metadata"]["labels"]
    assert labels["ray.io/node-type"] == "head"
    assert labels["ray.io/cluster"] == status(bench)["rayClusterName"]


def test_capacity(bench, submit):
    """A node has the resources that its container requests, one CPU by default, or what the spec says."""
    resources = {"limits": {"cpu": "1500m", "memory": "4Gi", "nvidia.com/gpu": "2"}}
    submit(
        head={"rayStartParams": {"num-cpus": "0", "port": "1"}},
        group={"template": template("ray-worker", resources=resources), "replicas": 1, "minReplicas": 1},
    )
    head, worker = flags(bench, "head"), flags(bench, "small-worker-0")
    assert head["--num-cpus"] == "0"
    assert head["--port"] != "1"
    assert (worker["--num-cpus"], worker["--num-gpus"], worker["--memory"]) == ("2", "2", str(4 * 2**30))
    assert flags(bench, "head")["--num-gpus"] == "0"
    assert int(worker["--object-store-memory"]) > int(head["--object-store-memory"])


def test_hooks_are_left_out(bench, submit):
    """No node runs `ray stop`, which would end the Ray programs of the whole machine."""
    hook = {"preStop": {"exec": {"command": ["ray", "stop"]}}}
    submit(head={"template": template("ray-head", lifecycle=hook)})
    assert "lifecycle" not in bench.read(PODS, pod(bench, "head"))["spec"]["containers"][0]


def test_success(bench, submit):
    """The program starts when all nodes run; its end is the job's, and the cluster goes after its time."""
    env = [{"name": "A", "value": "1"}]
    submit(head={"template": template("ray-head", env=env)})
    bench.run(pod(bench, "head"), pod(bench, "small-worker-0"))
    assert not names(bench, "submitter")
    bench.run(pod(bench, "small-worker-1"))
    assert words(bench) == ("Running", "PENDING")
    body = bench.read(PODS, pod(bench, "submitter"))
    assert body["spec"]["containers"][0]["command"][-4:] == ["3", "sh", "-c", "python tune.py"]
    assert bench.env(pod(bench, "submitter"))["A"] == "1"
    assert "ray.io/cluster" not in body["metadata"]["labels"]
    bench.run(pod(bench, "submitter"))
    assert words(bench) == ("Running", "RUNNING")
    bench.end(pod(bench, "submitter"))
    assert words(bench) == ("Complete", "SUCCEEDED")
    assert status(bench)["succeeded"] == 1
    bench.later(9)
    assert len(names(bench)) == 4
    bench.later(2).bury()
    assert names(bench) == ["submitter"]
    assert bench.objects.list(SERVICES, "default") == bench.objects.list(SECRETS, "default") == []


def test_without_shutdown(bench, submit):
    """A cluster stays after the job unless shutdownAfterJobFinishes is set."""
    submit(shutdownAfterJobFinishes=False, ttlSecondsAfterFinished=0)
    start(bench).end(pod(bench, "submitter"))
    bench.later(1000).bury()
    assert len(names(bench)) == 4


def test_failure(bench, submit):
    """A program that fails fails the job, with its exit code."""
    submit()
    start(bench).end(pod(bench, "submitter"), code=3)
    found = status(bench)
    assert words(bench) == ("Failed", "FAILED")
    assert (found["reason"], found["message"]) == ("AppFailed", "the program ended with exit code 3")
    assert "AppFailed" in bench.events("tune")


def test_retry(bench, submit):
    """Each attempt has a cluster of its own; as many follow the first as backoffLimit says."""
    submit(backoffLimit=1)
    first = status(bench)["rayClusterName"]
    start(bench).end(pod(bench, "submitter"), code=3)
    assert words(bench)[0] == "Retrying"
    bench.bury()
    assert words(bench)[0] == "Initializing"
    assert status(bench)["rayClusterName"] != first
    assert len(names(bench)) == 3
    start(bench).end(pod(bench, "submitter"), code=4)
    assert words(bench)[0] == "Failed"
    assert status(bench)["failed"] == 2


@pytest.mark.parametrize("how", ["ended", "deleted"])
def test_head_is_lost(bench, submit, how):
    """Without its head an attempt has failed, and the rest of its cluster is removed at once."""
    submit()
    start(bench)
    if how == "ended":
        bench.end(pod(bench, "head"), code=137)
    else:
        bench.objects.delete(PODS, pod(bench, "head"), "default")
        bench.bury()
    assert words(bench)[0] == "Failed"
    assert "its head" in status(bench)["message"]
    bench.bury()
    assert names(bench) == (["head"] if how == "ended" else [])


def test_ray_is_missing(bench, submit):
    """Where ray is not installed the job says what to install, and does not retry."""
    submit(backoffLimit=3)
    bench.end(pod(bench, "head"), code=127)
    assert words(bench)[0] == "Failed"
    assert status(bench)["reason"] == "RayNotInstalled"
    assert "pip install ray" in bench.messages("tune", "RayNotInstalled")[0]


def test_worker_is_lost(bench, submit):
    """A worker that ended is replaced after a while; the program runs on."""
    submit()
    start(bench).end(pod(bench, "small-worker-1"), code=1)
    assert len(names(bench)) == 4
    old = bench.read(PODS, pod(bench, "small-worker-1"))["metadata"]["uid"]
    bench.later(6).bury()
    assert bench.read(PODS, pod(bench, "small-worker-1"))["metadata"]["uid"] != old
    assert words(bench) == ("Running", "RUNNING")


def test_suspend(bench, submit):
    """A suspended job has no pods, and starts again with another cluster when it is resumed."""
    submit()
    start(bench)
    first = status(bench)["rayClusterName"]
    bench.objects.patch(RAYJOBS, "tune", {"spec": {"suspend": True}}, "default")
    bench.settled()
    assert words(bench)[0] == "Suspending"
    bench.bury()
    assert words(bench)[0] == "Suspended"
    assert bench.pods() == {}
    bench.later(1000)
    assert bench.pods() == {}
    bench.objects.patch(RAYJOBS, "tune", {"spec": {"suspend": False}}, "default")
    bench.settled()
    assert len(names(bench)) == 3
    assert status(bench)["rayClusterName"] != first


def test_submitted_suspended(bench, submit):
    """A job that is submitted suspended starts nothing."""
    submit(suspend=True)
    assert words(bench)[0] == "Suspended"
    assert bench.pods() == {}


def test_deadline(bench, submit):
    """Past its deadline the job fails for good, and nothing of it runs on."""
    submit(activeDeadlineSeconds=60, backoffLimit=3)
    start(bench).later(61)
    assert words(bench)[0] == "Failed"
    assert status(bench)["reason"] == "DeadlineExceeded"
    bench.bury()
    assert bench.pods() == {}


def test_autoscaling_is_told_of(bench, submit):
    """An Event says that there is no autoscaler."""
    submit()
    assert "AutoscalingIgnored" not in bench.events("tune")
    cluster = bench.read(RAYJOBS, "tune")["spec"]["rayClusterSpec"]
    bench.objects.delete(RAYJOBS, "tune", "default")
    bench.bury()
    body = {"entrypoint": "x", "rayClusterSpec": {**cluster, "enableInTreeAutoscaling": True}}
    bench.submit(RAYJOBS, {"metadata": {"name": "tune"}, "spec": body})
    assert "AutoscalingIgnored" in bench.events("tune")


def test_runtime_environment(bench, submit):
    """The variables of runtimeEnvYAML are those of nodes and program; an Event names what is ignored."""
    submit(runtimeEnvYAML="env_vars: {EPOCHS: 3, RAY_ADDRESS: x}\npip: [emoji]\n")
    start(bench)
    for end in ("head", "small-worker-0", "submitter"):
        env = bench.env(pod(bench, end))
        assert env["EPOCHS"] == "3"
        assert env["RAY_ADDRESS"].startswith("127.0.0.1:")
    (told,) = bench.messages("tune", "RuntimeEnvIgnored")
    assert "ignores pip of runtimeEnvYAML" in told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"entrypoint": ""}, "has no entrypoint"),
        ({"entrypoint": None, "submitterPodTemplate": template("s")}, "has no entrypoint"),
        ({"runtimeEnvYAML": "[1, 2]"}, "runtimeEnvYAML of RayJob tune cannot be read: it is not a mapping"),
        ({"runtimeEnvYAML": "{a: b"}, "runtimeEnvYAML of RayJob tune cannot be read"),
    ],
)
def test_what_cannot_run(bench, submit, changes, told):
    """A job without a program or a readable environment is accepted, and ends ValidationFailed."""
    submit(**changes)
    assert words(bench)[0] == "ValidationFailed"
    assert told in status(bench)["message"]
    assert bench.pods() == {}


def test_the_submitters_own_command(bench, submit):
    """Without an entrypoint, the submitter runs the command of its own template."""
    submit(entrypoint=None, submitterPodTemplate=template("s", command=["tune"], args=["all"]))
    start(bench)
    command = bench.read(PODS, pod(bench, "submitter"))["spec"]["containers"][0]["command"]
    assert command[-2:] == ["tune", "all"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"shutdownAfterJobFinishes": False}, "spec.ttlSecondsAfterFinished"),
        ({"shutdownAfterJobFinishes": False, "ttlSecondsAfterFinished": 0, "suspend": True}, "spec.suspend"),
        ({"backoffLimit": -1}, "spec.backoffLimit"),
        ({"activeDeadlineSeconds": 0}, "spec.activeDeadlineSeconds"),
        ({"clusterSelector": {"ray.io/cluster": "x"}}, "spec.clusterSelector"),
        ({"submissionMode": "InteractiveMode"}, "spec.submissionMode"),
        ({"rayClusterSpec": None}, "spec.rayClusterSpec"),
        ({"group": {"minReplicas": 3}}, "spec.rayClusterSpec.workerGroupSpecs[0].minReplicas"),
        ({"group": {"replicas": -1}}, "spec.rayClusterSpec.workerGroupSpecs[0].replicas"),
        ({"group": {"template": {"spec": {"containers": []}}}}, "workerGroupSpecs[0].template"),
    ],
)
def test_refused(submit, changes, field):
    """Specs that KubeRay refuses or the local cluster does not support are refused, with the field."""
    with pytest.raises(Refused) as caught:
        submit(**changes)
    assert caught.value.code == 422
    assert field in caught.value.message


def test_long_names(bench, submit):
    """A name that is too long for the names of the cluster's pods is refused."""
    made = submit()
    with pytest.raises(Refused) as caught:
        bench.submit(RAYJOBS, {"metadata": {"name": "a" * 48}, "spec": made["spec"]})
    assert "47" in caught.value.message
