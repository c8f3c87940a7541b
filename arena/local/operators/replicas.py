"""A kubeflow.org job as replicas, and the pods and Services that each of them is."""

import copy
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from arena.local.objects import PODS, SERVICES, Object, Objects, Resource, key
from arena.local.operators import pods as facts
from arena.local.operators.writes import ensure, owned, remove

JOB_NAME = "training.kubeflow.org/job-name"
OPERATOR_NAME = "training.kubeflow.org/operator-name"
REPLICA_TYPE = "training.kubeflow.org/replica-type"
REPLICA_INDEX = "training.kubeflow.org/replica-index"
JOB_ROLE = "training.kubeflow.org/job-role"

LOOPBACK = "127.0.0.1"

Place = tuple[str, int]
"""A replica: its type as the spec writes it (`Worker`) and its index."""


@dataclass(frozen=True)
class Kind:
    """What distinguishes one kind of the training operator.

    Attributes:
        specs: the key of spec that holds the replica specs.
        types: the replica types in the order in which they are started.
        container: the name of the framework's container.
        port: name and number of the port that it gets when it declares none of that name.
        restart: the restart policy of a replica that names none.
        environment: the variables of one replica; applied to every container, or only to the
            framework's when `everywhere` is False.
        leader: the replica types whose end is the job's end.
        replaces: whether a pod that failed as a whole, such as an evicted one, is replaced where its
            policy lets programs start again; else it fails the job.
    """

    resource: Resource
    specs: str
    types: tuple[str, ...]
    container: str
    port: tuple[str, int]
    restart: str
    environment: "Callable[[Job, Place], dict[str, str]]"
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
    """One job: its object, read."""

    kind: Kind
    obj: Object
    addresses: dict[Place, tuple[str, int]] = field(default_factory=dict)
    """Where each replica's framework port is reached, once its Service exists."""

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.obj["metadata"]["name"])

    @property
    def parent(self) -> tuple[Resource, Object]:
        """What its pods and Services are owned by."""
        return self.kind.resource, self.obj

    @property
    def policy(self) -> Object:
        """Its runPolicy."""
        return self.obj["spec"].get("runPolicy") or {}

    @property
    def specs(self) -> dict[str, Object]:
        """Its replica specs, by type, in the kind's order."""
        given: Mapping[str, Object] = self.obj["spec"].get(self.kind.specs) or {}
        return {name: given[name] for name in self.kind.types if name in given}

    @property
    def places(self) -> list[Place]:
        """Its replicas."""
        return [(name, index) for name in self.specs for index in range(self.size(name))]

    def size(self, replica: str) -> int:
        """How many replicas of a type it wants."""
        wanted = self.specs.get(replica, {"replicas": 0}).get("replicas")
        return 1 if wanted is None else int(wanted)

    def restart(self, replica: str) -> str:
        """The restart policy of a replica type."""
        return str(self.specs[replica].get("restartPolicy") or self.kind.restart)

    def child(self, place: Place) -> str:
        """The name of a replica's pod and Service."""
        return f"{self.name}-{place[0].lower()}-{place[1]}"

    def meeting(self, place: Place) -> tuple[str, int]:
        """Host and port where others meet a replica; by its short name where names resolve."""
        host, port = self.addresses[place]
        return (host if host == LOOPBACK else self.child(place)), port

    def labels(self) -> dict[str, str]:
        """The labels that all its pods and Services carry."""
        return {JOB_NAME: self.name, OPERATOR_NAME: self.kind.operator_name}

    def leads(self, place: Place) -> bool:
        """Whether this replica carries job-role=master."""
        leaders = [name for name in self.kind.leader if name in self.specs]
        return place[0] in leaders if leaders else place == ("Worker", 0)


def selector(labels: Mapping[str, str]) -> str:
    """Labels as a label selector."""
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items()))


def find(objects: Objects, job: Job, resource: Resource = PODS) -> list[Object]:
    """The job's pods (or Services), those on their way out too."""
    return owned(objects, resource, job.obj, selector(job.labels()))


def place_of(job: Job, obj: Object) -> Place | None:
    """Which replica a pod or Service is; None when the labels do not tell."""
    labels = obj["metadata"].get("labels") or {}
    index = labels.get(REPLICA_INDEX, "")
    for name in job.kind.types:
        if name.lower() == labels.get(REPLICA_TYPE) and index.isdigit():
            return name, int(index)
    return None


