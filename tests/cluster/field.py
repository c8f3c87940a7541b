"""A namespace of a real cluster, with the training operators at work in it, and people who use it."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import yaml
from overhttp import OverHttp
from product import Product, product, until
from wire import Wire

from arena.errors import ArenaError, NotFound
from arena.kube import Cluster
from arena.local.machinery.runner import Runner
from arena.local.operators.kubeflow import pytorchjob, tfjob
from arena.local.operators.mpi import mpijob
from arena.resources import NAMESPACES, PODS, Resource

T = TypeVar("T")
Object = dict[str, Any]
IMAGE = os.environ.get("ARENA_TEST_IMAGE", "rig.local/python:3")
"""An image with python and sh that the nodes have or can pull."""
IDLE = "trap 'exit 0' TERM; sleep 600 & wait $!"
"""A shell command that does nothing, and ends on SIGTERM."""
RUNS = ("--image", IMAGE, "--image-pull-policy", "IfNotPresent")
ACCOUNTS = Resource("", "v1", "serviceaccounts", kind="ServiceAccount")
QUOTAS = Resource("", "v1", "resourcequotas", kind="ResourceQuota")
ROLES = Resource("rbac.authorization.k8s.io", "v1", "roles", kind="Role")
REVIEWS = Resource("authorization.k8s.io", "v1", "subjectaccessreviews", False, kind="SubjectAccessReview")
BINDINGS = Resource("rbac.authorization.k8s.io", "v1", "rolebindings", kind="RoleBinding")
JOBS = {
    "pytorchjob": Resource("kubeflow.org", "v1", "pytorchjobs", kind="PyTorchJob"),
    "tfjob": Resource("kubeflow.org", "v1", "tfjobs", kind="TFJob"),
    "mpijob": Resource("kubeflow.org", "v2beta1", "mpijobs", kind="MPIJob"),
}


class Field:
    """One namespace, and `arena` as used in it by several people."""

    def __init__(self, kube: Cluster, config: Path, namespace: str, home: Path, ending: ExitStack) -> None:
        self.kube = kube
        self.namespace = namespace
        self._config = config
        self._home = home
        self._ending = ending
        self.admin = self.person()

    def person(self, who: str = "", change: Callable[[Object], None] = lambda config: None) -> Product:
        """`arena` as somebody runs it.

        Args:
            who: whose kubeconfig, by its file's name; "" is the tests' own.
            change: what to change in a copy of it, whose context names this namespace already.
        """
        source = self._config.parent / who if who else self._config
        if not source.exists():
            pytest.skip(f"this cluster has no kubeconfig for {who}")
        config = yaml.safe_load(source.read_text(encoding="utf-8"))
        for one in config["contexts"]:
            one["context"]["namespace"] = self.namespace
        change(config)
        home = self._home / f"home-{uuid4().hex[:8]}"
        home.mkdir()
        file = home / "kubeconfig"
        file.write_text(yaml.safe_dump(config), encoding="utf-8")
        made = self._ending.enter_context(product(home))
        made.env["KUBECONFIG"] = str(file)
        return made

    def wired(self) -> tuple[Product, Wire]:
        """`arena` of one whose connections to the API server can be broken."""
        wires = []

        def change(config: Object) -> None:
            cluster = config["clusters"][0]["cluster"]
            server = urlsplit(cluster["server"])
            wires.append(Wire(server.hostname or "", server.port or 443))
            self._ending.callback(wires[0].close)
            cluster["server"] = f"https://{server.hostname}:{wires[0].port}"

        return self.person(change=change), wires[0]

    def submit(self, kind: str, name: str, command: str, *words: str) -> str:
        """Submit a job that runs in the tests' image, and go on."""
        return self.admin.must("submit", kind, "--name", name, *RUNS, *words, command)

    def job(self, name: str) -> Object:
        """The job as printed by `arena get -o json`."""
        found: Object = json.loads(self.admin.must("get", name, "-o", "json"))
        return found

    def pods(self, name: str) -> list[Object]:
        """The pods of a job, straight from the cluster."""
        return list(self.kube.list(PODS, self.namespace, f"training.kubeflow.org/job-name={name}"))

    def ready(self, name: str, count: int) -> None:
        """Wait until this number of pods of the job is running and ready."""
        until(
            lambda: sum(_holds(pod, "Ready") for pod in self.pods(name)) == count, 60, f"{count} pods ready"
        )

    def end(self, name: str) -> None:
        """Tell the chief of a job that idles to end well."""
        ended = self.admin.run("exec", name, "--", "sh", "-c", "kill -TERM 1")
        # The container's end may take along the shell that asked for it.
        assert ended.code in (0, 137), ended.err

    def finished(self, kind: str, name: str) -> None:
        """Wait until the job has succeeded or failed."""

        def done() -> bool:
            found = self.kube.get(JOBS[kind], self.namespace, name)
            return _holds(found, "Succeeded") or _holds(found, "Failed")

        until(done, 90, f"the end of {name}")

    def gone(self, resource: Resource, name: str) -> bool:
        """Whether the namespace has no such object."""
        try:
            self.kube.get(resource, self.namespace, name)
        except NotFound:
            return True
        return False

    def create(self, resource: Resource, name: str, **body: Any) -> None:
        """Create an object in the namespace, past arena."""
        typed = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}}
        self.kube.create(resource, self.namespace, typed | body)

    def quota(self, **hard: str) -> None:
        """Limit the namespace and wait until the cluster counts."""
        self.create(QUOTAS, "limits", spec={"hard": hard})
        until(lambda: "used" in (self.kube.get(QUOTAS, self.namespace, "limits").get("status") or {}))

    def grant(self, user: str) -> None:
        """Let a user work on jobs, pods and logs here, but neither read secrets nor enter pods."""
        verbs = ["get", "list", "watch", "create", "update", "patch", "delete"]
        plain = ["pods", "pods/log", "configmaps", "services", "events"]
        rules = [
            {"apiGroups": [""], "resources": plain, "verbs": verbs},
            {"apiGroups": ["apps", "kubeflow.org"], "resources": ["*"], "verbs": verbs},
        ]
        group = ROLES.group
        self.create(ROLES, "jobs", rules=rules)
        self.create(
            BINDINGS, "jobs",
            roleRef={"apiGroup": group, "kind": "Role", "name": "jobs"},
            subjects=[{"apiGroup": group, "kind": "User", "name": user}],
        )  # fmt: skip
        # The server learns of roles by a watch of its own, a moment later.
        until(lambda: self._may(user, "pods") and self._may(user, "pytorchjobs", "kubeflow.org"))

    def _may(self, user: str, plural: str, group: str = "") -> bool:
        attributes = {"namespace": self.namespace, "verb": "create", "group": group, "resource": plural}
        review = {
            "apiVersion": REVIEWS.api_version,
            "kind": REVIEWS.kind,
            "spec": {"user": user, "resourceAttributes": attributes},
        }
        return bool(self.kube.create(REVIEWS, None, review)["status"]["allowed"])


def _holds(obj: Object, condition: str) -> bool:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return any(one["type"] == condition and one["status"] == "True" for one in conditions)


@contextmanager
def field(kube: Cluster, config: Path, home: Path) -> Iterator[Field]:
    """A namespace with operators, removed afterwards with all that is in it."""
    name = f"arena-test-{uuid4().hex[:8]}"
    kube.create(NAMESPACES, None, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    runner = Runner(OverHttp(kube, name), operators=[one.operator() for one in (pytorchjob, tfjob, mpijob)])
    with ExitStack() as ending:
        ending.callback(_remove, kube, name)
        # Pods are refused until their namespace has its service account.
        until(lambda: [one for one in kube.list(ACCOUNTS, name) if one["metadata"]["name"] == "default"])
        runner.start()
        ending.callback(runner.stop)
        yield Field(kube, config, name, home, ending)


def _remove(kube: Cluster, namespace: str) -> None:
    """Remove the namespace, without waiting for programs that do not heed their end."""
    kube.delete(NAMESPACES, None, namespace)
    for pod in kube.list(PODS, namespace):
        with suppress(ArenaError):  # it went by itself
            kube.delete(PODS, namespace, pod["metadata"]["name"], grace=0)
