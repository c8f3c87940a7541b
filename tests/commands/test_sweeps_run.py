"""Sweeps as users run them on the local cluster, with real programs."""

import csv
import io
import json
import shlex
from collections.abc import Iterator
from typing import Any

import optuna
import pytest
import yaml
from product import Product, product, until

from arena.kinds.sweeps.experiment import EXPERIMENTS, TRIALS
from arena.resources import SECRETS, Resource

SPACE = ("--param", "x=1,2,3,4", "--metric", "score:max")
JOBS = Resource("batch", "v1", "jobs", kind="Job")
FOREIGN = """\
apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: NAME, namespace: default}
spec:
  objective: {type: minimize, objectiveMetricName: loss, additionalMetricNames: [size]}
  algorithm: {algorithmName: random}
  parallelTrialCount: 2
  maxTrialCount: 3
  maxFailedTrialCount: 3
  parameters:
  - {name: lr, parameterType: double, feasibleSpace: {min: "0.01", max: "0.1"}}
  trialTemplate:
    primaryContainerName: training
    retain: true
    trialParameters:
    - {name: learningRate, description: learning rate, reference: lr}
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
            - name: training
              image: i
              command: [sh, -c, "echo loss=${trialParameters.learningRate} size=2; WAIT"]
"""


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One product for all; sweeps are told apart by their names."""
    with product(tmp_path_factory.mktemp("sweeps")) as made:
        yield made


def submit(arena: Product, name: str, line: str, *words: str, kind: str = "job") -> str:
    """Submit a sweep; what it prints."""
    return arena.must("sweep", "submit", kind, "--name", name, *SPACE, *words, line)


def found(arena: Product, name: str) -> dict[str, Any]:
    """The sweep as printed by `arena sweep get -o json`."""
    made: dict[str, Any] = json.loads(arena.must("sweep", "get", name, "-o", "json"))
    return made


def statuses(arena: Product, name: str) -> list[str]:
    """The status of each trial."""
    return sorted(one["status"] for one in found(arena, name)["trials"])


def release(arena: Product) -> tuple[str, str]:
    """A command line that waits for a file, and the command line that makes it."""
    file = arena.home / "go"
    file.unlink(missing_ok=True)
    return f"until test -e {shlex.quote(str(file))}; do sleep 0.02; done", str(file)


def test_from_submit_to_the_best(arena: Product) -> None:
    """The best trial is told, and its command line submits the same job again."""
    out = submit(arena, "first", "echo score=0.{x} in {trial}", "--wait")
    assert out == "sweep first submitted\nsweep first SUCCEEDED\n"
    made = found(arena, "first")
    assert len(made["trials"]) == 4
    best = next(one for one in made["trials"] if one["name"] == made["best"])
    most = max(one["assignments"]["x"] for one in made["trials"])
    assert (best["assignments"], best["metrics"]) == ({"x": most}, {"score": most / 10})
    assert best["points"] == [{"metric": "score", "step": 0, "value": most / 10}]
    assert arena.must("sweep", "logs", "first", "best") == f"score=0.{most} in {best['name']}\n"
    line = arena.must("sweep", "best", "first", "-o", "command").strip()
    assert line.startswith("arena submit job --name first-best ")
    arena.must(*shlex.split(line)[1:], "--wait")
    assert arena.must("logs", "first-best") == f"score=0.{most} in first-best\n"


def test_the_manifest_of_the_best_runs(arena: Product) -> None:
    """`best -o yaml` prints the job of a trial, which the cluster takes as it is."""
    submit(arena, "plain", "echo score=0.{x}", "--max-trials", "2", "--wait")
    job = yaml.safe_load(arena.must("sweep", "best", "plain", "1", "-o", "yaml"))
    assert job["metadata"]["name"] == "plain-trial-1"
    assert "arena.kubeflow.org/sweep" not in job["metadata"]["labels"]
    arena.cluster().create(JOBS, "default", job)
    arena.must("wait", "plain-trial-1", "--timeout", "60s")


def test_compare(arena: Product) -> None:
    """The best trials of sweeps, or trials of one, are side by side; one trial alone is refused."""
    submit(arena, "left", "echo score={x}", "--max-trials", "4", "--wait")
    submit(arena, "right", "echo score=1{x}", "--max-trials", "4", "--wait")
    numbers = {one["assignments"]["x"]: one["number"] for one in found(arena, "left")["trials"]}
    lines = [line.split() for line in arena.must("sweep", "compare", "left", "right").splitlines()]
    assert lines[1:4] == [["ALGORITHM", "random", "random"], ["TRIALS", "4/4", "4/4"],
                          ["STATUS", "SUCCEEDED", "SUCCEEDED"]]  # fmt: skip
    assert lines[5:] == [["score", "4", "14", "*"], [], ["The", "same", "in", "all:", "x=4"]]
    words = (str(numbers[1]), str(numbers[3]))
    lines = [line.split() for line in arena.must("sweep", "compare", "left", *words).splitlines()]
    assert lines[0] == ["left", words[0], "left", words[1]]
    assert lines[3:] == [["score", "1", "3", "*"], ["x", "1", "3"]]
    made = json.loads(arena.must("sweep", "compare", "left", "best", words[0], "right", "-o", "json"))
    assert [(one["sweep"], one["trial"]["metrics"]["score"]) for one in made] == [
        ("left", 4.0), ("left", 1.0), ("right", 14.0),
    ]  # fmt: skip
    alone = arena.run("sweep", "compare", "left", "best", str(numbers[4]))
    assert (alone.code, alone.err.splitlines()[0]) == (2, "Error: one trial cannot be compared")
    assert arena.run("sweep", "compare", "left", "99").code == 3


def test_export_to_files(arena: Product) -> None:
    """Tables and studies are saved where the user wants; none is replaced without --force."""
    submit(arena, "saved", "for i in 1 2; do echo score=$i.{x}; done", "--wait")
    trials = found(arena, "saved")["trials"]
    assert arena.run("sweep", "export", "saved", "-o", "optuna") == (0, "", "saved saved.db\n")
    study = optuna.load_study(study_name="saved", storage=f"sqlite:///{arena.home / 'saved.db'}")
    assert [(one.user_attrs["name"], one.params, one.value) for one in study.trials] == [
        (one["name"], one["assignments"], one["metrics"]["score"]) for one in trials
    ]
    assert [list(one.intermediate_values.values()) for one in study.trials] == [
        [at["value"] for at in one["points"]] for one in trials
    ]
    again = arena.run("sweep", "export", "saved", "-o", "optuna")
    assert (again.code, again.err) == (
        5, "Error: saved.db already exists\nHint: choose another file, or replace it with --force\n",
    )  # fmt: skip
    arena.must("sweep", "export", "saved", "-o", "json", "--file", "saved.db", "--force")
    assert (arena.home / "saved.db").read_text() == arena.must("sweep", "export", "saved", "-o", "json")
    ended = arena.run("sweep", "export", "saved", "-o", "optuna", "--file", "-")
    assert (ended.code, ended.err.splitlines()[0]) == (2, "Error: -o optuna needs a file")


@pytest.mark.parametrize("kind", ["pytorchjob", "mpijob", "trainjob", "jobset", "tfjob"])
def test_kinds_with_several_workers(arena: Product, kind: str) -> None:
    """Trials with two workers run, and the chief's metrics count, further ones among them."""
    name = f"of-{kind}"
    words = ("--workers", "2", "--max-trials", "2", "--metric", "size:min", "--wait")
    submit(arena, name, "echo score=0.{x} size={x}", *words, kind=kind)
    made = found(arena, name)
    assert [one["status"] for one in made["trials"]] == ["SUCCEEDED"] * 2
    for one in made["trials"]:
        x = one["assignments"]["x"]
        assert one["metrics"] == {"score": x / 10, "size": x}
        assert one["trainer"] == kind


