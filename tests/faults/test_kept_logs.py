"""What instances wrote, after they were cleaned up, deleted, restarted or replaced: all of it, once."""

import json
import os
import signal
from collections import defaultdict

import pytest
from gate import Gate, refusal
from product import Product, until

from arena.resources import PODS

pytestmark = pytest.mark.timeout(240)

ENDLESS = """
import os, pathlib, sys, time
rank = os.environ["RANK"]
print("rank", rank, "begins", flush=True)
begun, go = pathlib.Path({go!r} + "-0"), pathlib.Path({go!r})
if rank == "0":
    begun.touch()
while not (go if rank == "0" else begun).exists():
    time.sleep(0.02)
if rank == "0":
    sys.exit(0)
for number in range(10**6):
    print("line", number, flush=True)
    if number == 5:
        go.touch()
        time.sleep(1000)
"""
"""Rank 0, which writes first, ends the job as soon as the others are in the middle of their work."""

AGAIN = """
import os, pathlib, sys
seen = pathlib.Path("{name}-" + os.environ.get("RANK", "0"))
run = len(seen.read_text()) + 1 if seen.exists() else 1
seen.write_text("x" * run)
for number in range(3):
    print("run", run, "line", number)
sys.exit({code} if run < {runs} else 0)
"""
"""Fails at once, and succeeds in its last run."""

AWAITED = """
import time
sys.stdout.flush()
pathlib.Path(f"{seen}-{run}").touch()
while len(list(pathlib.Path().glob(f"set-[01]-{run}"))) < 2:
    time.sleep(0.02)
"""
"""Waits until the other has written, too."""

REPLACED = (
    "spec: {pytorchReplicaSpecs: {Master: {restartPolicy: ExitCode}, Worker: {restartPolicy: ExitCode}}}"
)


