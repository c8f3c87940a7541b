"""What the API server checks of built-in kinds that their OpenAPI documents do not say, restated by hand.

NEEDED: structure -> the fields that it insists on, where others are published as required: an empty text or
a 0 is a value of some, and of a status nothing is needed but what identifies a part of it.
KEYLESS: structures whose items need one of their keys; others publish an empty text as its default.
DEFAULTS: structure -> the values of fields that are not there (pkg/apis/*/v1/defaults.go of Kubernetes).
"""

from typing import Any

KEYLESS = ("ObjectReference",)
NEEDED: dict[str, tuple[str, ...]] = {
    "ConfigMapEnvSource": ("name",),
    "ConfigMapKeySelector": ("key", "name"),
    "ConfigMapProjection": ("name",),
    "ConfigMapVolumeSource": ("name",),
    "Event": (),
    "HTTPHeader": ("name",),
    "ISCSIVolumeSource": ("iqn", "targetPortal"),
    "ImageVolumeSource": ("reference",),
    "JobTemplateSpec": ("spec",),
    "LimitRangeSpec": (),
    "PodDNSConfigOption": ("name",),
    "PodFailurePolicy": (),
    "PodTemplateSpec": ("spec",),
    "PreferredSchedulingTerm": ("weight",),
    "SecretEnvSource": ("name",),
    "SecretKeySelector": ("key", "name"),
    "SecretProjection": ("name",),
    "SecretVolumeSource": ("secretName",),
    "SleepAction": (),
    "Sysctl": ("name",),
    # of a status
    "AttachedVolume": (),
    "Condition": ("status", "type"),
    "ContainerExtendedResourceRequest": (),
    "ContainerStateTerminated": (),
    "ContainerStatus": ("name",),
    "DaemonEndpoint": (),
    "HorizontalPodAutoscalerStatus": (),
    "ImageVolumeStatus": (),
    "LinuxContainerUser": (),
    "ModifyVolumeStatus": (),
    "NodeAllocatableResourceClaimStatus": (),
    "NodeSystemInfo": (),
    "PodExtendedResourceClaimStatus": (),
    "PortStatus": (),
    "ReplicaSetStatus": (),
    "ResourceHealth": (),
    "StatefulSetStatus": (),
}

_CONTAINER = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_FILES = {"defaultMode": 0o644}

DEFAULTS: dict[str, dict[str, Any]] = {
    "ConfigMapVolumeSource": _FILES,
    "Container": _CONTAINER,
    "CronJobSpec": {
        "concurrencyPolicy": "Allow",
        "failedJobsHistoryLimit": 1,
        "successfulJobsHistoryLimit": 3,
        "suspend": False,
    },
    "DeploymentSpec": {
        "progressDeadlineSeconds": 600,
        "replicas": 1,
        "revisionHistoryLimit": 10,
    },
    "DeploymentStrategy": {"type": "RollingUpdate"},
    "DownwardAPIVolumeSource": _FILES,
    "EndpointPort": {"protocol": "TCP"},
    "EphemeralContainer": _CONTAINER,
    "Event": {
        "reportingComponent": "",
        "reportingInstance": "",
    },
    "GRPCAction": {"service": ""},
    "HTTPGetAction": {"path": "/", "scheme": "HTTP"},
    "HorizontalPodAutoscalerStatus": {"currentMetrics": None, "desiredReplicas": 0},
    "HostPathVolumeSource": {"type": ""},
    "ObjectFieldSelector": {"apiVersion": "v1"},
    "PersistentVolumeClaimSpec": {"volumeMode": "Filesystem"},
    "PodFailurePolicyOnPodConditionsPattern": {"status": "True"},
    "PodSpec": {
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    },
    "PriorityClass": {"preemptionPolicy": "PreemptLowerPriority", "value": 0},
    "Probe": {"failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1},
    "ProjectedVolumeSource": _FILES,
    "ReplicaSetSpec": {"replicas": 1},
    "RoleRef": {"apiGroup": "rbac.authorization.k8s.io"},
    "Secret": {"type": "Opaque"},
    "SecretVolumeSource": _FILES,
    "ServiceAccountTokenProjection": {"expirationSeconds": 3600},
    "ServiceSpec": {"sessionAffinity": "None", "type": "ClusterIP"},
    "StatefulSetPersistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    "StatefulSetSpec": {
        "persistentVolumeClaimRetentionPolicy": {},
        "podManagementPolicy": "OrderedReady",
        "replicas": 1,
        "revisionHistoryLimit": 10,
    },
    "TypedLocalObjectReference": {"apiGroup": None},
    "TypedObjectReference": {"apiGroup": None},
    "StorageClass": {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
}
