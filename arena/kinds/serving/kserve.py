"""InferenceServices of KServe: a predictor, and what comes before and after it."""

from collections.abc import Mapping, Sequence
from typing import Any

from arena import labels
from arena.kinds.kind import Kind, Modification, Object, Pod, PodConventions
from arena.kinds.serving import FAMILY
from arena.kinds.serving.base import reading
from arena.kinds.serving.base import status as state
from arena.kinds.workload import instances
from arena.model.instances import Instance
from arena.model.servings import RevisionShare, Serving
from arena.resources import Resource

NAME = "kserve"
TYPE = "kserve"
"""The value of the label `servingType`."""
SERVICES = Resource("serving.kserve.io", "v1beta1", "inferenceservices", kind="InferenceService")
CONTAINER = "kserve-container"
"""The container that serves."""
PODS = PodConventions(role_labels=("component",), main_containers=(CONTAINER,))
FRAMEWORKS = (
    *("sklearn", "xgboost", "tensorflow", "pytorch", "triton"),
    *("onnx", "huggingface", "pmml", "lightgbm", "paddle"),
)
"""Fields of predictors that older manifests use instead of `model`."""
OPENAI, V2 = ("huggingface", "vllm"), ("triton", "onnx", "mlflow", "openvino")
"""Formats whose runtimes do not speak v1."""


def protocol(format: str, version: str) -> str:
    """The protocol of requests by HTTP: what was chosen, or what the runtimes of a format speak."""
    if version.removeprefix("grpc-") in ("v1", "v2"):
        return version.removeprefix("grpc-")
    if not format:
        return ""
    return "openai" if format.lower() in OPENAI else "v2" if format.lower() in V2 else "v1"


def read(obj: Object, pods: Sequence[Pod]) -> Serving:
    """The serving for an InferenceService, whoever created it."""
    meta, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    own, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    predictor = spec.get("predictor") or {}
    found = reading.pods_of(pods, PODS)
    ready = [one for one in found if one.role in ("", "predictor") and _is_ready(one)]
    least = predictor.get("minReplicas")
    format, version = _model(predictor)
    return reading.serving(
        NAME,
        obj,
        own,
        version=own.get(labels.SERVING_VERSION) or _revision(status),
        wanted=1 if least is None else int(least),
        available=len(ready),
        address=str(status.get("url") or ""),
        protocol=notes.get(labels.PROTOCOL) or protocol(format, version),
        model=meta["name"] if format else own.get(labels.MODEL_NAME, ""),
        gpus=instances.gpus({"containers": _containers(predictor)}) * max(len(ready), int(least or 0)),
        instances=found,
        rollout=state.inference_rollout(obj, pods),
        routed=_routed(status),
        canary=state.canary(obj),
    )


def _is_ready(one: Instance) -> bool:
    usual = [container for container in one.containers if not container.init]
    return bool(usual) and one.status != "Terminating" and all(container.ready for container in usual)


def _model(predictor: Object) -> tuple[str, str]:
    """The format of the model, and the chosen version of its protocol; both "" for a program."""
    model = predictor.get("model") or {}
    format = (model.get("modelFormat") or {}).get("name") or ""
    legacy = next((one for one in FRAMEWORKS if one in predictor), "")
    body = model or predictor.get(legacy) or {}
    return str(format or legacy), str(body.get("protocolVersion") or "")


def _containers(predictor: Object) -> list[Any]:
    models = [predictor[one] for one in ("model", *FRAMEWORKS) if predictor.get(one)]
    return [*models, *(predictor.get("containers") or ())]


def _revision(status: Object) -> str:
    """The number of the newest revision that answers, as the Go arena shows it; "" if there are none."""
    predictor = (status.get("components") or {}).get("predictor") or {}
    name = str(predictor.get("latestReadyRevision") or predictor.get("latestCreatedRevision") or "")
    return name.rpartition("-")[2].lstrip("0")


def _routed(status: Object) -> tuple[RevisionShare, ...]:
    """How the requests to the predictor are split between its revisions, the newest first."""
    predictor = (status.get("components") or {}).get("predictor") or {}
    found = [
        RevisionShare(
            revision=str(one["revisionName"]),
            percent=int(one["percent"]),
            is_latest=bool(one.get("latestRevision")),
        )
        for one in predictor.get("traffic") or ()
        if one.get("revisionName") and one.get("percent") is not None
    ]
    return tuple(sorted(found, key=lambda one: not one.is_latest))


def selector(obj: Object) -> Mapping[str, str]:
    """The labels that all its pods have."""
    return {labels.KSERVE_NAME: obj["metadata"]["name"]}


def scaled(obj: Object, number: int) -> Modification:
    """The change to another minimum number of instances; the maximum is at least that."""
    predictor = (obj.get("spec") or {}).get("predictor") or {}
    most = int(predictor.get("maxReplicas") or 0)
    limits = {"minReplicas": number} | ({"maxReplicas": number} if 0 < most < number else {})
    return Modification(patch={"spec": {"predictor": limits}})


KIND: Kind[object, Serving] = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("InferenceService", "isvc", "kf-serving"),
    former_names=("kfserving",),
    summary="A model or a program in KServe",
    resources=(SERVICES,),
    template="kserve-serving.yaml",
    specs="arena.kinds.serving.specs.kserve",
    read=read,
    pods=selector,
    job_of=lambda pod: (pod["metadata"].get("labels") or {}).get(labels.KSERVE_NAME, ""),
    conventions=PODS,
    scale=scaled,
    selectors=(labels.KSERVE_NAME,),
    one_world=False,
    passes_annotations=True,
    examples=(
        "arena serve kserve --name iris --model-format sklearn --model gs://bucket/iris",
        'arena serve kserve --name chat --image IMAGE --port 8080 --gpus 1 "python serve.py"',
    ),
)
