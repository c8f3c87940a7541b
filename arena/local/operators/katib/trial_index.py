"""The trials of each Experiment in memory, so that a pass over 500 of them reads none of them again.

It is only a cache: the first look at an Experiment lists its trials, and the watch, which reports every
change, keeps them up to date.
"""

from arena.local.machinery.operator import Key
from arena.local.objects import Object, Objects, WatchEvent, key
from arena.local.operators.katib import kinds, statuses
from arena.local.operators.katib.kinds import EXPERIMENT_LABEL, EXPERIMENTS, TRIALS, UNAVAILABLE
from arena.tuples import NamedTuple


class Summary(NamedTuple):
    """What an Experiment needs to know of a trial.

    Attributes:
        version: the resourceVersion, which grows.
        phase: the condition by which it ended, Running, or "".
        value: that of the metric which is optimized; None if there is none.
        started: when it was created, as the API's text.
    """

    name: str
    version: int
    phase: str
    value: float | None
    assignments: list[Object]
    metrics: list[Object]
    started: str

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.phase not in kinds.FINAL


def summary(trial: Object) -> Summary:
    """What an Experiment needs to know of this trial."""
    meta, spec, status = trial["metadata"], trial["spec"], trial.get("status") or {}
    objective = spec["objective"]
    metrics = (status.get("observation") or {}).get("metrics") or []
    name = objective["objectiveMetricName"]
    texts = (
        kinds.value_of(one, kinds.strategy_of(objective, name)) for one in metrics if one["name"] == name
    )
    text = next(texts, UNAVAILABLE)
    return Summary(
        name=meta["name"],
        version=int(meta["resourceVersion"]),
        phase=statuses.phase(status),
        value=None if text == UNAVAILABLE else float(text),
        assignments=spec.get("parameterAssignments") or [],
        metrics=metrics,
        started=meta["creationTimestamp"],
    )


class TrialIndex:
    """The trials by Experiment; one thread uses it."""

    def __init__(self) -> None:
        self._known: dict[Key, dict[str, Summary]] = {}

    def forget(self) -> None:
        """Another watch begins, which may have missed something."""
        self._known.clear()

    def drop(self, item: Key) -> None:
        """Forget the trials of an Experiment; the next look at them lists them again."""
        self._known.pop(item, None)

    def note(self, change: WatchEvent) -> None:
        """Take a change of a trial, or of an Experiment."""
        if change.resource == EXPERIMENTS and change.type == "DELETED":
            self.drop(key(change.object))
        if change.resource != TRIALS:
            return
        trials = self._known.get(_experiment(change.object))
        if trials is not None:
            self._put(trials, change.object, change.type == "DELETED")

    def of(self, objects: Objects, experiment: Object) -> dict[str, Summary]:
        """The trials of an Experiment by their names."""
        item = key(experiment)
        if item not in self._known:
            found: dict[str, Summary] = {}
            for one in objects.list(TRIALS, item[0], f"{EXPERIMENT_LABEL}={item[1]}"):
                self._put(found, one)
            self._known[item] = found
        return self._known[item]

    def add(self, trial: Object) -> None:
        """Take a trial that was just created, of which the watch has not told yet."""
        trials = self._known.get(_experiment(trial))
        if trials is not None:
            self._put(trials, trial)

    def _put(self, trials: dict[str, Summary], trial: Object, is_gone: bool = False) -> None:
        """Take the state of a trial unless a newer one is known."""
        new = summary(trial)
        before = trials.get(new.name)
        if before is not None and before.version > new.version:
            return
        if is_gone:
            trials.pop(new.name, None)
        else:
            trials[new.name] = new


def _experiment(trial: Object) -> Key:
    labels = trial["metadata"].get("labels") or {}
    return key(trial)[0], str(labels.get(EXPERIMENT_LABEL))
