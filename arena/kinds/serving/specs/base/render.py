"""Values of templates that several kinds of servings share. None drops a key of the template."""

from collections.abc import Collection, Mapping
from typing import Any

from arena import labels
from arena.errors import SpecError
from arena.kinds import shell
from arena.kinds.serving import FAMILY
from arena.kinds.serving.specs.base import locations, ports, storage
from arena.kinds.serving.specs.base.spec import GRPC, HTTP, METRICS, ServingSpec
from arena.kinds.workload import code, environment, images, metadata, pod_values
from arena.kinds.workload.rendering import Rendering

Values = dict[str, Any]

VARIABLES = {HTTP: "HTTP_PORT", GRPC: "GRPC_PORT", METRICS: "METRICS_PORT"}
"""The variables with the numbers of ports; a local cluster, where instances share a machine, changes them."""
_PORT = "PORT"
"""The variable with the port for HTTP, or for gRPC if there is none, as many programs expect it."""
MODEL_PATH = "MODEL_PATH"
"""The variable with the path of the model, for programs that arena does not know."""
_RESERVED = (labels.SERVING_NAME, labels.SERVING_VERSION, labels.SERVING_TYPE, labels.SERVICE_NAME)
_FIELDS = {
    "ARENA_NODE_NAME": "spec.nodeName",
    "ARENA_POD_NAMESPACE": "metadata.namespace",
    "ARENA_POD_NAME": "metadata.name",
    "ARENA_POD_IP": "status.podIP",
}
"""Variables that tell a container where it runs, as in the Go arena."""


def named(spec: ServingSpec, kind: str, type: str, *, suffix: str = "", protocol: str = "") -> Values:
    """Names, labels and annotations of its objects.

    Args:
        kind: the name of the kind.
        type: the value of the label `servingType`.
        suffix: the end of the name of its main object, unless it is the type.
        protocol: the protocol of its requests; "" if it is unknown.

    Raises:
        SpecError: the user sets one of arena's own labels.
    """
    match = {
        labels.SERVING_NAME: spec.name,
        labels.SERVING_VERSION: spec.version,
        labels.SERVING_TYPE: type,
    }
    match = {key: value for key, value in match.items() if value}
    more = {
        labels.SERVICE_NAME: spec.name,
        labels.MODEL_NAME: spec.model_name,
        labels.MODEL_VERSION: spec.model_version,
    }
    own = {
        **metadata.own_labels(spec, kind, FAMILY.component, *_RESERVED),
        labels.APP: type,
        **match,
        **{key: value for key, value in more.items() if value},
    }
    spoken = {labels.PROTOCOL: protocol} if protocol else {}
    return {
        "name": f"{spec.release}-{suffix or type}",
        "service": spec.release,
        "labels": own,
        "pod_labels": {**own, **_sidecar(spec)},
        "match": match,
        "annotations": {**spec.annotation, **spoken, **metadata.record(spec)},
    }


def container(spec: ServingSpec, rendering: Rendering) -> Values:
    """Values of a pod and its container that do not depend on its image and its ports."""
    asked = {"cpu": spec.cpu, "memory": spec.memory}
    return {
        **pod_values.shared(spec, rendering),
        **pod_values.placed(spec, rendering),
        **storage.values(spec, rendering),
        "selector": dict(spec.selector) or None,
        "resources": pod_values.resources(spec, spec.gpus, asked),
        "command": program(spec, spec.command),
        "working_dir": code.start_dir(spec, rendering) or None,
        "security": pod_values.security(spec),
    }


def program(spec: ServingSpec, line: str) -> list[str] | None:
    """The command of a container that runs this command line; None for the command of its image."""
    return pod_values.shell(spec, shell.program(line)) if line else None


def pod(spec: ServingSpec, rendering: Rendering) -> Values:
    """Values of its pods and of their container, and of the ports of container and Service.

    Raises:
        SpecError: there is no image, or the user sets a variable that tells a port.
    """
    ports.check(spec.ports)
    given = {name: number for name, number in spec.ports.items() if number}
    return {
        **container(spec, rendering),
        "image": images.image(spec, rendering),
        "pod_annotations": {**_scraped(given), **_sidecar(spec), **spec.annotation} or None,
        "env": variables(spec, given),
        "replicas": spec.replicas,
        "ports": [{"name": name, "containerPort": number} for name, number in given.items()] or None,
        "service_ports": [
            {"name": name, "port": number, "targetPort": name} for name, number in given.items()
        ],
    }


def variables(spec: ServingSpec, given: Mapping[str, int], *, hide_gpus: bool | None = None) -> list[Values]:
    """The environment of its container; that which arena adds comes first, so that others may refer to it.

    Raises:
        SpecError: the user sets a variable that tells a port.
    """
    taken = {*spec.env, *spec.env_from_secret, *spec.secret}
    own = {VARIABLES.get(name, variable(name)): str(number) for name, number in given.items()}
    for name in own.keys() & taken:
        raise SpecError(f"--env: {name} tells the program its port", "use another name")
    first = next((given[name] for name in (HTTP, GRPC) if name in given), 0)
    if first and _PORT not in taken:
        own[_PORT] = str(first)
    place = locations.inside(spec.location, spec.loads)
    if place and "://" not in place and MODEL_PATH not in taken:
        own[MODEL_PATH] = place
    hidden = not spec.gpus if hide_gpus is None else hide_gpus
    return fields(_FIELDS, taken) + environment.variables(own) + environment.env(spec, hide_gpus=hidden)


def fields(paths: Mapping[str, str], taken: Collection[str]) -> list[Values]:
    """Variables whose values are fields of the pod, except those that the user sets.

    Args:
        paths: variable -> path of the field.
        taken: the variables that the user sets.
    """
    return [
        {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
        for name, path in paths.items()
        if name not in taken
    ]


def variable(port: str) -> str:
    """The variable with the number of a port of any name."""
    return f"{port.upper().replace('-', '_')}_PORT"


def host(rendering: Rendering) -> str:
    """The address on which an engine listens: on the user's own machine, only the loopback."""
    return "127.0.0.1" if rendering.on_host else "0.0.0.0"


def _sidecar(spec: ServingSpec) -> dict[str, str]:
    return {labels.ISTIO_INJECT: "true"} if spec.enable_istio else {}


def _scraped(given: Mapping[str, int]) -> dict[str, str]:
    """Annotations by which Prometheus finds the metrics."""
    if METRICS not in given:
        return {}
    return scraped(given[METRICS], "/metrics")


def scraped(port: int, path: str) -> dict[str, str]:
    """Annotations by which Prometheus finds metrics."""
    return {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(port),
        "prometheus.io/path": path,
    }
