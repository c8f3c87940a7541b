"""A job has the umask, niceness and soft limits of its submitter, whoever started the server."""

import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest
from product import Product, product, until

from arena.local import process_settings
from arena.local.state import SOCKET
from arena.resources import PODS

SHOW = """
import json, os, resource
print("is", json.dumps([os.umask(0), os.nice(0), resource.getrlimit(resource.RLIMIT_NOFILE)[0]]))
"""


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Product]:
    """A product whose home has a program that shows its settings."""
    (tmp_path / "show.py").write_text(SHOW, encoding="utf-8")
    with product(tmp_path) as made:
        yield made


def after(arena: Product, settings: str, *words: str) -> str:
    """What `arena WORDS...` prints if a shell runs it after these commands."""
    line = ["sh", "-c", f'{settings}; exec "$@"', "sh", arena.python, "-m", "arena", *words]
    done = subprocess.run(
        line, env=arena.env, cwd=arena.home, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_jobs(arena: Product) -> None:
    """Every submit and rerun counts, not the command that started the server; kubectl's jobs are as usual."""
    after(arena, "umask 077; ulimit -Sn 300", "local", "start")
    words = ("submit", "job", "--name", "a", "--logs", "python show.py")
    settings = "umask 027; ulimit -Sn 200; renice -n 5 $$ > /dev/null"
    assert "is [23, 5, 200]" in after(arena, settings, *words)
    assert "is [23, 5, 200]" in after(arena, "umask 0", "rerun", "a", "--name", "b", "--logs")
    line = "python show.py > shown && mv shown bare"
    container = {"name": "a", "image": "any", "command": ["sh", "-c", line], "workingDir": str(arena.home)}
    pod = {"metadata": {"name": "bare"}, "spec": {"containers": [container], "restartPolicy": "Never"}}
    arena.ask("/api/v1/namespaces/default/pods", {"apiVersion": "v1", "kind": "Pod", **pod})
    until((arena.home / "bare").exists, what="the pod")
    assert (arena.home / "bare").read_text("utf-8") == "is [18, 0, 300]\n"


def test_further_processes(arena: Product) -> None:
    """What `exec`, probes and hooks run has the settings of the container, too."""
    after(arena, "umask 077; ulimit -Sn 300", "local", "start")
    note = json.dumps({"umask": 0o027, "nice": 5, "limits": {"NOFILE": 200}})
    probe = {"exec": {"command": ["sh", "-c", "python show.py > probe.new && mv probe.new probe"]}}
    container = {
        "name": "a", "image": "any", "command": ["sh", "-c", "trap exit TERM; sleep 1000 & wait"],
        "workingDir": str(arena.home), "readinessProbe": {**probe, "timeoutSeconds": 20},
        "lifecycle": {
            hook: {"exec": {"command": ["sh", "-c", f"python show.py > {hook}.new && mv {hook}.new {hook}"]}}
            for hook in ("postStart", "preStop")
        },
    }  # fmt: skip
    pod = {
        "metadata": {"name": "bare", "annotations": {"local.arena.io/process": note}},
        "spec": {"containers": [container], "restartPolicy": "Never"},
    }
    pods = "/api/v1/namespaces/default/pods"
    arena.ask(pods, {"apiVersion": "v1", "kind": "Pod", **pod})
    wanted = "is [23, 5, 200]\n"
    for name in ("postStart", "probe"):
        until((arena.home / name).exists, what=name)
        assert (arena.home / name).read_text("utf-8") == wanted
    after(arena, "umask 077; ulimit -Sn 100", "submit", "job", "--name", "job", "sleep 1000")
    until(lambda: arena.jobs()["job"] == "RUNNING")
    assert after(arena, "umask 0", "exec", "job", "--", "python", "show.py") == "is [63, 0, 100]\n"
    arena.cluster().delete(PODS, "default", "bare")
    until((arena.home / "preStop").exists, what="preStop")
    assert (arena.home / "preStop").read_text("utf-8") == wanted


def test_too_many_files(arena: Product) -> None:
    """The server raises its limit of open files, and continues after all were used."""
    after(arena, "ulimit -Sn 100; ulimit -Hn 400", "local", "start")
    server = psutil.Process(arena.server())
    assert server.rlimit(resource.RLIMIT_NOFILE) == (400, 400)
    with ExitStack() as stack, suppress(OSError):
        for _ in range(500):
            link = stack.enter_context(socket.socket(socket.AF_UNIX))
            link.settimeout(2)
            link.connect(str(arena.state / SOCKET))
            link.sendall(b"GET /api/v1/pods?watch=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert "is [18, 0, 400]" in arena.must("submit", "job", "--name", "a", "--logs", "python show.py")
    assert arena.server() == server.pid


REFUSES = """
import resource
set_limit = resource.setrlimit
set_limit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
def refuses(number, limits):
    if limits[0] > 300:
        raise ValueError("current limit exceeds maximum limit")
    set_limit(number, limits)
resource.setrlimit = refuses
from arena.local import process_settings
process_settings.FILES = (400, 300)
process_settings.become_server()
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def test_a_system_that_grants_fewer_files() -> None:
    """A server asks for fewer open files where the system refuses many, as macOS does."""
    done = subprocess.run([sys.executable, "-c", REFUSES], capture_output=True, text=True, check=True)
    assert done.stdout == "300\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "{}",
        '{"umask": 1, "nice": 0, "limits": 3}',
        '{"umask": "1", "nice": 0, "limits": {}}',
        "[" * 100_000,
    ],
    ids=range(6),
)
def test_what_others_recorded(text: str) -> None:
    """What does not hold settings is refused; numbers that mean nothing change nothing."""
    with pytest.raises(ValueError, match=r".+"):
        process_settings.read(text)
    code = "process_settings.take({'umask': 18, 'nice': 10**30, 'limits': {'NOFILE': 10**30, 'X': 1}})"
    subprocess.run([sys.executable, "-c", f"from arena.local import process_settings; {code}"], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: only Linux tells the umask")
def test_submits_of_threads() -> None:
    """A submit changes the umask for no other thread, which may create files or submit, too."""
    masks = set()
    usual, pace = os.umask(0o022), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            masks.update(pool.map(lambda number: process_settings.own()["umask"], range(8000)))
    finally:
        sys.setswitchinterval(pace)
        last = os.umask(usual)
    assert (masks, last) == ({0o022}, 0o022)
