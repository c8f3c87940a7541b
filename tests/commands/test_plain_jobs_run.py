"""Jobs, JobSets and TrainJobs as users run them on the local cluster, with programs of several workers."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from product import Product, product, quoted, until

from arena.kinds.training.job import INDEXED

MEET = """
import os, socket
address = os.environ[PREFIX + "MASTER_ADDR"], int(os.environ[PREFIX + "MASTER_PORT"])
rank = os.environ["PET_NODE_RANK"]
if rank == "0":
    with socket.create_server(address) as server:
        others = sorted(server.accept()[0].recv(9).decode() for _ in range(int(os.environ["PET_NNODES"]) - 1))
    print("met", *others)
else:
    while True:
        try:
            with socket.create_connection(address) as connection:
                connection.sendall(rank.encode())
            break
        except ConnectionRefusedError:
            pass
"""
"""Every worker but the first tells the first its rank, at the address that all are told."""

IDLE = "trap 'exit 0' TERM; sleep 600 & wait $!"


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One product for all; jobs are told apart by their names."""
    with product(tmp_path_factory.mktemp("plain")) as made:
        yield made


def program(arena: Product, name: str, text: str) -> str:
    """The command line that runs a Python program."""
    file = arena.home / f"{name}.py"
    file.write_text(text, encoding="utf-8")
    return quoted("python", file)


def job(arena: Product, name: str) -> dict:
    """The job as printed by `arena get -o json`."""
    return json.loads(arena.must("get", name, "-o", "json"))


@pytest.mark.parametrize(
    ("kind", "prefix"), [("job", ""), ("jobset", ""), ("trainjob", "PET_")], ids=["job", "jobset", "trainjob"]
)
def test_workers_meet(arena: Product, kind: str, prefix: str) -> None:
    """Three workers meet at the address of the first, which torch.distributed and torchrun read."""
    name, role = f"meet-{kind}", "node" if kind == "trainjob" else "worker"
    line = program(arena, name, f"PREFIX = {prefix!r}\n{MEET}")
    out = arena.must("submit", kind, "--name", name, "--workers", "3", "--wait", line)
    assert out.splitlines()[-1] == f"{kind} {name} SUCCEEDED"
    assert arena.must("logs", name, "-i", f"{role}-0") == "met 1 2\n"


def test_two_jobs_meet_apart(arena: Product) -> None:
    """Two jobs of several workers at a time do not meet each other's, though they ask for the same port."""
    line = program(arena, "apart", f"PREFIX = ''\n{MEET}")
    for name in ("apart-1", "apart-2"):
        arena.must("submit", "job", "--name", name, "--workers", "2", line)
    for name in ("apart-1", "apart-2"):
        assert arena.must("wait", name, "--timeout", "60s") == f"job {name} SUCCEEDED\n"


def test_a_failed_worker_fails_the_job(arena: Product) -> None:
    """The worker that fails is named, with 7, and the others are ended."""
    words = ("submit", "job", "--name", "bad", "--workers", "2", "--wait")
    code, _, err = arena.run(*words, f'if [ "$RANK" = 0 ]; then {IDLE}; fi; exit 3')
    assert code == 7
    assert 'job "bad" failed: exit code 3 on worker-1' in err
    until(lambda: all(one["status"] != "Running" for one in job(arena, "bad")["instances"]))


def test_coordinator(arena: Product) -> None:
    """A coordinator is reached by all, is the chief, and its end is the job's, whatever the workers do."""
    text = MEET.replace("PREFIX + ", "").replace("MASTER_ADDR", "COORDINATOR_ADDRESS")
    learn = program(arena, "learn", text.replace("MASTER_PORT", "COORDINATOR_PORT"))
    act = learn.replace("learn", "act")
    (arena.home / "act.py").write_text((arena.home / "learn.py").read_text("utf-8"), "utf-8")
    given = ("--workers", "2", "--coordinator", f"PET_NODE_RANK=0 PET_NNODES=3 {learn}")
    line = f"PET_NODE_RANK=$((RANK + 1)) {act}; {IDLE}"
    arena.must("submit", "jobset", "--name", "rl", *given, line)
    assert arena.must("wait", "rl", "--timeout", "60s") == "jobset rl SUCCEEDED\n"
    assert "met 1 2" in arena.must("logs", "rl", "-i", "coordinator-0")
    (chief,) = [one["name"] for one in job(arena, "rl")["instances"] if one["chief"]]
    assert chief.startswith("rl-coordinator-0-0-")


