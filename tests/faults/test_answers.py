"""A cluster that refuses, fails, forgets or restarts, seen through the real commands."""

import json
import shlex
import signal
import threading

import pytest
from gate import Gate, gone, refusal
from product import Lines, Product, until
from terminals import Pty

from arena import kinds
from arena.resources import CONFIGMAPS, SECRETS

pytestmark = pytest.mark.timeout(180)
JOBS = "/pytorchjobs"


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


def test_a_slow_cluster_is_waited_for_in_words(arena: Product, gate: Gate) -> None:
    """On a terminal a command says what it waits for; what it shows then is not touched by that."""
    quick(arena, "one")
    go = threading.Event()
    gate.rules = [lambda method, path: go.wait(20) and None]
    terminal = Pty()
    child = arena.start(
        "--kubeconfig", gate.kubeconfig, "list", stdin=terminal.far, stdout=terminal.far, stderr=terminal.far
    )
    said = 'waiting for cluster "gate" to answer'
    terminal.shows(lambda lines: lines[0] == said)
    go.set()
    assert child.wait(20) == 0
    lines = terminal.shows(lambda lines: any("one" in line for line in lines))
    assert [line.split()[0] for line in lines if line] == ["waiting", "NAME", "one"]
    terminal.close()


def test_a_busy_server_is_written_to_again(arena: Product, gate: Gate) -> None:
    """Every write that gets a 429 is sent again: a submit is complete, and an undone one leaves nothing."""
    busy = refusal(429, "TooManyRequests", "slow down", Retry_After="0")
    words = ("submit", "pytorchjob", "--image", "i", "--tensorboard", "--logdir", "/logs")
    for method in ("POST", "PATCH"):
        for plural in ("pytorchjobs", "services", "deployments"):
            gate.spoil(method, f"/{plural}", busy, times=2)
    arena.must("--kubeconfig", gate.kubeconfig, *words, "--name", "one", "true")
    assert list(arena.jobs()) == ["one"]
    gate.spoil("DELETE", JOBS, busy, times=1)
    arena.must("--kubeconfig", gate.kubeconfig, "delete", "one")
    gate.spoil("POST", "/services", refusal(403, "Forbidden", "services are not for you"))
    gate.spoil("DELETE", JOBS, busy, times=3)
    ended = arena.run("--kubeconfig", gate.kubeconfig, *words, "--name", "two", "true")
    assert (ended.code, arena.jobs()) == (4, {}), ended.err


def test_a_server_that_keeps_failing(arena: Product, gate: Gate) -> None:
    """A lasting 500 ends the command with a sentence in the server's words, after bounded retries."""
    gate.spoil("GET", JOBS, refusal(500, "InternalError", "etcdserver: no leader"))
    code, out, err = arena.run("--kubeconfig", gate.kubeconfig, "list", "-T", "pytorchjob")
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


def test_trials_take_one_answer(arena: Product, gate: Gate, code: None) -> None:
    """The trials of a submit are made at the same time, so that a slow cluster is waited for once."""
    together = threading.Barrier(5)

    def hold(method: str, path: str) -> None:
        if "dryRun=All" in path:
            together.wait(20)

    gate.rules = [hold]
    arena.must("--kubeconfig", gate.kubeconfig, *SUBMIT[:-1], "--tensorboard", "--logdir", "/logs", "true")
    assert sum("dryRun=All" in path for _, path in gate.seen) == 5


def test_a_webhook_without_trials(arena: Product, gate: Gate) -> None:
    """Where a webhook forbids dry runs, jobs are submitted and deleted without; nothing is replaced."""
    no = refusal(400, "BadRequest", 'admission webhook "policy" does not support dry run')
    gate.rules.append(lambda method, path: no if method == "POST" and "dryRun=All" in path else None)
    words = ("--kubeconfig", gate.kubeconfig, "submit", "pytorchjob", "--name", "one", "--image", "i")
    arena.must(*words, "--tensorboard", "--logdir", "/logs", "true")
    assert list(arena.jobs()) == ["one"]
    code, _, err = arena.run(*words, "--replace", "true")
    assert (code, list(arena.jobs())) == (2, ["one"])
    assert "the old one is kept" in err
    code, _, err = arena.run(*words, "--dry-run=server", "true")
    assert (code, "does not support dry run" in err) == (2, True)
    gate.spoil("DELETE", JOBS, no, times=1)
    arena.must("--kubeconfig", gate.kubeconfig, "delete", "--all", "-y")
    assert arena.jobs() == {}


