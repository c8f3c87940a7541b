"""What the webhooks of KServe set and refuse."""

import re
from collections.abc import Iterator

from arena.local.checks import between, items, mapping
from arena.local.field_errors import (
    DNS_1035,
    FieldError,
    check_count,
    forbidden,
    invalid,
    missing,
    unsupported,
)
from arena.local.objects import Object
from arena.local.operators.kserve import kinds
from arena.local.operators.kserve.kinds import COMPONENTS, CONTAINER, KNATIVE, LEGACY, PREDICTOR, STANDARD

AUTOSCALERS = ("hpa", "keda", "external", "none")
METRICS = {"hpa": ("cpu", "memory"), KNATIVE: ("concurrency", "rps")}
"""The metrics by which an autoscaler scales."""
SCHEMES = (
    "gs://",
    "s3://",
    "pvc://",
    "file://",
    "https://",
    "http://",
    "hdfs://",
    "webhdfs://",
    "oci://",
    "hf://",
)
LOGGERS = ("all", "request", "response")
_SCHEME = re.compile(r"\w+?://")
LONGEST = 63


def fill(obj: Object) -> None:
    """Set the defaults: a field that names a framework becomes `model`; a single container gets its name."""
    predictor = obj["spec"].get(PREDICTOR)
    if not isinstance(predictor, dict):
        return
    if len(_implementations(predictor)) == 1:
        for name in LEGACY:
            if isinstance(predictor.get(name), dict):
                body = predictor.pop(name)
                predictor["model"] = {"modelFormat": {"name": name}, **body}
                if name in ("triton", "onnx", "huggingface"):
                    predictor["model"].setdefault("protocolVersion", "v2")
    model = predictor.get("model")
    if isinstance(model, dict) and mapping(model.get("modelFormat")).get("name") == "triton":
        model.setdefault("protocolVersion", "v2")
    for name in COMPONENTS:
        containers = items(mapping(obj["spec"].get(name)).get("containers"))
        if len(containers) == 1:
            containers[0]["name"] = CONTAINER


def _implementations(predictor: Object) -> list[str]:
    """The fields that say how a predictor serves; containers beside a model may be its sidecars."""
    found = [name for name in (*LEGACY, "model") if predictor.get(name) is not None]
    names = [one.get("name") for one in items(predictor.get("containers"))]
    custom = CONTAINER in names or (names and not found)
    return [*found, "containers"] if custom else found


def check(obj: Object) -> Iterator[FieldError]:
    """Yield what is wrong with an InferenceService."""
    name, spec = obj["metadata"]["name"], obj["spec"]
    yield from _check_name(name)
    autoscaler = kinds.annotation(obj, kinds.AUTOSCALER)
    if autoscaler and autoscaler not in AUTOSCALERS:
        yield unsupported(f"metadata.annotations[{kinds.AUTOSCALER}]", autoscaler, AUTOSCALERS)
    predictor = spec[PREDICTOR]
    yield from _check_predictor(f"spec.{PREDICTOR}", predictor)
    for component in COMPONENTS:
        found = mapping(spec.get(component))
        if component != PREDICTOR and spec.get(component) is not None and not found.get("containers"):
            yield missing(f"spec.{component}.containers", "the local cluster runs custom containers only")
        yield from _check_extension(f"spec.{component}", found, obj)
    yield from _check_canaries(obj)


def _check_name(name: str) -> Iterator[FieldError]:
    if not DNS_1035.fullmatch(name):
        why = "must consist of lower case alphanumeric characters or '-', and must start with a letter"
        yield invalid("metadata.name", name, why)
    longest = LONGEST - len("-predictor")
    if len(name) > longest:
        yield invalid("metadata.name", name, f"must be no more than {longest} characters")


def _check_predictor(path: str, predictor: Object) -> Iterator[FieldError]:
    found = _implementations(predictor)
    if len(found) != 1:
        choice = ", ".join((*LEGACY, "model", "containers"))
        given = f"; there are {', '.join(found)}" if found else ""
        yield invalid(path, found, f"exactly one of [{choice}] must be specified in {path}{given}")
    for name in (*LEGACY, "model"):
        one = mapping(predictor.get(name))
        if one.get("name"):
            yield forbidden(f"{path}.{name}.name", "the 'name' field is not allowed in standard predictor")
        yield from _check_storage(f"{path}.{name}", one)
        if one.get("storageUri") and predictor.get("storageUris"):
            yield forbidden(f"{path}.storageUris", "setting both storageUri and storageUris is not supported")