def by_instance(text: str) -> dict[str, list[str]]:
    """Instance -> its lines, of lines with the instance's name before them."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in text.splitlines():
        name, _, rest = line.partition("] ")
        found[name.lstrip("[")].append(rest)
    return found


def cleaned(arena: Product) -> None:
    """A job whose worker was cleaned up at its end."""
    words = ("--workers", "2", "--clean-task-policy", "Running", "--wait")
    arena.submit("bert", ENDLESS.format(go=str(arena.home / "go")), *words)
    until(lambda: len(json.loads(arena.must("get", "bert", "-o", "json"))["instances"]) == 1)


def test_all_ranks_after_the_end(arena: Product) -> None:
    """After the end of a job its logs are those of every rank, also of those that were cleaned up."""
    cleaned(arena)
    lines = [f"line {number}" for number in range(6)]
    expected = {"master-0": ["rank 0 begins"], "worker-0": ["rank 1 begins", *lines]}
    assert by_instance(arena.must("logs", "bert")) == expected
    assert by_instance(arena.must("logs", "-f", "bert")) == expected
    assert arena.must("logs", "bert", "-i", "worker-0", "-t", "1") == "line 5\n"
    assert arena.must("logs", "bert", "-i", "bert-worker-0", "--since", "1h", "-c", "pytorch").endswith("5\n")
    stamp = arena.must("logs", "bert", "-i", "worker", "--timestamps", "-t", "2").split()[0]
    assert arena.must("logs", "bert", "--since-time", stamp, "--no-prefix").endswith("line 5\n")
    code, _, err = arena.run("logs", "bert", "--attempt", "2")
    assert (code, 'no instance of job "bert" has run 2 times' in err) == (3, True)


def test_it_goes_with_the_job(arena: Product) -> None:
    """What is kept goes with its job, however that is deleted, and with a reset."""
    cleaned(arena)
    pods = arena.state / "pods"
    assert list(pods.glob("*/kept.json"))
    arena.must("delete", "bert")
    until(lambda: not list(pods.iterdir()), what="the removal of what was kept")
    (arena.home / "go").unlink()
    cleaned(arena)
    arena.must("local", "reset", "-y")
    assert not arena.state.exists() or not list(arena.state.glob("*/*"))


def test_a_time_to_live(arena: Product) -> None:
    """What is kept goes with a job that is removed by its time to live."""
    words = ("--workers", "2", "--clean-task-policy", "All", "--ttl-after-finished", "1s")
    arena.submit("brief", "print('hello')", *words)
    until(lambda: "brief" not in arena.jobs(), what="the job's removal")
    until(lambda: not list((arena.state / "pods").iterdir()), what="the removal of what was kept")


def test_the_setting(arena: Product) -> None:
    """ARENA_LOCAL_LOGS=0 stores nothing, and missing output is reported."""
    code, _, err = arena.run("local", "start", ARENA_LOCAL_LOGS="plenty")
    assert (code, "ARENA_LOCAL_LOGS=plenty" in err) == (1, True), err
    arena.must("local", "start", ARENA_LOCAL_LOGS="0")
    cleaned(arena)
    assert arena.must("logs", "bert") == "[master-0] rank 0 begins\n"
    err = arena.run("logs", "bert").err
    assert "1 of 2 instances" in err, err


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("pytorchjob", ("--workers", "2", "--retry", "9")),
        ("pytorchjob", ("--workers", "2", "--retry", "9", "--patch", "replaced.yaml")),
        ("job", ("--retry", "9")),
    ],
    ids=["restarted", "replaced", "succeeded"],
)
def test_failures_in_a_moment(arena: Product, kind: str, words: tuple[str, ...]) -> None:
    """A program that fails at once and is started again: every line of every run comes once, in order."""
    (arena.home / "replaced.yaml").write_text(REPLACED)
    arena.must("local", "start")
    names = [f"again-{number}" for number in range(5)]
    followers = []
    for name in names:
        (arena.home / f"{name}.py").write_text(AGAIN.format(name=name, code=130, runs=2))
        line = ("submit", kind, "--name", name, *words, "--clean-task-policy", "None", "--logs")
        line = tuple(one for one in line if kind != "job" or one not in ("--clean-task-policy", "None"))
        followers.append(arena.start(*line, f"python {name}.py"))
    expected = [f"run {run} line {number}" for run in (1, 2) for number in range(3)]
    for name, follower in zip(names, followers, strict=True):
        out, err = (text.decode() for text in follower.communicate(timeout=120))
        assert follower.returncode == 0, err
        shown = [line for line in out.splitlines() if "submitted" not in line]
        whole = by_instance("\n".join(shown)) if kind != "job" else {"": shown}
        # The job ends with the first run of the master that succeeds; a worker may not get so far.
        assert whole.pop("master-0", expected) == expected, (name, out)
        assert all(lines in (expected[:3], expected) for lines in whole.values()), (name, out)
        code = [line.split("] ")[-1] for line in arena.must("logs", name, "--attempt", "1").splitlines()]
        assert set(code) == set(expected[:3])
        assert set(arena.must("logs", name, "--previous", "--no-prefix").splitlines()) <= set(expected[:3])


def test_a_late_follower(arena: Product) -> None:
    """A follower that comes late begins with the runs of before; with --tail, in the present one."""
    code = AGAIN.format(name="late", code=130, runs=3).replace(
        "sys.exit(", "import time; time.sleep(0.1); sys.exit("
    )
    arena.submit("late", code.replace("else 0)", "else time.sleep(600))"), "--retry", "9")
    until(lambda: "run 3 line 2" in arena.run("logs", "late").out)
    expected = [f"run {run} line {number}" for run in (1, 2, 3) for number in range(3)]
    for words, wanted in (((), expected), (("-t", "1"), expected[-1:])):
        follower = arena.start("logs", "-f", "late", *words)
        assert follower.stdout
        assert [follower.stdout.readline().decode().strip() for _ in wanted] == wanted
        follower.send_signal(signal.SIGINT)
        assert follower.communicate(timeout=20)[0] == b""


def test_pods_of_other_names(arena: Product) -> None:
    """An earlier run is shown under the name of the instance, whatever its pod was called."""
    # The first that fails ends the run of both, so each waits until the other has written.
    code = AGAIN.format(name="set", code=3, runs=2).replace("RANK", "JOB_COMPLETION_INDEX")
    (arena.home / "set.py").write_text(code.replace("sys.exit(", f"{AWAITED}sys.exit("))
    words = ("submit", "jobset", "--name", "set", "--retry", "3", "--workers", "2", "--wait", "python set.py")
    arena.must(*words)
    for run, flag in ((1, ("--attempt", "1")), (1, ("--previous",)), (2, ())):
        lines = [f"run {run} line {number}" for number in range(3)]
        assert by_instance(arena.must("logs", "set", *flag)) == {"worker-0": lines, "worker-1": lines}


COUNTER = """
import os, pathlib, time
seen = pathlib.Path("pods")
run = len(seen.read_text()) + 1 if seen.exists() else 1
seen.write_text("x" * run)
for number in range(5):
    print("pod", run, "line", number, flush=True)
