"""A server of the API with a real node behind it, and kubectl to judge it."""

import contextlib
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from appthread import AppThread
from overtls import trust
from product import until

from arena.local import leftover_processes, tls
from arena.local.api import Api
from arena.local.api.app import make_app
from arena.local.api.fault_injection import Fault
from arena.local.node.kubelet import Kubelet
from arena.local.objects import PODS
from arena.local.state import Server, publish


class Rig:
    """An API server with a node; `home` is its folder."""

    def __init__(self, home: Path, api: Api) -> None:
        self.home = home
        self.api = api
        self.node = Kubelet(api, home)
        self.faults: list[Fault] = []
        self._app = AppThread(lambda: make_app(api, self.node, troubles=self.faults), tls=tls.context(home))
        self.trust = trust(home)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._app.port

    @property
    def url(self) -> str:
        """Where the server answers."""
        return f"https://127.0.0.1:{self.port}"

    def open(self, request: str | urllib.request.Request) -> Any:
        """The answer to a request for a URL."""
        return urllib.request.urlopen(request, timeout=20, context=self.trust)

    def __enter__(self) -> "Rig":
        self.node.start()
        self._app.__enter__()
        publish(Server(home=str(self.home), port=self.port, pid=os.getpid(), version="", started=0.0))
        return self

    def __exit__(self, *_: object) -> None:
        self._app.__exit__()
        self.node.stop()
        leftover_processes.kill(self.home, grace=0.2)

    def pod(self, name: str, *containers: dict[str, Any], **spec: Any) -> None:
        """Create a pod on the node."""
        full = [{"name": f"c{number}", "image": "none"} | one for number, one in enumerate(containers)]
        body = {"restartPolicy": "Never", "nodeName": "local", "containers": full} | spec
        self.api.create(PODS, {"metadata": {"name": name}, "spec": body}, "default")

    def run(self, name: str, *containers: dict[str, Any], **spec: Any) -> None:
        """Create a pod and wait until it runs."""
        self.pod(name, *containers, **spec)
        self.await_phase(name, "Running")

    def sh(self, name: str, script: str, **more: Any) -> None:
        """Run a pod of one container with a shell script."""
        self.run(name, {"command": ["sh", "-c", script]} | more)

    until = staticmethod(until)

    def await_phase(self, name: str, phase: str) -> None:
        """Wait until the pod has got there, or beyond."""
        phases = {"Running": ("Running", "Succeeded", "Failed")}.get(phase, (phase,))
        until(lambda: self.api.get(PODS, name, "default").get("status", {}).get("phase") in phases)

    def restarts(self, name: str) -> int:
        """How often the pod's first container was started again."""
        status = self.api.get(PODS, name, "default")["status"]
        return status["containerStatuses"][0]["restartCount"]

    def uid(self, name: str) -> str:
        """The pod's uid."""
        return self.api.get(PODS, name, "default")["metadata"]["uid"]

    def command(self, *args: str) -> list[str]:
        """A command line of kubectl for this server."""
        return ["kubectl", "--kubeconfig", str(self.home / "kubeconfig"), *args]

    def kubectl(self, *args: str, stdin: str = "") -> tuple[int, str, str]:
        """(exit code, stdout, stderr) of kubectl."""
        if shutil.which("kubectl") is None:
            pytest.skip("kubectl is not on PATH: the judge of this test")
        done = subprocess.run(self.command(*args), input=stdin, capture_output=True, text=True, timeout=100)
        return done.returncode, done.stdout, done.stderr

    @contextlib.contextmanager
    def background(self, *args: str, **how: Any) -> Iterator[subprocess.Popen[bytes]]:
        """Kubectl in the background, ended at last."""
        if shutil.which("kubectl") is None:
            pytest.skip("kubectl is not on PATH: the judge of this test")
        pipe = subprocess.PIPE
        with subprocess.Popen(self.command(*args), stdout=pipe, stderr=pipe, **how) as child:
            try:
                yield child
            finally:
                child.kill()


@pytest.fixture(scope="session")
def rig(tmp_path_factory) -> Iterator[Rig]:
    home = tmp_path_factory.mktemp("streams")
    with contextlib.closing(Api(home / "state.db")) as api, Rig(home, api) as one:
        yield one
