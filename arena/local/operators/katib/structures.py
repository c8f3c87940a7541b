"""What the fields of Katib's kinds are, as its OpenAPI document says.

Its CustomResourceDefinitions take anything, and its webhooks read objects into these types. Fields that are
unknown stay, as with Katib.
"""

from typing import Any

_PAIR = {"open": True, "properties": {"name": "string", "value": "string"}}
_ALGORITHM = {"open": True, "properties": {"algorithmName": "string", "algorithmSettings": {"items": _PAIR}}}
_OBJECTIVE = {
    "open": True,
    "properties": {
        "type": "string",
        "goal": "number",
        "objectiveMetricName": "string",
        "additionalMetricNames": {"items": "string"},
        "metricStrategies": {"items": _PAIR},
    },
}
_PLACE = {"open": True, "properties": {"path": "string", "kind": "string", "format": "string"}}
_COLLECTOR = {
    "open": True,
    "properties": {
        "collector": {"open": True, "properties": {"kind": "string"}},
        "source": {
            "open": True,
            "properties": {
                "fileSystemPath": _PLACE,
                "filter": {"open": True, "properties": {"metricsFormat": {"items": "string"}}},
            },
        },
    },
}
_PARAMETER = {
    "open": True,
    "properties": {
        "name": "string",
        "parameterType": "string",
        "feasibleSpace": {
            "open": True,
            "properties": {
                "min": "string",
                "max": "string",
                "step": "string",
                "distribution": "string",
                "list": {"items": "string"},
            },
        },
    },
}
_ANY = {"open": True, "type": "object"}
_CONFIGMAP = {
    "open": True,
    "properties": {"configMapName": "string", "configMapNamespace": "string", "templatePath": "string"},
}
_TEMPLATE = {
    "open": True,
    "properties": {
        "primaryContainerName": "string",
        "primaryPodLabels": {"values": "string"},
        "successCondition": "string",
        "failureCondition": "string",
        "retain": "boolean",
        "trialParameters": {
            "items": {
                "open": True,
                "properties": {"name": "string", "description": "string", "reference": "string"},
            }
        },
        "trialSpec": _ANY,
        "configMap": _CONFIGMAP,
    },
}
_RULE = {
    "open": True,
    "properties": {"name": "string", "value": "string", "comparison": "string", "startStep": "int32"},
}
_CONDITION = {
    "open": True,
    "properties": {"type": "string", "status": "string", "reason": "string", "message": "string"},
    "required": ["status", "type"],
}
_METRIC = {
    "open": True,
    "properties": {"name": "string", "min": "string", "max": "string", "latest": "string"},
}
_SUGGESTED = {"open": True, "properties": {"name": "string", "parameterAssignments": {"items": _PAIR}}}


def _kind(spec: dict[str, Any], **status: Any) -> dict[str, Any]:
    """The structure of a kind by the fields of its spec and its status."""
    told = {"startTime": "date-time", "completionTime": "date-time", "conditions": {"items": _CONDITION}}
    return {
        "open": True,
        "properties": {
            "spec": {"open": True, "properties": spec},
            "status": {"open": True, "properties": {**told, **status}},
        },
        "required": ["spec"],
    }


EXPERIMENT = _kind(
    {
        "objective": _OBJECTIVE,
        "algorithm": _ALGORITHM,
        "earlyStopping": _ALGORITHM,
        "parameters": {"items": _PARAMETER},
        "parallelTrialCount": "int32",
        "maxTrialCount": "int32",
        "maxFailedTrialCount": "int32",
        "resumePolicy": "string",
        "metricsCollectorSpec": _COLLECTOR,
        "trialTemplate": _TEMPLATE,
        "nasConfig": _ANY,
    },
    trials="int32",
)
TRIAL = _kind(
    {
        "objective": _OBJECTIVE,
        "parameterAssignments": {"items": _PAIR},
        "primaryContainerName": "string",
        "primaryPodLabels": {"values": "string"},
        "successCondition": "string",
        "failureCondition": "string",
        "retainRun": "boolean",
        "runSpec": _ANY,
        "metricsCollector": _COLLECTOR,
        "earlyStoppingRules": {"items": _RULE},
    },
    observation={"open": True, "properties": {"metrics": {"items": _METRIC}}},
)
SUGGESTION = _kind(
    {
        "algorithm": _ALGORITHM,
        "earlyStopping": _ALGORITHM,
        "requests": "int32",
        "resumePolicy": "string",
    },
    suggestionCount="int32",
    suggestions={"items": _SUGGESTED},
)