def _check_storage(path: str, model: Object) -> Iterator[FieldError]:
    """A model lies at a known scheme, or at a path of this machine."""
    uri = model.get("storageUri")
    if isinstance(uri, str) and _SCHEME.match(uri) and not uri.startswith(SCHEMES):
        why = f"must be one of: [{', '.join(SCHEMES)}] or be an absolute or relative local path"
        yield invalid(f"{path}.storageUri", uri, why)
    remote = ("s3://", "hdfs://", "webhdfs://")
    if isinstance(uri, str) and model.get("storage") is not None and not uri.startswith(remote):
        yield invalid(f"{path}.storageUri", uri, f"beside storage, it must be one of: [{', '.join(remote)}]")


def _check_extension(path: str, component: Object, obj: Object) -> Iterator[FieldError]:
    """The numbers of replicas, what they are scaled by, and the rest that every component may have."""
    least, most = component.get("minReplicas"), component.get("maxReplicas")
    for field in ("minReplicas", "maxReplicas", "containerConcurrency"):
        yield from check_count(f"{path}.{field}", component.get(field))
    if isinstance(most, int) and most and (1 if least is None else least) > most:
        yield invalid(f"{path}.minReplicas", least, "cannot be greater than maxReplicas")
    yield from between(0, 100)(f"{path}.canaryTrafficPercent", component.get("canaryTrafficPercent"))
    logger = mapping(component.get("logger"))
    if logger and logger.get("mode") not in LOGGERS:
        yield unsupported(f"{path}.logger.mode", logger.get("mode"), LOGGERS)
    yield from _check_scaling(path, component, obj)


def _check_scaling(path: str, component: Object, obj: Object) -> Iterator[FieldError]:
    knative = kinds.mode(obj) == KNATIVE
    scaler = KNATIVE if knative else kinds.annotation(obj, kinds.AUTOSCALER)
    metric, target = component.get("scaleMetric"), component.get("scaleTarget")
    known = METRICS.get(scaler)
    if metric and scaler == "keda":
        yield forbidden(f"{path}.scaleMetric", "is not supported for KEDA")
    elif metric and known and metric not in known:
        yield unsupported(f"{path}.scaleMetric", metric, known)
    if scaler == "hpa" and metric in (None, "cpu"):
        yield from between(1, 100)(f"{path}.scaleTarget", target)
    if knative and component.get("deploymentStrategy") is not None:
        yield forbidden(f"{path}.deploymentStrategy", "is only supported for the deployment mode Standard")


def _check_canaries(obj: Object) -> Iterator[FieldError]:
    """The predictors of `spec.canary`, which serve a part of the requests with fixed numbers of replicas."""
    canaries = items(obj["spec"].get("canary"))
    if not canaries:
        return
    if kinds.annotation(obj, kinds.MODE) != STANDARD:
        yield forbidden("spec.canary", f"requires the annotation {kinds.MODE}: {STANDARD}")
    if sum(one.get("trafficPercent") or 0 for one in canaries) > 100:
        yield invalid(
            "spec.canary", [one.get("trafficPercent") for one in canaries], "must not exceed 100 in sum"
        )
    names = [mapping(one.get(PREDICTOR)).get("name") for one in canaries]
    for index, one in enumerate(canaries):
        path, predictor = f"spec.canary[{index}].{PREDICTOR}", mapping(one.get(PREDICTOR))
        yield from between(0, 100)(f"spec.canary[{index}].trafficPercent", one.get("trafficPercent"))
        if not names[index]:
            yield missing(f"{path}.name")
        elif names.index(names[index]) != index:
            yield invalid(f"{path}.name", names[index], "is there twice")
        for field in ("workerSpec", "maxReplicas", "scaleTarget"):
            if predictor.get(field):
                yield forbidden(f"{path}.{field}", "a canary has a fixed number of replicas")
        yield from _check_predictor(path, predictor)


def change(old: Object, new: Object) -> Iterator[FieldError]:
    """Yield what may not change."""
    before = (old.get("status") or {}).get("deploymentMode")
    wanted = kinds.annotation(new, kinds.MODE)
    if before and wanted and kinds.mode(new) != kinds.FORMER_MODES.get(before, before):
        why = f"deploymentMode cannot be changed from '{before}' to '{wanted}'"
        yield forbidden(f"metadata.annotations[{kinds.MODE}]", why)
