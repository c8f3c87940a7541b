"""A cluster that refuses, fails, forgets or restarts, seen through the real commands."""

import signal
import subprocess
import threading

import pytest
from gate import Gate, gone, refusal
from product import Product, until

from arena import kinds
from arena.kube import Cluster
from arena.resources import CONFIGMAPS, SECRETS

pytestmark = pytest.mark.timeout(180)
JOBS = "/pytorchjobs"


def read(child: "subprocess.Popen[bytes]") -> list[str]:
    """The list that grows with the command's output."""
    seen: list[str] = []

    def pump() -> None:
        assert child.stdout is not None
        for line in child.stdout:
            seen.append(line.decode())

    threading.Thread(target=pump, daemon=True).start()
    return seen


def quick(arena: Product, name: str, *words: str) -> None:
    """Submit a job that ends at once, past the gate."""
    arena.must("submit", "pytorchjob", "--name", name, *words, "true")


def test_a_busy_server_is_asked_again(arena: Product, gate: Gate) -> None:
    """429 with Retry-After and a passing 500 cost time, not the command."""
    quick(arena, "one")
    gate.spoil("GET", JOBS, refusal(429, "TooManyRequests", "slow down", Retry_After="1"), times=1)
    gate.spoil("GET", JOBS, refusal(500, "InternalError", "etcdserver: leader changed"), times=1)
    assert "one" in arena.must("--kubeconfig", gate.kubeconfig, "list")
    assert gate.count("GET", JOBS) >= 3


def test_a_server_that_keeps_failing(arena: Product, gate: Gate) -> None:
    """A lasting 500 ends the command with a sentence in the server's words, after bounded retries."""
    gate.spoil("GET", JOBS, refusal(500, "InternalError", "etcdserver: no leader"))
    code, out, err = arena.run("--kubeconfig", gate.kubeconfig, "list")
    assert (code, out) == (6, "")
    assert "etcdserver: no leader" in err
    assert "Traceback" not in err
    assert gate.count("GET", JOBS) < 12


def test_a_failed_create_is_not_repeated(arena: Product, gate: Gate) -> None:
    """A POST that fails is not sent twice, and nothing of the job is left."""
    gate.spoil("POST", JOBS, refusal(500, "InternalError", "timeout after the write"))
    code, _, err = arena.run(
        "--kubeconfig", gate.kubeconfig, "submit", "pytorchjob", "--name", "one", "--image", "i", "true"
    )
    assert code in (1, 6), err
    posts = gate.count("POST", JOBS) - sum("dryRun" in path for _, path in gate.seen)
    assert posts <= 1
    assert arena.jobs() == {}


def test_submit_is_all_or_nothing(arena: Product, gate: Gate) -> None:
    """When a helper object is refused, the job that was made first is removed again."""
    gate.spoil("POST", "/services", refusal(403, "Forbidden", "services are not for you"))
    code, _, err = arena.run(
        "--kubeconfig", gate.kubeconfig, "submit", "pytorchjob", "--name", "one", "--image", "i",
        "--tensorboard", "--logdir", "/logs", "true",
    )  # fmt: skip
    assert code == 4
    assert "services are not for you" in err
    until(lambda: arena.jobs() == {}, what="the job's removal")
    assert arena.must("list", "-A", "-o", "name").strip() == ""


def test_a_watch_that_is_cut_and_gone(arena: Product, gate: Gate) -> None:
    """`list -w` shows new jobs after its connections were cut and its version was forgotten."""
    quick(arena, "one")
    seen = read(arena.start("--kubeconfig", gate.kubeconfig, "list", "-w"))
    until(lambda: "one" in "".join(seen), what="the first job")
    gate.spoil("GET", "watch=", gone(), times=2)
    until(gate.cut, what="a connection to cut")
    quick(arena, "two")
    until(lambda: "two" in "".join(seen), what="the second job")


def test_a_restarted_server_under_list_w(arena: Product) -> None:
    """`list -w` goes on over a clean stop and start of the server."""
    quick(arena, "one")
    child = arena.start("list", "-w")
    seen = read(child)
    until(lambda: "one" in "".join(seen), what="the first job")
    arena.must("local", "stop")
    arena.must("local", "start")
    quick(arena, "two")
    until(lambda: "two" in "".join(seen), what="the second job")
    assert child.poll() is None


def test_logs_over_cut_connections(arena: Product, gate: Gate) -> None:
    """`logs -f` over cut connections shows every line once, in order."""
    program = "import time\nfor n in range(300):\n    print('line', n, flush=True)\n    time.sleep(0.01)\n"
    arena.submit("talker", program)
    child = arena.start("--kubeconfig", gate.kubeconfig, "logs", "-f", "talker")
    seen = read(child)
    for mark in (50, 120, 200):
        until(lambda mark=mark: len(seen) >= mark, what=f"line {mark}")
        gate.cut()
    assert child.wait(60) == 0
    numbers = [int(line.split("line ")[1]) for line in seen if "line " in line]
    assert numbers == list(range(300))


