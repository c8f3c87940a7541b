"""The Spec of SeldonDeployments, and the values of their template."""

from datetime import datetime
from typing import Any

from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds.kind import Specs
from arena.kinds.option_types import choice
from arena.kinds.serving.seldon import CONTAINER, NAME, PROTOCOLS, TYPE
from arena.kinds.serving.specs.base import render
from arena.kinds.serving.specs.base.spec import ServingSpec
from arena.kinds.spec import option
from arena.kinds.workload import environment
from arena.kinds.workload.rendering import Rendering

Values = dict[str, Any]

SERVERS = (
    *("TENSORFLOW_SERVER", "SKLEARN_SERVER", "XGBOOST_SERVER", "MLFLOW_SERVER"),
    *("TRITON_SERVER", "HUGGINGFACE_SERVER", "TEMPO_SERVER"),
)
WITHOUT_MODEL = ("HUGGINGFACE_SERVER",)
"""Servers that load a model of the hub by their parameters."""


class SeldonServingSpec(ServingSpec):
    """The options of a serving in Seldon Core."""

    loads = ("pvc", "s3", "gs", "hf", "https", "http")

    implementation: str = option(
        "TENSORFLOW_SERVER", "Prepackaged server; an --image replaces it", choice(*SERVERS), safe=True
    )
    model_uri: str = option("", "Location of the model; as --model", flags=("--model-uri", "--modelUri"))
    protocol: str = option("seldon", "Protocol of requests", choice("seldon", "tensorflow", "v2"), safe=True)
    service_account: str = option("", "Service account, whose secrets open the storage", types.OBJECT)
    storage_secret: str = option("", "Secret with the variables that open the storage", types.OBJECT)

    def _suffixes(self) -> tuple[str, ...]:
        """The predictor and its Service follow the name."""
        return (f"-default-{CONTAINER}",)

    @property
    def release(self) -> str:
        """The name alone, as in the Go arena."""
        return self.name

    def dated(self, now: datetime) -> "SeldonServingSpec":
        """The Spec as it is: a version is not needed."""
        return self

    def unused(self) -> dict[str, str]:
        """As for every workload; Seldon exposes a serving itself, and an image is its own server."""
        lost = {}
        if self.image and "implementation" in self.given:
            lost["implementation"] = "omitting --image"
        if self.command and not self.image:
            lost["command"] = "--image"
        if self.expose_service:
            lost["expose_service"] = "a kind that Seldon does not expose itself"
        return lost | {key: value for key, value in super().unused().items() if key not in lost}


def values(spec: SeldonServingSpec, rendering: Rendering) -> Values:
    """The values of the template; raises SpecError if the model is missing, or a label is arena's own."""
    named = render.named(spec, NAME, TYPE, protocol=PROTOCOLS[spec.protocol])
    pod = render.container(spec, rendering)
    return {
        **named,
        **pod,
        "name": spec.name,
        "pod_annotations": dict(spec.annotation) or None,
        "replicas": spec.replicas,
        "protocol": None if spec.protocol == "seldon" else spec.protocol,
        "node": CONTAINER,
        "implementation": None if spec.image else spec.implementation,
        "type": "MODEL" if spec.image else None,
        "uri": _place(spec) or None,
        "account": spec.service_account or None,
        "storage_secret": spec.storage_secret or None,
        "image": spec.image or None,
        "image_pull_policy": spec.image_pull_policy if spec.image else None,
        "command": pod["command"] if spec.image else None,
        "env": environment.env(spec, hide_gpus=not spec.gpus),
    }


def _place(spec: SeldonServingSpec) -> str:
    if spec.model and spec.model_uri:
        raise SpecError("--model and --modelUri are mutually exclusive", "give one of them")
    location = spec.location
    place = spec.model_uri
    if location:
        place = str(location) if location.scheme else f"file://{location.path}"
    if not place and not spec.image and spec.implementation not in WITHOUT_MODEL:
        raise SpecError(
            f"the model is missing, which {spec.implementation} needs",
            "add --model LOCATION, or --image IMAGE",
        )
    return place


SPECS = Specs(spec=SeldonServingSpec, values=values)
