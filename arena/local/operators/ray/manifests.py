"""The manifests of a RayJob: head, workers, their Service and token.

All nodes of all clusters share this machine, so each cluster has its own port, and a token that its nodes and
programs share, because Ray listens on every address of the machine.
"""

import copy
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from arena.accelerators import NVIDIA
from arena.local.machinery.loopback import allotted_ports
from arena.local.machinery.pod_template import set_env
from arena.local.machinery.quantities import Quantities, quantities
from arena.local.machinery.writes import ensure
from arena.local.objects import LOOPBACK, SECRETS, SERVICES, Object, Objects, Resource, key
from arena.local.operators.ray import runtime_env
from arena.local.operators.ray.runtime_env import RuntimeEnv

RAYJOBS = Resource("ray.io", "v1", "rayjobs", "RayJob")

CLUSTER = "ray.io/cluster"
NODE_TYPE = "ray.io/node-type"
GROUP = "ray.io/group"
ORIGIN = "ray.io/originated-from-cr-name"
ORIGIN_KIND = "ray.io/originated-from-crd"
CREATED_BY = "app.kubernetes.io/created-by"

PORT = 6379
"""The port of the head; other nodes choose free ports themselves."""
TOKEN = "auth_token"
"""The key of the Secret that holds a cluster's token."""
GRACE = 5
"""Seconds that a node has to end."""
OBJECTS_LEAST = 80 * 2**20
OBJECTS_USUAL = 200 * 2**20
"""Bytes of a node's object store: the minimum, and the default without a memory request."""
OBJECTS_SHARE = 0.3
"""Share of a node's memory, which is Ray's own default."""
GIVEN = ("num-cpus", "num-gpus", "resources", "object-store-memory", "memory", "labels")
"""The parameters of `ray start` that a spec may set; others would cause collisions between nodes on this
machine.
"""


@dataclass(frozen=True)
class Job:
    """One RayJob and the name of its cluster."""

    obj: Object
    cluster: str

    @property
    def parent(self) -> tuple[Resource, Object]:
        """The owner of all its objects."""
        return RAYJOBS, self.obj

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.obj["metadata"]["name"])

    @property
    def spec(self) -> Object:
        """Its spec."""
        found: Object = self.obj["spec"]
        return found

    @property
    def head(self) -> str:
        """The name of the head's pod."""
        return f"{self.cluster}-head"

    @property
    def submitter(self) -> str:
        """The name of the submitter's pod."""
        return f"{self.cluster}-submitter"

    @property
    def groups(self) -> list[Object]:
        """The groups of workers."""
        return list(self.spec["rayClusterSpec"].get("workerGroupSpecs") or [])

    @property
    def workers(self) -> list[tuple[str, Object]]:
        """The names of the workers' pods and their groups."""
        return [
            (f"{self.cluster}-{group['groupName']}-worker-{index}", group)
            for group in self.groups
            for index in range(_size(group))
        ]

    @cached_property
    def environment(self) -> RuntimeEnv:
        """The environment that it asks for; raises ValueError if it cannot be read."""
        return runtime_env.read(self.spec.get("runtimeEnvYAML"))

    def labels(self) -> dict[str, str]:
        """The labels that all its objects carry."""
        return {
            CLUSTER: self.cluster,
            ORIGIN: self.name,
            ORIGIN_KIND: "RayJob",
            CREATED_BY: "kuberay-operator",
        }


@dataclass(frozen=True)
class HeadAddress:
    """Where the nodes of a cluster reach its head.

    Attributes:
        host: the head's.
        port: the head's.
        secret: the name of the Secret with the token.
    """

    host: str
    port: int
    secret: str

    @property
    def text(self) -> str:
        """`host:port`."""
        return f"{self.host}:{self.port}"


def _size(group: Object) -> int:
    replicas, hosts = group.get("replicas"), group.get("numOfHosts")
    return int(0 if replicas is None else replicas) * int(hosts or 1)


def head_address(objects: Objects, job: Job) -> HeadAddress:
    """The address of the cluster's head; its Service and token are created if they are missing."""
    token = f"{job.cluster}-token"
    if objects.get(SECRETS, token, key(job.obj)[0]) is None:
        ensure(objects, SECRETS, _token(job, token), job.parent)
    service = ensure(objects, SERVICES, _service(job), job.parent)
    allotted = allotted_ports(service)
    if allotted:
        return HeadAddress(LOOPBACK, allotted[PORT], token)
    return HeadAddress(f"{job.cluster}-head-svc.{key(job.obj)[0]}.svc", PORT, token)


def _token(job: Job, name: str) -> Object:
    return {
        "metadata": {"name": name, "labels": job.labels()},
        "stringData": {TOKEN: secrets.token_hex(32)},
    }


