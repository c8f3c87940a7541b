"""The kinds of KServe, and the labels and annotations of what belongs to an InferenceService."""

from arena.local.objects import Object, Resource

GROUP = "serving.kserve.io"
INFERENCE_SERVICES = Resource(GROUP, "v1beta1", "inferenceservices", "InferenceService")
RUNTIMES = Resource(GROUP, "v1alpha1", "servingruntimes", "ServingRuntime")
CLUSTER_RUNTIMES = Resource(GROUP, "v1alpha1", "clusterservingruntimes", "ClusterServingRuntime", False)

SERVICE_LABEL = f"{GROUP}/inferenceservice"
COMPONENT_LABEL = "component"
MODE = f"{GROUP}/deploymentMode"
AUTOSCALER = f"{GROUP}/autoscalerClass"
UTILIZATION = f"{GROUP}/targetUtilizationPercentage"
STOP = f"{GROUP}/stop"

STANDARD, KNATIVE, MODELMESH = "Standard", "Knative", "ModelMesh"
FORMER_MODES = {"RawDeployment": STANDARD, "Serverless": KNATIVE, "ModelMeshDeployment": MODELMESH}
"""Deployment modes as they were called before KServe 0.16, which newer releases translate."""

PREDICTOR, TRANSFORMER, EXPLAINER = "predictor", "transformer", "explainer"
COMPONENTS = (PREDICTOR, TRANSFORMER, EXPLAINER)
CONTAINER = "kserve-container"
"""The container that serves, in the pods of every component."""
ENGINE = "arena-engine"
"""The command of the runtimes that the cluster provides: the next word names the engine that serves."""
LEGACY = (
    "sklearn",
    "xgboost",
    "tensorflow",
    "pytorch",
    "triton",
    "onnx",
    "huggingface",
    "pmml",
    "lightgbm",
    "paddle",
)
"""The fields of a predictor that name a framework, which are rewritten into `model`."""


def annotation(obj: Object, name: str) -> str:
    """An annotation of an object; "" if it has none of that name."""
    return str((obj["metadata"].get("annotations") or {}).get(name) or "")


def mode(obj: Object) -> str:
    """The deployment mode of an InferenceService by its present name; Standard if it names none."""
    given = annotation(obj, MODE)
    return FORMER_MODES.get(given, given) or STANDARD


def is_stopped(obj: Object) -> bool:
    """Whether it is to have no pods at all."""
    return annotation(obj, STOP) == "true"
