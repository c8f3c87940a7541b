"""Experiment: it asks its Suggestion for sets of parameters, and keeps as many trials running as it may.

Sets are asked for ahead, so that the next trial begins as soon as one has ended. The trials themselves are
the memory of the search: whatever is killed, the next pass continues with them.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from arena.local.definitions import Definition
from arena.local.machinery import conditions
from arena.local.machinery.clock import stamp
from arena.local.machinery.conditions import Condition
from arena.local.machinery.operator import Key, Operator, of_kind
from arena.local.machinery.reconciler import Reconciler
from arena.local.objects import Object, Objects, WatchEvent, key
from arena.local.operators.katib import (
    defaults,
    early_stopping,
    kinds,
    observations,
    progress,
    statuses,
    structures,
    template,
    validation,
)
from arena.local.operators.katib.kinds import (
    CREATED,
    EXPERIMENT_LABEL,
    EXPERIMENTS,
    FAILED,
    RESTARTING,
    RUNNING,
    SUCCEEDED,
    SUGGESTIONS,
    TRIAL_LABEL,
    TRIALS,
)
from arena.local.operators.katib.trial_index import Summary, TrialIndex


def operator() -> Operator:
    """The operator of Experiments."""
    memory = Memory()
    inner = of_kind(EXPERIMENTS, memory.reconcile, owns=(SUGGESTIONS, TRIALS))

    def keys(objects: Objects, change: WatchEvent) -> Iterable[Key]:
        memory.trials.note(change)
        return inner.keys(objects, change)

    return replace(inner, keys=keys, forget=memory.forget)


class Memory:
    """What the operator remembers of trials.

    Attributes:
        means: of the first values of trials by their uid; None of trials that reported too few.
    """

    def __init__(self) -> None:
        self.trials = TrialIndex()
        self.means: dict[Key, dict[str, float | None]] = {}

    def forget(self) -> None:
        """Another watch begins."""
        self.trials.forget()
        self.means.clear()

    def drop(self, item: Key) -> None:
        """Forget the trials of an Experiment that has ended."""
        self.trials.drop(item)
        self.means.pop(item, None)

    def reconcile(self, objects: Objects, obj: Object, now: datetime) -> None:
        """One pass over one Experiment."""
        Experiment(objects, obj, now, self).reconcile()


class Experiment(Reconciler):
    """One pass over one Experiment."""

    resource = EXPERIMENTS

    def __init__(self, objects: Objects, obj: Object, now: datetime, memory: Memory) -> None:
        super().__init__(objects, obj, now)
        self.memory = memory

    @cached_property
    def trials(self) -> dict[str, Summary]:
        """Its trials by their names."""
        return self.memory.trials.of(self.objects, self.obj)

    @property
    def spec(self) -> Object:
        """Its spec."""
        found: Object = self.obj["spec"]
        return found

    def reconcile(self) -> None:
        """Keep its trials running until it ends, and report them."""
        if statuses.is_final(self.status) and self._restarts():
            self._mark(RESTARTING, "ExperimentRestarting", "Experiment is restarted")
            self.status.pop("completionTime", None)
        elif statuses.is_final(self.status) and not self._is_busy():
            self.memory.drop(key(self.obj))
            return
        if "startTime" not in self.status:
            self.status["startTime"] = stamp(self.now)
            self._mark(CREATED, "ExperimentCreated", "Experiment is created")
        if not statuses.is_final(self.status):
            self._run()
        progress.summarize(self.status, self.trials.values(), self.spec["objective"])
        self.write_status()

    def _restarts(self) -> bool:
        """Whether it has ended by its number of trials, and may now run more."""
        reached = conditions.find(self.status, SUCCEEDED).get("reason") == progress.MAX
        most = self.spec.get("maxTrialCount")
        may = self.spec.get("resumePolicy") in kinds.RESUMABLE
        return reached and may and (most is None or most > self.status.get("trials", 0))

    def _is_busy(self) -> bool:
        """Whether trials still run of an Experiment that has ended."""
        return bool(self.status.get("trialsRunning") or self.status.get("trialsPending"))

    def _run(self) -> None:
        end = progress.verdict(self.spec, self.trials.values()) or self._start_trials()
        if end is None:
            self._mark(RUNNING, "ExperimentRunning", "Experiment is running")
            return
        statuses.mark(self.status, end, self.now)
        self.status["completionTime"] = stamp(self.now)
        self.event(end.reason, end.message, "Warning" if end.type == FAILED else "Normal")

    def _start_trials(self) -> Condition | None:
        """Start as many trials as may run; why the Experiment ends if there is nothing left to try."""
        suggestion = self.suggestion
        status = suggestion.get("status") or {}
        waiting = [one for one in status.get("suggestions") or [] if one["name"] not in self.trials]
        active = sum(one.is_active for one in self.trials.values())
        free = min(self.spec["parallelTrialCount"] - active, self._budget())
        try:
            while free > 0 and waiting:
                self._create(waiting.pop(0))
                free, active = free - 1, active + 1
        except template.Unusable as why:
            return Condition(FAILED, progress.FAILURE, f"Experiment has failed because {why}")
        if told := conditions.find(status, FAILED):
            return Condition(FAILED, progress.FAILURE, f"Experiment has failed because {told['message']}")
        if statuses.is_exhausted(status) and not active and not waiting:
            text = "Experiment has succeeded because suggestion service has reached the end"
            return Condition(SUCCEEDED, progress.END, text)
        self._ask(suggestion, min(max(free, 0) + ahead(self.spec), self._budget()) - len(waiting))
        return None

    def _budget(self) -> int:
        """The number of trials that it may still create."""
        most = self.spec.get("maxTrialCount")
        return int(most) - len(self.trials) if most is not None else int(self.spec["parallelTrialCount"])

    @cached_property
    def suggestion(self) -> Object:
        """Its Suggestion."""
        _, name = key(self.obj)
        spec: Object = {
            one: self.spec[one] for one in ("algorithm", "earlyStopping", "resumePolicy") if one in self.spec
        }
        body = {"metadata": {"name": name}, "spec": {**spec, "requests": 0}}
        return self.ensure(SUGGESTIONS, body)

    def _ask(self, suggestion: Object, lacking: int) -> None:
        """Ask for so many more sets of parameters than there are."""
        wanted = (suggestion.get("status") or {}).get("suggestionCount", 0) + lacking
        if lacking > 0 and wanted > suggestion["spec"].get("requests", 0):
            namespace, name = key(self.obj)
            self.objects.patch(SUGGESTIONS, name, {"spec": {"requests": wanted}}, namespace)

    def _create(self, suggested: Object) -> None:
        """Create the trial of a set of parameters."""
        name, pairs = suggested["name"], suggested.get("parameterAssignments") or []
        labels = {EXPERIMENT_LABEL: key(self.obj)[1]}
        chosen, objective = self.spec["trialTemplate"], self.spec["objective"]
        run = template.job(self.objects, self.obj, name, {one["name"]: one["value"] for one in pairs})
        collector = self.spec.get("metricsCollectorSpec") or {}
        note = observations.note(collector, chosen["primaryContainerName"], objective)
        where = observations.folder(collector)
        template.mark(run, {**labels, TRIAL_LABEL: name}, note, chosen["primaryContainerName"], where)
        spec = {
            "objective": objective,
            "parameterAssignments": pairs,
            "runSpec": run,
            "retainRun": bool(chosen.get("retain")),
            "metricsCollector": self.spec.get("metricsCollectorSpec") or {},
            **{one: chosen[one] for one in _COPIED if chosen.get(one)},
        }
        if rules := early_stopping.rules(self.spec, self._means()):
            spec["earlyStoppingRules"] = rules
        made = self.ensure(TRIALS, {"metadata": {"name": name, "labels": labels}, "spec": spec})
        self.memory.trials.add(made)

    def _means(self) -> list[float]:
        """The means of the first values of all trials that have succeeded."""
        stopping = self.spec.get("earlyStopping")
        if not stopping:
            return []
        known = self.memory.means.setdefault(key(self.obj), {})
        steps = early_stopping.settings(stopping)["start_step"]
        for one in self.trials.values():
            if one.phase == SUCCEEDED and one.name not in known:
                known[one.name] = early_stopping.mean(self._points(one), steps)
        return [one for one in known.values() if one is not None]

    def _points(self, trial: Summary) -> list[float]:
        there = self.objects.get(TRIALS, trial.name, key(self.obj)[0])
        logs = observations.logs(self.objects, there) if there else []
        container = self.spec["trialTemplate"]["primaryContainerName"]
        return observations.points(logs, self.spec["objective"]["objectiveMetricName"], container)

    def _mark(self, kind: str, reason: str, message: str) -> None:
        statuses.mark(self.status, Condition(kind, reason, message), self.now)


_COPIED = ("primaryContainerName", "primaryPodLabels", "successCondition", "failureCondition")
"""What a trial takes over from the template."""


def ahead(spec: Object) -> int:
    """How many sets of parameters are computed before a trial can use them.

    Algorithms that learn would know less of the results that far ahead, so they get a quarter.
    """
    parallel = int(spec["parallelTrialCount"])
    learns = spec["algorithm"]["algorithmName"] not in ("random", "grid", "sobol")
    return parallel // 4 if learns else parallel


DEFINITIONS = (
    Definition(
        resource=EXPERIMENTS,
        structure=structures.EXPERIMENT,
        fill=defaults.fill,
        check=validation.check,
        change=validation.change,
        scheduled=lambda obj: not statuses.is_final(obj.get("status") or {}),
        templates=False,
    ),
)
