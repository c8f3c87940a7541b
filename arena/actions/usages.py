"""The rights that each command asks the cluster for.

The documentation of roles and `whoami --can-i` are made from this table; a test runs every command under
exactly these rights and compares what it asks for.
"""

from __future__ import annotations

from arena import labels
from arena.tuples import NamedTuple

EXPERIMENTS, TRIALS = "experiments.kubeflow.org", "trials.kubeflow.org"
MARK, KILL = "patch experiments/status.kubeflow.org", "patch trials/status.kubeflow.org"
INJECTED = ("whether Katib sees metrics in the namespace", ("get namespaces",))
OF_SWEEPS = ("trials", (f"list {TRIALS}",))
NUMBERED = ("lasting numbers of trials that begin within the same second", ("get suggestions.kubeflow.org",))
SUSPENDED = (
    ("jobs of Volcano", ("create commands.bus.volcano.sh",)),
    ("jobs in a queue", ("list patch workloads.kueue.x-k8s.io",)),
)
WITHOUT_KATIB = ("sweeps without Katib", ("list JOBS",))
SWEEP_UNDONE = ("removal of what it has created, if a part is refused", (f"delete {EXPERIMENTS}",))
CHECKED = SUBMIT = "create JOBS"
SCALED = f"trainingjobs.{labels.ET_GROUP}"
QUEUED = ("list workloads.kueue.x-k8s.io", "list localqueues.kueue.x-k8s.io",
          "get localqueues/pendingworkloads.visibility.kueue.x-k8s.io",
          "list podgroups.scheduling.volcano.sh", "list rayclusters.ray.io")  # fmt: skip
INSTANCES = ("instances", ("list pods",))
REASONS = ("reasons", ("list events", *QUEUED))
ADDRESSES = ("addresses", ("list services",))
EVENTS = ("events, with -e", ("list events",))
DEPENDENCIES = ("list @nodes", "list persistentvolumeclaims", "list resourcequotas", "list limitranges",
                "list workloads.kueue.x-k8s.io", "list localqueues.kueue.x-k8s.io",
                "list podgroups.scheduling.volcano.sh")  # fmt: skip
EXPLAINED = (
    INSTANCES,
    ("events", ("list events",)),
    ("logs", ("get pods/log",)),
    ("what it depends on", DEPENDENCIES),
)
EVERYWHERE = ("instances", ("list @pods",))
HELD = ("finalizers that hold it", ("list watch JOBS",))
UNDONE = ("removal of what it has created, if a part is refused", ("delete JOBS",))
AT_ONCE = ("changes at once, not after two seconds", ("watch JOBS", "watch pods"))
PROGRESS = ("progress", ("get pods/log",))
STALLED = ("whether it stands still", ("get pods/log", "get pods.metrics.k8s.io"))
READY = ("changes at once, not after two seconds", ("watch pods",))
NEWER = "sessions on Kubernetes 1.35 or newer"
BESIDE = ("what --code, --config-file, --secret and --tensorboard create",
          ("get create patch configmaps", "get create secrets",
           "get create services", "get create deployments.apps"))  # fmt: skip
TOKEN = ("a token in a Secret, for --token", ("get secrets",))
REACHED = ("a way to it, if the cluster is not local", ("get pods", "get create pods/portforward"))
FORWARDED = ("a link, if the cluster cannot be reached directly", ("get create pods/portforward",))
SENT = ("code of more than 14 MB", ("get list watch pods", "get create pods/exec"))
SERVING_AT_ONCE = ("changes at once, not after two seconds", ("watch SERVINGS", "watch pods"))
ROUTES = ("httproutes.gateway.networking.k8s.io", "virtualservices.networking.istio.io")
BY_GATEWAY = ("traffic by the Gateway API", ("get create patch httproutes.gateway.networking.k8s.io",))
BY_ISTIO = ("traffic by Istio", ("get create patch virtualservices.networking.istio.io",
                                 "get create patch destinationrules.networking.istio.io"))  # fmt: skip
SHARED = ("shares of the traffic", tuple(f"list {one}" for one in ROUTES))
REVISIONS = ("revisions", ("list replicasets.apps",))
SCALED_BY = ("its autoscaler", ("list horizontalpodautoscalers.autoscaling",))
FORMER = ("removal of what no revision needs",
          ("list replicasets.apps", "get delete configmaps", "get delete secrets"))  # fmt: skip
