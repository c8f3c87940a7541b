"""The fields of every kind, as text that `schema` reads: one structure a line.

`name:type` is a field, `!` marks a required one. Types: s text, i whole number, n number, b boolean,
q quantity, x number or text, any; `{s}` a map, `[s]` a list that is replaced whole, `[s+]` a set,
`[X/name]` a list whose items are told apart by `name`; a capital letter begins the name of a structure.
"""

META = """
ObjectMeta name:s generateName:s namespace:s labels:{s} annotations:{s} finalizers:[s+] \
ownerReferences:[OwnerReference/uid] uid:s resourceVersion:s generation:i creationTimestamp:s \
deletionTimestamp:s deletionGracePeriodSeconds:i managedFields:[any] selfLink:s
OwnerReference apiVersion:s! kind:s! name:s! uid:s! controller:b blockOwnerDeletion:b
LabelSelector matchLabels:{s} matchExpressions:[any]
PodTemplateSpec metadata:ObjectMeta spec:PodSpec
"""

PODS = """
Pod metadata:ObjectMeta spec:PodSpec! status:PodStatus
PodStatus phase:s reason:s message:s conditions:[any/type] containerStatuses:[any/name] \
initContainerStatuses:[any/name] ephemeralContainerStatuses:[any/name] hostIP:s hostIPs:[any] podIP:s \
podIPs:[any/ip] startTime:s qosClass:s nominatedNodeName:s resize:s observedGeneration:i \
resourceClaimStatuses:[any]
PodSpec containers:[Container/name]! initContainers:[Container/name] ephemeralContainers:[any/name] \
volumes:[Volume/name] restartPolicy:s terminationGracePeriodSeconds:i activeDeadlineSeconds:i dnsPolicy:s \
nodeSelector:{s} serviceAccountName:s serviceAccount:s automountServiceAccountToken:b nodeName:s \
hostNetwork:b hostPID:b hostIPC:b hostUsers:b shareProcessNamespace:b securityContext:any \
imagePullSecrets:[NameRef/name] hostname:s subdomain:s affinity:any schedulerName:s \
tolerations:[Toleration] hostAliases:[HostAlias/ip] priorityClassName:s priority:i dnsConfig:any \
readinessGates:[any] runtimeClassName:s enableServiceLinks:b preemptionPolicy:s overhead:{q} \
topologySpreadConstraints:[any/topologyKey,whenUnsatisfiable] setHostnameAsFQDN:b os:any \
schedulingGates:[NameRef/name] resourceClaims:[any/name] resources:Resources
NameRef name:s
Toleration key:s operator:s value:s effect:s tolerationSeconds:i
HostAlias ip:s! hostnames:[s]
Container name:s! image:s command:[s] args:[s] workingDir:s ports:[ContainerPort/containerPort,protocol] \
envFrom:[EnvFrom] env:[EnvVar/name] resources:Resources resizePolicy:[any] restartPolicy:s \
volumeMounts:[VolumeMount/mountPath] volumeDevices:[VolumeDevice/devicePath] livenessProbe:Probe \
readinessProbe:Probe startupProbe:Probe lifecycle:Lifecycle terminationMessagePath:s \
terminationMessagePolicy:s imagePullPolicy:s securityContext:any stdin:b stdinOnce:b tty:b
ContainerPort name:s containerPort:i! hostPort:i protocol:s hostIP:s
EnvVar name:s! value:s valueFrom:EnvVarSource
EnvVarSource fieldRef:FieldRef resourceFieldRef:ResourceFieldRef configMapKeyRef:KeyRef secretKeyRef:KeyRef
FieldRef apiVersion:s fieldPath:s!
ResourceFieldRef containerName:s resource:s! divisor:q
KeyRef name:s key:s! optional:b
EnvFrom prefix:s configMapRef:OptionalRef secretRef:OptionalRef
OptionalRef name:s optional:b
Resources limits:{q} requests:{q} claims:[any/name]
VolumeMount name:s! mountPath:s! readOnly:b recursiveReadOnly:s subPath:s subPathExpr:s mountPropagation:s
VolumeDevice name:s! devicePath:s!
Probe exec:Exec httpGet:HttpGet tcpSocket:TcpSocket grpc:Grpc initialDelaySeconds:i timeoutSeconds:i \
periodSeconds:i successThreshold:i failureThreshold:i terminationGracePeriodSeconds:i
Exec command:[s]
HttpGet path:s port:x! host:s scheme:s httpHeaders:[any]
TcpSocket port:x! host:s
Grpc port:i! service:s
Lifecycle postStart:Handler preStop:Handler stopSignal:s
Handler exec:Exec httpGet:HttpGet tcpSocket:TcpSocket sleep:any
Volume name:s! emptyDir:EmptyDir hostPath:HostPath configMap:ConfigMapVolume secret:SecretVolume \
persistentVolumeClaim:ClaimVolume projected:Projected downwardAPI:Downward nfs:any csi:any ephemeral:any \
gitRepo:any iscsi:any glusterfs:any rbd:any cephfs:any cinder:any fc:any flocker:any azureFile:any \
azureDisk:any awsElasticBlockStore:any gcePersistentDisk:any vsphereVolume:any quobyte:any \
photonPersistentDisk:any portworxVolume:any scaleIO:any storageos:any flexVolume:any image:any
EmptyDir medium:s sizeLimit:q
HostPath path:s! type:s
ConfigMapVolume name:s items:[Item] defaultMode:i optional:b
SecretVolume secretName:s items:[Item] defaultMode:i optional:b
Item key:s! path:s! mode:i
ClaimVolume claimName:s! readOnly:b
Projected sources:[any] defaultMode:i
Downward items:[any] defaultMode:i
"""