def test_all_restart_together(arena: Product) -> None:
    """When a worker of a JobSet fails all are started again, and meet at the same address."""
    folder = arena.home / "tries"
    folder.mkdir()
    once = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        f"folder, rank = Path({str(folder)!r}), os.environ['RANK']\n"
        "first = not (folder / rank).exists()\n"
        "(folder / rank).open('a').write('x')\n"
        "if first and rank == '1':\n"
        "    while not ((folder / '0').exists() and (folder / '0').read_text()): time.sleep(0.01)\n"
        "    sys.exit(3)\n"
    )
    line = program(arena, "again", once + f"PREFIX = ''\n{MEET}")
    arena.must("submit", "jobset", "--name", "again", "--workers", "2", "--retry", "1", line)
    assert arena.must("wait", "again", "--timeout", "60s") == "jobset again SUCCEEDED\n"
    assert [Path(folder / rank).read_text() for rank in "01"] == ["xx", "xx"]


def test_scale(arena: Product) -> None:
    """A job of several workers is scaled up and down while it runs; one of one worker is not."""
    arena.must("submit", "job", "--name", "many", "--workers", "2", IDLE)
    for count in (3, 1):
        arena.must("scale", "many", "--workers", str(count))
        until(lambda count=count: _running(arena, "many") == count, what=f"{count} workers")
    arena.must("submit", "job", "--name", "one", IDLE)
    code, _, err = arena.run("scale", "one", "--workers", "2")
    assert (code, "was submitted with one worker" in err) == (2, True)
    arena.must("delete", "many", "one")


def _running(arena: Product, name: str) -> int:
    return sum(one["status"] == "Running" for one in job(arena, name)["instances"])


@pytest.mark.parametrize("kind", ["job", "jobset", "trainjob"])
def test_suspend(arena: Product, kind: str) -> None:
    """A suspended job has no processes; when resumed, it starts again."""
    name = f"pause-{kind}"
    arena.must("submit", kind, "--name", name, "--workers", "2", IDLE)
    until(lambda: _running(arena, name) == 2, what="two workers")
    arena.must("suspend", name)
    until(lambda: not job(arena, name)["instances"], what="no instances")
    assert job(arena, name)["status"] == "SUSPENDED"
    arena.must("resume", name)
    until(lambda: _running(arena, name) == 2, what="two workers again")
    assert job(arena, name)["status"] == "RUNNING"
    arena.must("delete", name)


def test_housekeeping_becomes_a_job_when_asked(arena: Product) -> None:
    """A Job that others made for other ends is found by its kind, and listed once it is adopted."""
    arena.must("local", "start")
    pod = {
        "restartPolicy": "Never",
        "containers": [{"name": "c", "image": "i", "command": ["sh", "-c", IDLE]}],
    }
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "tidy"}}
    arena.cluster().create(INDEXED, "default", {**body, "spec": {"template": {"spec": pod}}})
    assert "tidy" not in arena.jobs()
    assert arena.run("get", "tidy").code == 3
    assert arena.must("adopt", "tidy", "-T", "job") == "job tidy adopted\n"
    assert "tidy" in arena.jobs()
    arena.must("delete", "tidy")


def test_unknown_runtime(arena: Product) -> None:
    """A TrainJob of a runtime that is not there fails, and says which there are."""
    words = ("submit", "trainjob", "--name", "lost", "--runtime", "torch", "--wait", "true")
    code, _, err = arena.run(*words)
    assert code == 7
    assert 'there is no ClusterTrainingRuntime "torch"; the cluster has jax-distributed, torch' in err


def test_a_kind_that_cannot_run(arena: Product) -> None:
    """A kind that the local cluster cannot run says so at submit, and names those that it can."""
    code, _, err = arena.run(
        "submit", "sparkjob", "--name", "x", "--jar", "local:///x.jar", "--main-class", "X"
    )
    assert code == 6
    assert "does not know SparkApplication (sparkoperator.k8s.io)" in err
    assert "it supports " in err
    assert "trainjob" in err
    assert "arena submit job needs no operator" in err


@pytest.mark.parametrize(
    ("kind", "names"),
    [("job", ["worker-0", "worker-1"]), ("jobset", ["worker-0", "worker-1"]), ("mpijob", ["launcher"])],
)
def test_logs_call_instances_as_reasons_do(arena: Product, kind: str, names: list[str]) -> None:
    """Lines have the place of their instance in front, not the end of a name that the cluster drew."""
    out = arena.must("submit", kind, "--name", f"called-{kind}", "--workers", "2", "--logs", "echo a line")
    assert sorted(out.splitlines()[1:]) == [f"[{name}] a line" for name in names]
    later = arena.must("logs", f"called-{kind}", "--prefix")
    assert sorted(later.splitlines()) == [f"[{name}] a line" for name in names]


def test_tries_are_told_apart(arena: Product) -> None:
    """Of several tries in the place of a launcher each has lines of its own."""
    file = arena.home / "twice.tries"
    script = f"echo >> {quoted(file)}; echo try; test $(wc -l < {quoted(file)}) = 2"
    out = arena.must("submit", "mpijob", "--name", "twice", "--retry", "1", "--logs", script)
    first, second = sorted(out.splitlines()[1:], key=len)
    assert first == "[launcher] try"
    assert second.startswith("[launcher-")