def test_a_namespace_that_is_being_deleted(arena: Product, gate: Gate) -> None:
    """A namespace that takes no more objects is the reason, rather than a name that is taken."""
    cause = {"reason": "NamespaceTerminating", "field": "metadata.namespace"}
    no = refusal(403, "Forbidden", "unable to create new content: it is being terminated")
    body = json.dumps(json.loads(no.body) | {"details": {"causes": [cause]}}).encode()
    gate.spoil("POST", JOBS, no._replace(body=body))
    code, _, err = arena.run(
        "--kubeconfig", gate.kubeconfig, "submit", "pytorchjob", "--name", "one", "--image", "i", "true"
    )
    assert (code, 'namespace "default" is being deleted' in err, "exists" in err) == (5, True, False)


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
    seen = arena.lines(arena.start("--kubeconfig", gate.kubeconfig, "list", "-w").stdout)
    until(lambda: "one" in "".join(seen), what="the first job")
    gate.spoil("GET", "watch=", gone(), times=2)
    until(gate.cut, what="a connection to cut")
    quick(arena, "two")
    until(lambda: "two" in "".join(seen), what="the second job")


def test_a_restarted_server_under_list_w(arena: Product) -> None:
    """`list -w` continues across a clean stop and start of the server."""
    quick(arena, "one")
    child = arena.start("list", "-w")
    seen = arena.lines(child.stdout)
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
    seen = arena.lines(child.stdout)
    for mark in (50, 120, 200):
        until(lambda mark=mark: len(seen) >= mark, what=f"line {mark}")
        gate.cut()
    assert child.wait(60) == 0
    numbers = [int(line.split("line ")[1]) for line in seen.whole() if "line " in line]
    assert numbers == list(range(300))


def go_away(gate: Gate, *told: Lines) -> None:
    """Let the cluster be away until every command tells so."""
    away = refusal(503, "ServiceUnavailable", "no API server is there")
    gate.rules.append(lambda method, path: away)
    until(lambda: (gate.cut(), all("lost" in "".join(one) for one in told))[1], what="lines on the outage")


def test_an_outage_is_told_and_survived(arena: Product, gate: Gate) -> None:
    """Followers report when the cluster is away and when it is back, and continue."""
    mark = arena.home / "go"
    line = f"echo begun; until [ -e {shlex.quote(str(mark))} ]; do sleep 0.1; done; echo over"
    arena.must("submit", "job", "--name", "long", line)
    until(lambda: arena.jobs() == {"long": "RUNNING"}, what="the start of the job")
    lines = ("logs", "-f", "long"), ("wait", "long"), ("list", "-w")
    children = [arena.start("--kubeconfig", gate.kubeconfig, *words) for words in lines]
    told = [arena.lines(child.stderr) for child in children]
    seen = [arena.lines(child.stdout) for child in children]
    firsts = list(zip((seen[0], told[1], seen[2]), ("begun", "RUNNING", "RUNNING"), strict=True))
    until(lambda: all(word in "".join(some) for some, word in firsts), what="the first output")
    go_away(gate, *told)
    gate.rules.clear()
    back = 'connected to cluster "gate" again'
    until(lambda: all(back in "".join(one) for one in told), what="lines on its end")
    mark.touch()
    assert [child.wait(60) for child in children[:2]] == [0, 0]
    assert "over\n" in seen[0].whole()
    until(lambda: "SUCCEEDED" in "".join(seen[2]), what="the end of the job in the list")
    children[2].send_signal(signal.SIGINT)
    for one in told:
        said = "".join(one.whole())
        assert "lost, trying again for up to 600s" in said
        assert said.count("lost") == 1


