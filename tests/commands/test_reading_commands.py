"""list, get, top and delete: whole screens and exit codes."""

import json
import os
import time
from contextlib import closing

import pytest
import yaml
from click.shell_completion import ShellComplete
from screens import Fixed

from arena import labels
from arena.actions.jobs import listing, live
from arena.actions.jobs.logs.lines import Block
from arena.cli import root
from arena.commands import _console
from arena.commands._globals import Globals
from arena.commands._log_printer import Sink
from arena.commands._progress import Live, redraw
from arena.commands.list import follow
from arena.kinds import training_kinds
from arena.local.api.fault_injection import Fault
from arena.resources import EVENTS, PODS, Resource
from arena.units import when
from arena.views.encode import encode

RUNNING = {
    "phase": "Running",
    "startTime": "2030-01-01T11:00:00Z",
    "containerStatuses": [
        {"name": "pytorch", "ready": True, "restartCount": 0, "image": "i", "imageID": "",
         "state": {"running": {"startedAt": "2030-01-01T11:00:00Z"}}}
    ],
}  # fmt: skip


def test_list_says_on_stderr_that_there_is_nothing(arena):
    """Nothing found is a remark and exit 0, and stdout stays empty."""
    assert arena("list") == (0, "", 'no training jobs in namespace "default" of the test\'s cluster\n')


def test_list_of_nothing_is_an_empty_list_in_json(arena):
    """Scripts that read JSON get a list even if it is empty."""
    assert arena("list", "-o", "json") == (0, "[]\n", "")


def test_list_shows_foreign_jobs_in_the_columns_of_the_go_arena(arena, stage):
    """A job made by others is listed with its phase, time and node."""
    stage.job("bert", "Succeeded")
    assert arena("list") == (
        0,
        "NAME  STATUS     TRAINER     DURATION  GPU(Requested)  GPU(Allocated)  NODE\n"
        "bert  SUCCEEDED  PYTORCHJOB  30m       0               N/A             N/A\n",
        "",
    )


def test_a_watched_list_in_yaml_is_a_document_for_each_change(stage, tmp_path, capsys):
    """Piped, list -w -o yaml begins a new document with each change, so that none runs into the next."""
    stage.job("a", "Created")
    found = listing.jobs(Fixed(stage.cluster, tmp_path))
    states = iter([[], found, found])
    follow(states, lambda jobs: encode([job.name for job in jobs], "yaml"), "---\n")
    assert list(yaml.safe_load_all(capsys.readouterr().out)) == [[], ["a"]]


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "xterm")])
def test_colours_are_left_out_where_nobody_wants_them(monkeypatch, name, value):
    """On a terminal the names of instances are coloured, but not with NO_COLOR and not on a dumb one."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(name, value)
    terminal = os.openpty()
    with open(terminal[1], "w", encoding="utf-8") as screen:
        monkeypatch.setattr("sys.stdout", screen)
        Sink(prefix=True, stamps=False).write(Block("bert-0", "main", [b""], [b"line"]))
    shown = b""
    while not shown.endswith(b"\n"):  # a terminal may pass on a line in pieces
        shown += os.read(terminal[0], 100)
    os.close(terminal[0])
    assert shown.endswith(b"line\r\n")
    assert (b"\x1b[" in shown) is (value == "xterm")


@pytest.mark.parametrize("kind", ["dumb", "xterm"])
def test_a_dumb_terminal_gets_lines_alone(stage, tmp_path, monkeypatch, kind):
    """Where nothing can be drawn again, lists, status lines and notices follow one another."""
    monkeypatch.setenv("TERM", kind)
    stage.job("a", "Created")
    found = listing.jobs(Fixed(stage.cluster, tmp_path))
    ours, theirs = os.openpty()
    with open(theirs, "w", encoding="utf-8") as screen:
        for stream in ("sys.stdout", "sys.stderr"):
            monkeypatch.setattr(stream, screen)
        follow(iter([[], [], found]), lambda jobs: f"{len(jobs)} jobs")
        with Live() as live_line:
            for number in (1, 1, 2):
                live_line.show(f"waits {number}", key=number)
            _console.notice("away")
        assert Sink(prefix=True, stamps=False).redraws is (kind == "xterm")
        screen.write("end")
    shown = b""
    while not shown.endswith(b"end"):
        shown += os.read(ours, 1000)
    os.close(ours)
    lines = b"0 jobs\r\n1 jobs\r\nwaits 1\r\nwaits 2\r\naway\r\nend"
    assert (shown == lines) is (kind == "dumb")
    assert (b"\x1b[" in shown) is (kind == "xterm")


def test_a_time_without_a_zone_is_of_this_machine(monkeypatch):
    """A time that get shows, which is of this machine, may be given back to --since-time as it stands."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        asked = [when("2030-01-01 09:00:00", here=True), when("2030-01-01T09:00:00+01:00", here=True)]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert asked == [when("2030-01-01T00:00:00Z"), when("2030-01-01T08:00:00Z")]


