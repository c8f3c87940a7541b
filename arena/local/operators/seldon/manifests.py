"""The Deployment and the Services of a predictor of a SeldonDeployment."""

import copy
import hashlib
import json
from dataclasses import dataclass

from arena import engines
from arena.local.machinery import model_storage
from arena.local.machinery.pod_template import set_env
from arena.local.objects import Object, Resource
from arena.local.operators.seldon import servers
from arena.local.operators.seldon.servers import PROTOCOLS, SELDON, SERVERS, Server

SELDON_DEPLOYMENTS = Resource("machinelearning.seldon.io", "v1", "seldondeployments", "SeldonDeployment")
NAME_LABEL, APP_LABEL, SERVICE_LABEL = "seldon-deployment-id", "seldon-app", "seldon-app-svc"
SERVICE_NAME = "seldon.io/svc-name"
"""Annotation of a predictor: the name of its Service."""
DIGEST = "local.arena.io/template"
"""Annotation of a Deployment: the digest of its pod template."""
PORT, HTTP, GRPC, METRICS = 8000, 9000, 9500, 6000
"""The port of Services, and those of containers."""
LONGEST = 63
_OWN = ("kubectl.kubernetes.io/", "arena.kubeflow.org/")


class Unusable(Exception):
    """The local cluster cannot run a predictor."""


@dataclass(frozen=True)
class Predictor:
    """A predictor of a SeldonDeployment."""

    parent: Object
    spec: Object

    @property
    def graph(self) -> Object:
        """The only node of its graph."""
        found: Object = self.spec["graph"]
        return found

    @property
    def protocol(self) -> str:
        """What its server speaks: `seldon`, `tensorflow` or `v2`."""
        return PROTOCOLS[self.parent["spec"].get("protocol") or SELDON]

    @property
    def server(self) -> Server | None:
        """Its prepackaged server; None if it has a container of its own."""
        return SERVERS.get(self.graph.get("implementation") or "")

    @property
    def title(self) -> str:
        """The name of its Service."""
        given = (self.spec.get("annotations") or {}).get(SERVICE_NAME)
        return str(given or _short(f"{self.parent['metadata']['name']}-{self.spec['name']}"))

    @property
    def replicas(self) -> int:
        """The number of its pods."""
        parts = self.spec.get("componentSpecs") or [{}]
        given = (parts[0].get("replicas"), self.spec.get("replicas"), self.parent["spec"].get("replicas"))
        return next((int(one) for one in given if one is not None), 1)

    @property
    def path(self) -> str:
        """The path of its predictions."""
        return servers.PATHS[self.protocol].format(node=self.graph["name"])

    def labels(self) -> dict[str, str]:
        """The labels of its objects."""
        return {
            **(self.spec.get("labels") or {}),
            NAME_LABEL: self.parent["metadata"]["name"],
            APP_LABEL: self.title,
            "app.kubernetes.io/managed-by": "seldon-core",
        }


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"seldon-{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def template(one: Predictor) -> Object:
    """The pod template of a predictor.

    Raises:
        Unusable: the local cluster has no engine for its server, or cannot read its model.
    """
    part: Object = copy.deepcopy((one.spec.get("componentSpecs") or [{}])[0])
    pod: Object = part.get("spec") or {}
    node = one.graph
    container = next((c for c in pod.get("containers") or [] if c.get("name") == node["name"]), None)
    if container is None:
        container = {"name": node["name"]}
        pod["containers"] = [*(pod.get("containers") or []), container]
    if one.server:
        _prepackaged(one, one.server, container)
    _complete(one, container)
    if node.get("modelUri"):
        try:
            model_storage.mount(pod, container, node["modelUri"])
        except model_storage.Unreadable as why:
            raise Unusable(str(why)) from why
    pod.setdefault("terminationGracePeriodSeconds", 20)
    notes = {**(one.parent["metadata"].get("annotations") or {}), **(one.spec.get("annotations") or {})}
    meta = part.get("metadata") or {}
    return {
        "metadata": {
            "labels": {**(meta.get("labels") or {}), **one.labels()},
            "annotations": {name: text for name, text in notes.items() if not name.startswith(_OWN)},
        },
        "spec": pod,
    }


def _prepackaged(one: Predictor, server: Server, container: Object) -> None:
    """Let the engine serve that stands for a prepackaged server."""
    engine = server.engines.get(one.protocol)
    if engine is None:
        name = one.graph["implementation"]
        raise Unusable(f"the local cluster has no engine for {name} with the protocol {one.protocol}")
    container.setdefault("image", f"{engine}:local")
    container["command"] = engines.words(engines.folder(), engine, servers.words(engine, server, one.graph))
    if path := servers.PROBES.get(one.protocol):
        probe = {"httpGet": {"path": path, "port": HTTP}, "periodSeconds": 1, "timeoutSeconds": 2}
        container.setdefault("readinessProbe", probe)


def _complete(one: Predictor, container: Object) -> None:
    """Add the ports and variables that Seldon's programs read, a probe, a calm end, and the last words."""
    ports = {"http": HTTP, "grpc": GRPC, "metrics": METRICS}
    given = {port.get("name") for port in container.get("ports") or []}
    added = [{"name": name, "containerPort": port} for name, port in ports.items() if name not in given]
    container["ports"] = [*added, *(container.get("ports") or [])]
    variables = {
        "PREDICTIVE_UNIT_SERVICE_PORT": str(HTTP),
        "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": str(HTTP),
        "PREDICTIVE_UNIT_GRPC_SERVICE_PORT": str(GRPC),
        "PREDICTIVE_UNIT_METRICS_SERVICE_PORT": str(METRICS),
        "PREDICTIVE_UNIT_ID": one.graph["name"],
        "PREDICTIVE_UNIT_PARAMETERS": json.dumps(servers.parameters(one.graph)),
        "PREDICTOR_ID": one.spec["name"],
        "SELDON_DEPLOYMENT_ID": one.parent["metadata"]["name"],
    }
    set_env(container, variables)
    secret = one.graph.get("envSecretRefName")
    if secret:
        container["envFrom"] = [*(container.get("envFrom") or []), {"secretRef": {"name": secret}}]
    container.setdefault("readinessProbe", {"tcpSocket": {"port": HTTP}, "periodSeconds": 1})
    container.setdefault("lifecycle", {"preStop": {"exec": {"command": ["sleep", "1"]}}})
    container.setdefault("terminationMessagePolicy", "FallbackToLogsOnError")


def deployment(one: Predictor, pods: Object) -> Object:
    """The Deployment of a predictor."""
    text = json.dumps(pods, sort_keys=True)
    names = "-".join(container["name"] for container in pods["spec"]["containers"])
    title = f"{one.parent['metadata']['name']}-{one.spec['name']}-0-{names}"
    return {
        "metadata": {
            "name": _short(title),
            "labels": one.labels(),
            "annotations": {DIGEST: hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]},
        },
        "spec": {
            "replicas": one.replicas,
            "selector": {"matchLabels": {NAME_LABEL: one.parent["metadata"]["name"], APP_LABEL: one.title}},
            "template": pods,
        },
    }


def service(one: Predictor) -> Object:
    """The Service of a predictor."""
    return {
        "metadata": {"name": one.title, "labels": one.labels()},
        "spec": {
            "selector": {NAME_LABEL: one.parent["metadata"]["name"], APP_LABEL: one.title},
            "ports": [{"name": "http", "port": PORT, "targetPort": HTTP}],
        },
    }
