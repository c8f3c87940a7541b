"""The test bed of the node: a kubelet over a real API, in this process or in one that can be killed."""

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from product import until

from arena.local import objects
from arena.local.api import Api
from arena.local.node import processes
from arena.local.node.kubelet import Kubelet
from arena.local.node.node_context import Pace
from arena.local.objects import EVENTS, PODS
from arena.operating_system import is_running

PYTHON = sys.executable
PORTS = range(first := 20000 + os.getpid() * 97 % 9900, first + 100)
"""Loopback ports that other runs of these tests on this machine hardly use too."""
QUICK = Pace(backoff=0.05, ceiling=0.2, retry=0.05)


def collectors(home: Path) -> list[psutil.Process]:
    """The collectors at work below a state folder."""
    found = []
    for one in psutil.process_iter():
        try:
            argv = one.cmdline()
        except psutil.Error:
            continue
        if any(part.endswith("/collector.py") for part in argv) and argv[-1].startswith(f"{home}/"):
            found.append(one)
    return found


SERVER = """
import json, sys
from pathlib import Path
from arena.local import objects
from arena.local.api import Api
from arena.local.node.kubelet import Kubelet
from arena.local.node.node_context import Pace
home = Path(sys.argv[1])
api = Api(home / "state.db")
Kubelet(api, home, gpus=4, pace=Pace(backoff=0.05, ceiling=0.2, retry=0.05)).start()
for line in sys.stdin:
    method, resource, args, kwargs = json.loads(line)
    print(json.dumps(getattr(api, method)(objects.Resource(*resource), *args, **kwargs)), flush=True)
"""


class Server:
    """API and kubelet in a process of their own; speaks for the API."""

    def __init__(self, home: Path) -> None:
        command = [sys.executable, "-c", SERVER, str(home)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, text=True
        )

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(resource: objects.Resource, *args: Any, **kwargs: Any) -> Any:
            self.process.stdin.write(json.dumps([method, resource, args, kwargs]) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())

        return call

    def close(self) -> None:
        """Kill it."""
        self.process.kill()
        with self.process:
            pass


class Node:
    """What a test does with a node: make pods, see what became of them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.api: Any = Api(home / "state.db", PORTS)
        self.kubelet: Kubelet | None = None
        self.uids: set[str] = set()
        self.names = itertools.count()

    def start(self, **how: Any) -> Kubelet:
        """Start a kubelet in this process."""
        self.kubelet = Kubelet(self.api, self.home, **{"pace": QUICK, "gpus": 4, **how})
        self.kubelet.start()
        return self.kubelet

    def serve(self) -> None:
        """Let API and kubelet run in a process of their own, until `kill`."""
        self.api.close()
        self.api = Server(self.home)

    def kill(self) -> None:
        """Kill the process that `serve` started; the API is this process's again, without kubelet."""
        self.api.close()
        self.api = Api(self.home / "state.db", PORTS)

    def stop(self) -> None:
        """Stop the kubelet of this process."""
        if self.kubelet:
            self.kubelet.stop()
            self.kubelet = None

    def pod(
        self, *command: str, policy: str = "Never", meta: Any = None, spec: Any = None, **fields: Any
    ) -> str:
        """Create a bound pod with one container `main`; its name."""
        name = f"pod-{next(self.names)}"
        container = {"name": "main", "image": "none", **fields}
        if command:
            container["command"] = list(command)
        self.create(name, {"containers": [container], "restartPolicy": policy, **(spec or {})}, meta)
        return name

    def create(self, name: str, spec: Any, meta: Any = None) -> Any:
        """Create a bound pod."""
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            container.setdefault("image", "none")
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "default", **(meta or {})},
            "spec": {"terminationGracePeriodSeconds": 5, **spec, "nodeName": "local"},
        }
        made = self.api.create(PODS, body, "default")
        self.uids.add(made["metadata"]["uid"])
        return made

    def get(self, name: str) -> Any:
        """The pod, or None."""
        return self.api.get(PODS, name, "default")

    def uid(self, name: str) -> str:
        """Its uid."""
        return self.get(name)["metadata"]["uid"]

    def phase(self, name: str, *wanted: str, seconds: float = 60) -> Any:
        """Wait for the pod to have one of these phases; the pod."""

        def reached() -> Any:
            pod = self.get(name)
            return pod if (pod.get("status") or {}).get("phase") in wanted else None

        return until(reached, seconds, f"{name} {wanted}")

    def state(self, name: str, kind: str, container: str = "main", seconds: float = 60) -> Any:
        """Wait for a container's state `waiting`, `running` or `terminated`; its status."""

        def reached() -> Any:
            for one in (self.get(name).get("status") or {}).get("containerStatuses") or []:
                if one["name"] == container and kind in one["state"]:
                    return one
            return None

        return until(reached, seconds, f"{name} {kind}")

    def text(self, name: str, container: str = "main", previous: bool = False) -> str:
        """The log's text without times."""
        path = self.home / "pods" / self.uid(name) / "containers" / container
        number = sorted(int(one.name) for one in path.iterdir() if one.name.isdigit())[-1 - previous]
        lines = (path / str(number) / "log").read_text().splitlines()
        return "\n".join(line.split(" ", 3)[3] for line in lines)

    def pids(self, name: str, container: str = "main", number: int = 0) -> Any:
        """The `pid` file of a run, once it is there."""
        path = self.home / "pods" / self.uid(name) / "containers" / container / str(number) / "pid"
        until(path.exists, what=f"{path}")
        return json.loads(path.read_text())

    def events(self, name: str, reason: str = "") -> list[Any]:
        """The events about a pod."""
        found = [one for one in self.api.list(EVENTS, "default") if one["involvedObject"]["name"] == name]
        return [one for one in found if reason in ("", one["reason"])]

    def event(self, name: str, reason: str) -> Any:
        """Wait for an event."""
        return until(lambda: self.events(name, reason), what=f"event {reason}")[0]

    def close(self) -> None:
        """End everything, processes of pods included."""
        self.stop()
        for uid in self.uids:
            for supervisor in self.home.glob(f"pods/{uid}/containers/*/*/pid"):
                pid = json.loads(supervisor.read_text())
                if is_running(pid["supervisor"], pid["supervisor_start"]):
                    os.kill(pid["supervisor"], signal.SIGKILL)
            processes.kill_marked(uid)
        for one in collectors(self.home):
            one.kill()
        self.api.close()