def test_patience_ends(arena: Product, gate: Gate) -> None:
    """Where the cluster is away for longer than the patience, the command ends with the reason."""
    arena.must("submit", "job", "--name", "long", "sleep 60")
    child = arena.start("--kubeconfig", gate.kubeconfig, "wait", "long", "--patience", "2s")
    told = arena.lines(child.stderr)
    until(lambda: "RUNNING" in "".join(told), what="the first output")
    go_away(gate, told)
    assert child.wait(60) == 6
    said = "".join(told.whole())
    assert "trying again for up to 2s" in said
    assert "no API server is there" in said
    assert arena.run("wait", "long", ARENA_PATIENCE="soon").code == 2
    assert "--patience" in arena.run("wait", "long", "--patience", "soon").err


def test_what_may_not_be_listed_is_left_out(arena: Product, gate: Gate) -> None:
    """A user who may list some kinds sees those jobs and a note on the others; a job among them is found."""
    quick(arena, "one")
    no = refusal(
        403, "Forbidden", 'tfjobs.kubeflow.org is forbidden: User "bob" cannot list resource "tfjobs"'
    )
    gate.spoil("GET", "/tfjobs", no)
    code, out, err = arena.run("--kubeconfig", gate.kubeconfig, "list")
    assert (code, "one" in out) == (0, True)
    assert "Warning: some jobs may be missing" in err
    assert "tfjobs" in err
    assert "one" in arena.must("--kubeconfig", gate.kubeconfig, "get", "one")
    code, _, err = arena.run("--kubeconfig", gate.kubeconfig, "get", "two")
    assert (code, err.splitlines()[0]) == (
        3,
        'Error: no job "two" in namespace "default" among the kinds that you may read (not: tfjobs)',
    )
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
    cluster = arena.cluster()
    types = (kinds.find("pytorchjob").resources[0], SECRETS, CONFIGMAPS)
    found = [one["metadata"]["name"] for kind in types for one in cluster.list(kind, "default")]
    return sorted(name.partition("-")[0] for name in found if name != "kube-root-ca.crt")


@pytest.fixture
def code(arena: Product) -> None:
    (arena.home / "code").mkdir()
    (arena.home / "code" / "train.py").touch()


@pytest.mark.parametrize("plural", ["pytorchjobs", "secrets"])
def test_a_lost_answer_is_looked_up(arena: Product, gate: Gate, code: None, plural: str) -> None:
    """If a connection breaks after the cluster has created an object, the submit continues with it."""
    gate.lose("POST", f"/{plural}")
    code_, _, err = arena.run("--kubeconfig", gate.kubeconfig, *SUBMIT)
    assert (code_, gate.lost) == (0, []), err
    assert made(arena) == ["arena", "one", "one"]


def test_an_answer_lost_to_the_last(arena: Product, gate: Gate, code: None) -> None:
    """If a connection breaks after the last object was created, and this is unknown, all is deleted again."""
    gate.lose("POST", "/configmaps")
    gate.lose("DELETE", "/pytorchjobs")  # which is said again
    code_, _, err = arena.run("--kubeconfig", gate.kubeconfig, *SUBMIT)
    assert (code_, gate.lost) == (6, []), err
    until(lambda: made(arena) == [], what="the end of all that was made")


def test_the_job_of_another_is_no_answer(arena: Product, gate: Gate, code: None) -> None:
    """If the lost answer said that the name is taken, the existing job is not changed."""
    arena.must(*SUBMIT)
    kind = kinds.find("pytorchjob").resources[0]
    before = arena.cluster().get(kind, "default", "one")["metadata"]["uid"]
    gate.lose("POST", "/pytorchjobs")
    words = ("submit", "pytorchjob", "--name", "one", "--image", "i", "true")
    ended = arena.run("--kubeconfig", gate.kubeconfig, *words)
    assert (ended.code, 'pytorchjob "one" exists in namespace "default"' in ended.err) == (5, True)
    assert arena.cluster().get(kind, "default", "one")["metadata"]["uid"] == before


def test_a_replaced_job_that_is_gone(arena: Product, gate: Gate) -> None:
    """If --replace deletes the old job and the new one is then refused, both are reported."""
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
