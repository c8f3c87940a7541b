"""The Python client of Kubernetes, unmodified, with the local cluster's kubeconfig: also its streams."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from product import Product, product, quoted

SERVE = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("up", flush=True)
while True:
    link, _ = listener.accept()
    link.sendall(b"hello " + link.recv(100))
    link.close()
"""
CLIENT = """
import sys, time
from kubernetes import client, config, stream, watch
from kubernetes.stream import portforward

config.load_kube_config()
core = client.CoreV1Api()
container = {"name": "c", "image": "none", "command": ["sh", "-c", f"exec {sys.argv[1]} $PORT"]}
container["ports"] = [{"containerPort": 80}]
core.create_namespaced_pod("default", {"metadata": {"name": "p"}, "spec": {"containers": [container]}})
watcher = watch.Watch()
for event in watcher.stream(core.list_namespaced_pod, "default", timeout_seconds=20):
    if event["object"].status.phase == "Running":
        watcher.stop()
log = core.read_namespaced_pod_log("p", "default", follow=True, _preload_content=False)
print("log:", log.readline().decode().strip())
inside = stream.stream(
    core.connect_get_namespaced_pod_exec, "p", "default", command=["echo", "inside"],
    stdin=False, stdout=True, stderr=True, tty=False,
)
print("exec:", inside.strip())
link = portforward(core.connect_get_namespaced_pod_portforward, "p", "default", ports="80").socket(80)
link.settimeout(10)
link.sendall(b"you")
print("forward:", link.recv(100).decode())
core.delete_namespaced_pod("p", "default", grace_period_seconds=0)
"""


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Product]:
    """The product, with nothing in its home."""
    with product(tmp_path) as made:
        made.must("local", "start")
        yield made


def run(kubeconfig: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """A program with that kubeconfig, run to its end."""
    env = {"PATH": os.environ["PATH"], "KUBECONFIG": str(kubeconfig)}
    command = [sys.executable, "-c", CLIENT, *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_pods_are_watched_read_entered_and_reached(arena: Product) -> None:
    """Create, watch, logs, exec and port-forward work as on any cluster."""
    (arena.home / "serve.py").write_text(SERVE)
    done = run(arena.state / "kubeconfig", quoted(sys.executable, arena.home / "serve.py"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["log: up", "exec: inside", "forward: hello you"]


def test_without_the_certificate_nothing_is_answered(arena: Product) -> None:
    """The same client without the user of the kubeconfig gets no answer at all."""
    data = json.loads((arena.state / "kubeconfig").read_text())
    data["users"][0]["user"] = {}
    (arena.home / "bare").write_text(json.dumps(data))
    done = run(arena.home / "bare", "true")
    assert done.returncode != 0
    assert "urllib3.exceptions." in done.stderr  # no answer of any status
    assert arena.ask("/api/v1/pods")["items"] == []
