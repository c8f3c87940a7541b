"""Logs on a real cluster: of all instances, by time, across restarts and broken connections."""

import re
import threading

import pytest
from field import IDLE, RUNS, Field
from product import until

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
    """A job that has not started has no logs: that is said, with the reason, and is no error."""
    ground.submit("pytorchjob", "j", "true", "--gpus", "1000")
    until(lambda: ground.pods("j") and "conditions" in ground.pods("j")[0]["status"], 30)
    code, out, err = ground.admin.run("logs", "j")
    assert (code, out) == (0, "")
    assert err.startswith('no logs of "j": it is PENDING (0/')
    assert ground.job("j")["instances"][0]["reason"] == "Unschedulable"
