"""The Spec of InferenceServices, and the values of their template."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from arena import labels
from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds.kind import Specs
from arena.kinds.option_types import OptionType, choice, integer, list_type
from arena.kinds.serving.kserve import CONTAINER, NAME, TYPE, protocol
from arena.kinds.serving.specs.base import affinity, locations, render
from arena.kinds.serving.specs.base.affinity import AffinityOptions
from arena.kinds.serving.specs.base.probes import Field
from arena.kinds.serving.specs.base.scaling import ScalingOptions, optional
from arena.kinds.serving.specs.base.spec import HTTP, LINE
from arena.kinds.spec import option
from arena.kinds.validators import shown, text
from arena.kinds.workload import environment, images
from arena.kinds.workload.dependents import Dependent
from arena.kinds.workload.rendering import Rendering

Values = dict[str, Any]

MODES = {"raw": "RawDeployment", "serverless": "Serverless"}
"""The values of the annotation that old and new releases of KServe understand."""
_SECURITY = ("runAsUser", "runAsGroup", "fsGroup")


def _format(value: object) -> str:
    word = text(value)
    name, _, version = word.partition(":")
    if word == "custom":  # the KFServing of the Go arena calls a program so
        return ""
    if word and not (name and types.LABEL.parse(name) and (version or ":" not in word)):
        raise SpecError(f"{shown(word)} is not a format", "write it as NAME or NAME:VERSION")
    return word


def _context(item: object) -> Field:
    name, sign, value = text(item).partition("=") if not isinstance(item, Field) else (item[0], "=", item[1])
    name, value = name.strip(), value if sign else text(item).partition(":")[2]
    name = name.partition(":")[0]
    if name not in _SECURITY:
        raise SpecError(f"{shown(item)} is not allowed", f"set {', '.join(_SECURITY)}, each as NAME=N")
    return Field(name, integer(0)(value if isinstance(value, int) else str(value).strip()))


FORMAT = OptionType(_format, "NAME[:VERSION]")
CONTEXT = list_type(_context, "NAME=N")


class KServeServingSpec(ScalingOptions, AffinityOptions):
    """The options of a serving in KServe."""

    loads = ("pvc", "s3", "gs", "hf", "https", "http")

    model_format: str = option("", "Format of the model, such as sklearn", FORMAT, old=("--model-type",))
    runtime: str = option("", "Runtime that serves the model  [default: by its format]", types.OBJECT)
    runtime_version: str = option("", "Version of the runtime", types.LABEL)
    protocol_version: str = option(
        "", "Protocol of requests  [default: that of the runtime]", choice("v1", "v2", "grpc-v1", "grpc-v2")
    )
    storage_uri: str = option("", "Location of the model; as --model")
    port: int = option(0, "Port of the container (0: 8080)", types.PORT)
    deployment_mode: str = option(
        "", "Deployments, or revisions of Knative  [default: that of the cluster]", choice(*MODES), safe=True
    )
    timeout: int = option(0, "Time limit of a request (0: none)", types.SECONDS)
    canary_traffic_percent: int | str = option(
        "", "Share of requests for this revision; the rest goes to the one before",
        optional(0, 100), old=("--canary-percent",),
    )  # fmt: skip
    service_account: str = option("", "Service account, whose secrets open the storage", types.OBJECT)
    security_context: tuple[Field, ...] = option((), "User or group of the processes", CONTEXT)
    enable_prometheus: bool = option(False, "Have Prometheus scrape the metrics")
    metrics_port: int = option(8080, "Port with metrics", types.PORT)
    transformer_image: str = option("", "Image of a program that changes requests and answers", types.IMAGE)
    transformer_command: str = option("", "Command line of the transformer", LINE)
    explainer_image: str = option("", "Image of a program that explains answers", types.IMAGE)
    explainer_command: str = option("", "Command line of the explainer", LINE)

    def _suffixes(self) -> tuple[str, ...]:
        """Knative adds the component and the revision to the name."""
        return ("-predictor-00001-private",)

    @property
    def release(self) -> str:
        """The name alone: KServe keeps the revisions of an InferenceService."""
        return self.name

    def dated(self, now: datetime) -> "KServeServingSpec":
        """The Spec as it is: a version is not needed."""
        return self

    @property
    def ports(self) -> dict[str, int]:
        """As for every serving; KServe routes requests to the port of the container."""
        return {HTTP: self.port}

    @property
    def format(self) -> str:
        """The format of the model; "" if a program of the user's own serves."""
        location = self.location
        is_hub = location is not None and location.scheme == "hf"
        return self.model_format or ("huggingface" if is_hub and not self.image else "")

    @property
    def lacks_format(self) -> bool:
        """As for every serving; a program of the user's own knows its model."""
        return not (self.format or self.image or self.command)

    def with_format(self, format: str) -> "KServeServingSpec":
        """As for every serving."""
        return replace(self, model_format=format)

    def unused(self) -> dict[str, str]:
        """As for every workload; parts that the chosen kind of predictor lacks have no effect."""
        lost = {}
        if not self.format:
            of_models = ("runtime", "runtime_version")
            lost = {name: "--model-format" for name in of_models if getattr(self, name)}
        for part in ("transformer", "explainer"):
            if getattr(self, f"{part}_command") and not getattr(self, f"{part}_image"):
                lost[f"{part}_command"] = f"--{part}-image"
        if self.expose_service:
            lost["expose_service"] = "a kind that KServe does not expose itself"
        return lost | {key: value for key, value in super().unused().items() if key not in lost}


