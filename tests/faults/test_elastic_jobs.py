"""Elastic and DeepSpeed jobs as real programs: they end well and badly, are scaled, and outlive a server."""

import json
import os
import shlex
import signal
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from gate import Gate
from product import Product, until

pytestmark = pytest.mark.timeout(180)

DRIVER = '''
"""Keeps one program running on each worker that there is, as elastic launchers do, until told to end."""
import pathlib, shlex, subprocess, sys, time
home = pathlib.Path(__file__).parent
work = f"echo $HOSTNAME works; exec {shlex.join([sys.executable, str(home / 'worker.py')])}"
running, seen = {}, None

def hosts():
    found = subprocess.run([sys.argv[1]], capture_output=True, text=True, check=True).stdout.split()
    return [one.partition(":")[0] for one in found]

while not (home / "go").exists():
    now = hosts()
    if now != seen:
        print("hosts", *now, flush=True)
        seen = now
    for host in set(now) - set(running):
        running[host] = subprocess.Popen(["ssh", "-o", "StrictHostKeyChecking=no", host, work])
    for host in set(running) - set(now):
        running.pop(host).terminate()
    time.sleep(0.05)
codes = [(child.terminate(), child.wait()) for child in running.values()]
print("ended", len(codes), flush=True)
sys.exit(int((home / "go").read_text()))
'''
WORKER = "import time\ntime.sleep(600)\n"

DEEPSPEED = '''
"""Starts as many ranks on each worker as the host file of DeepSpeed says, and waits for all."""
import subprocess, sys
ranks = []
for line in open(sys.argv[1]):
    host, slots = line.split(" slots=")
    for number in range(int(slots)):
        work = f"echo rank {len(ranks)} on $HOSTNAME; exit {sys.argv[2]}"
        ranks.append(subprocess.Popen(["ssh", host, work]))
sys.exit(max(one.wait() for one in ranks))
'''


def submit(arena: Product, *words: str) -> None:
    """Submit the elastic job `e` that runs the driver."""
    (arena.home / "driver.py").write_text(DRIVER, encoding="utf-8")
    (arena.home / "worker.py").write_text(WORKER, encoding="utf-8")
    line = f"python {shlex.quote(str(arena.home))}/driver.py /etc/edl/discover_hosts.sh"
    arena.must("submit", "etjob", "--name", "e", "--max-workers", "4", *words, line)


def hosts(arena: Product) -> list[str]:
    """The workers that the program saw last; none while there is no launcher."""
    lines = [line for line in arena.run("logs", "e", "-i", "launcher").out.splitlines() if "hosts " in line]
    return lines[-1].partition("hosts ")[2].split() if lines else []


def programs(arena: Product) -> list[psutil.Process]:
    """What runs on the workers."""
    found = []
    for one in arena.processes("worker.py"):
        with suppress(psutil.Error):
            words = one.cmdline()
            found += [one] if "python" in words[0] and "remote.py" not in " ".join(words) else []
    return found


def sees(arena: Product, *workers: str) -> None:
    """Wait until the program sees these workers, and runs on each of them."""
    until(lambda: hosts(arena) == list(workers), what=f"the sight of {workers}")
    until(lambda: len(programs(arena)) == len(workers), what=f"programs on {workers}")


def end(arena: Product, code: int, phase: str) -> None:
    """Let the driver end with an exit code, and see that the job ends so, too."""
    # Renamed once it is written, or the program might read it empty.
    (arena.home / "told").write_text(str(code), encoding="utf-8")
    (arena.home / "told").rename(arena.home / "go")
    until(lambda: arena.jobs() == {"e": phase}, what=f"the end as {phase}")
    until(lambda: not arena.processes("worker.py"), what="the end of what ran on the workers")


def test_scaled_while_it_runs(arena: Product) -> None:
    """A program sees workers come and go, starts on new ones, leaves those that go, and succeeds."""
    submit(arena, "--workers", "1")
    sees(arena, "e-worker-0")
    arena.must("scaleout", "etjob", "--name", "e", "--count", "2", "--wait")
    sees(arena, "e-worker-0", "e-worker-1", "e-worker-2")
    arena.must("scalein", "et", "--name", "e", "--wait")
    sees(arena, "e-worker-0", "e-worker-1")
    arena.must("scale", "e", "--workers", "1")
    sees(arena, "e-worker-0")
    end(arena, 0, "SUCCEEDED")
    assert "ended 1" in arena.must("logs", "e")


def test_a_lost_answer_scales_once(arena: Product, gate: Gate) -> None:
    """Where a connection breaks once the cluster has taken a request, no other is sent."""
    submit(arena, "--workers", "1")
    sees(arena, "e-worker-0")
    gate.lose("POST", "/scaleouts")
    arena.must("--kubeconfig", gate.kubeconfig, "scaleout", "etjob", "--name", "e", "--wait")
    assert (gate.lost, gate.count("POST", "/scaleouts")) == ([], 1)
    sees(arena, "e-worker-0", "e-worker-1")
    end(arena, 0, "SUCCEEDED")


