"""The fields of the kinds that nobody publishes a definition of, as text: one structure a line.

`name:type` is a field, `!` marks a required one. Types: s text, i whole number, n number, b boolean,
q quantity, x number or text, t time, any; `{s}` a map, `[s]` a list that is replaced whole, `[s+]` a set,
`[X/name]` a list whose items are identified by `name`; names of structures begin with a capital letter, and
`#name` is a part of the published definitions.
"""

from collections.abc import Iterator
from typing import Any

META = """
ObjectMeta name:s generateName:s namespace:s labels:{s} annotations:{s} finalizers:[s+] \
ownerReferences:[OwnerReference/uid] uid:s resourceVersion:s generation:i creationTimestamp:t \
deletionTimestamp:t deletionGracePeriodSeconds:i managedFields:[any] selfLink:s
OwnerReference apiVersion:s! kind:s! name:s! uid:s! controller:b blockOwnerDeletion:b
LabelSelector matchLabels:{s} matchExpressions:[LabelSelectorRequirement]
LabelSelectorRequirement key:s! operator:s! values:[s]
ObjectReference apiVersion:s kind:s namespace:s name:s uid:s resourceVersion:s fieldPath:s
Condition type:s! status:s! reason:s message:s lastTransitionTime:t lastUpdateTime:t lastProbeTime:t \
lastHeartbeatTime:t observedGeneration:i
PodTemplateSpec metadata:ObjectMeta spec:PodSpec
"""

PODS = """
Pod metadata:ObjectMeta spec:PodSpec! status:PodStatus
PodStatus phase:s reason:s message:s conditions:[Condition/type] containerStatuses:[ContainerStatus/name] \
initContainerStatuses:[ContainerStatus/name] ephemeralContainerStatuses:[ContainerStatus/name] hostIP:s \
hostIPs:[Address/ip] podIP:s podIPs:[Address/ip] startTime:t qosClass:s nominatedNodeName:s resize:s \
observedGeneration:i resourceClaimStatuses:[any]
Address ip:s!
ContainerStatus name:s! state:ContainerState lastState:ContainerState ready:b started:b restartCount:i \
image:s imageID:s containerID:s allocatedResources:{q} allocatedResourcesStatus:any resources:any \
volumeMounts:any user:any stopSignal:s
ContainerState waiting:ContainerWaiting running:ContainerRunning terminated:ContainerTerminated
ContainerWaiting reason:s message:s
ContainerRunning startedAt:t
ContainerTerminated exitCode:i signal:i reason:s message:s startedAt:t finishedAt:t containerID:s
PodSpec containers:[Container/name]! initContainers:[Container/name] ephemeralContainers:[any/name] \
volumes:[Volume/name] restartPolicy:s terminationGracePeriodSeconds:i activeDeadlineSeconds:i dnsPolicy:s \
nodeSelector:{s} serviceAccountName:s serviceAccount:s automountServiceAccountToken:b nodeName:s \
hostNetwork:b hostPID:b hostIPC:b hostUsers:b shareProcessNamespace:b securityContext:any \
imagePullSecrets:[NameRef/name] hostname:s subdomain:s affinity:Affinity schedulerName:s \
tolerations:[Toleration] hostAliases:[HostAlias/ip] priorityClassName:s priority:i dnsConfig:any \
readinessGates:[any] runtimeClassName:s enableServiceLinks:b preemptionPolicy:s overhead:{q} \
topologySpreadConstraints:[any/topologyKey,whenUnsatisfiable] setHostnameAsFQDN:b os:any \
schedulingGates:[NameRef/name] resourceClaims:[any/name] resources:Resources
NameRef name:s
Affinity nodeAffinity:NodeAffinity podAffinity:any podAntiAffinity:any
NodeAffinity requiredDuringSchedulingIgnoredDuringExecution:NodeSelector \
preferredDuringSchedulingIgnoredDuringExecution:[any]
NodeSelector nodeSelectorTerms:[NodeSelectorTerm]
NodeSelectorTerm matchExpressions:[LabelSelectorRequirement] matchFields:[LabelSelectorRequirement]
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
HttpGet path:s port:x! host:s scheme:s httpHeaders:[HttpHeader]
HttpHeader name:s! value:s
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
Projected sources:[Source] defaultMode:i
Source secret:Projection configMap:Projection downwardAPI:Downward serviceAccountToken:any \
clusterTrustBundle:any podCertificate:any
Projection name:s items:[Item] optional:b
Downward items:[DownwardItem] defaultMode:i
DownwardItem path:s! fieldRef:FieldRef resourceFieldRef:ResourceFieldRef mode:i
"""

