"""What others may ask of a pod's processes."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from bed import Node, until

LISTEN = """
import socket, sys, time
s = socket.socket()
s.bind(('127.0.0.1', int(sys.argv[1])))
s.listen()
print('up')
time.sleep(1000)
"""

OWN = 19000 + os.getpid() % 1000
"""A port that other runs of these tests on this machine hardly use."""
PORT = {"name": "PORT", "value": str(OWN)}


def test_log_and_running(node: Node) -> None:
    """The logs of the current and the previous run are distinguished, and whether they still grow."""
    script = "test -e x && { echo second; sleep 1000; }; touch x; echo first; exit 1"
    name = node.pod("sh", "-c", script, policy="Always")
    until(lambda: node.state(name, "running")["restartCount"] == 1)
    uid, kubelet = node.uid(name), node.kubelet
    until(lambda: "second" in kubelet.log(uid, "main").read_text())
    assert "first" in kubelet.log(uid, "main", previous=True).read_text()
    assert kubelet.running(uid, "main")
    assert kubelet.log(uid, "nobody") is None
    assert not kubelet.running(uid, "nobody")


def test_surroundings(node: Node) -> None:
    """A further process gets the container's environment, folder and mount paths."""
    name = node.pod(
        "sleep",
        "1000",
        env=[{"name": "V", "value": "v"}],
        spec={"volumes": [{"name": "a", "emptyDir": {}}]},
        volumeMounts=[{"name": "a", "mountPath": "/no/such"}],
    )
    node.state(name, "running")
    found = node.kubelet.exec_spec(node.uid(name), "main", ["sh", "-c", "pwd; echo $V; echo /no/such/x"])
    out = subprocess.run(found.argv, env=found.env, capture_output=True, text=True, check=True).stdout
    pod = node.home / "pods" / node.uid(name)
    assert out.splitlines() == [str(pod / "work"), "v", f"{pod}/volumes/a/x"]
    # From its first moment it is known as the pod's, so that it ends with it.
    assert found.env == {"ARENA_POD_UID": node.uid(name), "ARENA_CONTAINER": "main"}
    assert node.kubelet.exec_spec(node.uid(name), "nobody", []) is None


def test_port(node: Node) -> None:
    """A pod's port is the allotted one when it listens there, else the declared one if it is its own."""
    ports = [{"containerPort": OWN}]
    allotted = node.pod(sys.executable, "-c", LISTEN, "$(PORT)", ports=ports, env=[PORT])
    declared = node.pod(sys.executable, "-c", LISTEN, str(OWN), ports=ports)
    neither = node.pod("sleep", "1000", ports=ports)
    for name in (allotted, declared):
        until(lambda name=name: node.state(name, "running") and node.text(name) == "up")
    node.state(neither, "running")
    assert 20000 <= node.kubelet.port(node.uid(allotted), OWN) < 30000
    assert node.kubelet.port(node.uid(allotted), OWN) != OWN
    assert node.kubelet.port(node.uid(declared), OWN) == OWN
    assert node.kubelet.port(node.uid(neither), OWN) is None
    late = node.pod("sleep", "1000", ports=ports)
    assert f"port {OWN} is in use" in node.event(late, "PortConflict")["message"]


def test_usage(node: Node) -> None:
    """CPU and memory count all processes of a container, those executed in it too."""
    name = node.pod(
        "sh",
        "-c",
        f"{shlex.quote(sys.executable)} -c 'x = bytearray(50_000_000); print(1)\nwhile True: pass' & wait",
    )
    until(lambda: node.state(name, "running") and node.text(name) == "1")
    node.kubelet.usage(node.uid(name))
    (found,) = until(lambda: [one for one in node.kubelet.usage(node.uid(name)) if one.cpu > 0.05])
    assert found.container == "main"
    assert found.memory > 50_000_000
    inside = node.kubelet.exec_spec(
        node.uid(name), "main", [sys.executable, "-c", "x = b'x' * 90_000_000; input()"]
    )
    with subprocess.Popen(inside.argv, env=inside.env, stdin=subprocess.PIPE) as guest:
        until(lambda: node.kubelet.usage(node.uid(name))[0].memory > 140_000_000)
        guest.communicate(b"\n")


def test_stdin(node: Node) -> None:
    """A container that requests standard input has a pipe."""
    name = node.pod("sh", "-c", "read line; echo got $line", stdin=True)
    node.state(name, "running")
    Path(node.kubelet.stdin(node.uid(name), "main")).write_text("it\n")
    node.phase(name, "Succeeded")
    assert node.text(name) == "got it"
    assert node.kubelet.stdin(node.uid(name), "main") is None
