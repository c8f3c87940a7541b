"""Sessions in pods of a real cluster: exec, attach, and the way to a TensorBoard."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
import urllib.request
from typing import Any

import pytest
from field import IDLE, IMAGE, Field
from product import until

from arena.resources import DEPLOYMENTS

pytestmark = pytest.mark.cluster


def test_exec(ground: Field):
    """exec runs a command in the selected instance, passes its input, and exits with its code."""
    ground.submit("pytorchjob", "j", IDLE, "--workers", "2")
    ground.ready("j", 2)
    where = ground.admin.run("exec", "j", "--", "sh", "-c", "hostname; echo oh >&2; exit 5")
    assert where == (5, "j-master-0\n", "oh\n")
    assert ground.admin.must("exec", "j", "-i", "worker-0", "--", "hostname") == "j-worker-0\n"
    big = "x" * 300_000 + "\n"
    count = "head -c 300001 | wc -c"
    assert ground.admin.run("exec", "j", "-s", "--", "sh", "-c", count, typed=big).out.strip() == "300001"
    assert ground.admin.run("exec", "j", "--", "no-such-program").code not in (0, 1)
    missing = ground.admin.run("exec", "j", "-i", "worker-7", "--", "true")
    assert (missing.code, missing.err.splitlines()[0]) == (3, 'Error: job "j" has no instance "worker-7"')


def test_the_end_of_input(ground: Field):
    """The end of the input ends the command; servers before 1.30 cannot tell it, and that is said."""
    ground.submit("pytorchjob", "j", IDLE)
    ground.ready("j", 1)
    child = ground.admin.start("exec", "j", "-s", "--", "cat")
    said = child.stderr.readline().decode()
    if said:
        assert said.startswith("the cluster is too old to tell the command that its input has ended")
        child.send_signal(signal.SIGINT)
    assert child.wait(30) == (130 if said else 0)


def test_terminal(ground: Field):
    """On a terminal exec gives one at the other end: its size, its keys, and Ctrl-C reaches the program."""
    ground.submit("pytorchjob", "j", IDLE)
    ground.ready("j", 1)
    near, far = pty.openpty()
    words = (
        "exec",
        "j",
        "--",
        "sh",
        "-c",
        "tty; until stty size | grep -v '^0 0'; do :; done; trap 'echo caught; exit 9' INT; echo now; read x",
    )
    with subprocess.Popen(
        [sys.executable, "-m", "arena", *words],
        env=ground.admin.env | {"COLUMNS": "91", "LINES": "33"},
        stdin=far, stdout=far, stderr=far, start_new_session=True,
    ) as child:  # fmt: skip
        os.close(far)
        try:
            seen = _until(near, "now")
            os.write(near, b"\x03")
            seen += _until(near, "caught")
            assert child.wait(30) == 9
        finally:
            child.kill()
            os.close(near)
    assert "/dev/pts/0" in seen
    assert "33 91" in seen


def _until(terminal: int, word: str) -> str:
    """What a terminal shows, until the word is among it."""
    seen, end = "", time.monotonic() + 30
    while word not in seen:
        assert select.select([terminal], [], [], max(0.0, end - time.monotonic()))[0], f"only {seen!r}"
        seen += os.read(terminal, 4096).decode()
    return seen


def test_attach(ground: Field):
    """Attach pipes commands into a shell of the instance, and with --main shows its main program."""
    ground.submit("pytorchjob", "j", "while true; do echo tick; sleep 0.2; done")
    ground.ready("j", 1)
    code, out, err = ground.admin.run("attach", "j", typed="hostname\nexit 4\n")
    assert (code, out) == (4, "j-master-0\n"), err
    assert "Arena attach the container pytorch of instance j-master-0" in err
    child = ground.admin.start("attach", "j", "--main")
    assert child.stdout.readline() == b"tick\n"
    child.kill()


STAND_IN = [
    {
        "op": "replace",
        "path": "/spec/template/spec/containers/0/command",
        "value": ["sh", "-c", "echo board > /tmp/index.html; exec python3 -m http.server -d /tmp $PORT"],
    }
]
"""A change of the Deployment: its image has a web server, but no TensorBoard."""


def _is_updated(ground: Field, changed: dict[str, Any]) -> bool:
    """Whether the Deployment's controller has made a pod of its changed template."""
    status = ground.kube.get(DEPLOYMENTS, ground.namespace, changed["metadata"]["name"]).get("status", {})
    seen = status.get("observedGeneration", 0) >= changed["metadata"]["generation"]
    return seen and status.get("updatedReplicas") == 1


def test_tensorboard(ground: Field):
    """A forwarded port leads to the TensorBoard of a job (a stand-in); that there is none is said."""
    ground.submit("pytorchjob", "j", IDLE, "--tensorboard", "--tensorboard-image", IMAGE)
    changed = ground.kube.patch(DEPLOYMENTS, ground.namespace, "j-tensorboard", STAND_IN, "json-patch")
    until(lambda: _is_updated(ground, changed), what="a pod of the changed Deployment")
    assert ground.job("j")["tensorboard"] == f"run: arena tensorboard j -n {ground.namespace}"
    child = ground.admin.start("tensorboard", "j", "--no-open")
    link = child.stdout.readline().decode().strip()
    assert link.startswith("http://127.0.0.1:"), child.communicate()
    for _ in range(3):
        with urllib.request.urlopen(link, timeout=20) as answer:
            assert answer.read() == b"board\n"
    child.send_signal(signal.SIGINT)
    assert child.wait(30) == 130
    ground.submit("pytorchjob", "plain", "true")
    code, _, err = ground.admin.run("tensorboard", "plain")
    assert (code, 'job "plain" has no TensorBoard' in err) == (3, True)
