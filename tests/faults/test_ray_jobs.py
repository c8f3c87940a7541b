"""Ray jobs as processes, with a program that plays `ray`: they end well and badly, and outlive a server.

The real one is tried in tests/frameworks.
"""

import json
import os
import signal

import psutil
import pytest
from product import Product, program, quoted, until

pytestmark = pytest.mark.timeout(180)

NODE = '''
"""Plays `ray start`: a node of the cluster that is named by its port, until it is told to end."""
import os, pathlib, signal, sys

assert sys.argv[1] == "start"
flags = dict(word.lstrip("-").partition("=")[::2] for word in sys.argv[2:])
port = flags.get("port") or flags["address"].rpartition(":")[2]
assert os.environ["RAY_ADDRESS"].endswith(":" + port) and os.environ["RAY_AUTH_TOKEN"]
folder = pathlib.Path(__file__).parent / "clusters" / port
folder.mkdir(parents=True, exist_ok=True)
(folder / str(os.getpid())).touch()
print("node", "head" if "head" in flags else "worker", flush=True)
signal.pause()
'''
MODULE = '''
"""Plays the module: it knows the nodes of the cluster whose address it is given."""
import os, pathlib

def init(**options):
    assert os.environ["RAY_AUTH_TOKEN"]

def nodes():
    folder = pathlib.Path(__file__).parent / "clusters" / os.environ["RAY_ADDRESS"].rpartition(":")[2]
    return [{"Alive": alive(int(one.name))} for one in folder.iterdir()] if folder.exists() else []

def alive(pid):
    try:
        return not os.kill(pid, 0)
    except ProcessLookupError:
        return False
'''
PROGRAM = '''
"""Says how many nodes it has, and ends as it is told to."""
import pathlib, sys, time, ray
home = pathlib.Path(__file__).parent
ray.init()
with (home / "starts").open("a") as starts:
    print(len([node for node in ray.nodes() if node["Alive"]]), file=starts)
print("ready", flush=True)
while not (home / "go").exists():
    time.sleep(0.02)
sys.exit(int((home / "go").read_text()))
'''


@pytest.fixture
def arena(arena: Product) -> Product:
    """The product, with a `ray` on its PATH."""
    home = arena.home
    (home / "bin").mkdir()
    program(home / "bin" / "ray", NODE)
    (home / "bin" / "ray.py").write_text(MODULE, encoding="utf-8")
    (home / "tune.py").write_text(PROGRAM, encoding="utf-8")
    arena.env["PATH"] = os.pathsep.join((str(home / "bin"), arena.env["PATH"]))
    return arena


def submit(arena: Product, *words: str) -> None:
    """Submit the job `tune`, whose cluster goes as soon as it may."""
    given = ("--name", "tune", "--ttl-after-finished", "0", "-e", f"PYTHONPATH={arena.home}/bin")
    arena.must("submit", "rayjob", *given, *words, quoted("python", arena.home / "tune.py"))


def starts(arena: Product, number: int) -> list[str]:
    """How many nodes the program had at each of its starts, once there were that many starts."""
    file = arena.home / "starts"
    until(lambda: file.exists() and len(file.read_text().split()) >= number, what=f"start {number}")
    return file.read_text().split()


def go(arena: Product, code: int = 0) -> None:
    """Let the program end."""
    # Renamed once it is written, or the program might read it empty.
    (arena.home / "told").write_text(str(code), encoding="utf-8")
    (arena.home / "told").rename(arena.home / "go")


def job(arena: Product) -> dict[str, object]:
    """The job as `get` has it."""
    found: dict[str, object] = json.loads(arena.must("get", "tune", "-o", "json"))
    return found


def nodes(arena: Product) -> list[psutil.Process]:
    """The processes of the cluster's nodes."""
    return arena.processes(f"{arena.home}/bin/ray start")


def kill(pid: int) -> None:
    """End a process by SIGKILL, and wait until it is gone."""
    process = psutil.Process(pid)
    process.kill()
    process.wait(10)


def heads(arena: Product) -> list[psutil.Process]:
    """The head itself, without its supervisor."""
    return [
        one for one in nodes(arena) if "--head" in one.cmdline() and "supervisor.py" not in str(one.cmdline())
    ]


def test_success(arena: Product) -> None:
    """The program starts when its head and both workers are there; its log and its end are the job's."""
    submit(arena, "--worker-replicas", "2")
    assert starts(arena, 1) == ["3"]
    found = job(arena)["instances"]
    assert isinstance(found, list)
    assert sorted(one["name"].rpartition("-")[2] for one in found) == ["0", "1", "head", "submitter"]
    assert len(nodes(arena)) >= 3
    go(arena)
    until(lambda: arena.jobs() == {"tune": "SUCCEEDED"}, what="success")
    until(lambda: not nodes(arena), what="the end of the cluster")
    assert "ready" in arena.must("logs", "tune", "-i", "submitter")


def test_failure(arena: Product) -> None:
    """The exit code of the program is the reason why its job failed."""
    submit(arena)
    starts(arena, 1)
    go(arena, 3)
    code, _, err = arena.run("wait", "tune")
    assert code == 7
    assert "exit code 3 on submitter" in err
    until(lambda: not nodes(arena), what="the end of the cluster")


def test_ray_is_missing(arena: Product) -> None:
    """Without Ray, the job fails at once, and is told what to install."""
    arena.env["PATH"] = "/usr/bin:/bin"
    submit(arena)
    code, _, err = arena.run("wait", "tune")
    assert code == 7
    assert "pip install ray" in err
    assert "has no program ray: install it" in arena.must("get", "tune")


def test_the_head_is_killed(arena: Product) -> None:
    """With --retry, a job whose head is killed restarts on another cluster, and succeeds there."""
    submit(arena, "--retry", "1")
    starts(arena, 1)
    kill(heads(arena)[0].pid)
    assert starts(arena, 2) == ["2", "2"]
    go(arena)
    until(lambda: arena.jobs() == {"tune": "SUCCEEDED"}, what="success")
    until(lambda: not nodes(arena), what="the end of the cluster")


def test_the_server_is_killed(arena: Product) -> None:
    """Cluster and program outlive the server; the next one finds them, and what became of them."""
    submit(arena)
    starts(arena, 1)
    os.kill(arena.server(), signal.SIGKILL)
    until(lambda: arena.jobs() == {"tune": "RUNNING"}, what="the job to be found again")
    go(arena)
    until(lambda: arena.jobs() == {"tune": "SUCCEEDED"}, what="success")
    assert starts(arena, 1) == ["2"]


def test_suspended_and_resumed(arena: Product) -> None:
    """Nothing of a suspended job runs; it succeeds after it is resumed."""
    submit(arena)
    starts(arena, 1)
    arena.must("suspend", "tune")
    until(lambda: not arena.processes("ray") and not arena.processes("tune.py"), what="nothing to run")
    assert arena.jobs() == {"tune": "SUSPENDED"}
    arena.must("resume", "tune")
    assert starts(arena, 2) == ["2", "2"]
    go(arena)
    until(lambda: arena.jobs() == {"tune": "SUCCEEDED"}, what="success")
