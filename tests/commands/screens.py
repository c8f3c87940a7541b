"""A session with a clock that stands still, and a cluster that is set as a stage is."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from arena.kube import Cluster
from arena.origin import Choice
from arena.resources import PODS, Resource
from arena.session import Session

PYTORCHJOBS = Resource("kubeflow.org", "v1", "pytorchjobs", kind="PyTorchJob")
NOON = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)


class Ended(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


class Fixed(Session):
    """A session with a cluster of the test's own and a clock that stands still."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        environ = {"HOME": str(folder), "KUBECONFIG": str(folder / "kubeconfig")}
        super().__init__(Choice(), environ, folder, lambda remark: None)
        self.given = cluster

    def cluster(self) -> Cluster:
        return self.given

    def now(self) -> datetime:
        return NOON

    def describe(self) -> str:
        return "the test's cluster"

    name = "the test's cluster"
    namespace = "default"


RUNNING = {
    "phase": "Running",
    "containerStatuses": [
        {"name": "pytorch", "ready": True, "restartCount": 0, "image": "i", "imageID": "",
         "state": {"running": {"startedAt": "2030-01-01T11:00:00Z"}}}
    ],
}  # fmt: skip
"""The status of a pod whose container runs."""


class Stage:
    """The cluster as the test sets it: jobs and pods with the states that operators would give them."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def job(self, name: str, *conditions: str, namespace: str = "default", **changes: Any) -> dict[str, Any]:
        """A PyTorchJob, made by somebody else, whose status has these conditions."""
        container = {"name": "pytorch", "image": "i", "command": ["true"]}
        container |= changes.pop("container", {})
        body = {
            "apiVersion": "kubeflow.org/v1",
            "kind": "PyTorchJob",
            "metadata": {"name": name, **changes},
            "spec": {
                "pytorchReplicaSpecs": {
                    "Master": {"replicas": 1, "template": {"spec": {"containers": [container]}}}
                }
            },
        }
        made = self.cluster.create(PYTORCHJOBS, namespace, body)
        if conditions:
            status = {
                "startTime": "2030-01-01T11:00:00Z",
                "conditions": [{"type": one, "status": "True", "reason": one} for one in conditions],
            }
            if {"Succeeded", "Failed"} & set(conditions):
                status["completionTime"] = "2030-01-01T11:30:00Z"
            made = self.cluster.patch(PYTORCHJOBS, namespace, name, {"status": status}, subresource="status")
        return made

    def pod(self, job: dict[str, Any], role: str = "master", **status: Any) -> dict[str, Any]:
        """A pod of the job with that status."""
        meta, namespace = job["metadata"], job["metadata"]["namespace"]
        name = f"{meta['name']}-{role}-0"
        labels = {
            "training.kubeflow.org/job-name": meta["name"],
            "training.kubeflow.org/operator-name": "pytorchjob-controller",
            "training.kubeflow.org/replica-type": role,
            "training.kubeflow.org/replica-index": "0",
            **({"training.kubeflow.org/job-role": "master"} if role == "master" else {}),
        }
        spec = job["spec"]["pytorchReplicaSpecs"]["Master"]["template"]["spec"]
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec}
        made = self.cluster.create(PODS, namespace, body)
        if status:
            made = self.cluster.patch(PODS, namespace, name, {"status": status}, subresource="status")
        return made
