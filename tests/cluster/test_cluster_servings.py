"""Servings on a real cluster: Deployments with real pods, their rollouts, revisions and ports."""

import json
import signal
import urllib.request
from typing import Any

import pytest
from field import RUNS, Field
from product import until

from arena.resources import DEPLOYMENTS, PODS, SERVICES

pytestmark = pytest.mark.cluster

SERVER = (
    "python3 -c 'import http.server, os\n"
    "class Model(http.server.BaseHTTPRequestHandler):\n"
    "    def do_GET(self):\n"
    '        self.send_response(200); self.end_headers(); self.wfile.write(os.environ["ANSWER"].encode())\n'
    'print("serving", os.environ["ANSWER"], flush=True)\n'
    'http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Model).serve_forever()\''
)


def serve(ground: Field, *words: str) -> None:
    """A serving that answers what ANSWER says."""
    line = ("serve", "custom", "--name", "digits", "--version", "1", "--restful-port", "8080")
    env = ("-e", "PORT=8080", "-e", "ANSWER=1")
    ground.admin.must(*line, *env, *RUNS, *words, SERVER)
    ground.admin.must("serve", "wait", "digits", "--timeout", "60s", seconds=70)


def get(ground: Field) -> dict[str, Any]:
    """What `serve get -o json` prints."""
    found: dict[str, Any] = json.loads(ground.admin.must("serve", "get", "digits", "-o", "json"))
    return found


def answer(url: str) -> str:
    """What the serving answers."""
    with urllib.request.urlopen(url, timeout=10) as response:
        return str(response.read().decode())


def test_changed(ground: Field) -> None:
    """An update keeps the number of pods, a rollback returns, and nothing is left in the end."""
    serve(ground, "--replicas", "1")
    ground.kube.patch(DEPLOYMENTS, ground.namespace, "digits-1-custom-serving", {"spec": {"replicas": 2}})
    update = ("serve", "update", "digits", "-e", "ANSWER=2", "--wait", "--wait-timeout", "90s")
    assert ground.admin.must(*update, seconds=100).endswith("serving digits 1 ready\n")
    found = get(ground)
    assert (found["desiredInstances"], found["availableInstances"]) == (2, 2)
    assert [one["revision"] for one in found["revisions"]] == [2, 1]
    until(lambda: "serving 2" in ground.admin.must("serve", "logs", "digits"), 60, "the log")
    shown = ground.admin.must("serve", "exec", "digits", "--", "sh", "-c", "echo $ANSWER")
    assert shown == "2\n"
    ground.admin.must("serve", "rollback", "digits", "--wait", "--timeout", "90s", seconds=100)
    ground.admin.must("serve", "scale", "digits", "-r", "1", "--wait", "--timeout", "90s", seconds=100)
    ground.admin.must("serve", "restart", "digits", "--wait", "--timeout", "90s", seconds=100)
    assert ground.admin.must("serve", "exec", "digits", "--", "sh", "-c", "echo $ANSWER") == "1\n"
    ground.admin.must("serve", "delete", "digits")
    until(lambda: not list(ground.kube.list(PODS, ground.namespace)), 90, "the end of the pods")
    assert "digits-1" not in ground.kube.names(SERVICES, ground.namespace)


def test_a_crash_is_named(ground: Field) -> None:
    """While new pods crash, the wait says why, and the old ones go on."""
    serve(ground)
    failing = ("serve", "update", "digits", "--command", "echo 'ValueError: bad model'; exit 3", "--wait")
    ended = ground.admin.run(*failing, "--wait-timeout", "30s", seconds=60)
    assert ended.code == 6
    assert "ValueError: bad model" in ended.err
    assert get(ground)["availableInstances"] == 1


def test_forwarded(ground: Field) -> None:
    """A forwarded port reaches the ready pods, and those of the next revision."""
    serve(ground)
    forwarding = ground.admin.start("serve", "forward", "digits")
    lines = ground.admin.lines(forwarding.stdout)
    until(lambda: lines, 60, "the port")
    url = lines[0].strip()
    assert answer(url) == "1"
    ground.admin.must("serve", "update", "digits", "-e", "ANSWER=2", "--wait", seconds=100)
    until(lambda: answer(url) == "2", 60, "the next revision")
    forwarding.send_signal(signal.SIGINT)
    assert forwarding.wait(30) == 130
