"""What reaches the cluster: the rules that its operators enforce, and the user's text as it was typed."""

import json
import re

import pytest

from arena import manifests
from arena.errors import MissingOperator, SpecError
from arena.kinds.training.mpijob import OLD, V1

HOSTILE = [
    'it\'s "quoted"',
    "two\nlines\n",
    "key: value # no comment",
    "{a: [b]}",
    "${name} $(workers) $${x}",
    "1e-3",
    "on",
    "0x1F",
    "- a\n- b",
    "\t",
    " lead and trail ",
    "ünïcödé 漢字 \U0001f680",
    "$$ $$$(x)$",
    "\\n",
    "%s",
    "'''",
    "&a *a !b",
    "\x1b[31m",
    "\u2028",
    "a" * 5000,
]
WORDS = {"tfjob": "tfReplicaSpecs", "pytorchjob": "pytorchReplicaSpecs", "mpijob": "mpiReplicaSpecs"}
CONTAINERS = {"tfjob": "tensorflow", "pytorchjob": "pytorch", "mpijob": "mpi"}
CONTAINERS |= {"jaxjob": "jax", "xgboostjob": "xgboost", "paddlejob": "paddle"}
ALL = ["tfjob", "pytorchjob", "mpijob", "horovodjob", "jaxjob", "xgboostjob", "paddlejob"]


def roles(job):
    (field,) = [key for key in job["spec"] if key.endswith("ReplicaSpecs")]
    return job["spec"][field]


def container(role):
    return role["template"]["spec"]["containers"][0]


def env(role):
    return {one["name"]: one.get("value") for one in container(role)["env"]}


def expanded(text):
    """What a kubelet makes of a command or variable, where no variable of the name is defined."""
    return re.sub(r"\$\$", "$", text)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("kind", ["tfjob", "pytorchjob", "mpijob"])
def test_hostile_values(kind, value, submit):
    """Text in a command, a variable or an annotation arrives as it is, as JSON and as YAML."""
    (job,) = submit(
        kind, "--name", "x", "--image", "i", "-e", f"V={value}", "-a", f"note={value}", "--", f"x{value}"
    )
    for copy in (json.loads(json.dumps(job)), manifests.load_all(manifests.dump([job]), "it")[0]):
        first = next(iter(roles(copy).values()))
        assert expanded(env(first)["V"]) == value
        assert [expanded(word) for word in container(first)["command"]] == ["sh", "-c", f"x{value}"]
        assert copy["metadata"]["annotations"]["note"] == value


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("kind", ALL)
def test_rules_of_the_operators(kind, workers, submit):
    """Jobs keep the rules by which the operators' webhooks refuse."""
    (job,) = submit(kind, "--name", "x", "--image", "i", "--workers", str(workers), "--gpus", "1", "true")
    assert re.fullmatch("[a-z]([-a-z0-9]{0,61}[a-z0-9])?", job["metadata"]["name"])
    assert job["spec"]["runPolicy"]["cleanPodPolicy"] in ("All", "Running", "None")
    for title, role in roles(job).items():
        assert isinstance(role["replicas"], int)
        assert role["replicas"] >= 1
        assert title not in ("Master", "Launcher", "Chief") or role["replicas"] == 1
        assert role["restartPolicy"] in ("Never", "OnFailure")
        assert "restartPolicy" not in role["template"]["spec"]
        assert container(role)["name"] == CONTAINERS.get(kind, "mpi")
        assert container(role)["image"] == "i"
        names = [one["name"] for one in container(role)["env"]]
        assert len(names) == len(set(names))
    for value in (*job["metadata"]["labels"].values(), *job["metadata"]["annotations"].values()):
        assert isinstance(value, str)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("pytorch", "--workers", "1"), {"Master": 1}),
        (("pytorch", "--workers", "4"), {"Master": 1, "Worker": 3}),
        (("tf",), {"Chief": 1}),
        (("tf", "--workers", "2"), {"Worker": 2}),
        (("tf", "--ps", "1"), {"PS": 1, "Worker": 1}),
        (("tf", "--chief"), {"Worker": 1, "Chief": 1}),
        (("tf", "--evaluator", "--workers", "2"), {"Worker": 2, "Evaluator": 1}),
        (("mpi", "--workers", "3"), {"Launcher": 1, "Worker": 3}),
        (("horovod",), {"Launcher": 1, "Worker": 1}),
        (("jax", "--workers", "3"), {"Worker": 3}),
        (("xgboost",), {"Master": 1}),
        (("xgb", "--workers", "3"), {"Master": 1, "Worker": 2}),
        (("paddle", "--workers", "2"), {"Worker": 2}),
        (("paddle", "--workers", "2", "--ps", "3"), {"Master": 3, "Worker": 2}),
    ],
)
def test_roles(words, wanted, submit):
    """PyTorch's and XGBoost's workers count the master; launchers and servers come on top of them."""
    (job,) = submit(*words, "--name", "x", "--image", "i", "true")
    assert {title: role["replicas"] for title, role in roles(job).items()} == wanted