def test_what_may_not_be_listed_is_left_out(arena: Product, gate: Gate) -> None:
    """Who may list some kinds sees those jobs and hears of the others; a job among them is found."""
    quick(arena, "one")
    no = refusal(
        403, "Forbidden", 'tfjobs.kubeflow.org is forbidden: User "bob" cannot list resource "tfjobs"'
    )
    gate.spoil("GET", "/tfjobs", no)
    code, out, err = arena.run("--kubeconfig", gate.kubeconfig, "list")
    assert (code, "one" in out) == (0, True)
    assert "Warning: left out" in err
    assert "tfjobs" in err
    assert "one" in arena.must("--kubeconfig", gate.kubeconfig, "get", "one")
    code, _, err = arena.run("--kubeconfig", gate.kubeconfig, "get", "two")
    assert (code, "tfjobs" in err) == (4, True)  # it may be one of them
    code, out, err = arena.run("--kubeconfig", gate.kubeconfig, "list", "-T", "tfjob")
    assert (code, out) == (4, "")


SUBMIT = (
    "submit",
    "pytorchjob",
    "--name",
    "one",
    "--image",
    "i",
    "--secret",
    "K=v",
    "--code",
    "code",
    "true",
)


def made(arena: Product) -> list[str]:
    """What is there of a submit."""
    cluster = Cluster.at(arena.url())
    types = (kinds.find("pytorchjob").resources[0], SECRETS, CONFIGMAPS)
    found = [one["metadata"]["name"] for kind in types for one in cluster.list(kind, "default")]
    return sorted(name.partition("-")[0] for name in found if name != "kube-root-ca.crt")


@pytest.fixture
def code(arena: Product) -> None:
    (arena.home / "code").mkdir()
    (arena.home / "code" / "train.py").touch()


@pytest.mark.parametrize("plural", ["pytorchjobs", "secrets"])
def test_a_lost_answer_is_looked_up(arena: Product, gate: Gate, code: None, plural: str) -> None:
    """Where a connection breaks once the cluster has made an object, the submit goes on with that object."""
    gate.lose("POST", f"/{plural}")
    code_, _, err = arena.run("--kubeconfig", gate.kubeconfig, *SUBMIT)
    assert (code_, gate.lost) == (0, []), err
    assert made(arena) == ["arena", "one", "one"]


def test_an_answer_lost_to_the_last(arena: Product, gate: Gate, code: None) -> None:
    """Where a connection breaks after the last object was made, and it cannot be told, all is taken back."""
    gate.lose("POST", "/configmaps")
    gate.lose("DELETE", "/pytorchjobs")  # which is said again
    code_, _, err = arena.run("--kubeconfig", gate.kubeconfig, *SUBMIT)
    assert (code_, gate.lost) == (6, []), err
    until(lambda: made(arena) == [], what="the end of all that was made")


def test_the_job_of_another_is_no_answer(arena: Product, gate: Gate, code: None) -> None:
    """Where the answer that was lost said that the name is taken, the job that has it is left alone."""
    arena.must(*SUBMIT)
    kind = kinds.find("pytorchjob").resources[0]
    before = Cluster.at(arena.url()).get(kind, "default", "one")["metadata"]["uid"]
    gate.lose("POST", "/pytorchjobs")
    words = ("submit", "pytorchjob", "--name", "one", "--image", "i", "true")
    ended = arena.run("--kubeconfig", gate.kubeconfig, *words)
    assert (ended.code, 'pytorchjob "one" exists in namespace "default"' in ended.err) == (5, True)
    assert Cluster.at(arena.url()).get(kind, "default", "one")["metadata"]["uid"] == before


def test_a_replaced_job_that_is_gone(arena: Product, gate: Gate) -> None:
    """Where --replace deletes the old job and the new one is refused only then, the user hears of both."""
    quick(arena, "one")
    no = refusal(403, "Forbidden", "not for you")
    gate.rules = [lambda method, path: no if method == "POST" and "dryRun" not in path else None]
    words = ("submit", "pytorchjob", "--name", "one", "--image", "i", "--replace", "true")
    ended = arena.run("--kubeconfig", gate.kubeconfig, *words)
    assert (ended.code, 'the old pytorchjob "one" is deleted' in ended.err) == (4, True), ended.err
    assert made(arena) == []


def test_ctrl_c_between_two_objects(arena: Product, gate: Gate, code: None) -> None:
    """Ctrl-C while the job, or what goes with it, is being made leaves nothing of it."""
    for plural in ("pytorchjobs", "secrets", "configmaps"):
        asked, go = threading.Event(), threading.Event()

        def hold(method: str, path: str, plural=plural, asked=asked, go=go) -> None:
            if method == "POST" and f"/{plural}" in path and "dryRun" not in path:
                asked.set()
                go.wait(20)

        gate.rules = [hold]
        child = arena.start("--kubeconfig", gate.kubeconfig, *SUBMIT)
        assert asked.wait(20)
        child.send_signal(signal.SIGINT)
        go.set()
        assert child.wait(20) == 130
        until(lambda: made(arena) == [], what="the end of all that was made")