def _service(job: Job) -> Object:
    return {
        "metadata": {"name": f"{job.cluster}-head-svc", "labels": job.labels()},
        "spec": {
            "clusterIP": "None",
            "selector": {CLUSTER: job.cluster, NODE_TYPE: "head"},
            "ports": [{"name": "gcs-server", "port": PORT}],
        },
    }


def head(job: Job, address: HeadAddress) -> Object:
    """The pod of the head. It is never restarted in place, because the cluster ends with it."""
    group = job.spec["rayClusterSpec"]["headGroupSpec"]
    own = {"port": address.port, "include-dashboard": "false", "temp-dir": _folder(job.head)}
    pod = _node(job, address, group, (job.head, "head", "headgroup"))
    pod["spec"]["containers"][0]["command"] = ["ray", "start", "--head", *_flags(group, own)]
    pod["spec"]["restartPolicy"] = "Never"
    return pod


def worker(job: Job, address: HeadAddress, name: str, group: Object) -> Object:
    """The pod of a worker of the group."""
    pod = _node(job, address, group, (name, "worker", group["groupName"]))
    flags = _flags(group, {"address": address.text, "temp-dir": _folder(name)})
    pod["spec"]["containers"][0]["command"] = ["ray", "start", *flags]
    pod["spec"].setdefault("restartPolicy", "OnFailure")
    return pod


def _node(job: Job, address: HeadAddress, group: Object, place: tuple[str, str, str]) -> Object:
    """A pod of the cluster without its command; `place` holds its name, its type and its group's name."""
    name, kind, title = place
    template = copy.deepcopy(group["template"])
    meta, spec = template.get("metadata") or {}, template["spec"]
    container = spec["containers"][0]
    # The usual hook is `ray stop`, which would end every Ray program of this machine.
    container.pop("lifecycle", None)
    container.pop("args", None)
    # On SIGTERM a node would wait half a minute for its tasks.
    spec.setdefault("terminationGracePeriodSeconds", GRACE)
    set_variables(container, job, address)
    own = {**job.labels(), NODE_TYPE: kind, GROUP: title, "ray.io/is-ray-node": "yes"}
    return {
        "metadata": {
            "name": name,
            "labels": {**(meta.get("labels") or {}), **own},
            "annotations": dict(meta.get("annotations") or {}),
        },
        "spec": spec,
    }


def set_variables(container: Object, job: Job, address: HeadAddress) -> None:
    """Set the variables of the job and those that Ray's programs read, in place."""
    variables = {
        **job.environment.variables,
        "RAY_ADDRESS": address.text,
        "RAY_CLUSTER_NAME": job.cluster,
        "RAY_IP": address.host,
        "FQ_RAY_IP": address.host,
        "RAY_PORT": str(address.port),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        # Otherwise Ray refuses a cluster of several nodes on some systems.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1",
        "PYTHONUNBUFFERED": "1",
    }
    set_env(container, variables)
    source = {"secretKeyRef": {"name": address.secret, "key": TOKEN}}
    container["env"].append({"name": "RAY_AUTH_TOKEN", "valueFrom": source})


def _flags(group: Object, own: Mapping[str, object]) -> list[str]:
    """The flags of `ray start`: the given ones, the node's own, and the container's resources."""
    given = group.get("rayStartParams") or {}
    chosen: dict[str, object] = {
        "block": "",
        "disable-usage-stats": "",
        "node-ip-address": LOOPBACK,
        "dashboard-agent-listen-port": 0,
        **own,
        **_capacity(group["template"]["spec"]["containers"][0]),
        **{name: value for name, value in given.items() if name in GIVEN},
    }
    return [f"--{name}={value}" if value != "" else f"--{name}" for name, value in chosen.items()]


def _folder(pod: str) -> str:
    """The folder of a node's sockets and logs, its own so that nodes that start at once do not collide.

    Short, as the names of sockets must be.
    """
    return f"/tmp/ray/{hashlib.sha256(pod.encode()).hexdigest()[:12]}"


def _capacity(container: Object) -> dict[str, int]:
    """The resources of a node as requested; one CPU by default, because all share the machine."""
    resources = container.get("resources") or {}
    asked: Quantities = quantities({**(resources.get("requests") or {}), **(resources.get("limits") or {})})
    memory = asked["memory"] // 1000
    store = max(OBJECTS_LEAST, int(memory * OBJECTS_SHARE)) if memory else OBJECTS_USUAL
    return {
        "num-cpus": max(1, -(-asked["cpu"] // 1000)),
        "num-gpus": asked[NVIDIA] // 1000,
        "object-store-memory": store,
        **({"memory": memory} if memory else {}),
    }