CORE = """
Service metadata:ObjectMeta spec:ServiceSpec status:ServiceStatus
ServiceStatus loadBalancer:any conditions:[Condition/type]
ServiceSpec ports:[ServicePort/port,protocol] selector:{s} clusterIP:s clusterIPs:[s] type:s externalIPs:[s] \
sessionAffinity:s sessionAffinityConfig:any loadBalancerIP:s loadBalancerSourceRanges:[s] externalName:s \
externalTrafficPolicy:s internalTrafficPolicy:s healthCheckNodePort:i publishNotReadyAddresses:b \
ipFamilies:[s] ipFamilyPolicy:s allocateLoadBalancerNodePorts:b loadBalancerClass:s trafficDistribution:s
ServicePort name:s protocol:s appProtocol:s port:i! targetPort:x nodePort:i
ConfigMap metadata:ObjectMeta data:{s} binaryData:{s} immutable:b
Secret metadata:ObjectMeta data:{s} stringData:{s} type:s immutable:b
ServiceAccount metadata:ObjectMeta secrets:[any/name] imagePullSecrets:[NameRef/name] \
automountServiceAccountToken:b
Endpoints metadata:ObjectMeta subsets:[Subset]
Subset addresses:[EndpointAddress] notReadyAddresses:[EndpointAddress] ports:[EndpointPort]
EndpointAddress ip:s! hostname:s nodeName:s targetRef:ObjectReference
EndpointPort name:s port:i! protocol:s appProtocol:s
Namespace metadata:ObjectMeta spec:NamespaceSpec status:NamespaceStatus
NamespaceSpec finalizers:[s]
NamespaceStatus phase:s conditions:[Condition/type]
Node metadata:ObjectMeta spec:NodeSpec status:NodeStatus
NodeStatus capacity:{q} allocatable:{q} phase:s conditions:[Condition/type] addresses:[NodeAddress] \
daemonEndpoints:any nodeInfo:NodeInfo images:[any] volumesInUse:[s] volumesAttached:[any] config:any \
runtimeHandlers:[any] features:any
NodeAddress type:s! address:s!
NodeInfo architecture:s bootID:s containerRuntimeVersion:s kernelVersion:s kubeProxyVersion:s \
kubeletVersion:s machineID:s operatingSystem:s osImage:s systemUUID:s swap:any
NodeSpec podCIDR:s podCIDRs:[s+] providerID:s unschedulable:b taints:[Taint/key,effect] configSource:any \
externalID:s
Taint key:s! value:s effect:s! timeAdded:t
PersistentVolumeClaim metadata:ObjectMeta spec:ClaimSpec! status:ClaimStatus
ClaimStatus phase:s accessModes:[s] capacity:{q} conditions:[Condition/type] allocatedResources:{q} \
allocatedResourceStatuses:{s} currentVolumeAttributesClassName:s modifyVolumeStatus:any
ClaimSpec accessModes:[s] selector:LabelSelector resources:Resources volumeName:s storageClassName:s \
volumeMode:s \
dataSource:any dataSourceRef:any volumeAttributesClassName:s
ResourceQuota metadata:ObjectMeta spec:QuotaSpec status:QuotaStatus
QuotaStatus hard:{q} used:{q}
QuotaSpec hard:{q} scopes:[s] scopeSelector:any
LimitRange metadata:ObjectMeta spec:LimitRangeSpec
LimitRangeSpec limits:[LimitRangeItem]
LimitRangeItem type:s! max:{q} min:{q} default:{q} defaultRequest:{q} maxLimitRequestRatio:{q}
Event metadata:ObjectMeta involvedObject:ObjectReference! reason:s message:s source:EventSource \
firstTimestamp:t lastTimestamp:t count:i type:s eventTime:t series:EventSeries action:s \
related:ObjectReference reportingComponent:s reportingInstance:s
EventSource component:s host:s
EventSeries count:i lastObservedTime:t
ObservationLog metadata:ObjectMeta pod:ObservedPod status:ObservationStatus
ObservedPod name:s uid:s
ObservationStatus complete:b gaps:i dropped:i metrics:[ObservedMetric]
ObservedMetric name:s! container:s count:i min:s max:s latest:ObservedValue values:[ObservedValue]
ObservedValue time:t value:s
Lease metadata:ObjectMeta spec:LeaseSpec
LeaseSpec holderIdentity:s leaseDurationSeconds:i acquireTime:t renewTime:t leaseTransitions:i strategy:s \
preferredHolder:s
PodDisruptionBudget metadata:ObjectMeta spec:BudgetSpec status:BudgetStatus
BudgetStatus disruptedPods:{t} disruptionsAllowed:i currentHealthy:i desiredHealthy:i expectedPods:i \
observedGeneration:i conditions:[Condition/type]
BudgetSpec minAvailable:x maxUnavailable:x selector:LabelSelector unhealthyPodEvictionPolicy:s
PriorityClass metadata:ObjectMeta value:i! globalDefault:b description:s preemptionPolicy:s
StorageClass metadata:ObjectMeta provisioner:s! parameters:{s} reclaimPolicy:s mountOptions:[s] \
allowVolumeExpansion:b volumeBindingMode:s allowedTopologies:[any]
"""