while not pathlib.Path("go").exists():
    time.sleep(0.02)
print("pod", run, "ends", flush=True)
"""


@pytest.mark.parametrize("how", ["force", "server"])
def test_a_pod_deleted_under_its_follower(arena: Product, how: str) -> None:
    """Pods deleted by force under a follower and made again, the server killed between: each line once."""
    seen = arena.home / "seen"
    arena.submit("bert", COUNTER)
    with seen.open("wb") as file:
        follower = arena.start("logs", "-f", "bert", stdout=file)
    for pod in (1, 2, 3):
        until(lambda pod=pod: f"pod {pod} line 4\n" in seen.read_text(), what=f"pod {pod}")
        # As `kubectl delete --force` does.
        arena.cluster().delete(PODS, "default", "bert-master-0", grace=0)
        if how == "server":
            os.kill(arena.server(), signal.SIGKILL)
            arena.must("list")
    until(lambda: "pod 4 line 4\n" in seen.read_text())
    (arena.home / "go").touch()
    assert follower.wait(30) == 0, follower.stderr and follower.stderr.read()
    lines = [f"pod {pod} line {number}" for pod in (1, 2, 3, 4) for number in range(5)]
    assert [line for line in seen.read_text().splitlines() if "ends" not in line] == lines
    assert arena.must("logs", "bert").splitlines() == [*lines[-5:], "pod 4 ends"]
    assert [arena.must("logs", "bert", "--attempt", str(n)).split("\n")[0] for n in (1, 3)] == [
        "pod 1 line 0",
        "pod 3 line 0",
    ]


TOGETHER = """
import os, pathlib, time
for number in range(50):
    print("line", number, flush=True)
pathlib.Path("{name}-" + os.environ["RANK"]).touch()
while len(list(pathlib.Path(".").glob("{name}-[0-9]"))) < 3:
    time.sleep(0.02)
