"""The rules that definitions publish as expressions, restated by hand as limits of a structure.

Kind -> the path of the value that has the rule -> what it says, as `arena/local/api/schema.py` describes it.
Only that a value must stay as it was needs no entry.
"""

from typing import Any

Rules = dict[str, dict[str, Any]]

_MULTIKUEUE = "kueue.x-k8s.io/multikueue"
_URI = {"pattern": "^([A-Za-z][A-Za-z0-9+.-]*://.+)?$"}
_RAY_MANAGER = {"enum": ["ray.io/kuberay-operator", _MULTIKUEUE]}


def _jobset(place: str) -> Rules:
    in_order = {"startupPolicy.startupPolicyOrder": {"enum": ["InOrder"]}}
    own_space = {"templates[].metadata.namespace": {"maxLength": 0}}
    return {
        place: {"apart": [in_order | {"replicatedJobs[].dependsOn": {}}]},
        f"{place}.volumeClaimPolicies[]": {"inside": own_space},
    }


_RUNTIME: Rules = {
    **_jobset("spec.template.spec"),
    "spec.mlPolicy": {"exclusive": [["flux", "jax", "mpi", "torch", "xgboost"]]},
    "spec.mlPolicy.flux.numProcPerNode": {"minimum": 1},
    "spec.mlPolicy.torch.envInjection.targets[].containerNames": {"inside": {"[]": {"excluded": ["node"]}}},
}

_FILTERS = ("spec.rules[].filters", "spec.rules[].backendRefs[].filters")
_BELOW_FILTERS = (
    "", "[]", "[].cors.allowHeaders", "[].cors.allowMethods", "[].cors.allowOrigins",
    "[].requestMirror", "[].requestMirror.backendRef", "[].requestMirror.fraction",
    "[].requestRedirect.path", "[].urlRewrite.path",
)  # fmt: skip
_ROUTE = (
    "spec.parentRefs", "spec.rules", "spec.rules[]", "spec.rules[].backendRefs[]",
    "spec.rules[].matches[].path", "spec.rules[].timeouts",
    *(f"{filters}{below}" for filters in _FILTERS for below in _BELOW_FILTERS),
)  # fmt: skip
"""The paths of rules that arena/local/operators/gateway/route_validation.py restates."""

RULES: dict[str, Rules] = {
    "HTTPRoute": {path: {} for path in _ROUTE},
    "JobSet": _jobset("spec"),
    "TrainingRuntime": _RUNTIME,
    "ClusterTrainingRuntime": _RUNTIME,
    "TrainJob": {
        "": {"inside": {"metadata.name": {"pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63}}},
        "spec.managedBy": {"enum": ["trainer.kubeflow.org/trainjob-controller", _MULTIKUEUE]},
        "spec.initializer.dataset.storageUri": _URI,
        "spec.initializer.model.storageUri": _URI,
        "status.trainerStatus": {"required": ["lastUpdatedTime"]},
    },
    "RayJob": {
        "spec.managedBy": _RAY_MANAGER,
        "spec.rayClusterSpec.managedBy": _RAY_MANAGER,
        "spec.deletionStrategy": {
            "exclusive": [["deletionRules", "onFailure"], ["deletionRules", "onSuccess"]],
            "alternatives": [["deletionRules"], ["onFailure", "onSuccess"]],
        },
        "spec.deletionStrategy.deletionRules[].condition": {
            "exclusive": [["jobDeploymentStatus", "jobStatus"]],
            "alternatives": [["jobDeploymentStatus"], ["jobStatus"]],
        },
    },
}