@pytest.mark.parametrize(
    ("words", "gpus", "pods"),
    [
        (("pytorch", "--workers", "4", "--gpus", "2"), "8", "4"),
        (("mpi", "--workers", "4", "--gpus", "2"), "8", "4"),
        (
            ("tf", "--workers", "2", "--gpus", "2", "--ps", "1", "--ps-gpus", "1", "--chief", "--evaluator"),
            "9",
            "5",
        ),
        (("tf", "--gpus", "3"), "3", "1"),
        (("jax", "--workers", "4", "--gpus", "2"), "8", "4"),
        (("xgboost", "--workers", "4", "--gpus", "2"), "8", "4"),
        (("paddle", "--workers", "4", "--gpus", "2", "--ps", "2"), "8", "6"),
    ],
)
def test_totals(words, gpus, pods, submit):
    """GPUs count every role, parameter servers too; a gang is every pod but a launcher that waits for it."""
    (job,) = submit(*words, "--gang", "--name", "x", "--image", "i", "true")
    assert job["metadata"]["annotations"]["requestGPUsOfJobOwner"] == gpus
    assert job["spec"]["runPolicy"]["schedulingPolicy"]["minAvailable"] == int(pods)
    for role in roles(job).values():
        assert (
            role["template"]["metadata"]["labels"]["pod-group.scheduling.sigs.k8s.io/min-available"] == pods
        )


def test_gpus_are_hidden(submit):
    """Without GPUs an image made for them sees none of the node's; with other GPUs nothing is hidden."""
    others = [(("--device", f"{name}=1"), False) for name in ("amd.com/gpu", "nvidia.com/mig-1g.5gb")]
    for words, hidden in (((), True), (("--gpus", "1"), False), *others):
        (job,) = submit("pytorch", "--name", "x", "--image", "i", *words, "true")
        assert (env(roles(job)["Master"]).get("NVIDIA_VISIBLE_DEVICES") == "void") is hidden


def test_retry(submit):
    """With --retry, failed instances restart that number of times; without it, the first failure counts.

    The limit is the restart that ends the job; of launchers `test_traps.py` tells.
    """
    for kind in [one for one in ALL if one not in ("mpijob", "horovodjob")]:
        (job,) = submit(kind, "--name", "x", "--image", "i", "true")
        assert next(iter(roles(job).values()))["restartPolicy"] == "Never"
        (job,) = submit(kind, "--name", "x", "--image", "i", "--retry", "2", "true")
        assert job["spec"]["runPolicy"]["backoffLimit"] == 3
        assert next(iter(roles(job).values()))["restartPolicy"] == "OnFailure"


def test_mpi_without_retry_is_not_retried(submit):
    """An MPI launcher is not started six times over, as it were by default."""
    assert submit("mpi", "--name", "x", "--image", "i", "true")[0]["spec"]["runPolicy"]["backoffLimit"] == 0