def all_of(job: Job, name: str, pods: Collection[Object]) -> bool:
    """Whether all replicas of a type, of which there must be one, are among the pods."""
    wanted = {place for place in job.places if place[0] == name}
    return bool(wanted) and wanted <= {place_of(job, pod) for pod in pods}


def make_services(objects: Objects, job: Job) -> None:
    """A headless Service for every replica, none for surplus ones; fills `job.addresses`."""
    namespace = key(job.obj)[0]
    wanted = set(job.places)
    there = {place_of(job, service): service for service in find(objects, job, SERVICES)}
    for place, service in there.items():
        if place not in wanted:
            remove(objects, SERVICES, service)
    for place in job.places:
        number = _port(job, place)
        service = there.get(place) or ensure(objects, SERVICES, _service(job, place), job.parent)
        real = facts.ports(service).get(number)
        job.addresses[place] = (LOOPBACK, real) if real else (f"{job.child(place)}.{namespace}.svc", number)


def _port(job: Job, place: Place) -> int:
    """The number of the framework's port."""
    name = job.kind.port[0]
    return next(int(port["containerPort"]) for port in _ports(job, place) if port.get("name") == name)


def _declared(job: Job, place: Place) -> list[Object]:
    containers = job.specs[place[0]]["template"]["spec"]["containers"]
    mine = [one for one in containers if one["name"] == job.kind.container]
    return [port for one in mine for port in one.get("ports") or []]


def _ports(job: Job, place: Place) -> list[Object]:
    """The framework container's ports, with the framework's own."""
    declared = _declared(job, place)
    name, number = job.kind.port
    if any(port.get("name") == name for port in declared):
        return declared
    return [*declared, {"name": name, "containerPort": number, "protocol": "TCP"}]


def _labels(job: Job, place: Place) -> dict[str, str]:
    labels = {**job.labels(), REPLICA_TYPE: place[0].lower(), REPLICA_INDEX: str(place[1])}
    return {**labels, JOB_ROLE: "master"} if job.leads(place) else labels


def _service(job: Job, place: Place) -> Object:
    ports = [
        {
            "name": port.get("name") or f"port-{port['containerPort']}",
            "port": port["containerPort"],
            "protocol": port.get("protocol", "TCP"),
        }
        for port in _ports(job, place)
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": job.child(place), "labels": _labels(job, place)},
        "spec": {"clusterIP": "None", "selector": _labels(job, place), "ports": ports},
    }


def pod(job: Job, place: Place) -> Object:
    """The pod of a replica."""
    template = copy.deepcopy(job.specs[place[0]]["template"])
    meta = template.get("metadata") or {}
    spec = template["spec"]
    policy = job.restart(place[0])
    spec["restartPolicy"] = "Never" if policy == "ExitCode" else policy
    variables = job.kind.environment(job, place)
    for container in spec["containers"]:
        framework = container["name"] == job.kind.container
        if framework:
            container["ports"] = copy.deepcopy(_ports(job, place))
        if framework or job.kind.everywhere:
            set_env(container, variables)
    return {
        "metadata": {
            "name": job.child(place),
            "labels": {**(meta.get("labels") or {}), **_labels(job, place)},
            "annotations": dict(meta.get("annotations") or {}),
        },
        "spec": spec,
    }


def set_env(container: Object, variables: Mapping[str, str]) -> None:
    """Set variables of a container in place; what the user gave under these names gives way."""
    kept = [one for one in container.get("env") or [] if one["name"] not in variables]
    env = [*kept, *({"name": name, "value": value} for name, value in variables.items())]
    if env:
        container["env"] = env


def clean(objects: Objects, job: Job, keep_finished: bool) -> None:
    """Delete the job's pods, each with its Service; those that ended stay when `keep_finished`."""
    kept = set()
    for one in find(objects, job):
        if keep_finished and facts.is_finished(one):
            kept.add(one["metadata"]["name"])
        else:
            remove(objects, PODS, one)
    for service in find(objects, job, SERVICES):
        if service["metadata"]["name"] not in kept:
            remove(objects, SERVICES, service)
