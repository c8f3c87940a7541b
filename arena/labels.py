"""Every label and annotation key that arena writes or reads, defined only here."""

from collections.abc import Mapping

# Written on every object that arena creates.
NAME = "app.kubernetes.io/name"
MANAGED_BY = "app.kubernetes.io/managed-by"
COMPONENT = "app.kubernetes.io/component"

# From the Go arena, so that its users' selectors and tools keep working.
APP = "app"
RELEASE = "release"
CREATED_BY = "createdBy"

# On everything of a serving, as the Go arena sets them.
SERVING_NAME = "servingName"
SERVING_VERSION = "servingVersion"
SERVING_TYPE = "servingType"
SERVICE_NAME = "serviceName"
# An annotation: the protocol of requests to a serving.
PROTOCOL = "arena.kubeflow.org/protocol"

# Annotations: what has been changed why, as kubectl shows it, and the former options of a serving.
CHANGE_CAUSE = "kubernetes.io/change-cause"
HISTORY = "arena.kubeflow.org/history"
CANARY = "arena.kubeflow.org/canary"
# Annotations: the ConfigMaps and Secrets of this revision by the names that a submit gives them, and all that
# a serving has for its revisions.
CONTENTS = "arena.kubeflow.org/contents"
KEPT_CONTENTS = "arena.kubeflow.org/kept-contents"

# Annotations on the job object: the cluster is the only database.
SPEC = "arena.kubeflow.org/spec"
SUBMITTER = "arena.kubeflow.org/username"
VERSION = "arena.kubeflow.org/version"
CODE_DIGEST = "arena.kubeflow.org/code-digest"
CODE_PARTS = "arena.kubeflow.org/code-parts"
CODE_ORIGIN = "arena.kubeflow.org/code-origin"
OVERRIDES = "arena.kubeflow.org/overrides"
# Random for each submit, so that its objects are distinguished from others with the same name.
SUBMISSION = "arena.kubeflow.org/submission"
GPUS = "requestGPUsOfJobOwner"
# The model that the job produces. The labels are the Go arena's; a registry sets that of the version.
MODEL_NAME = "modelName"
MODEL_VERSION = "modelVersion"
MODEL_SOURCE = "arena.kubeflow.org/model-source"
# On the runs of a schedule: the name of the cron, as set by arena and by KubeDL's operator.
CRON = "arena.kubeflow.org/cron"
KUBEDL_CRON = "kubedl.io/cron-name"
# On the trials of a sweep: its name.
SWEEP = "arena.kubeflow.org/sweep"
# On the trials of a sweep without Katib: that it is one, then annotations with the search, the trial, its
# result, and on the first trial the end of the sweep.
SWEEP_ENGINE = "arena.kubeflow.org/sweep-engine"
SWEEP_SEARCH = "arena.kubeflow.org/sweep-search"
SWEEP_END = "arena.kubeflow.org/sweep-end"
TRIAL = "arena.kubeflow.org/trial"
TRIAL_RESULT = "arena.kubeflow.org/trial-result"
ROLE_SEQUENCE = "job-role-sequence"
QUEUE_SUSPEND = "scheduling.x-k8s.io/suspend"

# On the pods of an InferenceService, as Knative sets it: the revision that they run.
KNATIVE_REVISION = "serving.knative.dev/revision"

# The container that kubectl uses by default; service meshes set it because theirs comes first.
DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"

# The local cluster's contract: the directory, environment and limits with which a pod's processes start.
LOCAL_CWD = "local.arena.io/cwd"
LOCAL_ENV = "local.arena.io/env"
LOCAL_PROCESS = "local.arena.io/process"
# Read from Services there: JSON, declared port -> its loopback port.
LOCAL_PORTS = "local.arena.io/ports"
LOCAL_TOKEN = "local.arena.io/token"

# Written by the operators on the pods of a job.
JOB_NAME = "training.kubeflow.org/job-name"
OPERATOR_NAME = "training.kubeflow.org/operator-name"
REPLICA_TYPE = "training.kubeflow.org/replica-type"
REPLICA_INDEX = "training.kubeflow.org/replica-index"
JOB_ROLE = "training.kubeflow.org/job-role"

# Written by Kubernetes on the pods of a Job, and by JobSet on those of its Jobs.
BATCH_JOB_NAME = "job-name"
COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index"
JOBSET_NAME = "jobset.sigs.k8s.io/jobset-name"
REPLICATED_JOB = "jobset.sigs.k8s.io/replicatedjob-name"
EXCLUSIVE_TOPOLOGY = "alpha.jobset.sigs.k8s.io/exclusive-topology"

