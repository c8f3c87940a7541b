"""Values of templates that several kinds of servings share. None drops a key of the template."""

from collections.abc import Mapping
from typing import Any

from arena import labels
from arena.kinds.serving import FAMILY
from arena.kinds.serving.specs.base.spec import ServingPodSpec, ServingSpec
from arena.kinds.workload import code, metadata, pod_values
from arena.kinds.workload.rendering import Rendering

Values = dict[str, Any]


def named(spec: ServingSpec, kind: str, type: str) -> Values:
    """Names and labels of its objects.

    Args:
        kind: the name of the kind.
        type: the value of the label `servingType`.

    Raises:
        SpecError: the user sets one of arena's own labels.
    """
    match = {
        labels.SERVING_NAME: spec.name,
        labels.SERVING_VERSION: spec.version,
        labels.SERVING_TYPE: type,
    }
    model = {labels.MODEL_NAME: spec.model_name, labels.MODEL_VERSION: spec.model_version}
    own = {
        **metadata.own_labels(spec, kind, FAMILY.component, *match),
        **match,
        **{key: value for key, value in model.items() if value},
    }
    return {
        "name": f"{spec.release}-{type}",
        "service": spec.release,
        "labels": own,
        "match": match,
        "annotations": {**spec.annotation, **metadata.record(spec)},
        "pod_annotations": dict(spec.annotation) or None,
    }


def pod(spec: ServingPodSpec, rendering: Rendering) -> Values:
    """Values of its pods and of their container; raises SpecError if there is no image."""
    return {
        **pod_values.shared(spec, rendering),
        **pod_values.placed(spec, rendering),
        **pod_values.replica(spec, rendering, {"cpu": spec.cpu, "memory": spec.memory}),
        "command": pod_values.shell(spec, spec.command) if spec.command else None,
        "working_dir": code.start_dir(spec, rendering) or None,
        "security": pod_values.security(spec),
        "replicas": spec.replicas,
    }


def ports(numbers: Mapping[str, int]) -> Values:
    """Values of the ports of the container and of the Service.

    Args:
        numbers: name -> number, such as `http-serving: 8080`; 0 leaves a port out.
    """
    given = {name: number for name, number in numbers.items() if number}
    return {
        "ports": [{"name": name, "containerPort": number} for name, number in given.items()] or None,
        "service_ports": [
            {"name": name, "port": number, "targetPort": name} for name, number in given.items()
        ],
    }
