"""The replicas of a kubeflow.org job, and the pod and the Service of each."""

import copy
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from arena.digits import whole
from arena.local.machinery import pod_status
from arena.local.machinery.loopback import allotted_ports
from arena.local.machinery.pod_template import replica_count, selector, set_env
from arena.local.machinery.training_labels import (
    JOB_NAME,
    JOB_ROLE,
    OPERATOR_NAME,
    REPLICA_INDEX,
    REPLICA_TYPE,
)
from arena.local.machinery.writes import ensure, owned, remove
from arena.local.objects import LOOPBACK, PODS, SERVICES, Object, Objects, Resource, key
from arena.tuples import NamedTuple


class Replica(NamedTuple):
    """A replica: its type as the spec writes it (`Worker`) and its number."""

    type: str
    number: int


@dataclass(frozen=True)
class Kind:
    """The differences of one kind of the training operator.

    Attributes:
        specs: the key of spec that holds the replica specs.
        types: the replica types in the order in which they are started.
        container: the name of the framework's container.
        port: name and number of the port that it gets if it declares none with that name.
        restart: the default restart policy of a replica.
        environment: the variables of one replica; applied to every container, or only to the
            framework's when `everywhere` is False.
        leader: the replica types that end the job when they end.
        replaces: whether a pod that failed as a whole, such as an evicted one, is replaced if its policy
            allows restarts; otherwise it fails the job.
    """

    resource: Resource
    specs: str
    types: tuple[str, ...]
    container: str
    port: tuple[str, int]
    restart: str
    environment: "Callable[[Job, Replica], dict[str, str]]"
    everywhere: bool
    leader: tuple[str, ...]
    has_succeeded: "Callable[[Job, list[Object]], bool]"
    replaces: bool = True

    @property
    def operator_name(self) -> str:
        """The value of the label operator-name."""
        return f"{self.resource.kind.lower()}-controller"


@dataclass
class Job:
    """One job: its object, and the addresses of its replicas."""

    kind: Kind
    obj: Object
    addresses: dict[Replica, tuple[str, int]] = field(default_factory=dict)
    """Where each replica's framework port is reached, once its Service exists."""

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.obj["metadata"]["name"])

    @property
    def parent(self) -> tuple[Resource, Object]:
        """The owner of its pods and Services."""
        return self.kind.resource, self.obj

    @property
    def specs(self) -> dict[str, Object]:
        """Its replica specs, by type, in the kind's order."""
        given: Mapping[str, Object] = self.obj["spec"].get(self.kind.specs) or {}
        return {name: given[name] for name in self.kind.types if name in given}

    @property
    def replicas(self) -> list[Replica]:
        """Its replicas."""
        return [Replica(name, index) for name in self.specs for index in range(self.size(name))]

    def size(self, replica: str) -> int:
        """The number of replicas of a type."""
        return replica_count(self.specs.get(replica, {"replicas": 0}))

    def restart_policy(self, replica: str) -> str:
        """The restart policy of a replica type."""
        return str(self.specs[replica].get("restartPolicy") or self.kind.restart)

    def name_of(self, replica: Replica) -> str:
        """The name of a replica's pod and Service."""
        return f"{self.name}-{replica.type.lower()}-{replica.number}"

    def address(self, replica: Replica) -> tuple[str, int]:
        """The host and port of a replica; the host is a short name if names resolve."""
        host, port = self.addresses[replica]
        return (host if host == LOOPBACK else self.name_of(replica)), port

    def labels(self) -> dict[str, str]:
        """The labels that all its pods and Services carry."""
        return {JOB_NAME: self.name, OPERATOR_NAME: self.kind.operator_name}

    def leads(self, replica: Replica) -> bool:
        """Whether this replica carries job-role=master."""
        leaders = [name for name in self.kind.leader if name in self.specs]
        return replica.type in leaders if leaders else replica == ("Worker", 0)


def find(objects: Objects, job: Job, resource: Resource = PODS) -> list[Object]:
    """The job's pods (or Services), including those that are being deleted."""
    return owned(objects, resource, job.obj, selector(job.labels()))