def test_a_watched_list_says_why_instances_are_missing(stage, tmp_path):
    """list -w reports an exceeded quota, like list."""
    job = stage.job("bert", "Created")
    about = {"kind": "PyTorchJob", "name": "bert", "namespace": "default", "uid": job["metadata"]["uid"]}
    refused = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "bert.1"},
        "involvedObject": about,
        "reason": "FailedCreatePod",
        "message": "Error creating: pods is forbidden: exceeded quota: gpus",
    }
    stage.cluster.create(EVENTS, "default", refused)
    with closing(live.live(Fixed(stage.cluster, tmp_path))) as states:
        [watched] = next(states)
    assert watched.reason == "exceeded quota: gpus"
    assert [watched] == listing.jobs(Fixed(stage.cluster, tmp_path))


def test_list_of_every_namespace_names_it_first(arena, stage):
    """-A puts the namespace in front and -o name prints names alone."""
    stage.job("bert", "Succeeded", namespace="kube-system")
    assert arena("ls", "-A").out.splitlines()[0].startswith("NAMESPACE")
    assert arena("ls", "-A", "-o", "name") == (0, "bert\n", "")
    assert arena("ls", "-o", "name").out == ""


def test_list_filters_by_kind_and_label(arena, stage):
    """-T and -l each leave out what does not match."""
    stage.job("bert", labels={"team": "vision"})
    assert arena("list", "-T", "tf", "-o", "name").out == ""
    assert arena("list", "-T", "PyTorch", "-o", "name").out == "bert\n"
    assert arena("list", "-l", "team!=vision", "-o", "name").out == ""
    assert arena("list", "-l", "team=vision", "-o", "name").out == "bert\n"


def test_json_has_the_keys_that_the_sdks_of_the_go_arena_read(arena, stage):
    """The JSON of get has every key of the Go arena, with its types."""
    stage.pod(stage.job("bert", "Running"), **RUNNING)
    found = json.loads(arena("get", "bert", "-o", "json").out)
    keys = (
        "uuid name namespace duration status trainer tensorboard chiefName instances priority requestGPUs "
        "allocatedGPUs creationTimestamp modelName modelVersion modelSource"
    )
    assert list(found)[:16] == keys.split()
    assert (found["status"], found["duration"], found["chiefName"]) == ("RUNNING", "3600s", "bert-master-0")
    assert set(
        "ip status name age node nodeIP chief requestGPUs gpuMetrics creationTimestamp".split()
    ) <= set(found["instances"][0])


def test_get_of_an_unknown_job_suggests_a_similar_one(arena, stage):
    """A typo in a job's name is exit 3 with the likely name."""
    stage.job("bert-large")
    code, out, err = arena("get", "bert-lage")
    assert (code, out) == (3, "")
    assert err == 'Error: no job "bert-lage" in namespace "default"\nHint: did you mean bert-large?\n'


def test_typos_in_verbs_flags_and_kinds_get_a_suggestion(arena):
    """A misspelt word is reported with a suggestion, and the exit code is 2."""
    for words, guess in (
        (("lst",), "did you mean list?"),
        (("list", "--all-namespace"), "--all-namespaces"),
        (("submit", "pytorchjb", "x"), "did you mean pytorchjob?"),
        (("list", "-T", "tfjbo"), "did you mean tfjob?"),
        (("submit", "tfjob", "--gpu", "1", "x"), "--gpus"),
    ):
        code, out, err = arena(*words)
        assert (code, out) == (2, "")
        assert guess in err


def test_delete_tries_every_name(arena, stage):
    """A missing name does not keep the others from being deleted, and the exit code is 3."""
    stage.job("a")
    stage.job("b")
    code, out, err = arena("delete", "a", "nope", "b")
    assert (code, out) == (3, "pytorchjob a deleted\npytorchjob b deleted\n")
    assert 'Error: no job "nope" in namespace "default"\n' in err
    assert arena("list", "-o", "name").out == ""


