"""What the API server checks of built-in kinds that their OpenAPI documents do not say, restated by hand.

NEEDED: structure -> the fields that it insists on, where others are published as required: an empty text or
a 0 is a value of some, and of a status nothing is needed but what identifies a part of it.
RANGES: `structure.field` -> the least and the greatest number.
DEFAULTS: structure -> the values of fields that are not there, or that have the empty value of Go if they
cannot be empty: pkg/apis/*/v1/defaults.go of Kubernetes, and structures that are never missing.
"""

from typing import Any

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

_COUNT = (0, None)
_PORT = (1, 65535)
_ID = (0, 2**31 - 1)
_MODE = (0, 0o777)

RANGES: dict[str, tuple[int | None, int | None]] = {
    "ConfigMapVolumeSource.defaultMode": _MODE,
    "ContainerPort.containerPort": _PORT,
    "ContainerPort.hostPort": (0, 65535),
    "CronJobSpec.failedJobsHistoryLimit": _COUNT,
    "CronJobSpec.startingDeadlineSeconds": _COUNT,
    "CronJobSpec.successfulJobsHistoryLimit": _COUNT,
    "DeploymentSpec.minReadySeconds": _COUNT,
    "DeploymentSpec.progressDeadlineSeconds": _COUNT,
    "DeploymentSpec.replicas": _COUNT,
    "DeploymentSpec.revisionHistoryLimit": _COUNT,
    "DownwardAPIVolumeFile.mode": _MODE,
    "DownwardAPIVolumeSource.defaultMode": _MODE,
    "EndpointPort.port": _PORT,
    "GRPCAction.port": _PORT,
    "JobSpec.activeDeadlineSeconds": _COUNT,
    "JobSpec.backoffLimit": _COUNT,
    "JobSpec.backoffLimitPerIndex": _COUNT,
    "JobSpec.completions": _COUNT,
    "JobSpec.maxFailedIndexes": _COUNT,
    "JobSpec.parallelism": _COUNT,
    "JobSpec.ttlSecondsAfterFinished": _COUNT,
    "KeyToPath.mode": _MODE,
    "LeaseSpec.leaseDurationSeconds": (1, None),
    "LeaseSpec.leaseTransitions": _COUNT,
    "PodSecurityContext.fsGroup": _ID,
    "PodSecurityContext.runAsGroup": _ID,
    "PodSecurityContext.runAsUser": _ID,
    "PodSpec.activeDeadlineSeconds": (1, 2**31 - 1),
    "PodSpec.terminationGracePeriodSeconds": _COUNT,
    "PreferredSchedulingTerm.weight": (1, 100),
    "Probe.failureThreshold": (1, None),
    "Probe.initialDelaySeconds": _COUNT,
    "Probe.periodSeconds": (1, None),
    "Probe.successThreshold": (1, None),
    "Probe.terminationGracePeriodSeconds": (1, None),
    "Probe.timeoutSeconds": (1, None),
    "ProjectedVolumeSource.defaultMode": _MODE,
    "ReplicaSetSpec.minReadySeconds": _COUNT,
    "ReplicaSetSpec.replicas": _COUNT,
    "SecretVolumeSource.defaultMode": _MODE,
    "SecurityContext.runAsGroup": _ID,
    "SecurityContext.runAsUser": _ID,
    "ServiceAccountTokenProjection.expirationSeconds": (600, 2**32),
    "ServicePort.nodePort": (0, 65535),
    "ServicePort.port": _PORT,
    "StatefulSetOrdinals.start": _COUNT,
    "StatefulSetSpec.minReadySeconds": _COUNT,
    "StatefulSetSpec.replicas": _COUNT,
    "StatefulSetSpec.revisionHistoryLimit": _COUNT,
    "TopologySpreadConstraint.maxSkew": (1, None),
    "TopologySpreadConstraint.minDomains": (1, None),
    "WeightedPodAffinityTerm.weight": (1, 100),
}

_CONTAINER = {
    "resources": {},
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
        "strategy": {},
    },
    "DeploymentStrategy": {"type": "RollingUpdate"},
    "DownwardAPIVolumeSource": _FILES,
    "EndpointPort": {"protocol": "TCP"},
    "EphemeralContainer": _CONTAINER,
    "GRPCAction": {"service": ""},
    "HTTPGetAction": {"path": "/", "scheme": "HTTP"},
    "HostPathVolumeSource": {"type": ""},
    "ObjectFieldSelector": {"apiVersion": "v1"},
    "PersistentVolumeClaimSpec": {"resources": {}, "volumeMode": "Filesystem"},
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
    "ResourceFieldSelector": {"divisor": "0"},
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
        "updateStrategy": {},
    },
    "StorageClass": {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
}