CORE = """
Service metadata:ObjectMeta spec:ServiceSpec status:any
ServiceSpec ports:[ServicePort/port,protocol] selector:{s} clusterIP:s clusterIPs:[s] type:s externalIPs:[s] \
sessionAffinity:s sessionAffinityConfig:any loadBalancerIP:s loadBalancerSourceRanges:[s] externalName:s \
externalTrafficPolicy:s internalTrafficPolicy:s healthCheckNodePort:i publishNotReadyAddresses:b \
ipFamilies:[s] ipFamilyPolicy:s allocateLoadBalancerNodePorts:b loadBalancerClass:s trafficDistribution:s
ServicePort name:s protocol:s appProtocol:s port:i! targetPort:x nodePort:i
ConfigMap metadata:ObjectMeta data:{s} binaryData:{s} immutable:b
Secret metadata:ObjectMeta data:{s} stringData:{s} type:s immutable:b
ServiceAccount metadata:ObjectMeta secrets:[any/name] imagePullSecrets:[NameRef/name] \
automountServiceAccountToken:b
Endpoints metadata:ObjectMeta subsets:[any]
Namespace metadata:ObjectMeta spec:any status:any
Node metadata:ObjectMeta spec:NodeSpec status:any
NodeSpec podCIDR:s podCIDRs:[s+] providerID:s unschedulable:b taints:[Taint/key,effect] configSource:any \
externalID:s
Taint key:s! value:s effect:s! timeAdded:s
PersistentVolumeClaim metadata:ObjectMeta spec:ClaimSpec! status:any
ClaimSpec accessModes:[s] selector:LabelSelector resources:Resources volumeName:s storageClassName:s \
volumeMode:s \
dataSource:any dataSourceRef:any volumeAttributesClassName:s
ResourceQuota metadata:ObjectMeta spec:QuotaSpec status:any
QuotaSpec hard:{q} scopes:[s] scopeSelector:any
LimitRange metadata:ObjectMeta spec:LimitRangeSpec
LimitRangeSpec limits:[LimitRangeItem]
LimitRangeItem type:s! max:{q} min:{q} default:{q} defaultRequest:{q} maxLimitRequestRatio:{q}
Event metadata:ObjectMeta involvedObject:any! reason:s message:s source:any firstTimestamp:s lastTimestamp:s \
count:i type:s eventTime:s series:any action:s related:any reportingComponent:s reportingInstance:s
Lease metadata:ObjectMeta spec:any
PodDisruptionBudget metadata:ObjectMeta spec:BudgetSpec status:any
BudgetSpec minAvailable:x maxUnavailable:x selector:LabelSelector unhealthyPodEvictionPolicy:s
PriorityClass metadata:ObjectMeta value:i! globalDefault:b description:s preemptionPolicy:s
StorageClass metadata:ObjectMeta provisioner:s! parameters:{s} reclaimPolicy:s mountOptions:[s] \
allowVolumeExpansion:b volumeBindingMode:s allowedTopologies:[any]
"""

APPS = """
Deployment metadata:ObjectMeta spec:DeploymentSpec! status:any
DeploymentSpec replicas:i selector:LabelSelector! template:PodTemplateSpec! strategy:DeploymentStrategy \
minReadySeconds:i revisionHistoryLimit:i paused:b progressDeadlineSeconds:i
DeploymentStrategy type:s rollingUpdate:Rolling
Rolling maxUnavailable:x maxSurge:x partition:i
ReplicaSet metadata:ObjectMeta spec:ReplicaSetSpec! status:any
ReplicaSetSpec replicas:i minReadySeconds:i selector:LabelSelector! template:PodTemplateSpec
StatefulSet metadata:ObjectMeta spec:StatefulSetSpec! status:any
StatefulSetSpec replicas:i selector:LabelSelector! template:PodTemplateSpec! serviceName:s \
volumeClaimTemplates:[PersistentVolumeClaim] podManagementPolicy:s updateStrategy:DeploymentStrategy \
revisionHistoryLimit:i minReadySeconds:i persistentVolumeClaimRetentionPolicy:any ordinals:any
Job metadata:ObjectMeta spec:JobSpec! status:any
JobSpec parallelism:i completions:i activeDeadlineSeconds:i podFailurePolicy:PodFailurePolicy \
successPolicy:SuccessPolicy backoffLimit:i backoffLimitPerIndex:i maxFailedIndexes:i \
selector:LabelSelector manualSelector:b template:PodTemplateSpec! \
ttlSecondsAfterFinished:i completionMode:s suspend:b podReplacementPolicy:s managedBy:s
PodFailurePolicy rules:[PodFailurePolicyRule]
PodFailurePolicyRule action:s! onExitCodes:OnExitCodes onPodConditions:[OnPodCondition]
OnExitCodes containerName:s operator:s! values:[i]
OnPodCondition type:s! status:s
SuccessPolicy rules:[SuccessPolicyRule]
SuccessPolicyRule succeededIndexes:s succeededCount:i
"""

TRAINING = """
RunPolicy cleanPodPolicy:s ttlSecondsAfterFinished:i activeDeadlineSeconds:i backoffLimit:i suspend:b \
managedBy:s schedulingPolicy:SchedulingPolicy
SchedulingPolicy minAvailable:i queue:s minResources:{q} priorityClass:s scheduleTimeoutSeconds:i
ReplicaSpec replicas:i template:PodTemplateSpec restartPolicy:s
"""
"""What several kinds of training jobs share; the rest of them is in their operators' definitions."""

ALL = META + PODS + CORE + APPS + TRAINING