ROLLED_OUT = ("--wait", ("watch SERVINGS", "list watch pods", "get pods/log", "list events"))
REASON_IN_LOG = ("why an instance crashed", ("get pods/log", "list events"))
BOUNDS = (("limits and quotas of the namespace", ("list limitranges", "list resourcequotas")),
          ("priorities and preemption", ("list @priorityclasses.scheduling.k8s.io",)))  # fmt: skip
OF_QUEUE = (QUEUED[0], QUEUED[3], "get @queues.scheduling.volcano.sh", *(f"get {one}.kueue.x-k8s.io"
            for one in ("localqueues", "@clusterqueues", "@resourceflavors")))  # fmt: skip
READ, FOLLOW = ("get JOBS", "list pods"), ("get list JOBS", "get list pods")
TOLD_OF_SWEEPS = (
    OF_SWEEPS,
    NUMBERED,
    ("why its trials failed", (*READ, "get pods/log")),
    ("why none starts", ("get suggestions.kubeflow.org", "list events")),
)
Help = tuple[str, tuple[str, ...]]


def _everywhere(right: str) -> str:
    verbs, _, where = right.rpartition(" ")
    return f"{verbs} @{where}"


class Usage(NamedTuple):
    """A command, or one with a flag.

    Rights are texts such as `get list pods/log`, or `get or create pods/exec` if one of both is enough; `@`
    marks a type without namespaces, or all namespaces.
    """

    command: str
    needs: tuple[str, ...]
    """The rights without which it does not work."""
    helps: tuple[Help, ...] = ()
    """What its answer lacks without further rights."""


