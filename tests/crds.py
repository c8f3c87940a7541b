"""Judge manifests strictly by the published definitions of their kinds, where those are at hand.

They lie in the folder that ARENA_CRDS names, else in `shared/crds` beside the checkout.
"""

import functools
import os
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from arena.resources import Resource

FOLDER = Path(os.environ.get("ARENA_CRDS") or Path(__file__).parents[2] / "shared" / "crds")

FILES = {
    ("apps.kubedl.io/v1alpha1", "Cron"): "apps.kubedl.io_crons.yaml",
    ("jobset.x-k8s.io/v1alpha2", "JobSet"): "jobset.x-k8s.io_jobsets.yaml",
    ("trainer.kubeflow.org/v1alpha1", "TrainJob"): "trainer.kubeflow.org_trainjobs.yaml",
    ("kai.alibabacloud.com/v1alpha1", "ScaleIn"): "kai.alibabacloud.com_scaleins.yaml",
    ("kai.alibabacloud.com/v1alpha1", "ScaleOut"): "kai.alibabacloud.com_scaleouts.yaml",
    ("kai.alibabacloud.com/v1alpha1", "TrainingJob"): "kai.alibabacloud.com_trainingjobs.yaml",
    ("kubeflow.org/v1", "PyTorchJob"): "kubeflow.org_pytorchjobs.yaml",
    ("kubeflow.org/v1", "TFJob"): "kubeflow.org_tfjobs.yaml",
    ("kubeflow.org/v1", "JAXJob"): "kubeflow.org_jaxjobs.yaml",
    ("kubeflow.org/v1", "XGBoostJob"): "kubeflow.org_xgboostjobs.yaml",
    ("kubeflow.org/v1", "PaddleJob"): "kubeflow.org_paddlejobs.yaml",
    ("kubeflow.org/v1", "MPIJob"): "kubeflow.org_mpijobs.yaml",
    ("kubeflow.org/v2beta1", "MPIJob"): "kubeflow.org_mpijobs.v2beta1.yaml",
    ("ray.io/v1", "RayJob"): "ray.io_rayjobs.yaml",
    ("sparkoperator.k8s.io/v1beta2", "SparkApplication"): "sparkoperator.k8s.io_sparkapplications.yaml",
    ("batch.volcano.sh/v1alpha1", "Job"): "batch.volcano.sh_jobs.yaml",
}

KEPT = {"type", "required", "enum", "minimum", "maximum", "minLength", "maxLength", "pattern"}
KEPT |= {"minItems", "maxItems", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}


def defines(resource: Resource) -> bool:
    """Whether the definition of the type, in the release meant, is at hand."""
    if (resource.api_version, resource.kind) not in FILES:
        return False
    spec = _checker(resource.api_version, resource.kind).schema["properties"]["spec"]
    return not resource.field or resource.field in spec["properties"]


def faults(obj: dict[str, Any]) -> list[str]:
    """What the definition of the object's kind refuses in it; unknown fields are faults."""
    checker = _checker(obj["apiVersion"], obj["kind"])
    return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(obj)]


@functools.cache
def _checker(api_version: str, kind: str) -> jsonschema.Draft202012Validator:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (FOLDER / FILES[api_version, kind]).read_text()
    definition = yaml.load(text, Loader=loader)  # a loader of safe documents
    versions = {one["name"]: one for one in definition["spec"]["versions"]}
    schema = versions[api_version.rpartition("/")[2]]["schema"]["openAPIV3Schema"]
    schema = {**schema, "properties": {**schema["properties"], "metadata": {"type": "object"}}}
    return jsonschema.Draft202012Validator(_convert(schema))


def _convert(node: dict[str, Any], *, close: bool = True) -> dict[str, Any]:
    """An OpenAPI schema as a JSON Schema that refuses what `kubectl --validate=strict` does."""
    found = {key: value for key, value in node.items() if key in KEPT}
    if node.get("x-kubernetes-int-or-string"):
        found.pop("type", None)
        found["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    if node.get("nullable"):
        found["type"] = [found["type"], "null"]
    if "items" in node:
        found["items"] = _convert(node["items"], close=close)
    if "properties" in node:
        found["properties"] = {key: _convert(one, close=close) for key, one in node["properties"].items()}
    if isinstance(node.get("additionalProperties"), dict):
        found["additionalProperties"] = _convert(node["additionalProperties"], close=close)
    elif close and "properties" in node and not node.get("x-kubernetes-preserve-unknown-fields"):
        found["additionalProperties"] = False
    for key in ("allOf", "oneOf"):
        if key in node:
            found[key] = [_convert(one, close=False) for one in node[key]]
    return found