@pytest.mark.parametrize("kind", ["job", "pytorchjob", "trainjob"])
def test_metrics_from_a_file(arena: Product, kind: str) -> None:
    """Each trial has the folder of its metrics for itself, also on this machine."""
    line = """echo '{"score": '0.{x}'}' > /arena-metrics/of.jsonl; sleep 0.2; cat /arena-metrics/of.jsonl"""
    words = ("--max-trials", "3", "--metrics-file", "/arena-metrics/of.jsonl", "--wait")
    submit(arena, f"file-{kind}", line, *words, kind=kind)
    for one in found(arena, f"file-{kind}")["trials"]:
        assert one["metrics"] == {"score": one["assignments"]["x"] / 10}


def test_a_folder_of_this_machine_would_be_shared(arena: Product) -> None:
    """A file in a folder that exists here is refused: all trials would write into it."""
    path = str(arena.home / "metrics.log")
    words = ("sweep", "submit", "job", "--name", "shared", *SPACE, "--metrics-file", path)
    ended = arena.run(*words, "echo score={x} > " + path)
    assert (ended.code, ended.out) == (2, "")
    assert "exists on this machine, so all trials would share it" in ended.err


def test_failures_are_explained(arena: Product) -> None:
    """One failed trial does not stop the others; `why` says what it printed, and why a metric is missing."""
    once = [f"mkdir {shlex.quote(str(arena.home / name))} 2>/dev/null" for name in ("boom", "silent")]
    boom, silent = "echo boom >&2; exit 3", "echo Score={x}"
    line = f"if {once[0]}; then {boom}; elif {once[1]}; then {silent}; else echo score=1; fi"
    submit(arena, "bad", line, "--wait")
    assert statuses(arena, "bad") == ["FAILED", "FAILED", "SUCCEEDED", "SUCCEEDED"]
    failed = [one for one in found(arena, "bad")["trials"] if one["status"] == "FAILED"]
    told = {one["number"]: arena.must("sweep", "why", "bad", str(one["number"])) for one in failed}
    [first] = [number for number, text in told.items() if "exit code 3 on worker-0" in text]
    [other] = told.keys() - {first}
    assert "is FAILED: it reported no value of score" in told[other]
    assert ": Score=" in told[other]
    assert "let it print lines such as score=0.93; if it does, they may wait in a buffer" in told[other]
    assert arena.must("sweep", "logs", "bad", str(first)) == "boom\n"
    whole = arena.must("sweep", "why", "bad")
    assert whole.startswith("sweep bad is SUCCEEDED: 2 of 4 trials have failed\n")
    assert all(text in whole for text in told.values())
    rows = list(csv.DictReader(io.StringIO(arena.must("sweep", "export", "bad"))))
    assert sorted(row["metric.score"] for row in rows) == ["", "", "1.0", "1.0"]