# Written by the operators of servings: LeaderWorkerSet, KServe and Seldon.
LWS_NAME = "leaderworkerset.sigs.k8s.io/name"
LWS_WORKER = "leaderworkerset.sigs.k8s.io/worker-index"
LWS_GROUP = "leaderworkerset.sigs.k8s.io/group-index"
LWS_SIZE = "leaderworkerset.sigs.k8s.io/size"
KSERVE_NAME = "serving.kserve.io/inferenceservice"
KSERVE_MODE = "serving.kserve.io/deploymentMode"
KSERVE_AUTOSCALER = "serving.kserve.io/autoscalerClass"
KSERVE_SCRAPING = "serving.kserve.io/enable-prometheus-scraping"
SELDON_NAME = "seldon-deployment-id"
SELDON_APP = "seldon-app"

# Written by KubeRay, Volcano and the Spark operator.
RAY_CLUSTER = "ray.io/cluster"
RAY_NODE_TYPE = "ray.io/node-type"
RAY_ORIGIN = "ray.io/originated-from-cr-name"
RAY_ORIGIN_KIND = "ray.io/originated-from-crd"
RAY_GANG = "ray.io/gang-scheduling-enabled"
CREATED_BY_OPERATOR = "app.kubernetes.io/created-by"
VOLCANO_JOB_NAME = "volcano.sh/job-name"
VOLCANO_TASK = "volcano.sh/task-spec"
VOLCANO_INDEX = "volcano.sh/task-index"
VOLCANO_ROLE = "volcano-role"
SPARK_APP_NAME = "sparkoperator.k8s.io/app-name"
SPARK_ROLE = "spark-role"
SPARK_EXECUTOR = "spark-exec-id"

# Written by the operators of the Go arena's time.
OLD_GROUP = "group-name"
TF_JOB_NAME = "tf-job-name"
TF_REPLICA_TYPE = "tf-replica-type"
TF_REPLICA_INDEX = "tf-replica-index"
PYTORCH_JOB_NAME = "pytorch-job-name"
PYTORCH_REPLICA_TYPE = "pytorch-replica-type"
PYTORCH_REPLICA_INDEX = "pytorch-replica-index"
MPI_JOB_NAME = "mpi_job_name"
MPI_ROLE_TYPE = "mpi_role_type"

# Written by the ET operator: on the pods of a TrainingJob, then on the job itself.
ET_GROUP = "kai.alibabacloud.com"
ET_JOB_NAME = "training-job-name"
ET_ROLE = "training-job-role"
ET_INDEX = "replica-index"
SSH_SECRET = "arena.kubeflow.org/ssh-secret"
ET_SUSPENDED = "job-supervisor.kube-ai.io/job-suspended"
SPOT_INSTANCE = "job-supervisor.kube-ai.io/spot-instance"
MAX_WAIT_TIME = "job-supervisor.kube-ai.io/max-wait-time"

# The purpose of a pod beside a job: `tensorboard`.
ROLE = "role"

ISTIO_INJECT = "sidecar.istio.io/inject"

# Queues and gangs.
KUEUE_QUEUE = "kueue.x-k8s.io/queue-name"
KUEUE_PRIORITY = "kueue.x-k8s.io/priority-class"
KUEUE_JOB_UID = "kueue.x-k8s.io/job-uid"
VOLCANO_QUEUE = "scheduling.volcano.sh/queue-name"
VOLCANO_MEMBERS = "scheduling.volcano.sh/group-min-member"
RAY_VOLCANO_QUEUE = "volcano.sh/queue-name"
POD_GROUP = "pod-group.scheduling.sigs.k8s.io/name"
POD_GROUP_MIN = "pod-group.scheduling.sigs.k8s.io/min-available"
GPU_TOPOLOGY = "gpu-topology"
GPU_TOPOLOGY_REPLICA = "gpu-topology-replica"

ARENA = "arena"


def common(name: str, kind: str, component: str = "training", release: str = "") -> dict[str, str]:
    """The labels of an object that belongs to the job `name` of the kind `kind`, such as `tfjob`.

    Args:
        release: what distinguishes it from others with that name, such as their versions.
    """
    return {
        NAME: name,
        MANAGED_BY: ARENA,
        COMPONENT: component,
        APP: kind,
        RELEASE: release or name,
        CREATED_BY: ARENA,
    }


def managed(own: Mapping[str, str]) -> bool:
    """Whether arena or the Go arena created an object with these labels."""
    return own.get(MANAGED_BY) == ARENA or CREATED_BY in own
