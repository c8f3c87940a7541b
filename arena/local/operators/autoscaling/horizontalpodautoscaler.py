"""HorizontalPodAutoscaler: it scales whatever has a scale, by what its pods use and by its traffic.

What Kubernetes' controller does, with its conditions and Events. Scaling to zero, for which a cluster needs
the feature HPAScaleToZero, is possible here.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from arena.local.definitions import Conversion, Definition
from arena.local.machinery import conditions, scale
from arena.local.machinery.clock import stamp
from arena.local.machinery.conditions import Condition
from arena.local.machinery.operator import Key, Operator
from arena.local.machinery.reconciler import Reconciler
from arena.local.machinery.scale import Scale
from arena.local.objects import AUTOSCALERS, DEMAND, SERVICES, Object, Objects, Refused, WatchEvent, key
from arena.local.operators.autoscaling import holding, limits, metrics, older, status, validation
from arena.local.operators.autoscaling.history import History

PERIOD = 5.0
"""Seconds between two passes over one object."""


def operator() -> Operator:
    """The operator of HorizontalPodAutoscalers."""
    histories: dict[Key, History] = defaultdict(History)
    demands: dict[Key, str] = {}

    def keys(objects: Objects, change: WatchEvent) -> Iterable[Key]:
        item = key(change.object)
        if change.resource == SERVICES:
            demand = (change.object["metadata"].get("annotations") or {}).get(DEMAND)
            if not demand or demands.get(item) == demand:
                return []
            demands[item] = demand
            waking = [key(one) for one in objects.list(AUTOSCALERS, item[0]) if holding.is_for(one, item[1])]
            for one in waking:
                histories[one].last = None  # a request waits: it is time for the next pass
            return waking
        if change.type == "DELETED":
            histories.pop(item, None)
            return []
        return [item]

    def reconcile(objects: Objects, item: Key, now: datetime) -> float | None:
        obj = objects.get(AUTOSCALERS, item[1], item[0])
        if obj is None or obj["metadata"].get("deletionTimestamp"):
            return None
        return Autoscaler(objects, obj, now, histories[item]).reconcile()

    return Operator(AUTOSCALERS.kind, (AUTOSCALERS, SERVICES), keys, reconcile)


class Autoscaler(Reconciler):
    """One pass over one HorizontalPodAutoscaler."""

    resource = AUTOSCALERS

    def __init__(self, objects: Objects, obj: Object, now: datetime, history: History) -> None:
        super().__init__(objects, obj, now)
        self.history = history
        self.namespace, self.name = key(obj)
        self.spec: Object = obj["spec"]
        self.target = scale.resource_of(self.spec["scaleTargetRef"])
        self.target_name = str(self.spec["scaleTargetRef"]["name"])

    def reconcile(self) -> float | None:
        """Scale if it is time to; the seconds until the next pass."""
        generation = self.obj["metadata"].get("generation", 1)
        waits = (self.now - self.history.last).total_seconds() if self.history.last else PERIOD
        if generation == self.history.generation and 0 <= waits < PERIOD:
            return PERIOD - waits
        self.history.generation, self.history.last = generation, self.now
        if (found := self._scale()) is not None:
            self._scale_to_metrics(found)
        self.status.setdefault("desiredReplicas", 0)
        self.write_status()
        return PERIOD

    def _scale(self) -> Scale | None:
        """The scale of the target; None, which conditions tell, if it has none."""
        resource, why = self.target, ""
        try:
            found = scale.read(self.objects, resource, self.target_name, self.namespace)
        except Refused as refusal:
            found, why = None, refusal.message
        if found is None:
            plural = f"{resource.plural}.{resource.group}" if resource.group else resource.plural
            why = why or f'{plural} "{self.target_name}" not found'
            self._warn("FailedGetScale", why)
            text = f"the HPA controller was unable to get the target's current scale: {why}"
            self._set(Condition("AbleToScale", "FailedGetScale", text, "False"))
            return None
        text = "the HPA controller was able to get the target's current scale"
        self._set(Condition("AbleToScale", "SucceededGetScale", text))
        return found

    def _warn(self, reason: str, message: str) -> None:
        """Report a problem by an Event, unless that was done in the last minutes."""
        if self.history.is_news(reason, message, self.now):
            self.event(reason, message, "Warning")

    def _set(self, condition: Condition) -> None:
        new = conditions.following(conditions.find(self.status, condition.type), condition, self.now)
        self.status["conditions"] = conditions.placed(self.status.get("conditions") or [], new)

    def _scale_to_metrics(self, found: Scale) -> None:
        self.history.begin(found.wanted, self.now)
        least, most = self.spec.get("minReplicas", 1), self.spec["maxReplicas"]
        if found.wanted == 0 and least != 0:
            text = "scaling is disabled since the replica count of the target is zero"
            self._set(Condition("ScalingActive", "ScalingDisabled", text, "False"))
            self._report(found.wanted, found.wanted, [])
        elif found.wanted > most:
            self._rescale(found, most, "Current number of replicas above Spec.MaxReplicas", [])
        elif found.wanted < least:
            self._rescale(found, least, "Current number of replicas below Spec.MinReplicas", [])
        else:
            self._follow(found, least, most)

    def _follow(self, found: Scale, least: int, most: int) -> None:
        """Scale to what the metrics suggest, within the limits."""
        readings, failures = self._read(found)
        desired = max((one.replicas for one in readings), default=0)
        measured = [one.status for one in readings]
        if not readings or (failures and desired < found.wanted):
            self._fail(failures, found, measured)
            return
        first = next(one for one in readings if one.replicas == desired)
        text = f"the HPA was able to successfully calculate a replica count from {first.name}"
        self._set(Condition("ScalingActive", "ValidMetricFound", text))
        behavior = self.spec.get("behavior")
        verdict = limits.decide(
            limits.Wish(found.wanted, desired, least, most), behavior, self.history, self.now
        )
        self._set(verdict.able)
        self._set(verdict.limited)
        above = f"{first.name} above target"
        reason = above if desired > found.wanted else "All metrics below target"
        if verdict.replicas == found.wanted:
            self._report(found.wanted, found.wanted, measured)
        else:
            self._rescale(found, verdict.replicas, reason, measured)

    def _read(self, found: Scale) -> tuple[list[metrics.Reading], list[metrics.Failure]]:
        """What the metrics say; each that says nothing is reported by an Event."""
        readings, failures = [], []
        tolerance = metrics.tolerance(self.spec.get("behavior"))
        if not found.selector:
            self._warn("SelectorRequired", "selector is required")
            return [], [metrics.Failure("InvalidSelector", "selector is required", "no pods are selected")]
        target = metrics.Target(self.objects, self.namespace, found, tolerance, self.history, self.now)
        for one in self.spec.get("metrics") or []:
            try:
                readings.append(metrics.read(target, one))
            except metrics.Failure as failure:
                self._warn(failure.reason, failure.why)
                failures.append(failure)
        return readings, failures

    def _fail(self, failures: list[metrics.Failure], found: Scale, measured: list[Object]) -> None:
        """Report that the metrics do not suffice."""
        first = failures[0]
        text = f"the HPA was unable to compute the replica count: {first.why}"
        if first.reason == "InvalidSelector":
            text = "the HPA target's scale is missing a selector"
        self._set(Condition("ScalingActive", first.reason, text, "False"))
        total = len(self.spec.get("metrics") or [])
        numbers = f"invalid metrics ({len(failures)} invalid out of {total})"
        self._warn("FailedComputeMetricsReplicas", f"{numbers}, first error is: {first}")
        self._report(found.wanted, self.status.get("desiredReplicas") or 0, measured)

    def _rescale(self, found: Scale, wanted: int, reason: str, measured: list[Object]) -> None:
        """Request another number of replicas."""
        try:
            scale.write(self.objects, self.target, self.target_name, self.namespace, wanted)
        except Refused as refusal:
            text = f"New size: {wanted}; reason: {reason}; error: {refusal.message}"
            self._warn("FailedRescale", text)
            why = f"the HPA controller was unable to update the target scale: {refusal.message}"
            self._set(Condition("AbleToScale", "FailedUpdateScale", why, "False"))
            self._report(found.wanted, self.status.get("desiredReplicas") or 0, measured)
            return
        text = f"the HPA controller was able to update the target scale to {wanted}"
        self._set(Condition("AbleToScale", "SucceededRescale", text))
        self.event("SuccessfulRescale", f"New size: {wanted}; reason: {reason}")
        self.history.changed(found.wanted, wanted, self.now)
        self._report(found.wanted, wanted, measured)
        self.status["lastScaleTime"] = stamp(self.now)

    def _report(self, current: int, desired: int, measured: list[Object]) -> None:
        """Write the numbers into the status."""
        generation = self.obj["metadata"].get("generation", 1)
        numbers = {"currentReplicas": current, "desiredReplicas": desired, "currentMetrics": measured or None}
        self.status |= {**numbers, "observedGeneration": generation}


DEFINITIONS = (
    Definition(
        resource=AUTOSCALERS,
        short=("hpa",),
        fill=validation.fill,
        check=validation.check,
        columns=status.COLUMNS,
        served=(older.VERSION,),
        conversions={older.VERSION: Conversion(older.STRUCTURE, older.up, older.down)},
        custom=False,
    ),
)