def test_waiting_trials_are_explained(arena: Product) -> None:
    """`why` says what a trial waits for that cannot start."""
    submit(arena, "waits", "echo score={x}", "--gpus", "99", "--max-trials", "1")
    until(lambda: "waits" in arena.must("sweep", "why", "waits") and found(arena, "waits")["trials"])
    until(lambda: len(arena.must("sweep", "why", "waits").splitlines()) > 1)
    assert "nvidia.com/gpu" in arena.must("sweep", "why", "waits")
    arena.must("sweep", "delete", "waits")


def test_code_and_secrets_belong_to_the_sweep(arena: Product) -> None:
    """All trials have the code and the secrets of the submit, which are deleted with the sweep."""
    folder = arena.home / "code"
    folder.mkdir()
    (folder / "train.py").write_text(
        "import os, sys; print('score=' + os.environ['TOKEN'] + sys.argv[1])", "utf-8"
    )
    words = ("--code", str(folder), "--secret", "TOKEN=7", "--max-trials", "2", "--wait")
    submit(arena, "coded", "python train.py {x}", *words)
    for one in found(arena, "coded")["trials"]:
        assert one["metrics"] == {"score": 70 + one["assignments"]["x"]}
    arena.must("sweep", "delete", "coded")
    until(lambda: not list(arena.cluster().list(SECRETS, "default")))


def test_too_many_failures(arena: Product) -> None:
    """A sweep with too many failed trials fails, with exit code 7 and the reason."""
    words = (
        "sweep",
        "submit",
        "job",
        "--name",
        "lost",
        *SPACE,
        "--max-failed",
        "2",
        "--parallel",
        "1",
        "--wait",
    )
    ended = arena.run(*words, "exit {x}")
    assert ended.code == 7
    assert 'sweep "lost" failed: ' in ended.err
    assert found(arena, "lost")["counts"]["failed"] == 2


