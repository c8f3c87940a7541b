"""Instances that outlive their job: their output and resources are shown, and a command ends them."""

import json
import signal
import subprocess
import sys

import pytest
from product import Product, until

IDLE = "sleep 600"
LATE = """
echo rank $RANK begins
if test $RANK != 0; then sleep 1; for step in 1 2 3; do echo rank $RANK step $step; sleep 0.1; done; fi
"""
"""The master is through at once, the worker a second later."""


def held(arena: Product, *words: str) -> None:
    """A job whose master is through, and whose worker hangs with two GPUs."""
    command = f"test $RANK = 0 || {IDLE} # {arena.home}"
    size = ("--workers", "2", "--gpus", "2")
    arena.must("submit", "pytorchjob", "--name", "j", *size, *words, command)
    until(lambda: arena.jobs() == {"j": "SUCCEEDED"}, what="the end of the job")


def test_late_output_is_shown(arena: Product) -> None:
    """--logs prints all lines of all ranks, also of one that ends a second after the master."""
    code, out, err = arena.run("submit", "pytorchjob", "--name", "j", "--workers", "2", "--logs", LATE)
    assert code == 0, err
    wanted = [f"[worker-0] rank 1 {word}" for word in ("begins", "step 1", "step 2", "step 3")]
    assert sorted(out.splitlines()) == sorted(["pytorchjob j submitted", "[master-0] rank 0 begins", *wanted])
    assert sorted(arena.must("logs", "j").splitlines()) == sorted(["[master-0] rank 0 begins", *wanted])


def test_waited_for(arena: Product) -> None:
    """After a wait for a job, all its output is available, because late ranks are awaited, too."""
    arena.must("submit", "pytorchjob", "--name", "j", "--workers", "2", "--wait", LATE)
    assert "[worker-0] rank 1 step 3\n" in arena.must("logs", "j")
    assert json.loads(arena.must("get", "j", "-o", "json"))["reason"] == ""


def test_what_they_hold_is_told(arena: Product) -> None:
    """A rank that hangs is seen, with its GPUs, wherever its job is shown."""
    held(arena)
    reason = "1 instance still runs, 2 GPUs"
    [job] = json.loads(arena.must("list", "-o", "json"))
    assert (job["status"], job["reason"], job["allocatedGPUs"]) == ("SUCCEEDED", reason, 2)
    assert job["stillRunning"] == ["j-worker-0"]
    shown = arena.run("list", "-o", "wide")
    assert reason in shown.out
    assert shown.out.splitlines()[1].split()[4:6] == ["4", "2"]
    remedy = "arena delete j --still-running ends what still runs; the job is kept\n"
    assert shown.err == remedy
    page = arena.run("get", "j")
    assert f"Reason:      {reason}\n" in page.out
    assert page.err == remedy
    assert "2/4" in arena.must("top", "job")
    assert "2/8" in arena.must("top", "node")


def test_ended_by_the_command_of_the_hint(arena: Product) -> None:
    """`delete --still-running` ends them and leaves the job with the logs of the others."""
    held(arena)
    assert arena.must("delete", "j", "--still-running") == "instance j-worker-0 deleted\n"
    until(lambda: not arena.processes(IDLE), what="the end of the program")
    job = json.loads(arena.must("get", "j", "-o", "json"))
    assert (job["status"], job["reason"], job["stillRunning"]) == ("SUCCEEDED", "", [])
    code = "import arena; print(arena.delete(arena.connect(), 'j', still_running=True).survivors)"
    assert subprocess.check_output([sys.executable, "-c", code], env=arena.env) == b"()\n"
    again = arena.run("delete", "j", "--still-running")
    assert (again.code, again.out) == (0, "")
    assert "no instance of j still runs\n" in again.err


def test_not_before_the_end(arena: Product) -> None:
    """`delete --still-running` ends nothing of a job that has not ended."""
    arena.must("submit", "pytorchjob", "--name", "j", f"{IDLE} # {arena.home}")
    refused = arena.run("delete", "j", "--still-running")
    assert refused.code == 5
    assert 'job "j" has not ended' in refused.err
    arena.must("get", "j")


def test_waited_for_no_longer_than_told(arena: Product) -> None:
    """A limit of the wait holds for them, too; the job has ended, so that it is no failure to wait."""
    held(arena)
    code, out, err = arena.run("wait", "j", "--timeout", "1s")
    assert (code, out) == (0, "pytorchjob j SUCCEEDED\n")
    assert "for worker-0 to end" in err
    assert "arena delete j --still-running ends what still runs" in err


ROLES = """
import json, os, pathlib, time
role = json.loads(os.environ["TF_CONFIG"])["task"]["type"]
print("I am", role, flush=True)
if role == "ps":
    pathlib.Path("told").touch()
    time.sleep(600)
while not pathlib.Path("told").exists():
    time.sleep(0.02)
"""


def test_not_waited_for_once_they_are_silent(arena: Product) -> None:
    """--logs of a job that failed, or whose parameter server never ends, ends and tells what still runs."""
    (arena.home / "roles.py").write_text(ROLES, encoding="utf-8")
    failing = f"test $RANK = 0 && exit 3; {IDLE} # {arena.home}"
    words = ("--name", "roles", "--ps", "1", "--clean-task-policy", "None", "python roles.py")
    failed = arena.start("submit", "pytorchjob", "--name", "j", "--workers", "2", "--logs", failing)
    served = arena.start("submit", "tfjob", "--workers", "2", "--logs", *words)
    err = failed.communicate(timeout=100)[1].decode()
    assert failed.returncode == 7
    assert 'job "j" failed: exit code 3 on master-0; 1 instance still runs\n' in err
    assert "Hint: arena delete j --still-running ends what still runs; the job is kept\n" in err
    assert "waiting for worker-0 to end or be silent for 10s" in err
    out = served.communicate(timeout=100)[0].decode()
    assert (served.returncode, "I am ps" in out) == (0, True)
    assert arena.jobs() == {"j": "FAILED", "roles": "SUCCEEDED"}


@pytest.mark.parametrize("flag", ["--wait", "--logs"])
def test_left_while_others_still_run(arena: Product, flag: str) -> None:
    """Ctrl-C after the end prints how the job ended, and how to end the others."""
    told = arena.home / "told"
    command = f"test $RANK = 0 || {IDLE} # {arena.home}"
    line = ("submit", "pytorchjob", "--name", "j", "--workers", "2", flag, command)
    with told.open("wb") as file:
        child = arena.start(*line, stderr=file)
    until(lambda: "for worker-0 to end" in told.read_text("utf-8"), what="the end of the job")
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=20)
    assert child.returncode == 130
    err = told.read_text("utf-8")
    assert 'job "j" succeeded: 1 instance still runs\n' in err
    assert "arena delete j --still-running ends what still runs" in err
    assert "the job continues" not in err