def values(spec: KServeServingSpec, rendering: Rendering) -> Values:
    """The values of the template.

    Raises:
        SpecError: there is neither a model with its format nor an image, or a label is arena's own.
    """
    spec.check_scaling()
    if not (spec.format or spec.image or spec.command):
        raise SpecError(
            "neither a format nor an image is given",
            "add --model-format FORMAT for a model, or --image IMAGE",
        )
    named = render.named(spec, NAME, TYPE, protocol=protocol(spec.format, spec.protocol_version))
    is_own = spec.has_own_metric
    return {
        **named,
        "name": spec.name,
        "annotations": {**_notes(spec), **named["annotations"]},
        **_pod(spec, rendering),
        **_model(spec),
        "min_replicas": None if is_own else spec.least,
        "max_replicas": None if is_own else spec.max_replicas or None,
        "scale_target": None if is_own else spec.scale_target or None,
        "scale_metric": None if is_own else spec.scale_metric or None,
        "concurrency": spec.container_concurrency or None,
        "timeout": spec.timeout or None,
        "canary": spec.canary_traffic_percent if spec.canary_traffic_percent != "" else None,
        "account": spec.service_account or None,
        "pod_security": dict(spec.security_context) or None,
        "affinity": affinity.affinity(spec, {labels.KSERVE_NAME: spec.name}),
        **_component(spec, "transformer"),
        **_component(spec, "explainer"),
    }


def _pod(spec: KServeServingSpec, rendering: Rendering) -> Values:
    has_program = not spec.format
    image = images.image(spec, rendering) if has_program else spec.image or None
    found = render.container(spec, rendering)
    ports = [{"containerPort": spec.port, "protocol": "TCP"}] if spec.port else None
    return {
        **found,
        "image": image,
        "image_pull_policy": spec.image_pull_policy if image else None,
        "ports": ports,
        "env": _env(spec) or None,
        "as_model": None if has_program else "model",
        "as_containers": "containers" if has_program else None,
        "container": CONTAINER,
    }


def _env(spec: KServeServingSpec) -> list[Values]:
    """The environment without the pod's fields, which Knative allows only if it is told so."""
    port = {"HTTP_PORT": str(spec.port)} if spec.port else {}
    if not spec.format and (place := _place(spec)):
        port["STORAGE_URI"] = place
    return environment.variables(port) + environment.env(spec, hide_gpus=not spec.gpus and not spec.format)


def _place(spec: KServeServingSpec) -> str:
    """The location of the model, as KServe reads it."""
    if spec.storage_uri and spec.model:
        raise SpecError("--model and --storage-uri are mutually exclusive", "give one of them")
    location = locations.read(spec.storage_uri) if _is_known(spec.storage_uri) else spec.location
    if location is None or location.scheme:
        return str(location) if location else spec.storage_uri
    for mount in spec.data:
        if location.path == mount.path or location.path.startswith(f"{mount.path}/"):
            return f"pvc://{mount.source}{location.path[len(mount.path) :]}"
    return f"file://{location.path}"


def _is_known(uri: str) -> bool:
    """Whether a location is one that --model takes; KServe knows others, such as oci://."""
    return bool(uri) and ("://" not in uri or uri.partition("://")[0] in locations.SCHEMES)


def _model(spec: KServeServingSpec) -> Values:
    if not spec.format:
        return dict.fromkeys(
            ("format", "format_version", "runtime", "runtime_version", "protocol", "storage")
        )
    name, _, version = spec.format.partition(":")
    return {
        "format": name,
        "format_version": version or None,
        "runtime": spec.runtime or None,
        "runtime_version": spec.runtime_version or None,
        "protocol": spec.protocol_version or None,
        "storage": _place(spec) or None,
    }


def _notes(spec: KServeServingSpec) -> dict[str, str]:
    found = {}
    if spec.deployment_mode:
        found[labels.KSERVE_MODE] = MODES[spec.deployment_mode]
    if spec.has_own_metric:
        found[labels.KSERVE_AUTOSCALER] = "external"
    if spec.enable_prometheus:
        found[labels.KSERVE_SCRAPING] = "true"
    if spec.enable_istio:
        found[labels.ISTIO_INJECT] = "true"
    return found


def _component(spec: KServeServingSpec, part: str) -> Values:
    image, line = getattr(spec, f"{part}_image"), getattr(spec, f"{part}_command")
    return {
        f"as_{part}": part if image else None,
        f"{part}_image": image or None,
        f"{part}_command": render.program(spec, line),
    }


def beside(spec: KServeServingSpec, rendering: Rendering) -> Sequence[Dependent]:
    """An autoscaler for a metric that KServe does not know, and what lets Prometheus scrape the metrics."""
    own = render.named(spec, NAME, TYPE)["labels"]
    found = []
    if spec.has_own_metric:
        limits = {"least": spec.least or None, "most": spec.max_replicas}
        metric = {"metric": spec.scale_metric, "target": str(spec.scale_target)}
        named = {"name": f"{spec.name}-hpa", "deployment": f"{spec.name}-predictor", "labels": own}
        found.append(Dependent(template="pods-autoscaler.yaml", values={**named, **limits, **metric}))
    if spec.enable_prometheus:
        values = {
            "service": f"{spec.name}-metric-svc",
            "monitor": f"{spec.name}-svcmonitor",
            "labels": own,
            "mark": {**own, "isvc": spec.name},
            "isvc": {"isvc": spec.name},
            "pods": {labels.KSERVE_NAME: spec.name},
            "port": spec.metrics_port,
        }
        found.append(Dependent(template="service-monitor.yaml", values=values))
    return found


SPECS = Specs(spec=KServeServingSpec, values=values, beside=beside)