def test_delete_goes_on_after_a_refusal(arena, stage, api):
    """A name that may not be deleted does not prevent deleting the next; the exit code shows it."""
    stage.job("a")
    stage.job("b")
    api.faults.append(Fault(path="/pytorchjobs/a", method="DELETE", code=403, times=100))
    code, out, err = arena("delete", "a", "b")
    assert (code, out) == (4, "pytorchjob b deleted\n")
    assert err.count("Error: ") == 1


def test_delete_of_a_typo_suggests_a_similar_name(arena, stage):
    """A typo in one of the names gets a suggestion, as everywhere."""
    stage.job("bert-large")
    assert "Hint: did you mean bert-large?\n" in arena("delete", "bert-lage").err


def test_delete_of_all_takes_jobs_of_the_same_name(arena, stage):
    """Two kinds may have a job of one name: --all deletes both."""
    job = stage.job("twin")
    container = job["spec"]["pytorchReplicaSpecs"]["Master"]["template"]["spec"]["containers"][0]
    template = {"spec": {"containers": [container | {"name": "tensorflow"}]}}
    body = {"apiVersion": "kubeflow.org/v1", "kind": "TFJob", "metadata": {"name": "twin"}}
    tfjobs = Resource("kubeflow.org", "v1", "tfjobs", kind="TFJob")
    spec = {"tfReplicaSpecs": {"Worker": {"replicas": 1, "template": template}}}
    stage.cluster.create(tfjobs, "default", {**body, "spec": spec})
    code, out, _ = arena("delete", "--all", "-y")
    assert (code, sorted(out.splitlines())) == (0, ["pytorchjob twin deleted", "tfjob twin deleted"])


def test_completion_minds_the_namespace_of_the_line():
    """TAB asks for names where -n of the same line says, before the verb as after it."""
    for words in (["-n", "vision", "get"], ["get", "-n", "vision"]):
        said = Globals()
        ShellComplete(root, {"obj": said}, "arena", "_ARENA_COMPLETE").get_completions(words, "--even")
        assert said.namespace == "vision"


def test_delete_of_all_refuses_without_a_terminal(arena, stage):
    """--all and -l ask for confirmation, and without a terminal nothing is deleted."""
    stage.job("a")
    for words in (("delete", "--all"), ("delete", "-l", "x!=y"), ("delete",), ("delete", "a", "--all")):
        assert arena(*words).code == 2
    assert arena("list", "-o", "name").out == "a\n"
    assert arena("delete", "--all", "-y").out == "pytorchjob a deleted\n"


def test_delete_flag_before_the_name(arena, stage):
    """`delete --type=pytorchjob demo`, as the Go arena's users write it, deletes."""
    stage.job("demo")
    assert arena("del", "--type=pytorchjob", "demo").out == "pytorchjob demo deleted\n"


def test_root_flags_may_stand_before_and_after_the_verb(arena, stage):
    """--loglevel and -n are understood wherever they stand."""
    assert arena("--loglevel", "info", "list", "-o", "name", "-n", "default").code == 0


def test_top_job_adds_up_gpus(arena, stage):
    """top job sorts by requested GPUs and ends with the totals."""
    stage.job("small")
    stage.job("big", container={"resources": {"limits": {"nvidia.com/gpu": 4}}})
    code, out, _ = arena("top", "job")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:3]] == ["big", "small"]
    assert out.endswith("Total Allocated/Requested GPUs of Training Jobs: 0/4\n")


def test_top_node_without_nodes_shows_totals(arena):
    """A cluster that shows no nodes has a table of none, not an error."""
    assert arena("top", "node").code == 0
    assert arena("top", "node", "nope").code == 3


def test_events_of_job_and_pods_are_shown(arena, stage):
    """get -e shows the events of the job's pods, in the order of time."""
    from arena.resources import EVENTS

    pod = stage.pod(stage.job("bert"))
    about = {
        "kind": "Pod",
        "name": pod["metadata"]["name"],
        "namespace": "default",
        "uid": pod["metadata"]["uid"],
    }
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e1"}, "involvedObject": about,
             "type": "Warning", "reason": "Failed", "message": "no such image", "count": 3,
             "lastTimestamp": "2030-01-01T11:59:51Z"}  # fmt: skip
    stage.cluster.create(EVENTS, "default", event)
    assert "pod/bert-master-0  Warning  9s   [Failed] no such image (x3)" in arena("get", "bert", "-e").out


def test_exec_into_a_pod_that_does_not_run_says_so(arena, stage):
    """exec and attach name the state of an instance that does not run, and exit 5."""
    pod = stage.pod(stage.job("bert"))
    assert stage.cluster.get(PODS, "default", pod["metadata"]["name"])
    assert arena("exec", "bert", "--", "ls").code == 5
    assert arena("attach", "bert", "-i", "worker-7").code == 3