"""


def test_killed_while_a_pod_is_removed(arena: Product) -> None:
    """A server killed at odd moments while pods are cleaned up loses and doubles no line of theirs."""
    lines = [f"line {number}" for number in range(50)]
    for turn in range(4):
        words = ("--workers", "3", "--clean-task-policy", "All", "--wait")
        arena.submit(f"turn-{turn}", TOGETHER.format(name=f"turn-{turn}"), *words)
        os.kill(arena.server(), signal.SIGKILL)
        shown = by_instance(arena.must("logs", f"turn-{turn}"))
        assert shown == {"master-0": lines, "worker-0": lines, "worker-1": lines}


@pytest.fixture
def plain(gate: Gate) -> tuple[str, str]:
    """The words with which commands see a cluster that keeps no logs of pods that are gone."""
    absent = refusal(404, "NotFound", "the server could not find the requested resource")
    gate.spoil("GET", "logs.arena.io", absent)
    return "--kubeconfig", gate.kubeconfig


def test_a_cluster_that_keeps_nothing(arena: Product, plain: tuple[str, str]) -> None:
    """Where pods take their logs with them, what is there is shown, and what is gone is said in a line."""
    cleaned(arena)
    assert arena.must(*plain, "logs", "bert") == "[master-0] rank 0 begins\n"
    err = arena.run(*plain, "logs", "bert").err
    assert "1 of 2 instances left no log: their pods are gone\n" in err
    code, out, err = arena.run(*plain, "logs", "bert", "--attempt", "2")
    assert (code, out, 'no instance of job "bert" has run 2 times' in err) == (3, "", True)


def test_runs_on_a_cluster_that_keeps_two(arena: Product, plain: tuple[str, str]) -> None:
    """Of a container's runs a cluster has the last two: --attempt shows those, others are said to be gone."""
    (arena.home / "thrice.py").write_text(AGAIN.format(name="thrice", code=1, runs=3))
    arena.must("submit", "pytorchjob", "--name", "thrice", "--retry", "9", "--wait", "python thrice.py")
    runs = ["".join(f"run {run} line {number}\n" for number in range(3)) for run in (1, 2, 3)]
    assert arena.must(*plain, "logs", "thrice") == runs[2]
    assert [arena.must(*plain, "logs", "thrice", "--attempt", n) for n in "23"] == runs[1:]
    assert arena.must(*plain, "logs", "thrice", "--previous") == runs[1]
    code, out, err = arena.run(*plain, "logs", "thrice", "--attempt", "1")
    assert (code, out, "the output of that run is no longer kept" in err) == (0, "", True)
    code, out, err = arena.run(*plain, "logs", "-f", "thrice")
    assert (code, out, "the output of an earlier run is no longer kept" in err) == (
        0,
        "".join(runs[1:]),
        True,
    )


def test_a_follower_of_runs_that_a_node_removed(arena: Product, gate: Gate, plain: tuple[str, str]) -> None:
    """A follower says of how many earlier runs the node has removed the output."""
    (arena.home / "thrice.py").write_text(AGAIN.format(name="thrice", code=1, runs=3))
    arena.must("submit", "pytorchjob", "--name", "thrice", "--retry", "9", "--wait", "python thrice.py")
    message = 'previous terminated container "pytorch" in pod "thrice-master-0" not found'
    gate.spoil("GET", "previous=true", refusal(400, "BadRequest", message))
    code, out, err = arena.run(*plain, "logs", "-f", "thrice")
    assert (code, out) == (0, "".join(f"run 3 line {number}\n" for number in range(3)))
    assert "the output of 2 earlier runs is no longer kept\n" in err


def test_a_late_follower_of_another_cluster(arena: Product, plain: tuple[str, str]) -> None:
    """A container that was restarted before its follower came: both runs, each line once, in order."""
    expected = [f"run {run} line {number}" for run in (1, 2) for number in range(3)]
    for number in range(5):
        name = f"again-{number}"
        arena.submit(name, AGAIN.format(name=name, code=1, runs=2), "--retry", "9")
        assert arena.must(*plain, "logs", "-f", name).splitlines() == expected


def test_a_pod_deleted_under_a_follower_elsewhere(arena: Product, plain: tuple[str, str]) -> None:
    """Where pods take their logs with them, the first line of a replaced pod comes once."""
    seen = arena.home / "seen"
    arena.submit("bert", COUNTER)
    with seen.open("wb") as file:
        follower = arena.start(*plain, "logs", "-f", "bert", stdout=file)
    for pod in (1, 2, 3):
        until(lambda pod=pod: f"pod {pod} line 4\n" in seen.read_text(), what=f"pod {pod}")
        arena.cluster().delete(PODS, "default", "bert-master-0", grace=0)
    until(lambda: "pod 4 line 4\n" in seen.read_text())
    (arena.home / "go").touch()
    assert follower.wait(30) == 0, follower.stderr and follower.stderr.read()
    lines = [f"pod {pod} line {number}" for pod in (1, 2, 3, 4) for number in range(5)]
    assert [line for line in seen.read_text().splitlines() if "ends" not in line] == lines
