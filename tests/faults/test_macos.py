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
from product import Product, is_running, product, until

from arena import operating_system

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
    shutil.copytree(ROOT / "arena", tmp_path / "source" / "arena")
    module = tmp_path / "source" / "arena" / "operating_system.py"
    text = module.read_text("utf-8")
    for old, new in CHANGES.items():
        assert old in text
        text = text.replace(old, new)
    module.write_text(text, "utf-8")
    (tmp_path / "home").mkdir()
    with product(tmp_path / "home") as made:
        made.env["PYTHONPATH"] = str(tmp_path / "source")
        made.must("local", "start")
        yield made
        made.must("local", "reset", "-y")


def run(mac: Product, name: str, script: str, **fields: Any) -> None:
    """Run a script in a pod; return once that has created the file `up`."""
    container = {"name": "main", "image": "any", "command": ["sh", "-c", script], "workingDir": str(mac.home)}
    spec = {"containers": [{**container, **fields}], "restartPolicy": "Never"}
    mac.ask(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
    until(lambda: (mac.home / "up").exists() and phase(mac, name) == "Running", what="the program")
    (mac.home / "up").unlink()


def phase(mac: Product, name: str) -> str:
    """The phase of a pod."""
    return str(mac.ask(f"{PODS}/{name}")["status"]["phase"])


def test_a_mac(mac: Product) -> None:
    """Jobs run and are deleted; exec works; input reaches a program and ends; orphans end with their pod."""
    out = mac.must("submit", "pytorchjob", "--name", "bert", "--workers", "2", "--logs", "echo rank $RANK")
    assert {"rank 0", "rank 1"} <= {line.partition("] ")[2] for line in out.splitlines()}
    run(mac, "reads", "touch up; while read x; do echo got $x; done > it", stdin=True, stdinOnce=True)
    [pipe] = mac.state.glob("pods/*/containers/main/0/stdin")
    pipe.write_text("this\n", "utf-8")
    until(lambda: phase(mac, "reads") == "Succeeded")
    assert (mac.home / "it").read_text("utf-8") == "got this\n"
    run(mac, "orphan", "sleep 1000 & echo $! > child; touch up; wait")
    orphan = psutil.Process(int((mac.home / "child").read_text("utf-8")))
    for process in (orphan.parent().parent(), orphan.parent()):
        with suppress(psutil.NoSuchProcess):  # the server was quicker
            process.kill()
    until(lambda: phase(mac, "orphan") == "Failed")
    assert not is_running(orphan.pid)
    mac.must("submit", "job", "--name", "long", "sleep 1000")
    until(lambda: mac.jobs()["long"] == "RUNNING")
    assert len(mac.must("exec", "long", "--", "sh", "-c", "echo $ARENA_POD_UID")) > 30
    mac.must("delete", "long")
    until(lambda: not mac.processes("supervisor.py"), what="the end of the job's processes")
    mac.must("local", "stop", "--pods")