def test_failure_and_restarts(arena: Product) -> None:
    """A failing driver restarts with all workers as often as allowed; then its exit code is shown."""
    (arena.home / "go").write_text("3", encoding="utf-8")
    submit(arena, "--workers", "2", "--retry", "1")
    until(lambda: arena.jobs() == {"e": "FAILED"}, what="the end")
    code, out, _ = arena.run("get", "e", "-o", "json")
    assert code == 0
    found = json.loads(out)
    assert found["status"] == "FAILED"
    events = arena.must("get", "e", "-e")
    assert "restarts (1 of 1) because its launcher failed: exit code 3" in events


def test_a_killed_worker_is_replaced(arena: Product) -> None:
    """A killed worker ends what ran on it; the program continues with another one."""
    submit(arena, "--workers", "2", "--worker-restart-policy", "OnFailure")
    sees(arena, "e-worker-0", "e-worker-1")
    serving = [
        one for one in arena.processes("remote.py serve") if "supervisor" not in " ".join(one.cmdline())
    ]
    serving[0].kill()
    until(lambda: "e-worker-2" in hosts(arena) and len(hosts(arena)) == 2, what="the new worker")
    until(lambda: len(programs(arena)) == 2, what="programs on both")
    end(arena, 0, "SUCCEEDED")


def test_a_killed_server(arena: Product) -> None:
    """Launcher, workers and connections between them continue without a server; the next one scales them."""
    submit(arena, "--workers", "2")
    sees(arena, "e-worker-0", "e-worker-1")
    before = {one.pid for one in programs(arena)}
    os.kill(arena.server(), signal.SIGKILL)
    until(lambda: arena.jobs() == {"e": "RUNNING"}, what="the job to be found again")
    assert {one.pid for one in programs(arena)} == before
    arena.must("scaleout", "etjob", "--name", "e", "--wait")
    sees(arena, "e-worker-0", "e-worker-1", "e-worker-2")
    assert before < {one.pid for one in programs(arena)}
    end(arena, 0, "SUCCEEDED")


def test_a_server_killed_while_scaling(arena: Product) -> None:
    """A request whose server was killed is carried out by the next one, once."""
    submit(arena, "--workers", "1")
    sees(arena, "e-worker-0")
    arena.must("scaleout", "etjob", "--name", "e", "--count", "2")
    os.kill(arena.server(), signal.SIGKILL)
    until(lambda: arena.jobs() == {"e": "RUNNING"}, what="the end of scaling")
    sees(arena, "e-worker-0", "e-worker-1", "e-worker-2")


def test_suspended_and_resumed(arena: Product) -> None:
    """A suspended job leaves no process behind, and starts with all workers when it is resumed."""
    submit(arena, "--workers", "2")
    sees(arena, "e-worker-0", "e-worker-1")
    arena.must("suspend", "e")
    until(lambda: not arena.processes(), what="the last process to end")
    until(lambda: arena.jobs() == {"e": "SUSPENDED"}, what="the job suspended")
    arena.must("resume", "e")
    sees(arena, "e-worker-0", "e-worker-1")


@pytest.mark.parametrize(("code", "phase"), [(0, "SUCCEEDED"), (5, "FAILED")])
def test_deepspeed(arena: Product, code: int, phase: str) -> None:
    """A launcher starts a rank for each slot in the host file of DeepSpeed; its exit code is the job's."""
    (arena.home / "launch.py").write_text(DEEPSPEED, encoding="utf-8")
    line = f"python {shlex.quote(str(arena.home))}/launch.py /job/hostfile {code}"
    ended = arena.run("submit", "dp", "--name", "d", "--workers", "2", "--gpus", "2", "--logs", line)
    assert ended.code == (7 if code else 0), ended.err
    ranks = {line.rpartition("] ")[2] for line in ended.out.splitlines() if "rank" in line}
    assert len(ranks) == 4
    assert {line.rpartition(" ")[2] for line in ranks} == {"d-worker-0", "d-worker-1"}
    assert arena.jobs() == {"d": phase}


def test_a_script(arena: Product, tmp_path: Path) -> None:
    """The script of a request runs with variables and the workers concerned; with it the request fails."""
    script, told = tmp_path / "grow.sh", tmp_path / "told"
    script.write_text(f"echo $MODE $1 >> {shlex.quote(str(told))}; exit $CODE\n", encoding="utf-8")
    submit(arena, "--workers", "1")
    sees(arena, "e-worker-0")
    words = ["scaleout", "etjob", "--name", "e", "--script", str(script), "--env", "MODE=soft", "--wait"]
    arena.must(*words, "-e", "CODE=0")
    assert told.read_text(encoding="utf-8") == "soft e-worker-1:1\n"
    code, _, err = arena.run(*words, "-e", "CODE=4")
    assert code == 1
    assert f"the script {script} failed" in err
    assert told.read_text(encoding="utf-8").endswith("soft e-worker-2:1\n")
    sees(arena, "e-worker-0", "e-worker-1")