USAGES = (
    Usage("list", ("list JOBS",), (INSTANCES, REASONS, ("progress, with -o wide", ("get pods/log",)))),
    Usage("list -w", ("list JOBS",), (INSTANCES, REASONS, AT_ONCE)),
    Usage("get", ("get JOBS",), (INSTANCES, REASONS, ("TensorBoard", ("get services",)), EVENTS, STALLED,
                               PROGRESS)),
    Usage("top job", ("list JOBS",), (INSTANCES, REASONS)),
    Usage("top job JOB", ("get JOBS",), (INSTANCES, REASONS)),
    Usage("wait", ("get list JOBS", "list pods"), (REASONS, AT_ONCE)),
    Usage("logs", (*READ, "get pods/log")),
    Usage("logs -f", (*FOLLOW, "get pods/log"), (REASONS, AT_ONCE)),
    Usage("events", ("list events",)),
    Usage("events JOB", ("get JOBS", "list events"), (INSTANCES, REASONS)),
    Usage("events JOB -w", ("get JOBS", "list watch events"),
          (("events of its pods", ("list watch pods",)),)),
    Usage("timeline", ("get list JOBS", "list pods"),
          (("the pull of images", ("list events",)), ("the first line of output", ("get pods/log",)),
           REASONS)),
    Usage("metrics", (*READ, "get pods/log"), (REASONS,)),
    Usage("why", ("get JOBS",), (*EXPLAINED, STALLED)),
    Usage("why -T serving", ("list SERVINGS",), EXPLAINED),
    Usage("why -T sweep", (f"get {EXPERIMENTS}",), TOLD_OF_SWEEPS),
    Usage("why -T cron", ("get CRONS", "list get JOBS"), (*EXPLAINED, REASONS, STALLED)),
    Usage("doctor", (), (("operators", ("list @deployments.apps",)),
                         ("nodes and accelerators", ("list @nodes",)),
                         ("webhooks", ("list @validatingwebhookconfigurations.admissionregistration.k8s.io",
                                       "list @mutatingwebhookconfigurations.admissionregistration.k8s.io",
                                       "list @endpointslices.discovery.k8s.io")),
                         ("storage", ("list persistentvolumeclaims", "list @storageclasses.storage.k8s.io")),
                         ("metrics", ("list pods.metrics.k8s.io", "list @nodes.metrics.k8s.io")))),
    Usage("diff", ("get JOBS",)),
    Usage("code", ("get JOBS", "get configmaps")),
    Usage("data list", ("list persistentvolumeclaims",)),
    Usage("logviewer", READ, (("a dashboard in this namespace", ("get services",)),)),
    Usage("tensorboard", (*READ, "get services"), (READY, FORWARDED)),
    Usage("dashboard", ("list JOBS",),
          (INSTANCES, REASONS, ("a page for each job", ("get JOBS",)), ("TensorBoard", ("get services",)),
           ("logs and curves", ("get pods", "get pods/log")), AT_ONCE,
           ("sweeps", (f"list get {EXPERIMENTS}", f"list {TRIALS}", *NUMBERED[1])),
           ("crons", ("list get CRONS",)),
           ("servings", ("list SERVINGS", "list services")), SHARED, REVISIONS, SCALED_BY,
           ("nodes", ("list @nodes", "list @pods")), ("why a job waits or fails", DEPENDENCIES))),
    Usage("dashboard --allow-changes", ("get list patch delete JOBS", "get list patch CRONS"),
          (INSTANCES, REASONS, ("TensorBoard", ("get services",)), HELD, READY)),
    Usage("exec", (*READ, "get or create pods/exec"), ((NEWER, ("create pods/exec",)),)),
    Usage("stacks", (*READ, "get or create pods/exec"), ((NEWER, ("create pods/exec",)),)),
    Usage("stacks --signal", (*READ, "get or create pods/exec", "get pods/log"),
          ((NEWER, ("create pods/exec",)),)),
    Usage("attach", (*READ, "get or create pods/exec"), ((NEWER, ("create pods/exec",)),)),
    Usage("attach --main", (*READ, "get or create pods/attach"), ((NEWER, ("create pods/attach",)),)),
    Usage("submit", (SUBMIT,), (UNDONE,)),
    Usage("submit --code", (SUBMIT, "get create patch configmaps"), (UNDONE, SENT)),
    Usage("submit --config-file", (SUBMIT, "create configmaps"), (UNDONE,)),
    Usage("submit --secret", (SUBMIT, "create secrets"), (UNDONE,)),
    Usage("submit --tensorboard", (SUBMIT, "create services", "create deployments.apps"), (UNDONE,)),
    Usage("submit --wait", (SUBMIT, "get list JOBS", "list pods"), (UNDONE, REASONS, AT_ONCE)),
    Usage("submit --logs", (SUBMIT, *FOLLOW, "get pods/log"), (UNDONE, REASONS, AT_ONCE)),
    Usage("submit --replace", ("get list create delete JOBS", "list pods"), (AT_ONCE, BESIDE)),
    Usage("fit", ("list @nodes", "list @pods"), BOUNDS),
    Usage("fit --data", ("list @nodes", "list @pods", "list persistentvolumeclaims",
                         "list @persistentvolumes", "list @storageclasses.storage.k8s.io"), BOUNDS),
    Usage("fit --queue-name", ("list @nodes", "list @pods"), (*BOUNDS, ("what its queue does", OF_QUEUE))),
    Usage("rerun", ("get create JOBS",), (UNDONE,)),
    Usage("delete", ("get delete JOBS",), (HELD,)),
    Usage("delete -l", ("get list delete JOBS",), (INSTANCES, HELD)),
    Usage("prune", ("get list delete JOBS",), (INSTANCES, HELD)),
    Usage("adopt", ("get list patch JOBS",)),
    Usage("suspend", ("get patch JOBS",), SUSPENDED),
    Usage("resume", ("get patch JOBS", "list pods"),
          (READY, *SUSPENDED)),
    Usage("scale", ("get patch JOBS",)),
    Usage("scalein", (f"get {SCALED}", f"create scaleins.{labels.ET_GROUP}")),
    Usage("scaleout", (f"get {SCALED}", f"create scaleouts.{labels.ET_GROUP}")),
    Usage("cron list", ("list CRONS",)),
    Usage("cron get", ("get CRONS",), (("runs", ("list JOBS",)), EVENTS)),
    Usage("cron KIND", ("create CRONS",), (("a check of the job", ("create JOBS",)),)),
    Usage("cron suspend", ("get patch CRONS",)),
    Usage("cron resume", ("get patch CRONS",)),
    Usage("cron delete", ("get delete CRONS",)),
    Usage("sweep list", (f"list {EXPERIMENTS}",), (OF_SWEEPS, WITHOUT_KATIB)),
    Usage("sweep get", (f"get {EXPERIMENTS}",), (OF_SWEEPS, NUMBERED, EVENTS)),
    Usage("sweep get -w", (f"get list watch {EXPERIMENTS}", f"list watch {TRIALS}"), (NUMBERED,)),
    Usage("sweep submit KIND", (f"create {EXPERIMENTS}", CHECKED), (INJECTED, SWEEP_UNDONE)),
    Usage("sweep submit KIND --wait",
          (f"get create list watch {EXPERIMENTS}", f"list watch {TRIALS}", CHECKED),
          (INJECTED, NUMBERED, SWEEP_UNDONE)),
    Usage("sweep submit --from-job", ("get JOBS", f"create {EXPERIMENTS}", CHECKED),
          (INJECTED, SWEEP_UNDONE)),
    Usage("sweep submit KIND --engine foreground",
          ("get create list patch JOBS", "get list pods", "get pods/log"),
          (REASONS, AT_ONCE, UNDONE, *SUSPENDED)),
    Usage("sweep add", (f"get {EXPERIMENTS}", "get list create patch JOBS", "get list pods", "get pods/log"),
          (REASONS, AT_ONCE, UNDONE)),
    Usage("sweep import", (f"get {EXPERIMENTS}", "get list patch JOBS", "get list pods", "get pods/log"),
          (REASONS, AT_ONCE)),
    Usage("sweep best", (f"get {EXPERIMENTS}", f"list {TRIALS}"), (NUMBERED,)),
    Usage("sweep compare", (f"get {EXPERIMENTS}", f"list {TRIALS}"), (NUMBERED,)),
    Usage("sweep export", (f"get {EXPERIMENTS}", f"list {TRIALS}"), (NUMBERED,)),
    Usage("sweep plot", (f"get {EXPERIMENTS}", f"list {TRIALS}"), (NUMBERED,)),
    Usage("sweep logs", (f"get {EXPERIMENTS}", f"list {TRIALS}", *READ, "get pods/log"), (NUMBERED,)),
    Usage("sweep logs -f", (f"get {EXPERIMENTS}", f"list {TRIALS}", *FOLLOW, "get pods/log"),
          (NUMBERED, REASONS, AT_ONCE)),
    Usage("sweep why", (f"get {EXPERIMENTS}",), TOLD_OF_SWEEPS),
    Usage("sweep pause", (f"get {EXPERIMENTS}", MARK), (OF_SWEEPS, NUMBERED)),
    Usage("sweep resume", (f"get {EXPERIMENTS}", MARK), (OF_SWEEPS, NUMBERED)),
    Usage("sweep extend", (f"get patch {EXPERIMENTS}", f"list {TRIALS}"), (NUMBERED,)),
    Usage("sweep stop", (f"get {EXPERIMENTS}", MARK, f"get list {TRIALS}", KILL, "get delete JOBS"),
          (NUMBERED,)),
    Usage("sweep delete", (f"get delete {EXPERIMENTS}",)),
    Usage("evaluate list", ("list jobs.batch",)),
    Usage("evaluate get", ("get jobs.batch",), (INSTANCES, EVENTS)),
    Usage("evaluate model", ("create jobs.batch",), ((UNDONE[0], ("delete jobs.batch",)),)),
    Usage("evaluate delete", ("get delete jobs.batch",)),
    Usage("serve list", ("list SERVINGS",), (INSTANCES, ADDRESSES, SHARED)),
    Usage("serve get", ("list SERVINGS",), (INSTANCES, ADDRESSES, SHARED, REVISIONS, SCALED_BY, EVENTS)),
    Usage("serve top", ("list SERVINGS", "get list pods", "get create pods/portforward"),
          (ADDRESSES, SHARED)),
    Usage("serve autoscale", ("list patch SERVINGS",
                              "create list patch delete horizontalpodautoscalers.autoscaling")),
    Usage("serve forward", ("list SERVINGS", "list services", "list watch pods",
                            "get create pods/portforward")),
    Usage("serve KIND", ("create SERVINGS", "create services"),
          ((UNDONE[0], ("delete SERVINGS",)),)),
    Usage("serve KIND --code", ("create SERVINGS", "create services", "get create patch configmaps"),
          ((UNDONE[0], ("delete SERVINGS",)), SENT)),
    Usage("serve KIND --expose-service",
          ("create SERVINGS", "create services", "create gateways.networking.istio.io",
           "create virtualservices.networking.istio.io"),
          ((UNDONE[0], ("delete SERVINGS",)),)),
    Usage("serve KIND --wait", ("create list SERVINGS", "create services", "list pods"),
          (SERVING_AT_ONCE, REASON_IN_LOG)),
    Usage("serve KIND --from-job", ("get JOBS", "create SERVINGS", "create services"),
          ((UNDONE[0], ("delete SERVINGS",)),)),
    Usage("serve predict", ("list SERVINGS", "list services", "list pods"), (REACHED, TOKEN)),
    Usage("serve bench", ("list SERVINGS", "list services", "list pods"), (REACHED, TOKEN)),
    Usage("serve wait", ("list SERVINGS", "list pods"), (SERVING_AT_ONCE, REASON_IN_LOG)),
    Usage("serve logs", ("list SERVINGS", "list pods", "get pods/log")),
    Usage("serve logs -f", ("list SERVINGS", "get list pods", "get pods/log"), (SERVING_AT_ONCE,)),
    Usage("serve exec", ("list SERVINGS", "list pods", "get or create pods/exec"),
          ((NEWER, ("create pods/exec",)),)),
    Usage("serve attach", ("list SERVINGS", "list pods", "get or create pods/exec"),
          ((NEWER, ("create pods/exec",)),)),
    Usage("serve attach --main", ("list SERVINGS", "list pods", "get or create pods/attach"),
          ((NEWER, ("create pods/attach",)),)),
    Usage("serve update", ("list patch SERVINGS",), (ROLLED_OUT,)),
    Usage("serve update --restful-port", ("list patch SERVINGS", "get patch services")),
    Usage("serve update --label", ("list patch SERVINGS", "get patch services")),
    Usage("serve update --config-file", ("list patch SERVINGS", "get create configmaps"),
          (FORMER,)),
    Usage("serve update --secret", ("list patch SERVINGS", "get create secrets"),
          (FORMER,)),
    Usage("serve update --code", ("list patch SERVINGS", "get create patch configmaps"),
          (FORMER,)),
    Usage("serve rollback", ("list patch SERVINGS", "list replicasets.apps"),
          (ROLLED_OUT, ("a check of what the revision needs", ("get configmaps", "get secrets")),
           ("ports of that revision", ("get patch services",)),
           ("the end of a canary", ("delete SERVINGS", "list get patch services")), BY_GATEWAY, BY_ISTIO)),
    Usage("serve promote", ("list patch delete SERVINGS", "list get patch services", "list pods"),
          (BY_GATEWAY, BY_ISTIO, SERVING_AT_ONCE)),
    Usage("serve restart", ("list patch SERVINGS",), (ROLLED_OUT,)),
    Usage("serve scale", ("list patch SERVINGS",), (ROLLED_OUT,)),
    Usage("serve traffic-split", ("list SERVINGS", "list services", "get create patch services"),
          (BY_GATEWAY, BY_ISTIO, ("traffic of KServe", ("patch SERVINGS",)))),
    Usage("serve update --canary",
          ("list create patch delete SERVINGS", "list get create patch services", "list pods"),
          (BY_GATEWAY, BY_ISTIO, ("metrics of its engine, and the pods of KServe", REACHED[1]),
           SERVING_AT_ONCE, REASON_IN_LOG)),
    Usage("serve delete", ("list get delete SERVINGS",),
          (("its share of the traffic goes to other versions",
            ("list services", *(f"get patch {one}" for one in ROUTES))),)),
    Usage("serve list -A", ("list @SERVINGS",), (EVERYWHERE, ("addresses", ("list @services",)),
                                                   (SHARED[0], tuple(map(_everywhere, SHARED[1]))))),
    Usage("list -A", ("list @JOBS",), (EVERYWHERE, ("reasons", tuple(map(_everywhere, REASONS[1]))))),
    Usage("top job -A", ("list @JOBS",), (EVERYWHERE, ("reasons", tuple(map(_everywhere, REASONS[1]))))),
    Usage("dashboard -A", ("list @JOBS",),
          (EVERYWHERE, ("reasons and events", tuple(map(_everywhere, REASONS[1]))),
           ("sweeps", (f"list @{EXPERIMENTS}", f"list @{TRIALS}")), ("crons", ("list @CRONS",)),
           ("servings", ("list @SERVINGS", "list @services", *map(_everywhere, SHARED[1]))),
           ("nodes", ("list @nodes",)))),
    Usage("cron list -A", ("list @CRONS",)),
    Usage("sweep list -A", (f"list @{EXPERIMENTS}",),
          ((OF_SWEEPS[0], (f"list @{TRIALS}",)), (WITHOUT_KATIB[0], ("list @JOBS",)))),
    Usage("evaluate list -A", ("list @jobs.batch",)),
    Usage("data list -A", ("list @persistentvolumeclaims",)),
    Usage("top node", ("list @nodes",), (("GPUs in use", ("list @pods",)),)),
    Usage("submit --priority", (SUBMIT,), (("a check of its name",
                                            ("list @priorityclasses.scheduling.k8s.io",)),
                                           ("classes of Kueue",
                                            ("list @workloadpriorityclasses.kueue.x-k8s.io",)))),
    Usage("submit --queue-name", (SUBMIT,),
          (("a check of a queue of Kueue", ("list localqueues.kueue.x-k8s.io",)),
           ("a check of a queue of Volcano", ("get @queues.scheduling.volcano.sh",)))),
)  # fmt: skip
