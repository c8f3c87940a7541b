"""A copy of arena that takes this machine for a Mac: no /proc, no environments of other processes, no kqueue.

What psutil and `select` tell is told by Linux, of course: docs/local-cluster.md says what was not tried.
"""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from pages import ROOT
from product import Product, product, until

from arena import operating_system
from arena.local import leftover_processes

CHANGES = {
    'LINUX = sys.platform == "linux"': "LINUX = False",
    "found = psutil.Process(pid).environ()": "found = {}",
    "/proc/": "/none/",
}
"""What the copy does not know of this system."""
PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
def mac(tmp_path: Path) -> Iterator[Product]:
    """The product of the copy."""
    if not operating_system.LINUX:
        pytest.skip("NOT TESTED: only Linux is taken for another system")
    source = tmp_path / "source"
    shutil.copytree(ROOT / "arena", source / "arena", ignore=shutil.ignore_patterns("__pycache__"))
    module = source / "arena" / "operating_system.py"
    text = module.read_text("utf-8")
    for old, new in CHANGES.items():
        assert old in text
        text = text.replace(old, new)
    module.write_text(text, "utf-8")
    (tmp_path / "home").mkdir()
    with product(tmp_path / "home") as made:
        made.env["PYTHONPATH"] = str(source)
        yield made
        made.must("local", "reset", "-y")


def run(mac: Product, name: str, script: str, **fields: Any) -> psutil.Process:
    """A pod's shell that runs a script, once that has created the file `up`."""
    command = ["sh", "-c", script, "sh", str(mac.home)]
    container = {"name": "main", "image": "any", "command": command, "workingDir": str(mac.home), **fields}
    spec = {"containers": [container], "restartPolicy": "Never", "terminationGracePeriodSeconds": 0}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    mac.must("local", "start")
    mac.ask(PODS, pod)
    until(lambda: (mac.home / "up").exists() and phase(mac, name) == "Running", what="the program")
    (mac.home / "up").unlink()
    [shell] = [one for one in mac.processes(script) if one.name() == "sh"]
    return shell


def phase(mac: Product, name: str) -> str:
    """The phase of a pod."""
    return str(mac.ask(f"{PODS}/{name}")["status"]["phase"])


def is_gone(process: psutil.Process) -> bool:
    """Whether it has ended."""
    with suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


def test_jobs(mac: Product) -> None:
    """Jobs run and are deleted; exec works; input reaches a program, and ends with its writer."""
    out = mac.must("submit", "pytorchjob", "--name", "bert", "--workers", "2", "--logs", "echo rank $RANK")
    assert {"rank 0", "rank 1"} <= {line.partition("] ")[2] for line in out.splitlines()}
    mac.must("submit", "job", "--name", "long", "sleep 1000")
    until(lambda: mac.jobs()["long"] == "RUNNING")
    assert mac.must("exec", "long", "--", "sh", "-c", "echo $ARENA_POD_UID") != "\n"
    mac.must("delete", "long")
    until(lambda: not mac.processes("supervisor.py"), what="the end of the job's processes")
    run(mac, "reads", "touch up; while read x; do echo got $x; done > it", stdin=True, stdinOnce=True)
    [pipe] = mac.state.glob("pods/*/containers/main/0/stdin")
    pipe.write_text("this\n", "utf-8")
    until(lambda: phase(mac, "reads") == "Succeeded")
    assert (mac.home / "it").read_text("utf-8") == "got this\n"


def test_leftovers(mac: Product) -> None:
    """Programs without a supervisor are found by their session, by the next server and where none runs."""
    script = "sleep 1000 & echo $! > child; touch up; wait"
    for stop in (False, True):
        shell = run(mac, f"pod-{stop}".lower(), script)
        child = psutil.Process(int((mac.home / "child").read_text("utf-8")))
        if stop:
            mac.must("local", "stop")
        for process in (shell.parent(), shell):
            with suppress(psutil.NoSuchProcess):  # the server was quicker
                process.kill()
        if stop:
            assert not is_gone(child)
            mac.must("local", "stop", "--pods")
        until(lambda child=child: is_gone(child), what="the end of what the shell has started")


def test_programs_that_ignore_sigterm(mac: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are killed before the supervisor that knows them."""
    shell = run(mac, "deaf", "trap '' TERM; sleep 1000 & touch up; wait; wait")
    mac.must("local", "stop")
    with monkeypatch.context() as patch:
        patch.setattr(operating_system, "environment", lambda pid: b"")
        leftover_processes.kill(mac.state, grace=0.1)
    assert is_gone(shell)


def test_links(tmp_path: Path) -> None:
    """Supervisors are found by any name of the state folder, which is a link below /tmp on macOS."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with product(tmp_path / "link") as arena:
        arena.must("submit", "job", "--name", "a", "sleep 1000")
        until(lambda: arena.jobs()["a"] == "RUNNING")
        for home in ("real", "link"):
            found = leftover_processes.find(tmp_path / home / "state")
            assert [one.cmdline() for one in found if "supervisor.py" in " ".join(one.cmdline())], home
