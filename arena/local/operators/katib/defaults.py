"""What Katib's webhook sets in an Experiment, and what the local cluster sets besides."""

from arena.local.checks import items, mapping
from arena.local.definitions import set_defaults
from arena.local.machinery.training_labels import JOB_ROLE, REPLICA_INDEX, REPLICA_TYPE
from arena.local.objects import Object
from arena.local.operators.katib import observations
from arena.local.operators.katib.kinds import ENDS, MAXIMIZE, NEVER

PARALLEL = 3


def fill(obj: Object) -> None:
    """Set the defaults."""
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return
    set_defaults(spec, parallelTrialCount=PARALLEL, resumePolicy=NEVER)
    objective = spec.get("objective")
    if isinstance(objective, dict) and objective.get("objectiveMetricName"):
        _fill_strategies(objective)
    if not isinstance(spec.get("metricsCollectorSpec"), dict):
        spec["metricsCollectorSpec"] = {}
    _fill_collector(spec["metricsCollectorSpec"])
    if isinstance(spec.get("trialTemplate"), dict):
        _fill_template(spec["trialTemplate"])


def _fill_strategies(objective: Object) -> None:
    usual = "max" if objective.get("type") == MAXIMIZE else "min"
    given = items(objective.get("metricStrategies"))
    known = {mapping(one).get("name") for one in given}
    named = objective.get("additionalMetricNames")
    every = [objective["objectiveMetricName"], *(named if isinstance(named, list) else ())]
    more = [{"name": one, "value": usual} for one in every if isinstance(one, str) and one not in known]
    objective["metricStrategies"] = [*given, *more]


def _fill_collector(spec: Object) -> None:
    collector = spec.setdefault("collector", {"kind": "StdOut"})
    if not isinstance(collector, dict):
        return
    # Katib distinguishes upper from lower case here, over which many stumble.
    known = {one.lower(): one for one in observations.SOURCES}
    kind = collector["kind"] = known.get(
        str(collector.get("kind") or "StdOut").lower(), collector.get("kind")
    )
    if kind not in observations.PATHS:
        return
    source = spec["source"] = mapping(spec.get("source"))
    place = source["fileSystemPath"] = mapping(source.get("fileSystemPath"))
    set_defaults(place, path=observations.PATHS[kind], kind="File" if kind == "File" else "Directory")
    if kind == "File":
        set_defaults(place, format="TEXT")


def _fill_template(chosen: Object) -> None:
    job = mapping(chosen.get("trialSpec"))
    ends = ENDS.get(str(job.get("kind")))
    if ends:
        for field, end in (("successCondition", ends.succeeded), ("failureCondition", ends.failed)):
            set_defaults(chosen, **{field: f'status.conditions.#(type=="{end}")#|#(status=="True")#'})
    if labels := _primary(job):
        set_defaults(chosen, primaryPodLabels=labels)


def _primary(job: Object) -> dict[str, str]:
    """The labels of the pods whose metrics count, by the kind of the job; {} for all pods."""
    kind = job.get("kind")
    if kind == "TrainJob":
        group, index = "jobset.sigs.k8s.io/replicatedjob-name", "batch.kubernetes.io/job-completion-index"
        return {group: "node", index: "0"}
    if kind == "MPIJob":
        return {JOB_ROLE: "launcher"}
    if kind == "PyTorchJob" and "Master" not in mapping(mapping(job.get("spec")).get("pytorchReplicaSpecs")):
        return {REPLICA_TYPE: "worker", REPLICA_INDEX: "0"}
    return {JOB_ROLE: "master"} if kind in ("PyTorchJob", "TFJob", "XGBoostJob") else {}