def replica_of(job: Job, obj: Object) -> Replica | None:
    """The replica that a pod or Service belongs to; None if its labels do not show it."""
    labels = obj["metadata"].get("labels") or {}
    index = whole(labels.get(REPLICA_INDEX))
    for name in job.kind.types:
        if name.lower() == labels.get(REPLICA_TYPE) and index is not None:
            return Replica(name, index)
    return None


def all_of(job: Job, name: str, pods: Collection[Object]) -> bool:
    """Whether all replicas of a type, of which there must be one, are among the pods."""
    wanted = {replica for replica in job.replicas if replica.type == name}
    return bool(wanted) and wanted <= {replica_of(job, pod) for pod in pods}


def make_services(objects: Objects, job: Job) -> None:
    """Create a headless Service for every replica, remove surplus ones, and fill `job.addresses`."""
    namespace = key(job.obj)[0]
    wanted = set(job.replicas)
    there = {replica_of(job, service): service for service in find(objects, job, SERVICES)}
    for replica, service in there.items():
        if replica not in wanted:
            remove(objects, SERVICES, service)
    for replica in job.replicas:
        number = _port(job, replica)
        service = there.get(replica) or ensure(objects, SERVICES, _service(job, replica), job.parent)
        real = allotted_ports(service).get(number)
        name = f"{job.name_of(replica)}.{namespace}.svc"
        job.addresses[replica] = (LOOPBACK, real) if real else (name, number)


def _port(job: Job, replica: Replica) -> int:
    """The number of the framework's port."""
    name = job.kind.port[0]
    return next(int(port["containerPort"]) for port in _ports(job, replica) if port.get("name") == name)


def _declared(job: Job, replica: Replica) -> list[Object]:
    containers = job.specs[replica.type]["template"]["spec"]["containers"]
    mine = [one for one in containers if one["name"] == job.kind.container]
    return [port for one in mine for port in one.get("ports") or []]


def _ports(job: Job, replica: Replica) -> list[Object]:
    """The ports of the framework's container, including the framework's own."""
    declared = _declared(job, replica)
    name, number = job.kind.port
    if any(port.get("name") == name for port in declared):
        return declared
    return [*declared, {"name": name, "containerPort": number, "protocol": "TCP"}]


def _labels(job: Job, replica: Replica) -> dict[str, str]:
    labels = {**job.labels(), REPLICA_TYPE: replica.type.lower(), REPLICA_INDEX: str(replica.number)}
    return {**labels, JOB_ROLE: "master"} if job.leads(replica) else labels


def _service(job: Job, replica: Replica) -> Object:
    ports = [
        {
            "name": port.get("name") or f"port-{port['containerPort']}",
            "port": port["containerPort"],
            "protocol": port.get("protocol", "TCP"),
        }
        for port in _ports(job, replica)
    ]
    return {
        "metadata": {"name": job.name_of(replica), "labels": _labels(job, replica)},
        "spec": {"clusterIP": "None", "selector": _labels(job, replica), "ports": ports},
    }


def pod(job: Job, replica: Replica) -> Object:
    """The pod of a replica."""
    template = copy.deepcopy(job.specs[replica.type]["template"])
    meta = template.get("metadata") or {}
    spec = template["spec"]
    policy = job.restart_policy(replica.type)
    spec["restartPolicy"] = "Never" if policy == "ExitCode" else policy
    variables = job.kind.environment(job, replica)
    for container in spec["containers"]:
        framework = container["name"] == job.kind.container
        if framework:
            container["ports"] = copy.deepcopy(_ports(job, replica))
        if framework or job.kind.everywhere:
            set_env(container, variables)
    return {
        "metadata": {
            "name": job.name_of(replica),
            "labels": {**(meta.get("labels") or {}), **_labels(job, replica)},
            "annotations": dict(meta.get("annotations") or {}),
        },
        "spec": spec,
    }


def clean(objects: Objects, job: Job, keep_finished: bool) -> None:
    """Delete the job's pods and their Services; with `keep_finished`, pods that have ended stay."""
    kept = set()
    for one in find(objects, job):
        if keep_finished and pod_status.is_finished(one):
            kept.add(one["metadata"]["name"])
        else:
            remove(objects, PODS, one)
    for service in find(objects, job, SERVICES):
        if service["metadata"]["name"] not in kept:
            remove(objects, SERVICES, service)
