"""Logs on a real cluster: of all instances, by time, across restarts and broken connections."""

import re
import threading

import pytest
from field import IDLE, RUNS, Field
from product import until

from arena.resources import PODS

pytestmark = pytest.mark.cluster


def test_parts_of_a_log(ground: Field):
    """--since, --tail, --timestamps and -i each show their part of what the instances wrote."""
    ground.submit(
        "pytorchjob", "j", "for n in 1 2 3; do echo line $n; done; sleep 2; echo late", "--workers", "2"
    )
    ground.finished("pytorchjob", "j")
    logs = ground.admin.must("logs", "j")
    for place in ("master-0", "worker-0"):
        own = [line for line in logs.splitlines() if line.startswith(f"[{place}] ")]
        assert own == [f"[{place}] {text}" for text in ("line 1", "line 2", "line 3", "late")]
    stamped = ground.admin.must("logs", "j", "-i", "worker-0", "--timestamps").splitlines()
    assert [line.partition(" ")[2] for line in stamped] == ["line 1", "line 2", "line 3", "late"]
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z ", line) for line in stamped)
    last = stamped[-1].split(" ")[0]
    assert ground.admin.must("logs", "j", "-i", "worker-0", "--since-time", last[:19] + "Z") == "late\n"
    assert ground.admin.must("logs", "j", "-i", "worker-0", "--since", "1h").count("\n") == 4
    assert ground.admin.must("logs", "j", "-i", "master-0", "--tail", "2") == "line 3\nlate\n"


def test_follow_through_a_restart(ground: Field):
    """logs -f shows both runs of a container that was started again, and --previous the first alone."""
    command = (
        'echo "run $(cat /dev/shm/runs | wc -l)"; echo >> /dev/shm/runs; '
        f"test $(cat /dev/shm/runs | wc -l) = 2 || exit 1; {IDLE.replace('exit', 'echo done; exit')}"
    )
    child = ground.admin.start(
        "submit",
        "pytorchjob",
        "--name",
        "j",
        *RUNS,
        "--retry",
        "3",
        "--logs",
        f"touch /dev/shm/runs; {command}",
    )
    until(lambda: [one for one in ground.pods("j") if _restarts(one) == 1 and _runs(one)], 60, "the restart")
    assert ground.admin.must("logs", "j", "--previous") == "run 0\n"
    assert ground.admin.must("logs", "j") == "run 1\n"
    ground.end("j")
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out.decode()) == (0, "pytorchjob j submitted\nrun 0\nrun 1\ndone\n"), (
        err.decode()
    )


def _restarts(pod):
    return sum(one["restartCount"] for one in pod["status"].get("containerStatuses", ()))


def _runs(pod):
    return any("running" in one["state"] for one in pod["status"].get("containerStatuses", ()))


def test_follow_through_broken_connections(ground: Field):
    """logs -f loses no line and shows none twice when its connections to the API server break."""
    ground.submit("pytorchjob", "j", "n=0; while [ $n -lt 400 ]; do echo $n; n=$((n+1)); sleep 0.02; done")
    person, wire = ground.wired()
    child = person.start("logs", "j", "-f")
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(_noted(child.stdout, lines)))
    reader.start()
    for count in (20, 120, 220):
        until(lambda count=count: len(lines) > count, 60, f"{count} lines")
        assert wire.cut() >= 1
    assert child.wait(90) == 0
    reader.join()
    assert [int(line) for line in lines] == list(range(400))


def _noted(stream, lines):
    for line in stream:
        lines.append(line.decode())
    return ()


def test_logs_before_the_start(ground: Field):
    """A job that has not started has no logs: this is reported with the reason, and not an error."""
    ground.submit("pytorchjob", "j", "true", "--gpus", "1000")
    until(lambda: ground.pods("j") and "conditions" in ground.pods("j")[0]["status"], 30)
    code, out, err = ground.admin.run("logs", "j")
    assert (code, out) == (0, "")
    assert err.startswith('no logs of "j": it is PENDING (0/')
    assert ground.job("j")["instances"][0]["reason"] == "Unschedulable"


AT_ONCE = (
    "touch /dev/shm/runs; r=$(wc -l < /dev/shm/runs); echo >> /dev/shm/runs; "
    "for n in 1 2 3; do echo run $r line $n; done; test $r = 1"
)


def test_failures_in_a_moment(ground: Field):
    """A program that fails at once and is started again: both runs, each line once, in order."""
    expected = [f"run {run} line {number}" for run in (0, 1) for number in (1, 2, 3)]
    for number in range(5):
        words = ("submit", "pytorchjob", "--name", f"j{number}", *RUNS, "--retry", "3", "--logs")
        shown = ground.admin.must(*words, AT_ONCE, seconds=90).splitlines()
        assert [line for line in shown if line.startswith("run")] == expected


GONE = ("unable to retrieve container logs", "the output of an earlier run is no longer kept")


def test_a_late_follower(ground: Field):
    """A follower of a container that was restarted begins with the run before; once gone, that is said."""
    expected = [f"run {run} line {number}\n" for run in (0, 1) for number in (1, 2, 3)]
    ground.submit("pytorchjob", "j", f"{AT_ONCE} || exit 1; {IDLE}", "--retry", "3")
    until(lambda: ground.admin.run("logs", "j").out == "".join(expected[3:]), 60, "the second run")
    # The node tells of a restart later than its log does.
    until(lambda: ground.pods("j")[0]["status"]["containerStatuses"][0]["restartCount"] == 1)
    assert ground.admin.must("logs", "j", "--attempt", "1") == "".join(expected[:3])
    child = ground.admin.start("logs", "-f", "j")
    assert child.stdout
    assert [child.stdout.readline().decode() for _ in expected] == expected
    ground.end("j")
    assert child.communicate(timeout=60)[0] == b""
    # The node may remove the log of the first run once the last has ended; which of them says so varies.
    code, out, err = ground.admin.run("logs", "-f", "j")
    gone = any(f"master-0: {text}" in err for text in GONE)
    assert (code, out.splitlines(True)) == (0, expected[3:] if gone else expected)


def test_a_pod_replaced_under_its_follower(ground: Field):
    """A pod that is deleted by force and made again under its follower: no line comes twice."""
    command = f"hostname; for n in 1 2 3; do echo line $n; done; {IDLE}"
    ground.submit("pytorchjob", "j", command)
    child = ground.admin.start("logs", "j", "-f")
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(_noted(child.stdout, lines)))
    reader.start()
    for count in (1, 2, 3):
        until(lambda count=count: lines.count("line 3\n") == count, 60, f"pod {count}")
        if count < 3:
            [pod] = ground.pods("j")
            ground.kube.delete(PODS, ground.namespace, pod["metadata"]["name"], grace=0)
    ground.end("j")
    assert child.wait(60) == 0
    reader.join()
    assert lines == ["j-master-0\n", "line 1\n", "line 2\n", "line 3\n"] * 3


def test_a_cluster_says_what_is_gone(ground: Field):
    """Of instances whose pods were cleaned up nothing is shown, and that is said in one line."""
    ground.submit("pytorchjob", "j", "echo hello", "--workers", "2", "--clean-task-policy", "All")
    ground.finished("pytorchjob", "j")
    until(lambda: not ground.pods("j"), 60, "the clean-up")
    code, out, err = ground.admin.run("logs", "j")
    assert (code, out) == (0, "")
    assert "2 of 2 instances left no log: their pods are gone" in err
