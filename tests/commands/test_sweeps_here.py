"""Sweeps that the command runs itself, where Katib is missing or cannot do what is asked."""

import json
import random
import shlex
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from product import Product, product, until

from arena.resources import Resource

HERE = ("--engine", "foreground")
JOBS = Resource("batch", "v1", "jobs", kind="Job")


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One product for all; sweeps are told apart by their names."""
    with product(tmp_path_factory.mktemp("here")) as made:
        yield made


def found(arena: Product, name: str) -> dict[str, Any]:
    """The sweep as printed by `arena sweep get -o json`."""
    made: dict[str, Any] = json.loads(arena.must("sweep", "get", name, "-o", "json"))
    return made


def begun(arena: Product, name: str, *words: str) -> "subprocess.Popen[bytes]":
    """A process that runs a sweep."""
    return arena.start("sweep", "submit", "job", "--name", name, *HERE, *words)


def _ended(sweep: dict[str, Any]) -> int:
    return sum(one["status"] in ("SUCCEEDED", "FAILED") for one in sweep["trials"])


def wait_for(arena: Product, name: str, count: int) -> None:
    """Wait until so many trials of a sweep have ended."""

    def enough() -> bool:
        code, out, _ = arena.run("sweep", "get", name, "-o", "json")
        return code == 0 and _ended(json.loads(out)) >= count

    until(enough)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--constraint", "x<3"), "Katib knows no constraints"),
        (("--param", "y=1,2 if x>1", "--env", "Y={y}"), "Katib knows no conditions, such as that of y"),
        (("--algorithm", "nsga2", "--metric", "size:min"), "Katib has no algorithm nsga2"),
        (("--early-stop", "asha"), "Katib has no early stopping asha"),
        (("--gpus", "{x}"), "Katib fills parameters only into text"),
    ],
)
def test_what_katib_cannot_do(arena: Product, words: tuple[str, ...], why: str) -> None:
    """What Katib cannot do, the command does itself and says why; with --engine katib it is refused."""
    line = ("sweep", "submit", "job", "--name", "a", "--param", "x=int:1..400", "--metric", "score:max")
    command = ("--max-trials", "20", "--dry-run", *words, "echo score={x}")
    code, out, err = arena.run(*line, *command)
    assert (code, err.splitlines()[0]) == (0, f"this command runs the sweep itself, because {why}")
    assert '"number": 1' in out
    code, _, err = arena.run(*line, "--engine", "katib", *command)
    assert (code, err.splitlines()[0]) == (2, f"Error: --engine katib: {why}")


def test_conditions_and_constraints(arena: Product) -> None:
    """Every trial obeys them; a parameter that is not active is an empty text."""
    space = ("--param", "x=int:1..4", "--param", "y=int:1..9 if x>2", "--constraint", "x*y<=20")
    out = arena.must(
        "sweep", "submit", "job", "--name", "cond", *space, "--metric", "score:max", "--max-trials", "8",
        "--seed", "1", "--algorithm", "tpe", "echo score={x}.{y}",
    )  # fmt: skip
    assert out == "sweep cond SUCCEEDED\n"
    trials = [one["assignments"] for one in found(arena, "cond")["trials"]]
    assert len({json.dumps(one, sort_keys=True) for one in trials}) == 8
    for one in trials:
        assert ("y" in one) == (one["x"] > 2)
        assert one["x"] * one.get("y", 0) <= 20


def test_a_parameter_in_a_number(arena: Product) -> None:
    """A parameter fills an option that takes a number, with its type."""
    arena.must(
        "sweep", "submit", "pytorchjob", "--name", "wide", "--param", "w=1,2", "--workers", "{w}",
        "--algorithm", "grid", "--metric", "size:max", "echo size=$WORLD_SIZE",
    )  # fmt: skip
    made = found(arena, "wide")
    assert sorted((one["assignments"]["w"], one["metrics"]["size"]) for one in made["trials"]) == [
        (1, 1),
        (2, 2),
    ]


def test_killed_at_any_moment(arena: Product) -> None:
    """Killed again and again, a sweep loses no result and repeats no trial."""
    log = arena.home / "killed.log"
    line = f"echo {{trial}} >> {shlex.quote(str(log))}; echo score=0.{{x}}"
    words = ("--param", "x=int:1..60", "--metric", "score:max", "--max-trials", "24", "--parallel", "4", line)
    moments = random.Random(7)
    child = begun(arena, "killed", *words)
    for goal in (2, 7, 12):
        wait_for(arena, "killed", goal)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(moments.random() / 4)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child = arena.start("sweep", "resume", "killed")
    assert child.wait(60) == 0
    made = found(arena, "killed")
    assert made["status"] == "SUCCEEDED"
    assert [one["number"] for one in sorted(made["trials"], key=lambda one: one["number"])] == [*range(1, 25)]
    assert all(one["metrics"]["score"] == float(f"0.{one['assignments']['x']}") for one in made["trials"])
    assert len({one["assignments"]["x"] for one in made["trials"]}) == 24
    ran = log.read_text().split()
    assert sorted(ran) == sorted(f"killed-{number}" for number in range(1, 25))


def test_stop_and_pause(arena: Product) -> None:
    """Another command pauses a sweep, whose trials go on, or stops it; its process ends in time."""
    file = arena.home / "go"
    line = f"echo score={{x}}; until test -e {shlex.quote(str(file))}; do sleep 0.02; done"
    words = ("--param", "x=int:1..60", "--metric", "score:max", "--max-trials", "9", "--parallel", "2", line)
    child = begun(arena, "held", *words)
    until(lambda: "held-2" in arena.jobs())
    assert arena.must("sweep", "pause", "held") == "sweep held paused\n"
    file.touch()
    assert child.wait(60) == 0
    made = found(arena, "held")
    assert (made["status"], len(made["trials"])) == ("SUSPENDED", 2)
    file.unlink()
    child = arena.start("sweep", "resume", "held")
    until(lambda: "held-4" in arena.jobs())
    assert arena.must("sweep", "stop", "held") == "sweep held stopped\n"
    assert child.wait(60) == 0
    made = found(arena, "held")
    assert made["reason"] == "it was stopped"
    ends = {one["number"]: one["status"] for one in made["trials"]}
    assert ends == {1: "SUCCEEDED", 2: "SUCCEEDED", 3: "STOPPED", 4: "STOPPED"}
    assert arena.run("sweep", "resume", "held").code == 5


def test_early_stopping(arena: Product) -> None:
    """A trial that is worse than the median ends before its end, and keeps what it reported."""
    file = arena.home / "end"
    wait = f"until test -e {shlex.quote(str(file))}; do sleep 0.02; done"
    line = f"for n in 1 2 3 4 5; do echo loss={{x}}; done; test {{x}} -lt 4 || {wait}"
    words = ("--param", "x=1,2,3,9", "--algorithm", "grid", "--metric", "loss:min", "--parallel", "1")
    child = begun(arena, "early", *words, "--early-stop", "median", line)
    assert child.wait(60) == 0
    last = max(found(arena, "early")["trials"], key=lambda one: one["number"])
    assert (last["status"], last["metrics"]["loss"]) == ("STOPPED", 9)
    assert "worse than" in last["reason"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("echo loss={x}; echo loss=nan", "loss became nan"),
        ("echo {x}; echo los=1", "it reported no value of loss: print lines such as loss=0.5, and flush"),
        ("echo {x}; exit 3", "exit code 3"),
    ],
)
def test_failures(arena: Product, line: str, why: str) -> None:
    """A trial that fails says why, and too many end the sweep with code 7."""
    name = f"fails-{sum(map(ord, line))}"
    child = begun(arena, name, "--param", "x=int:1..9", "--metric", "loss:min", "--max-failed", "2", line)
    assert child.wait(60) == 7
    made = found(arena, name)
    assert made["status"] == "FAILED"
    assert why in made["reason"]
    assert all(why in one["reason"] for one in made["trials"] if one["status"] == "FAILED")


def test_a_trial_that_was_deleted(arena: Product) -> None:
    """A job that somebody deletes takes its trial, and the sweep goes on."""
    line = "echo score={x}; test {x} != 1 || sleep 60"
    words = ("--param", "x=1,2,3", "--algorithm", "grid", "--parallel", "1", "--metric", "score:max", line)
    child = begun(arena, "less", *words)
    until(lambda: arena.jobs().get("less-1") == "RUNNING")
    arena.must("delete", "less-1")
    assert child.wait(60) == 0
    made = found(arena, "less")
    assert sorted(one["number"] for one in made["trials"]) == [2, 3]
    assert (made["status"], made["reason"]) == ("SUCCEEDED", "all trials have ended")


def test_the_best_runs_again(arena: Product) -> None:
    """The manifest and the command of the best trial run it again; deleting the sweep deletes all trials."""
    child = begun(
        arena, "again", "--param", "x=1,2", "--algorithm", "grid", "--metric", "score:max", "echo score={x}"
    )
    assert child.wait(60) == 0
    obj = yaml.safe_load(arena.must("sweep", "best", "again", "-o", "yaml"))
    arena.cluster().create(JOBS, "default", obj)
    assert arena.must("wait", "again-best", "--timeout", "60s")
    arena.must("delete", "again-best")
    line = shlex.split(arena.must("sweep", "best", "again", "-o", "command"))
    assert line[line.index("--name") + 1] == "again-best"
    arena.must(*line[1:])
    assert arena.must("wait", "again-best", "--timeout", "60s")
    arena.must("sweep", "delete", "again")
    assert [name for name in arena.jobs() if name.startswith("again")] == ["again-best"]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--secret", "TOKEN=a"), "--secret: a sweep in this process records no secrets"),
        (("--metrics-file", "/tmp/x"), "--metrics-file /tmp/x: /tmp exists on this machine, so all trials"),
        (("--metrics-from", "tensorboard"), "a sweep that this command runs reads no event files"),
        (("--param", "z=1,2"), "--param z is not used"),
        (("--workers", "0{x}"), "is not"),
    ],
)
def test_bad_input(arena: Product, words: tuple[str, ...], error: str) -> None:
    """What cannot run is refused before anything is created."""
    kind = "pytorchjob" if "--workers" in words else "job"
    line = ("sweep", "submit", kind, "--name", "bad", *HERE, "--param", "x=-1,2", "--metric", "score:max")
    code, _, err = arena.run(*line, *words, "echo {x}")
    assert code == 2
    assert error in err
    assert not [name for name in arena.jobs() if name.startswith("bad")]


@pytest.mark.parametrize(
    ("kind", "file", "lines"),
    [
        ("job", "/metrics/all.jsonl", 'printf \'{"loss": %s}\\n{"loss": 0.5}\' {x}'),
        ("pytorchjob", "/metrics/all.txt", "echo loss={x}; echo loss=0.5"),
    ],
)
def test_a_metrics_file(arena: Product, kind: str, file: str, lines: str) -> None:
    """Metrics come from a file of each trial, its unfinished last line included, and not from the output."""
    name = f"file-{kind}"
    line = f"({lines}) > {file}; echo loss=-1"
    words = ("--param", "x=1,2", "--algorithm", "grid", "--metric", "loss:min", "--metrics-file", file)
    out = arena.must("sweep", "submit", kind, "--name", name, *HERE, *words, line)
    assert out == f"sweep {name} SUCCEEDED\n"
    for one in found(arena, name)["trials"]:
        points = [each["value"] for each in one["points"] if each["metric"] == "loss"]
        assert points == [one["assignments"]["x"], 0.5]
    assert "metrics: " not in arena.must("sweep", "best", name, "-o", "yaml")


def test_a_metrics_file_while_it_grows(arena: Product) -> None:
    """What a trial has written ends it early while it runs; one that wrote nothing says so."""
    wait = f"until test -e {shlex.quote(str(arena.home / 'never'))}; do sleep 0.02; done"
    line = f"for n in 1 2 3 4 5; do echo loss={{x}}; done > /metrics/m.log; test {{x}} -lt 4 || {wait}"
    words = ("--param", "x=1,2,3,9", "--algorithm", "grid", "--metric", "loss:min", "--parallel", "1")
    more = ("--early-stop", "median", "--metrics-file", "/metrics/m.log")
    assert begun(arena, "grows", *words, *more, line).wait(60) == 0
    last = max(found(arena, "grows")["trials"], key=lambda one: one["number"])
    assert (last["status"], last["metrics"]["loss"]) == ("STOPPED", 9)
    child = begun(arena, "silent", *words, "--metrics-file", "/metrics/m.jsonl", "echo loss={x}")
    assert child.wait(60) == 7
    assert 'write and flush lines such as {"loss": 0.5}' in found(arena, "silent")["reason"]


def test_two_processes(arena: Product) -> None:
    """A second sweep of the same name is refused while the first one runs."""
    child = begun(
        arena,
        "twice",
        "--param",
        "x=1,2",
        "--algorithm",
        "grid",
        "--metric",
        "score:max",
        "sleep 60; echo {x}",
    )
    until(lambda: "twice-1" in arena.jobs())
    line = (
        "sweep",
        "submit",
        "job",
        "--name",
        "twice",
        *HERE,
        "--param",
        "x=1,2",
        "--metric",
        "score:max",
        "echo {x}",
    )
    code, _, err = arena.run(*line)
    assert code == 5
    assert "arena sweep resume twice" in err
    child.send_signal(signal.SIGINT)
    assert child.wait(60) == 130
    arena.must("sweep", "stop", "twice")


def test_asha_with_a_resource(arena: Product) -> None:
    """Few combinations get much of the resource, and each goes on from its checkpoint."""
    seen = arena.home / "seen"
    line = f"echo {{trial}} {{parent}} >> {shlex.quote(str(seen))}; echo epochs {{epochs}} score=0.{{x}}"
    child = begun(
        arena, "halves", "--param", "x=int:1..99", "--param", "epochs=int:1..9", "--algorithm", "asha",
        "--algorithm-setting", "resource_name=epochs", "--metric", "score:max", "--max-trials", "16",
        "--parallel", "1", line,
    )  # fmt: skip
    assert child.wait(60) == 0
    trials = {one["name"]: one["assignments"] for one in found(arena, "halves")["trials"]}
    parents = dict(one.split() for one in seen.read_text().splitlines() if " " in one.strip())
    assert len(trials) == 16
    assert {one["epochs"] for one in trials.values()} == {1, 3, 9}
    for name, parent in parents.items():
        assert trials[name]["x"] == trials[parent]["x"]
        assert trials[name]["epochs"] == 3 * trials[parent]["epochs"]
    assert [one["epochs"] for one in trials.values()].count(1) > 7


def test_wait_for_another_process(arena: Product) -> None:
    """`get -w` and the library follow a sweep that another process runs, to its end."""
    file = arena.home / "over"
    line = f"until test -e {shlex.quote(str(file))}; do sleep 0.02; done; echo score={{x}}"
    child = begun(arena, "far", "--param", "x=1,2", "--algorithm", "grid", "--metric", "score:max", line)
    until(lambda: "far-2" in arena.jobs())
    watching = arena.start("sweep", "get", "far", "-w")
    file.touch()
    assert (watching.wait(60), child.wait(60)) == (0, 0)


def test_replaced_only_by_what_the_cluster_takes(arena: Product) -> None:
    """--replace deletes the old sweep only once the cluster has accepted the new one."""
    words = ("sweep", "submit", "job", "--name", "kept", *HERE, "--param", "x=1,2", "--algorithm", "grid")
    line = ("--metric", "score:max", "echo score={x}")
    arena.must(*words, *line)
    before = found(arena, "kept")
    patch = arena.home / "patch.yaml"
    patch.write_text("spec: {nonsense: 1}\n")
    code, _, err = arena.run(*words, "--replace", "--patch", str(patch), *line)
    assert (code, "nonsense" in err) == (2, True), err
    assert found(arena, "kept") == before
    assert arena.must(*words, "--replace", *line) == "sweep kept SUCCEEDED\n"
    assert found(arena, "kept")["uuid"] != before["uuid"]


def test_annotations_that_others_have_changed(arena: Product) -> None:
    """A sweep whose annotations make no sense is left out, and takes nothing from the others."""
    for name in ("sound", "spoilt"):
        words = ("--param", "x=1", "--metric", "score:max", "--max-trials", "1", "echo score={x}")
        assert begun(arena, name, *words).wait(60) == 0
    search = {"kind": "job", "sweep": {"param": "nonsense"}, "job": {}, "created": ""}
    note = {"metadata": {"annotations": {"arena.kubeflow.org/sweep-search": json.dumps(search)}}}
    arena.cluster().patch(JOBS, "default", "spoilt-1", note)
    names = arena.must("sweep", "list", "-o", "name").split()
    assert ("sound" in names, "spoilt" in names) == (True, False)
