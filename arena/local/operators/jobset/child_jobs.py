"""The Jobs of a JobSet: their manifests, their counts, and the Service that gives their pods names."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

from arena.local.machinery import conditions, pod_status
from arena.local.machinery.pod_template import replica_count
from arena.local.objects import PODS, Object, Objects, key

PREFIX = "jobset.sigs.k8s.io/"
NAME = f"{PREFIX}jobset-name"
REPLICATED = f"{PREFIX}replicatedjob-name"
ATTEMPT = f"{PREFIX}restart-attempt"


@dataclass
class Snapshot:
    """A JobSet and its Jobs, as read by a pass.

    Attributes:
        jobs: those that it owns, also of earlier attempts.
        attempt: the number of restarts.
    """

    obj: Object
    jobs: list[Object]
    attempt: int

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.obj["metadata"]["name"])

    @property
    def groups(self) -> list[Object]:
        """Its replicated jobs."""
        return self.obj["spec"].get("replicatedJobs") or []

    @property
    def subdomain(self) -> str:
        """The name of the Service by which the pods find each other."""
        return str((self.obj["spec"].get("network") or {}).get("subdomain") or self.name)

    @property
    def current(self) -> list[Object]:
        """The Jobs of this attempt that are not being deleted."""
        return [
            job
            for job in self.jobs
            if label(job, ATTEMPT) == str(self.attempt) and not job["metadata"].get("deletionTimestamp")
        ]

    def of(self, group: str) -> list[Object]:
        """The Jobs of a replicated job."""
        return [job for job in self.current if label(job, REPLICATED) == group]


def label(obj: Object, name: str) -> str:
    """A label of a Job or pod; "" if it was removed."""
    return str((obj["metadata"].get("labels") or {}).get(name) or "")


def size(group: Object) -> int:
    """The number of Jobs of a replicated job."""
    return replica_count(group)


def holds(job: Object, kind: str) -> bool:
    """Whether a condition of a Job holds."""
    return conditions.holds(job.get("status") or {}, kind)


def reason(job: Object) -> str:
    """Why a Job failed."""
    return str(conditions.find(job.get("status") or {}, "Failed").get("reason") or "")


def is_finished(job: Object) -> bool:
    """Whether a Job has succeeded or failed."""
    return holds(job, "Complete") or holds(job, "Failed")


def is_ready(job: Object) -> bool:
    """Whether enough pods of a Job are ready or have succeeded."""
    status, spec = job.get("status") or {}, job["spec"]
    there = int(status.get("ready") or 0) + int(status.get("succeeded") or 0)
    return there >= int(spec.get("parallelism") or 1)


def counts(snapshot: Snapshot) -> list[Object]:
    """The status of each replicated job."""
    return [_count(str(group["name"]), snapshot.of(str(group["name"]))) for group in snapshot.groups]


def _count(name: str, jobs: list[Object]) -> Object:
    alive = [job for job in jobs if not is_finished(job)]
    return {
        "name": name,
        "ready": sum(map(is_ready, alive)),
        "succeeded": sum(holds(job, "Complete") for job in jobs),
        "failed": sum(holds(job, "Failed") for job in jobs),
        "active": sum(int((job.get("status") or {}).get("active") or 0) > 0 for job in alive),
        "suspended": sum(bool(job["spec"].get("suspend")) for job in alive),
    }


def leftovers(objects: Objects, snapshot: Snapshot) -> bool:
    """Whether pods of earlier attempts, or pods that are being deleted, still exist."""
    pods = objects.list(PODS, key(snapshot.obj)[0], f"{NAME}={snapshot.name}")
    attempts = {label(pod, ATTEMPT) for pod in pods}
    return bool(attempts - {str(snapshot.attempt)}) or any(map(pod_status.is_going, pods))


def bodies(snapshot: Snapshot, group: Object) -> Iterator[Object]:
    """The missing Jobs of a replicated job."""
    there = {job["metadata"]["name"] for job in snapshot.jobs}
    for number in range(size(group)):
        name = f"{snapshot.name}-{group['name']}-{number}"
        if name not in there:
            yield _body(snapshot, group, number, name)


def _body(snapshot: Snapshot, group: Object, number: int, name: str) -> Object:
    template = copy.deepcopy(group["template"])
    meta, spec = template.get("metadata") or {}, template["spec"]
    pods = spec["template"]
    labels, notes = _labels(snapshot, group, number), _notes(snapshot)
    pods["metadata"] = _marked(pods.get("metadata") or {}, labels, notes)
    if (snapshot.obj["spec"].get("network") or {}).get("enableDNSHostnames", True):
        pods["spec"]["subdomain"] = snapshot.subdomain
    spec["suspend"] = False
    return {
        "metadata": {"name": name, **_marked(meta, labels, notes)},
        "spec": spec,
    }


def _marked(meta: Object, labels: dict[str, str], notes: dict[str, str]) -> Object:
    """Metadata that identify the Job within the JobSet, as labels and again as annotations."""
    return {
        "labels": {**(meta.get("labels") or {}), **labels},
        "annotations": {**(meta.get("annotations") or {}), **labels, **notes},
    }


def _labels(snapshot: Snapshot, group: Object, number: int) -> dict[str, str]:
    before = 0
    for one in snapshot.groups:
        if one is group:
            break
        before += size(one)
    facts = {
        "jobset-name": snapshot.name,
        "jobset-uid": snapshot.obj["metadata"]["uid"],
        "replicatedjob-name": group["name"],
        "replicatedjob-replicas": size(group),
        "global-replicas": sum(map(size, snapshot.groups)),
        "job-index": number,
        "job-global-index": before + number,
        "restart-attempt": snapshot.attempt,
        "group-name": group.get("groupName") or "default",
    }
    return {f"{PREFIX}{name}": str(value) for name, value in facts.items()}


def _notes(snapshot: Snapshot) -> dict[str, str]:
    chief = snapshot.obj["spec"].get("coordinator")
    if not chief:
        return {}
    place = f"{chief['replicatedJob']}-{chief.get('jobIndex') or 0}-{chief.get('podIndex') or 0}"
    return {f"{PREFIX}coordinator": f"{snapshot.name}-{place}.{snapshot.subdomain}"}


def service(snapshot: Snapshot) -> Object:
    """The headless Service; it lists the containers' ports, so that the local cluster allots them."""
    containers = [
        one
        for group in snapshot.groups
        for one in group["template"]["spec"]["template"]["spec"].get("containers") or []
    ]
    declared = [(port["containerPort"], port.get("protocol") or "TCP")
                for one in containers for port in one.get("ports") or []]  # fmt: skip
    ports = [
        {"name": f"port-{number}-{protocol.lower()}", "port": number, "protocol": protocol}
        for number, protocol in dict.fromkeys(declared)
    ]
    network = snapshot.obj["spec"].get("network") or {}
    return {
        "metadata": {"name": snapshot.subdomain, "labels": {NAME: snapshot.name}},
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": network.get("publishNotReadyAddresses", True),
            "selector": {NAME: snapshot.name},
            **({"ports": ports} if ports else {}),
        },
    }
