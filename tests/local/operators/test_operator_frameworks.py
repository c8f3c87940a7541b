"""JAXJobs, XGBoostJobs and PaddleJobs from submit to end, with the kubelet played by the test."""

import json

import pytest

from arena.local.objects import PODS, SERVICES, Refused
from arena.local.operators.kubeflow.jaxjob import JAXJOBS
from arena.local.operators.kubeflow.paddlejob import PADDLEJOBS
from arena.local.operators.kubeflow.xgboostjob import XGBOOSTJOBS

FACTS = {
    "jax": (JAXJOBS, "jaxReplicaSpecs", "jax", {"Worker": 3}),
    "xgb": (XGBOOSTJOBS, "xgbReplicaSpecs", "xgboost", {"Master": 1, "Worker": 2}),
    "paddle": (PADDLEJOBS, "paddleReplicaSpecs", "paddle", {"Worker": 3}),
}


@pytest.fixture
def submit(bench):
    """Submit a job `x` of a kind, with that many replicas of each type."""
    bench.node()

    def make(kind, roles=None, policy=None, **fields):
        resource, specs, container, usual = FACTS[kind]
        replicas = {
            name: bench.replica(count, container, **fields) for name, count in (roles or usual).items()
        }
        body = {specs: replicas, "runPolicy": policy or {}}
        bench.submit(resource, {"metadata": {"name": "x"}, "spec": body})
        return resource

    return make


def port(bench, name):
    """The loopback port that was allotted to the Service of a replica."""
    allotted = json.loads(bench.read(SERVICES, name)["metadata"]["annotations"]["local.arena.io/ports"])
    (found,) = allotted.values()
    return str(found)


def test_jax_processes(bench, submit):
    """Each JAX worker has the address of the coordinator, the number of processes and its own index."""
    submit("jax")
    assert list(bench.pods()) == ["x-worker-0", "x-worker-1", "x-worker-2"]
    for index, name in enumerate(bench.pods()):
        assert bench.env(name) == {
            "PYTHONUNBUFFERED": "1",
            "COORDINATOR_ADDRESS": "127.0.0.1",
            "COORDINATOR_PORT": port(bench, "x-worker-0"),
            "NUM_PROCESSES": "3",
            "PROCESS_ID": str(index),
        }
    roles = [pod["metadata"]["labels"].get("training.kubeflow.org/job-role") for pod in bench.pods().values()]
    assert roles == ["master", None, None]


def test_xgboost_ranks(bench, submit):
    """XGBoost's replicas have the master's address, their rank, and every worker's address with its port."""
    submit("xgb")
    first, second = port(bench, "x-worker-0"), port(bench, "x-worker-1")
    found = {name: bench.env(name) for name in bench.pods()}
    assert [one["RANK"] for one in found.values()] == ["0", "1", "2"]
    assert found["x-worker-1"] == {
        "PYTHONUNBUFFERED": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port(bench, "x-master-0"),
        "WORLD_SIZE": "3",
        "RANK": "2",
        "WORKER_PORT": second,
        "WORKER_ADDRS": f"127.0.0.1:{first},127.0.0.1:{second}",
    }
    assert [one["WORKER_PORT"] for one in found.values()] == [first, first, second]


def test_one_xgboost_worker(bench, submit):
    """The host of an only worker stands alone, as on a cluster: its port is WORKER_PORT, everywhere."""
    submit("xgb", {"Master": 1, "Worker": 1})
    for name in ("x-master-0", "x-worker-0"):
        found = bench.env(name)
        assert (found["WORKER_ADDRS"], found["WORKER_PORT"]) == ("127.0.0.1", port(bench, "x-worker-0"))


def test_a_lone_xgboost_master(bench, submit):
    """A master alone has no variables about workers."""
    submit("xgb", {"Master": 1})
    assert bench.env("x-master-0").keys() == {
        "PYTHONUNBUFFERED",
        "MASTER_ADDR",
        "MASTER_PORT",
        "WORLD_SIZE",
        "RANK",
    }


def test_paddle_alone_and_with_servers(bench, submit):
    """Paddle's workers have the address of the first worker or server, and variables for their role."""
    resource = submit("paddle", {"Worker": 2})
    assert bench.env("x-worker-1") == {
        "PYTHONUNBUFFERED": "1",
        "PADDLE_JOB_ID": "x",
        "PADDLE_NNODES": "2",
        "PADDLE_MASTER": "127.0.0.1:" + port(bench, "x-worker-0"),
    }
    bench.objects.delete(resource, "x", "default")
    bench.settled().bury()
    submit("paddle", {"Master": 1, "Worker": 2})
    for name, variable in (("x-master-0", "PADDLE_SERVER_NUM"), ("x-worker-1", "PADDLE_TRAINER_NUM")):
        assert bench.env(name) == {
            "PYTHONUNBUFFERED": "1",
            "PADDLE_JOB_ID": "x",
            "PADDLE_NNODES": "3",
            "PADDLE_MASTER": "127.0.0.1:" + port(bench, "x-master-0"),
            variable: "1",
        }


