"""A real API with the operators on it, a clock that is set by hand, and a kubelet played by the test."""

from datetime import datetime, timedelta, timezone

import pytest
import typed
from katib_bed import sweeps  # noqa: F401 - a fixture

from arena.local.api import Api
from arena.local.machinery.clock import stamp
from arena.local.machinery.runner import Runner
from arena.local.objects import EVENTS, NODES, PODS, key

START = datetime(2026, 1, 31, 12, 0, 0, tzinfo=timezone.utc)


class Bench:
    """One API, one runner, one clock; the methods named after a kubelet's deeds write pod statuses."""

    namespace = "default"

    def __init__(self, objects, settle=0.0):
        self.objects = objects
        self.now = START
        self.settle = settle
        self.runner = self.new_runner()

    def new_runner(self, objects=None):
        """A runner that knows nothing yet."""
        return Runner(objects or self.objects, clock=lambda: self.now)

    def settled(self):
        """Let the operators work until nothing is left to do."""
        self.runner.run_until_idle(self.settle)
        return self

    def later(self, seconds):
        """Move the clock and let the operators work."""
        self.now += timedelta(seconds=seconds)
        return self.settled()

    def submit(self, resource, body):
        """Create an object and let the operators work; the object as it is then."""
        made = self.objects.create(resource, body, body["metadata"].get("namespace", "default"))
        self.settled()
        return self.objects.get(resource, *reversed(key(made)))

    def read(self, resource, name):
        """The object, or None."""
        return self.objects.get(resource, name, self.namespace)

    def status(self, resource, name):
        """The object's status."""
        return self.read(resource, name).get("status") or {}

    def pods(self, labels=""):
        """Name -> pod."""
        found = self.objects.list(PODS, self.namespace, labels)
        return {pod["metadata"]["name"]: pod for pod in found}

    def node(self, name="local", **capacity):
        """A ready node."""
        allocatable = {"cpu": "8", "memory": "16Gi", "pods": "110", **capacity}
        self.objects.create(NODES, {"metadata": {"name": name}, "spec": {}})
        ready = [{"type": "Ready", "status": "True"}]
        status = {"allocatable": allocatable, "capacity": allocatable, "conditions": ready}
        self.objects.patch(NODES, name, {"status": status}, None, "status")
        return self

    def run(self, *names):
        """The kubelet: these pods run and are ready."""
        for name in names:
            state = {"running": {"startedAt": stamp(self.now)}}
            self._report(name, "Running", state, ready=True)
        return self.settled()

    def restart(self, name, times):
        """The kubelet: it started this pod's containers again."""
        state = {"running": {"startedAt": stamp(self.now)}}
        self._report(name, "Running", state, ready=True, restarts=times)
        return self.settled()

    def end(self, *names, code=0):
        """The kubelet: these pods ended with an exit code."""
        for name in names:
            state = {"terminated": {"exitCode": code, "finishedAt": stamp(self.now)}}
            self._report(name, "Failed" if code else "Succeeded", state)
        return self.settled()

    def bury(self):
        """The kubelet: deleted pods have ended."""
        for name, pod in self.pods().items():
            if pod["metadata"].get("deletionTimestamp"):
                self.objects.delete(PODS, name, self.namespace, grace=0)
        return self.settled()

    def _report(self, name, phase, state, ready=False, restarts=0):
        pod = self.objects.get(PODS, name, self.namespace)
        shared = {"state": state, "restartCount": restarts, "ready": ready, "imageID": ""}
        statuses = [
            {"name": one["name"], "image": one["image"], **shared} for one in pod["spec"]["containers"]
        ]
        old = (pod.get("status") or {}).get("conditions") or []
        kept = [one for one in old if one["type"] != "Ready"]
        condition = {
            "type": "Ready",
            "status": "True" if ready else "False",
            "lastTransitionTime": stamp(self.now),
        }
        status = {"phase": phase, "containerStatuses": statuses, "conditions": [*kept, condition]}
        self.objects.patch(PODS, name, {"status": status}, self.namespace, "status")

    def holding(self, resource, name):
        """The types of an object's conditions that are True."""
        conditions = self.status(resource, name).get("conditions", [])
        return {one["type"] for one in conditions if one["status"] == "True"}

    def env(self, name):
        """The variables of a pod's first container."""
        container = self.read(PODS, name)["spec"]["containers"][0]
        return {one["name"]: one.get("value") for one in container.get("env", [])}

    @staticmethod
    def template(container, labels=None, **fields):
        """A pod template."""
        pod = {"containers": [{"name": container, "image": "example/x:1", "command": ["train"], **fields}]}
        return {"metadata": {"labels": labels or {}}, "spec": pod}

    def replica(self, count, container, **fields):
        """A replica spec."""
        return {"replicas": count, "template": self.template(container), **fields}

    def events(self, name):
        """The reasons of the Events on objects of that name, in the order of their first time."""
        found = self.objects.list(EVENTS, self.namespace)
        mine = [one for one in found if one["involvedObject"]["name"] == name]
        return [one["reason"] for one in mine]

    def messages(self, name, reason):
        """The messages of the Events on objects of that name."""
        found = self.objects.list(EVENTS, self.namespace)
        return [
            one["message"]
            for one in found
            if one["involvedObject"]["name"] == name and one["reason"] == reason
        ]


@pytest.fixture
def api(request):
    """`parametrize("api", [range(0)], indirect=True)`: no loopback ports are allotted, as on a cluster.

    In the end, the typed client of Kubernetes must read all that the test has made.
    """
    found = Api(":memory:", getattr(request, "param", range(20000, 30000)))
    yield found
    typed.read(found)
    found.close()


@pytest.fixture
def bench(api):
    made = Bench(api)
    yield made
    made.runner.stop()
