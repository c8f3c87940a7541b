"""Probes against real programs."""

import sys

from bed import Node, until

SERVE = """
import http.server, os, sys, threading
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        good = self.path != '/health' or os.path.exists('ok')
        self.send_response(200 if good else 503); self.end_headers()
    def log_message(self, *a): pass
http.server.ThreadingHTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()
"""
FAST = {"periodSeconds": 1, "failureThreshold": 1}


def serve(node: Node, **probes: dict) -> str:
    return node.pod(sys.executable, "-c", SERVE, ports=[{"containerPort": 8080, "name": "web"}], **probes)


def ready(node: Node, name: str, wanted: bool) -> None:
    until(lambda: node.state(name, "running")["ready"] is wanted, what=f"ready {wanted}")


def test_http_readiness(node: Node) -> None:
    """A container is ready while its HTTP probe succeeds, asked by the port's name at the allotted port."""
    name = serve(node, readinessProbe={"httpGet": {"path": "/health", "port": "web"}, **FAST})
    ready(node, name, False)
    ok = node.home / "pods" / node.uid(name) / "work" / "ok"
    ok.touch()
    ready(node, name, True)
    ok.unlink()
    ready(node, name, False)
    until(lambda: any("statuscode: 503" in one["message"] for one in node.events(name, "Unhealthy")))
    conditions = {one["type"]: one for one in node.get(name)["status"]["conditions"]}
    assert conditions["Ready"]["reason"] == "ContainersNotReady"


def test_tcp_startup(node: Node) -> None:
    """A container has started once its port accepts."""
    name = serve(node, startupProbe={"tcpSocket": {"port": 8080}, "periodSeconds": 1})
    until(lambda: node.state(name, "running")["started"])
    ready(node, name, True)


def test_exec_liveness(node: Node) -> None:
    """A container that fails its liveness probe is ended and restarted."""
    probe = {"exec": {"command": ["test", "-e", "alive"]}, **FAST}
    name = node.pod(
        "sh",
        "-c",
        "test -e ran && touch alive; touch ran; exec sleep 1000",
        policy="Always",
        livenessProbe=probe,
    )
    until(lambda: node.state(name, "running")["restartCount"] == 1)
    assert "failed liveness probe" in node.event(name, "Killing")["message"]
    assert node.event(name, "Unhealthy")


def test_failed_startup(node: Node) -> None:
    """With Never a container whose startup probe fails ends, and so does its pod."""
    name = node.pod("sleep", "1000", startupProbe={"exec": {"command": ["false"]}, **FAST})
    node.phase(name, "Failed")


def test_probe_timeout(node: Node) -> None:
    """A probe's command that hangs counts as failed and is killed."""
    probe = {"exec": {"command": ["sleep", "999"]}, "timeoutSeconds": 1, **FAST}
    name = node.pod("sleep", "1000", readinessProbe=probe)
    assert "timed out after 1s" in node.event(name, "Unhealthy")["message"]
    ready(node, name, False)


def test_readiness_survives(idle: Node) -> None:
    """A fresh kubelet takes over who was ready."""
    idle.start()
    wait = ["sh", "-c", "until test -e up; do sleep 0.02; done"]
    probe = {"exec": {"command": wait}, "timeoutSeconds": 100, "periodSeconds": 1000}
    name = idle.pod("sh", "-c", "touch up; exec sleep 1000", readinessProbe=probe)
    ready(idle, name, True)
    idle.stop()
    (idle.home / "pods" / idle.uid(name) / "work" / "up").unlink()  # another probe would learn nothing
    idle.start()
    until(lambda: idle.kubelet._workers)
    assert idle.state(name, "running")["ready"] is True
