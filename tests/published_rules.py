"""The rules that definitions publish as expressions, restated by hand as limits of a structure.

Kind -> the path of the value -> its limits, as `arena/local/api/schema.py` describes them. Only that a value
must stay as it was needs no entry. COVERED are rules that the operator checks, or limits at other paths.
"""

from typing import Any

Rules = dict[str, dict[str, Any]]

COVERED: dict[str, Any] = {}
_MULTIKUEUE = "kueue.x-k8s.io/multikueue"
_URI = {"pattern": "^([A-Za-z][A-Za-z0-9+.-]*://.+)?$"}
_RAY_MANAGER = {"enum": ["ray.io/kuberay-operator", _MULTIKUEUE]}


def _jobset(place: str) -> Rules:
    policy = f"{place}.volumeClaimPolicies[]"
    return {
        place: COVERED,  # startupPolicyOrder InOrder excludes dependsOn
        policy: COVERED,
        f"{policy}.templates[].metadata.namespace": {"maxLength": 0},
    }


_TARGETS = "spec.mlPolicy.torch.envInjection.targets[].containerNames"
_RUNTIME: Rules = {
    **_jobset("spec.template.spec"),
    "spec.mlPolicy": {"exclusive": [["flux", "jax", "mpi", "torch", "xgboost"]]},
    "spec.mlPolicy.flux.numProcPerNode": {"minimum": 1},
    _TARGETS: COVERED,
    f"{_TARGETS}[]": {"excluded": ["node"]},
}

RULES: dict[str, Rules] = {
    "JobSet": _jobset("spec"),
    "TrainingRuntime": _RUNTIME,
    "ClusterTrainingRuntime": _RUNTIME,
    "TrainJob": {
        "": COVERED,  # the name
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