@pytest.mark.parametrize("api", [range(0)], indirect=True, ids=["without ports"])
@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("jax", ("COORDINATOR_ADDRESS", "x-worker-0", "COORDINATOR_PORT", "6666")),
        ("xgb", ("MASTER_ADDR", "x-master-0", "WORKER_ADDRS", "x-worker-0,x-worker-1")),
        ("xgb", ("MASTER_PORT", "9999", "WORKER_PORT", "9999")),
        ("paddle", ("PADDLE_MASTER", "x-worker-0:36543", "PADDLE_NNODES", "3")),
    ],
)
def test_names_where_they_resolve(bench, submit, kind, wanted):
    """Where Services carry no allotted port, replicas go by their names and the framework's port."""
    submit(kind)
    found = bench.env("x-worker-1")
    assert (found[wanted[0]], found[wanted[2]]) == wanted[1::2]


@pytest.mark.parametrize(
    ("kind", "roles", "before", "last"),
    [
        ("jax", None, ["x-worker-0", "x-worker-2"], "x-worker-1"),
        ("xgb", None, ["x-worker-0", "x-worker-1"], "x-master-0"),
        ("paddle", None, ["x-worker-0", "x-worker-2"], "x-worker-1"),
        ("paddle", {"Master": 2, "Worker": 1}, ["x-worker-0", "x-master-1"], "x-master-0"),
    ],
)
def test_whose_end_is_the_jobs(bench, submit, kind, roles, before, last):
    """JAX ends with all workers, XGBoost with its master, Paddle with its servers or else all workers."""
    resource = submit(kind, roles)
    bench.run(*bench.pods())
    assert bench.holding(resource, "x") == {"Created", "Running"}
    bench.end(*before)
    assert bench.holding(resource, "x") == {"Created", "Running"}
    bench.end(last)
    assert bench.holding(resource, "x") == {"Created", "Succeeded"}
    assert f"{resource.kind}Succeeded" in bench.events("x")


@pytest.mark.parametrize("kind", FACTS)
def test_failure(bench, submit, kind):
    """A replica that failed for good fails the job."""
    resource = submit(kind, restartPolicy="Never")
    bench.run(*bench.pods()).end("x-worker-1", code=1)
    assert bench.holding(resource, "x") == {"Created", "Failed"}


@pytest.mark.parametrize("kind", FACTS)
def test_a_killed_replica_is_made_anew(bench, submit, kind):
    """With the policy ExitCode a replica killed by a signal starts again under its old name and rank."""
    resource = submit(kind, restartPolicy="ExitCode")
    bench.run(*bench.pods())
    before = bench.read(PODS, "x-worker-1")
    bench.end("x-worker-1", code=137)
    after = bench.read(PODS, "x-worker-1")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["spec"]["containers"][0]["env"] == before["spec"]["containers"][0]["env"]
    bench.run("x-worker-1")
    assert bench.holding(resource, "x") == {"Created", "Running"}


@pytest.mark.parametrize(("kind", "holding"), [("jax", "Running"), ("paddle", "Running"), ("xgb", "Failed")])
def test_a_pod_that_failed_as_a_whole(bench, submit, kind, holding):
    """Where programs start again an evicted pod is replaced; of an XGBoostJob alone it is the end."""
    resource = submit(kind, restartPolicy="OnFailure")
    bench.run(*bench.pods())
    before = bench.read(PODS, "x-worker-1")["metadata"]["uid"]
    bench.end("x-worker-1", code=137)
    assert (bench.read(PODS, "x-worker-1")["metadata"]["uid"] != before) is (holding == "Running")
    bench.run("x-worker-1")
    assert bench.holding(resource, "x") == {"Created", holding}


@pytest.mark.parametrize("kind", FACTS)
def test_suspend_and_resume(bench, submit, kind):
    """A suspended job has no pods; resumed it has them all."""
    resource = submit(kind, policy={"suspend": True})
    assert bench.pods() == {}
    assert bench.holding(resource, "x") == {"Created", "Suspended"}
    bench.objects.patch(resource, "x", {"spec": {"runPolicy": {"suspend": False}}}, "default")
    bench.settled()
    assert len(bench.pods()) == 3


@pytest.mark.parametrize(
    ("kind", "roles", "told"),
    [
        ("jax", {"Master": 1}, 'Unsupported value: "Master"'),
        ("jax", {}, "jaxReplicaSpecs: Required value"),
        ("paddle", {"Chief": 1}, 'Unsupported value: "Chief"'),
        ("xgb", {"Worker": 1}, "must be present"),
        ("xgb", {"Master": 2}, "must be 1, not 2"),
        ("xgb", {"Master": None}, "must be 1, not None"),
        ("xgb", {"Master": 1, "PS": 1}, 'Unsupported value: "PS"'),
    ],
)
def test_refusals(bench, kind, roles, told):
    """The webhook's rules apply: no other types, one master, `replicas: 1` for the master."""
    resource, specs, container, _ = FACTS[kind]
    replicas = {name: bench.replica(count, container) for name, count in roles.items()}
    with pytest.raises(Refused, match=told):
        bench.objects.create(resource, {"metadata": {"name": "x"}, "spec": {specs: replicas}}, "default")


@pytest.mark.parametrize("kind", FACTS)
def test_the_container_must_be_the_frameworks(bench, kind):
    """A pod template without the container of the framework is refused."""
    resource, specs, _, _ = FACTS[kind]
    replicas = {"Master" if kind == "xgb" else "Worker": bench.replica(1, "other")}
    with pytest.raises(Refused, match="must have at least one container with name"):
        bench.objects.create(resource, {"metadata": {"name": "x"}, "spec": {specs: replicas}}, "default")