def test_image_is_needed(submit):
    """Without an image nothing is rendered; the roles that have their own need no other."""
    for kind in ALL:
        with pytest.raises(SpecError, match="--image is missing"):
            submit(kind, "--name", "x", "true")
        assert submit(kind, "--name", "x", "true", image="local")
    assert submit("tf", "--name", "x", "--worker-image", "w", "true")
    with pytest.raises(SpecError, match="--image is missing"):
        submit("tf", "--name", "x", "--worker-image", "w", "--ps", "1", "true")


def test_reserved_labels(submit):
    """A label that arena finds jobs by cannot be replaced by a user's."""
    with pytest.raises(SpecError, match='--label: "release" is reserved for arena'):
        submit("tf", "--name", "x", "--image", "i", "-l", "release=y", "true")


def test_the_count_of_rdma_devices_is_the_users(submit):
    """--rdma requests one RDMA device, unless --device gives a number."""
    words = ("pytorch", "--name", "x", "--image", "i", "--rdma", "--device", "rdma/hca=4")
    (job,) = submit(*words, "true")
    (container,) = roles(job)["Master"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["rdma/hca"] == "4"


def test_network_of_the_pod(submit):
    """A pod with a network card of its own does not use the node's, whatever else is asked."""
    words = ("pytorch", "--name", "x", "--image", "i", "--host-network")
    for more, wanted in (((), True), (("-a", "k8s.aliyun.com/eni=true"), None)):
        (job,) = submit(*words, *more, "true")
        assert roles(job)["Master"]["template"]["spec"].get("hostNetwork") is wanted


def test_queue_name(submit):
    """The queue's label is on the job, where the queue looks for it, and not on its pods."""
    (job,) = submit("pytorch", "--name", "x", "--image", "i", "--queue-name", "team-a", "true")
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "team-a"
    assert "kueue.x-k8s.io/queue-name" not in roles(job)["Master"]["template"]["metadata"]["labels"]


def test_versions_of_mpi_jobs(submit):
    """One template serves both versions of MPIJob; an operator older than both is said to be too old."""
    (job,) = submit("mpi", "--name", "x", "--image", "i", "true", resource=V1)
    assert job["apiVersion"] == "kubeflow.org/v1"
    with pytest.raises(MissingOperator, match="too old"):
        submit("mpi", "--name", "x", "--image", "i", "true", resource=OLD)


@pytest.mark.parametrize(
    ("words", "resource", "wanted"),
    [
        (("python t.py",), None, "horovodrun -np 2 --hostfile /etc/mpi/hostfile sh -c 'python t.py'"),
        (("python t.py",), V1, "horovodrun -np 2 --hostfile /etc/mpi/hostfile --mpi sh -c 'python t.py'"),
        (
            ("--ssh-port", "33", "a; b"),
            None,
            "horovodrun -np 2 --hostfile /etc/mpi/hostfile -p 33 sh -c 'a; b'",
        ),
        (("mpirun -np 2 t",), None, "mpirun -np 2 t"),
        (("/usr/bin/horovodrun t",), None, "/usr/bin/horovodrun t"),
    ],
)
def test_horovod_command(words, resource, wanted, submit):
    """The command runs under horovodrun on every slot, unless it calls a launcher itself."""
    (job,) = submit("horovod", "--name", "x", "--image", "i", "--workers", "2", *words, resource=resource)
    assert container(roles(job)["Launcher"])["command"] == ["sh", "-c", wanted]


def test_a_lone_worker_keeps_its_wishes(submit):
    """Options of a single worker apply to the chief that it becomes; those of the chief take precedence."""
    words = (
        "--worker-cpu",
        "2",
        "--worker-selector",
        "a=b",
        "--worker-port",
        "2300",
        "--worker-memory",
        "1Gi",
    )
    (job,) = submit("tf", "--name", "x", "--image", "i", *words, "--chief-memory", "2Gi", "true")
    chief = roles(job)["Chief"]
    assert container(chief)["resources"] == {"requests": {"cpu": "2", "memory": "2Gi"}}
    assert container(chief)["ports"][0]["containerPort"] == 2300
    assert chief["template"]["spec"]["nodeSelector"] == {"a": "b"}