def test_stop_keeps_results(arena: Product) -> None:
    """`stop` ends running trials, starts no others, and keeps the results."""
    wait, _ = release(arena)
    first = f"mkdir {shlex.quote(str(arena.home / 'first'))} 2>/dev/null"
    submit(arena, "stops", f"echo score=0.{{x}}; {first} || {wait}", "--parallel", "4")
    until(lambda: statuses(arena, "stops") == ["RUNNING"] * 3 + ["SUCCEEDED"])
    assert arena.must("sweep", "stop", "stops") == "sweep stops stopped\n"
    made = found(arena, "stops")
    assert (made["status"], made["reason"]) == ("SUCCEEDED", "it was stopped")
    assert statuses(arena, "stops") == ["STOPPED"] * 3 + ["SUCCEEDED"]
    assert made["best"] == next(one["name"] for one in made["trials"] if one["status"] == "SUCCEEDED")
    until(lambda: len(arena.must("list", "-o", "name", "-l", "arena.kubeflow.org/sweep=stops").split()) == 1)
    again = arena.run("sweep", "stop", "stops")
    assert (again.code, again.out) == (0, "")
    assert again.err.endswith("sweep stops has already ended\n")
    ended = arena.run("sweep", "extend", "stops", "--max-trials", "9")
    assert ended.code == 5
    assert 'sweep "stops" cannot be extended: it was stopped' in ended.err


def test_pause_and_resume(arena: Product) -> None:
    """A paused sweep lets its trial end and starts none, until it is resumed."""
    wait, file = release(arena)
    submit(arena, "pauses", f"{wait}; echo score={{x}}", "--parallel", "1")
    until(lambda: statuses(arena, "pauses") == ["RUNNING"])
    assert arena.must("sweep", "pause", "pauses") == "sweep pauses paused\n"
    open(file, "w").close()
    until(lambda: statuses(arena, "pauses") == ["SUCCEEDED"])
    assert found(arena, "pauses")["status"] == "SUSPENDED"
    assert len(found(arena, "pauses")["trials"]) == 1
    assert arena.must("sweep", "resume", "pauses") == "sweep pauses resumed\n"
    until(lambda: found(arena, "pauses")["status"] == "SUCCEEDED")
    assert statuses(arena, "pauses") == ["SUCCEEDED"] * 4


def test_equal_sweeps_have_equal_numbers(arena: Product) -> None:
    """With the same seed, the trials of equal sweeps have the same numbers, also while they run."""
    wait, file = release(arena)
    names = ("same-1", "same-2", "same-3")
    for name in names:
        words = ("--parallel", "4", "--algorithm", "grid", "--seed", "7")
        submit(arena, name, f"echo score={{x}}; {wait}", *words)

    def numbered(name: str) -> list[int]:
        return [one["assignments"]["x"] for one in found(arena, name)["trials"]]

    until(lambda: all(len(numbered(name)) == 4 for name in names))
    running = [numbered(name) for name in names]
    open(file, "w").close()
    until(lambda: all(found(arena, name)["status"] == "SUCCEEDED" for name in names))
    assert running == [running[0]] * 3
    assert [numbered(name) for name in names] == running


def test_extend(arena: Product) -> None:
    """A sweep that has run all its trials goes on when it may run more."""
    submit(arena, "more", "echo score={x}", "--max-trials", "2", "--wait")
    refused = arena.run("sweep", "extend", "more", "--max-trials", "2")
    assert (refused.code, refused.out) == (2, "")
    assert 'sweep "more" has 2 trials already' in refused.err
    assert arena.must("sweep", "extend", "more", "--max-trials", "4") == "sweep more extended to 4 trials\n"
    until(lambda: statuses(arena, "more") == ["SUCCEEDED"] * 4)


def test_from_a_job(arena: Product) -> None:
    """The trials of --from-job are like that job, with values instead of those of its flags and variables."""
    arena.must("submit", "job", "--name", "base", "-e", "LR=0.5", "echo run --depth 3 score=$LR", "--wait")
    words = ("--param", "depth=1,2", "--param", "lr=0.1,0.2", "--metric", "score:max")
    out = arena.must("sweep", "submit", "--from-job", "base", *words, "--wait")
    name = out.split()[1]
    line = arena.must("sweep", "best", name, "1", "-o", "command")
    one = next(one for one in found(arena, name)["trials"] if one["number"] == 1)["assignments"]
    assert f"--env LR={one['lr']} " in line
    assert f"run --depth {one['depth']} score=$LR" in line


