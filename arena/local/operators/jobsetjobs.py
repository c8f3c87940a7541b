"""The Jobs of a JobSet: what they are made of, how they are counted, and the Service that gives names."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

from arena.local.objects import PODS, Object, Objects, key
from arena.local.operators import conditions
from arena.local.operators import pods as facts

PREFIX = "jobset.sigs.k8s.io/"
NAME = f"{PREFIX}jobset-name"
REPLICATED = f"{PREFIX}replicatedjob-name"
ATTEMPT = f"{PREFIX}restart-attempt"


@dataclass
class Set:
    """One JobSet, read.

    Attributes:
        jobs: those that it owns, also of earlier attempts.
        attempt: how often it was started again.
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
        """The Jobs of this attempt that are not on their way out."""
        return [
            job
            for job in self.jobs
            if job["metadata"]["labels"].get(ATTEMPT) == str(self.attempt)
            and not job["metadata"].get("deletionTimestamp")
        ]

    def of(self, group: str) -> list[Object]:
        """The Jobs of a replicated job."""
        return [job for job in self.current if job["metadata"]["labels"][REPLICATED] == group]


def size(group: Object) -> int:
    """How many Jobs a replicated job is."""
    count = group.get("replicas")
    return 1 if count is None else int(count)


def holds(job: Object, kind: str) -> bool:
    """Whether a Job's condition is there and true."""
    return conditions.holds(job.get("status") or {}, kind)


def reason(job: Object) -> str:
    """Why a Job failed."""
    return str(conditions.find(job.get("status") or {}, "Failed").get("reason") or "")


def is_finished(job: Object) -> bool:
    """Whether a Job has succeeded or failed."""
    return holds(job, "Complete") or holds(job, "Failed")


def is_ready(job: Object) -> bool:
    """Whether as many of a Job's pods as it wants are ready or have succeeded."""
    status, spec = job.get("status") or {}, job["spec"]
    there = int(status.get("ready") or 0) + int(status.get("succeeded") or 0)
    return there >= int(spec.get("parallelism") or 1)


def counts(found: Set) -> list[Object]:
    """What the status says of each replicated job."""
    return [_count(str(group["name"]), found.of(str(group["name"]))) for group in found.groups]


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


def leftovers(objects: Objects, found: Set) -> bool:
    """Whether pods of earlier attempts are still there, or some that are on their way out."""
    pods = objects.list(PODS, key(found.obj)[0], f"{NAME}={found.name}")
    attempts = {pod["metadata"]["labels"].get(ATTEMPT) for pod in pods}
    return bool(attempts - {str(found.attempt)}) or any(map(facts.is_going, pods))


def bodies(found: Set, group: Object) -> Iterator[Object]:
    """The Jobs of a replicated job that are not there."""
    there = {job["metadata"]["name"] for job in found.jobs}
    for number in range(size(group)):
        name = f"{found.name}-{group['name']}-{number}"
        if name not in there:
            yield _body(found, group, number, name)


def _body(found: Set, group: Object, number: int, name: str) -> Object:
    template = copy.deepcopy(group["template"])
    meta, spec = template.get("metadata") or {}, template["spec"]
    pods = spec["template"]
    labels, notes = _labels(found, group, number), _notes(found)
    pods["metadata"] = _marked(pods.get("metadata") or {}, labels, notes)
    if (found.obj["spec"].get("network") or {}).get("enableDNSHostnames", True):
        pods["spec"]["subdomain"] = found.subdomain
    spec["suspend"] = False
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, **_marked(meta, labels, notes)},
        "spec": spec,
    }


def _marked(meta: Object, labels: dict[str, str], notes: dict[str, str]) -> Object:
    """Metadata with what tells the place in the JobSet, as labels and again as annotations."""
    return {
        "labels": {**(meta.get("labels") or {}), **labels},
        "annotations": {**(meta.get("annotations") or {}), **labels, **notes},
    }


def _labels(found: Set, group: Object, number: int) -> dict[str, str]:
    before = 0
    for one in found.groups:
        if one is group:
            break
        before += size(one)
    facts = {
        "jobset-name": found.name,
        "jobset-uid": found.obj["metadata"]["uid"],
        "replicatedjob-name": group["name"],
        "replicatedjob-replicas": size(group),
        "global-replicas": sum(map(size, found.groups)),
        "job-index": number,
        "job-global-index": before + number,
        "restart-attempt": found.attempt,
        "group-name": group.get("groupName") or "default",
    }
    return {f"{PREFIX}{name}": str(value) for name, value in facts.items()}


def _notes(found: Set) -> dict[str, str]:
    chief = found.obj["spec"].get("coordinator")
    if not chief:
        return {}
    place = f"{chief['replicatedJob']}-{chief.get('jobIndex') or 0}-{chief.get('podIndex') or 0}"
    return {f"{PREFIX}coordinator": f"{found.name}-{place}.{found.subdomain}"}


def service(found: Set) -> Object:
    """The headless Service; it names the ports of containers, so that the local cluster allots them."""
    containers = [
        one
        for group in found.groups
        for one in group["template"]["spec"]["template"]["spec"].get("containers") or []
    ]
    declared = [(port["containerPort"], port.get("protocol") or "TCP")
                for one in containers for port in one.get("ports") or []]  # fmt: skip
    ports = [
        {"name": f"port-{number}-{protocol.lower()}", "port": number, "protocol": protocol}
        for number, protocol in dict.fromkeys(declared)
    ]
    network = found.obj["spec"].get("network") or {}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": found.subdomain, "labels": {NAME: found.name}},
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": network.get("publishNotReadyAddresses", True),
            "selector": {NAME: found.name},
            **({"ports": ports} if ports else {}),
        },
    }
