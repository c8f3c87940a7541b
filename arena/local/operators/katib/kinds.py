"""The kinds of Katib, the labels of what belongs to them, and the kinds of jobs that run as trials."""

from arena.local import definitions
from arena.local.objects import JOBS, Object, Resource
from arena.tuples import NamedTuple

GROUP, VERSION = "kubeflow.org", "v1beta1"
EXPERIMENTS = Resource(GROUP, VERSION, "experiments", "Experiment")
SUGGESTIONS = Resource(GROUP, VERSION, "suggestions", "Suggestion")
TRIALS = Resource(GROUP, VERSION, "trials", "Trial")

EXPERIMENT_LABEL = "katib.kubeflow.org/experiment"
TRIAL_LABEL = "katib.kubeflow.org/trial"
"""Both are also labels of the trial's pods and of their ObservationLogs."""
TRIAL_NAME = "KATIB_TRIAL_NAME"
"""The variable that tells a trial's program its name."""

MINIMIZE, MAXIMIZE = "minimize", "maximize"
NEVER, LONG_RUNNING, FROM_VOLUME = "Never", "LongRunning", "FromVolume"
RESUMABLE = (LONG_RUNNING, FROM_VOLUME)
"""The resumePolicies with which an Experiment that has ended may run more trials."""
UNAVAILABLE = "unavailable"
"""What stands for a value that a metric does not have."""

CREATED, RUNNING, RESTARTING = "Created", "Running", "Restarting"
SUCCEEDED, FAILED, KILLED = "Succeeded", "Failed", "Killed"
EARLY_STOPPED, METRICS_UNAVAILABLE = "EarlyStopped", "MetricsUnavailable"
FINAL = (KILLED, FAILED, SUCCEEDED, EARLY_STOPPED, METRICS_UNAVAILABLE)
"""The conditions by which a trial ends."""


class Ends(NamedTuple):
    """The conditions of a kind of job by which it succeeds and fails."""

    succeeded: str
    failed: str


ENDS = {
    "Job": Ends("Complete", "Failed"),
    "MPIJob": Ends("Succeeded", "Failed"),
    "PyTorchJob": Ends("Succeeded", "Failed"),
    "TFJob": Ends("Succeeded", "Failed"),
    "TrainJob": Ends("Complete", "Failed"),
    "XGBoostJob": Ends("Succeeded", "Failed"),
}
"""The kinds of jobs whose ends are known; others run with a successCondition and a failureCondition."""


def resource_of(obj: Object) -> Resource | None:
    """The type of a trial's job; None if the local cluster has none of that apiVersion and kind."""
    version, kind = obj.get("apiVersion"), obj.get("kind")
    return next((one for one in runnable() if (one.api_version, one.kind) == (version, kind)), None)


def runnable() -> tuple[Resource, ...]:
    """The types of which a trial's job may be."""
    every = (one for definition in definitions.every() for one in definition.resources)
    return (JOBS, *(one for one in every if one.namespaced and (one.group, one.version) != (GROUP, VERSION)))


def value_of(metric: Object, strategy: str) -> str:
    """The value of a metric in an observation, by min, max or latest."""
    found = str(metric.get(strategy, UNAVAILABLE))
    return str(metric.get("latest", UNAVAILABLE)) if found == UNAVAILABLE else found


def strategy_of(objective: Object, name: str) -> str:
    """How the values of a metric become one: min, max or latest."""
    given = (one["value"] for one in objective.get("metricStrategies") or [] if one.get("name") == name)
    return next(given, "max" if objective.get("type") == MAXIMIZE else "min")