def test_list_asks_as_often_for_twenty_jobs_as_for_one(arena, stage, api):
    """The requests of list depend on the kinds that are served, and little on how many jobs there are.

    Twenty jobs of a kind tell how many there are: it is asked once more for up to a hundred.
    """
    counter = Fault(times=1_000_000)
    assert arena("list").code == 0  # what the cluster serves is asked once
    api.faults.append(counter)
    asked = []
    for number in range(50):
        stage.pod(stage.job(f"job-{number}"))
        if number in (0, 19, 49):
            before = counter.times
            assert len(arena("list", "-o", "name").out.split()) == number + 1
            asked.append(before - counter.times)
    # One for each type, and the pods and what stands in the way of missing ones.
    assert asked[0] == asked[1] == asked[2] - 1 <= len(training_kinds()) + 3


def test_what_is_redrawn_fits_on_the_screen(monkeypatch, capsys):
    """A table larger than the terminal is cut, and only what was printed is counted."""
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("LINES", "10")
    count = redraw("\n".join(f"{number:<40}" for number in range(100)), 0)
    lines = capsys.readouterr().out.splitlines()
    assert count == 9
    assert max(len(line.removeprefix("\x1b[K")) for line in lines) == 20
    assert lines[8] == "\x1b[K... and 92 more line"


def test_get_shows_a_job_whose_tensorboard_may_not_be_seen(arena, stage, api):
    """A user without the right to read services still sees the rest of a job."""
    stage.job("bert", "Running")
    api.faults.append(Fault(path="/services", code=403, times=100))
    assert arena("get", "bert", "-o", "name") == (0, "bert\n", "")


def test_get_shows_which_code_a_job_was_submitted_with(arena, stage):
    """The page and the JSON contain the digest of the code and its commit, if any."""
    stage.job("plain")
    obj = stage.job("bert")
    origin = {"commit": "0123456789abcdef", "branch": "main", "changed": "2"}
    notes = {labels.CODE_DIGEST: "sha256:" + "ab" * 32, labels.CODE_ORIGIN: json.dumps(origin)}
    jobs = Resource("kubeflow.org", "v1", "pytorchjobs", kind="PyTorchJob")
    stage.cluster.patch(jobs, "default", obj["metadata"]["name"], {"metadata": {"annotations": notes}})
    assert (
        "Code:        sha256:abababababab, commit 0123456789 (main) and 2 changed\n"
        in arena("get", "bert").out
    )
    assert json.loads(arena("get", "bert", "-o", "json").out)["code"]["commit"] == origin["commit"]
    assert json.loads(arena("get", "plain", "-o", "json").out)["code"] is None


def test_an_origin_that_is_nested_too_deeply_ends_no_list(arena, stage):
    """What others wrote beside a job takes away the origin of its code, and nothing else."""
    notes = {labels.CODE_DIGEST: "sha256:" + "ab" * 32, labels.CODE_ORIGIN: "[" * 200_000}
    stage.job("bert", annotations=notes)
    assert "bert" in arena("list").out
    assert "Code:        sha256:abababababab\n" in arena("get", "bert").out


def test_job_of_another_kind_is_told_from_none(arena, stage):
    """A job with the wrong kind is reported with its real kind."""
    stage.job("bert")
    code, _, err = arena("get", "bert", "-T", "tfjob")
    assert (code, err) == (3, 'Error: no tfjob "bert" in namespace "default"\nHint: it is a pytorchjob\n')


@pytest.mark.parametrize("word", ["pytorchjob", "bert"])
def test_scaleout_of_what_is_not_elastic_says_how_it_is_written(arena, word):
    """A kind that is not elastic, or the name of a job in its place, leads to the right command line."""
    code, _, err = arena("scaleout", word, "--count", "1")
    assert code == 2
    assert "arena scaleout etjob --name JOB" in err


@pytest.mark.parametrize(
    ("words", "begun", "found"),
    [
        (["wait", "bert", "--for"], "phase=RUN", ["phase=RUNNING"]),
        (["wait", "bert", "--for"], "de", ["deleted"]),
        (["cron"], "s", ["suspend", "sparkjob"]),
        (["evaluate"], "d", ["delete"]),
    ],
)
def test_completion_of_words(words, begun, found):
    """TAB completes subcommands, and the states for wait."""
    complete = ShellComplete(root, {"obj": Globals()}, "arena", "_ARENA_COMPLETE")
    assert [item.value for item in complete.get_completions(words, begun)] == found