RIGHTS = """
Role metadata:ObjectMeta rules:[PolicyRule]
ClusterRole metadata:ObjectMeta rules:[PolicyRule] aggregationRule:AggregationRule
AggregationRule clusterRoleSelectors:[LabelSelector]
PolicyRule verbs:[s]! apiGroups:[s] resources:[s] resourceNames:[s] nonResourceURLs:[s]
RoleBinding metadata:ObjectMeta subjects:[Subject] roleRef:RoleRef!
ClusterRoleBinding metadata:ObjectMeta subjects:[Subject] roleRef:RoleRef!
RoleRef apiGroup:s kind:s! name:s!
Subject kind:s! apiGroup:s name:s! namespace:s
SelfSubjectAccessReview metadata:ObjectMeta spec:SelfSubjectAccessReviewSpec! \
status:SubjectAccessReviewStatus
SubjectAccessReview metadata:ObjectMeta spec:SubjectAccessReviewSpec! status:SubjectAccessReviewStatus
LocalSubjectAccessReview metadata:ObjectMeta spec:SubjectAccessReviewSpec! \
status:SubjectAccessReviewStatus
SelfSubjectAccessReviewSpec resourceAttributes:ResourceAttributes \
nonResourceAttributes:NonResourceAttributes
SubjectAccessReviewSpec resourceAttributes:ResourceAttributes \
nonResourceAttributes:NonResourceAttributes user:s groups:[s] extra:any uid:s
ResourceAttributes namespace:s verb:s group:s version:s resource:s subresource:s name:s fieldSelector:any \
labelSelector:any
NonResourceAttributes path:s verb:s
SubjectAccessReviewStatus allowed:b! denied:b reason:s evaluationError:s
SelfSubjectReview metadata:ObjectMeta status:SelfSubjectReviewStatus
SelfSubjectReviewStatus userInfo:UserInfo
UserInfo username:s uid:s groups:[s] extra:any
SelfSubjectRulesReview metadata:ObjectMeta spec:SelfSubjectRulesReviewSpec! \
status:SubjectRulesReviewStatus
SelfSubjectRulesReviewSpec namespace:s
SubjectRulesReviewStatus resourceRules:[PolicyRule] nonResourceRules:[PolicyRule] \
incomplete:b! evaluationError:s
"""

DEFINITIONS = """
CustomResourceDefinition metadata:ObjectMeta spec:CustomResourceDefinitionSpec! \
status:CustomResourceDefinitionStatus
CustomResourceDefinitionSpec group:s! names:CustomResourceDefinitionNames! scope:s! \
versions:[CustomResourceDefinitionVersion]! conversion:CustomResourceConversion preserveUnknownFields:b
CustomResourceConversion strategy:s! webhook:any
CustomResourceDefinitionNames plural:s! singular:s shortNames:[s] kind:s! listKind:s categories:[s]
CustomResourceDefinitionVersion name:s! served:b! storage:b! deprecated:b deprecationWarning:s \
schema:CustomResourceValidation subresources:CustomResourceSubresources \
additionalPrinterColumns:[CustomResourceColumnDefinition] selectableFields:[any]
CustomResourceValidation openAPIV3Schema:any
CustomResourceSubresources status:any scale:CustomResourceSubresourceScale
CustomResourceSubresourceScale specReplicasPath:s! statusReplicasPath:s! labelSelectorPath:s
CustomResourceColumnDefinition name:s! type:s! format:s description:s priority:i jsonPath:s!
CustomResourceDefinitionStatus conditions:[Condition/type] acceptedNames:CustomResourceDefinitionNames \
storedVersions:[s]
"""

ALL = META + PODS + CORE + RIGHTS + DEFINITIONS

_TYPES: dict[str, Any] = {
    "s": "string",
    "i": "integer",
    "n": "number",
    "b": "boolean",
    "q": "quantity",
    "x": "int-or-string",
    "t": "date-time",
    "any": {},
}


def parse(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The structures of a text, with their names, as `schema` reads them."""
    for line in filter(None, text.splitlines()):
        name, *fields = line.split()
        known = (field.rstrip("!").split(":") for field in fields)
        properties = {name: _type(word) for name, word in known}
        required = [field.partition(":")[0] for field in fields if field.endswith("!")]
        yield name, {"properties": properties, "required": required}


def _type(word: str) -> Any:
    if word.startswith("{"):
        return {"values": _type(word[1:-1])}
    if not word.startswith("["):
        return _TYPES.get(word, word)
    item, _, keys = word[1:-1].partition("/")
    if keys:
        return {"items": _type(item), "keys": keys.split(",")}
    return {"items": _type(item.rstrip("+")), **({"set": True} if item.endswith("+") else {})}