def test_from_a_file(arena: Product) -> None:
    """A file says which kind, which parameters and which budget; flags and --set take precedence."""
    file = arena.home / "sweep.yaml"
    file.write_text(
        "kind: pytorch\nname: filed\ncommand: echo score=0.{x}\nparam:\n  x: [1, 2]\n"
        "metric: score\nmax-trials: 2\nworkers: 3\n",
        encoding="utf-8",
    )
    out = arena.must("sweep", "submit", "-f", str(file), "--set", "workers=1", "--parallel", "1", "--dry-run")
    made = yaml.safe_load(out)
    assert (made["spec"]["maxTrialCount"], made["spec"]["parallelTrialCount"]) == (2, 1)
    assert list(made["spec"]["trialTemplate"]["trialSpec"]["spec"]["pytorchReplicaSpecs"]) == ["Master"]
    assert arena.must("sweep", "submit", "-f", str(file), "--set", "workers=1", "--wait").endswith(
        "SUCCEEDED\n"
    )


def test_experiments_of_other_tools(arena: Product) -> None:
    """What kubectl created is listed, shown and stopped like ours; its command line is not known."""
    wait, _ = release(arena)
    cluster = arena.cluster()
    for name, rest in (("theirs", "true"), ("theirs-long", wait)):
        cluster.create(
            EXPERIMENTS, "default", yaml.safe_load(FOREIGN.replace("NAME", name).replace("WAIT", rest))
        )
    until(lambda: found(arena, "theirs")["status"] == "SUCCEEDED")
    made = found(arena, "theirs")
    assert (made["managed"], made["trainer"], made["metrics"]) == (False, "job", ["size"])
    assert all(one["metrics"] == {"loss": one["assignments"]["lr"], "size": 2} for one in made["trials"])
    assert "theirs " in arena.must("sweep", "list")
    number = next(one["number"] for one in made["trials"] if one["name"] == made["best"])
    assert arena.must("sweep", "logs", "theirs", str(number)).startswith("loss=0.0")
    unknown = arena.run("sweep", "best", "theirs", "-o", "command")
    assert (unknown.code, unknown.out) == (3, "")
    assert "so the command of its jobs is not recorded" in unknown.err
    until(lambda: "RUNNING" in statuses(arena, "theirs-long"))
    refused = arena.run("sweep", "pause", "theirs-long")
    assert refused.code == 5
    assert 'sweep "theirs-long" cannot be paused: Katib could not resume it' in refused.err
    assert arena.must("sweep", "stop", "theirs-long") == "sweep theirs-long stopped\n"
    assert set(statuses(arena, "theirs-long")) == {"STOPPED"}


def test_watching(arena: Product) -> None:
    """`get -w` shows every change until the sweep has ended, and values of running trials."""
    wait, file = release(arena)
    submit(arena, "watched", f"echo score=0.{{x}}; {wait}", "--max-trials", "1")
    until(
        lambda: found(arena, "watched")["trials"][0]["metrics"] if found(arena, "watched")["trials"] else None
    )
    watching = arena.start("sweep", "get", "-w", "watched")
    lines = arena.lines(watching.stdout)
    until(lambda: any(" RUNNING  0." in line for line in lines))
    open(file, "w").close()
    assert watching.wait(60) == 0
    pages = "\n".join(lines.whole())
    assert pages.index("Status:      RUNNING") < pages.index("Status:      SUCCEEDED")


def test_delete(arena: Product) -> None:
    """Deleting a sweep deletes its trials and their jobs."""
    submit(arena, "gone", "echo score={x}", "--max-trials", "2", "--wait")
    assert arena.must("sweep", "delete", "gone") == "sweep gone deleted\n"
    cluster = arena.cluster()
    until(lambda: not list(cluster.list(TRIALS, "default", labels="katib.kubeflow.org/experiment=gone")))
    until(lambda: not list(cluster.list(JOBS, "default", labels="arena.kubeflow.org/sweep=gone")))
    absent = arena.run("sweep", "get", "gone")
    assert (absent.code, absent.out) == (3, "")
    assert 'no sweep "gone" in namespace "default"' in absent.err


def test_names_of_sweeps_and_trials_are_completed(arena: Product) -> None:
    """TAB completes names of sweeps, and the numbers of the trials of one."""
    submit(arena, "tabbed", "echo score={x}", "--max-trials", "2", "--wait")
    env = {"_ARENA_COMPLETE": "bash_complete", "COMP_CWORD": "3"}
    assert "tabbed" in arena.must(**env, COMP_WORDS="arena sweep get tab")
    env["COMP_CWORD"] = "4"
    out = arena.must(**env, COMP_WORDS="arena sweep logs tabbed ")
    assert [line.rpartition(",")[2] for line in out.splitlines()] == ["1", "2", "best"]
