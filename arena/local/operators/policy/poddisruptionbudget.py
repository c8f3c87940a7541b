"""PodDisruptionBudget: its status, by which the API allows evictions.

What Kubernetes' controller does. The expected number of pods is the sum of the scales of the objects that
control them.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from itertools import islice

from arena.local.checks import selects
from arena.local.machinery import clock, conditions, pod_status, scale
from arena.local.machinery.conditions import Condition
from arena.local.machinery.operator import Key, Operator
from arena.local.machinery.quantities import scaled
from arena.local.machinery.reconciler import Reconciler
from arena.local.objects import (
    DISRUPTION_BUDGETS,
    PODS,
    REPLICASETS,
    Object,
    Objects,
    Refused,
    controllers,
    key,
    owner,
)
from arena.tuples import NamedTuple

ALLOWED = "DisruptionAllowed"
DISRUPTED = 120.0
"""Seconds for which an evicted pod counts as gone although it is still there."""

FAILED = "CalculateExpectedPodCountFailed"
UNMANAGED = "nothing controls some of the pods, so that their expected number is unknown"


class Uncounted(Exception):
    """The expected number of pods is unknown.

    Attributes:
        reason: that of the Event.
    """

    def __init__(self, reason: str, why: str) -> None:
        super().__init__(why)
        self.reason = reason


class Need(NamedTuple):
    """How many pods there should be, and how many of them have to be healthy."""

    expected: int
    healthy: int


def operator() -> Operator:
    """The operator of PodDisruptionBudgets."""
    return Budget.operator(owns=(), related={PODS: _of_pod})


def _of_pod(objects: Objects, pod: Object) -> Iterable[Key]:
    labels = pod["metadata"].get("labels") or {}
    return [key(one) for one in objects.list(DISRUPTION_BUDGETS, key(pod)[0]) if _covers(one, labels)]


def _covers(budget: Object, labels: Object) -> bool:
    selector = budget["spec"].get("selector")
    return selector is not None and selects(selector, labels)


class Budget(Reconciler):
    """One pass over one PodDisruptionBudget."""

    resource = DISRUPTION_BUDGETS

    @cached_property
    def pods(self) -> list[Object]:
        """The pods that it covers."""
        found = self.objects.list(PODS, key(self.obj)[0])
        return [pod for pod in found if _covers(self.obj, pod["metadata"].get("labels") or {})]

    def reconcile(self) -> float | None:
        """Count the pods; the seconds until an evicted pod that is still there counts again."""
        if not self.pods:
            self.event("NoPods", "No matching pods found")
        try:
            need = self._need()
        except Uncounted as why:
            self._fail(why)
            return None
        disrupted, wait = self._disrupted()
        healthy = sum(
            pod_status.is_ready(pod) and pod["metadata"]["name"] not in disrupted for pod in self.pods
        )
        allowed = max(0, healthy - need.healthy) if need.expected > 0 else 0
        self.status |= {
            "currentHealthy": healthy,
            "desiredHealthy": need.healthy,
            "expectedPods": need.expected,
            "disruptionsAllowed": allowed,
            "disruptedPods": disrupted or None,
        }
        reason = "SufficientPods" if allowed else "InsufficientPods"
        self._tell(Condition(ALLOWED, reason, "", "True" if allowed else "False"))
        return wait

    def _need(self) -> Need:
        """What the spec asks for; raises Uncounted."""
        spec = self.obj["spec"]
        if (most := spec.get("maxUnavailable")) is not None:
            expected = self._expected()
            return Need(expected, max(0, expected - scaled(most, expected, up=True)))
        least = spec.get("minAvailable")
        if least is None:
            return Need(0, 0)
        if not isinstance(least, str):
            return Need(len(self.pods), least)
        expected = self._expected()
        return Need(expected, scaled(least, expected, up=True))

    def _expected(self) -> int:
        """The sum of the scales of all that control the pods; raises Uncounted."""
        controlled: dict[str, list[Object]] = defaultdict(list)
        for pod in self.pods:
            controlled[(owner(pod) or {"uid": ""})["uid"]].append(pod)
        if unmanaged := controlled.pop("", []):
            names = ", ".join(pod["metadata"]["name"] for pod in unmanaged)
            text = f"{UNMANAGED} ({names}); set minAvailable to a whole number to account for them"
            self.event("UnmanagedPods", text, "Warning")
        scales = dict(self._scale(pods) for pods in controlled.values())
        return sum(scales.values())

    def _scale(self, pods: list[Object]) -> tuple[str, int]:
        """The uid and the scale of what controls these pods: of a Deployment instead of its ReplicaSet."""
        above = list(islice(controllers(self.objects, pods[0]), 2))
        if not above:
            raise Uncounted("NoControllers", f'found no controllers for pod "{pods[0]["metadata"]["name"]}"')
        resource, obj = above[-1] if above[0][0] == REPLICASETS else above[0]
        if resource == PODS:  # of a group of pods, whose leader controls the others
            return obj["metadata"]["uid"], len(pods)
        try:
            found = scale.read(self.objects, resource, obj["metadata"]["name"], key(obj)[0])
        except Refused:
            found = None
        if found is None:
            kind = f"{resource.plural}.{resource.group}"
            raise Uncounted(FAILED, f"{kind} does not implement the scale subresource")
        return obj["metadata"]["uid"], found.wanted

    def _disrupted(self) -> tuple[dict[str, str], float | None]:
        """The evicted pods that are still there, with their times; the seconds until one counts again."""
        before: dict[str, str] = self.status.get("disruptedPods") or {}
        there = {pod["metadata"]["name"] for pod in self.pods if not pod_status.is_going(pod)}
        waits = {name: clock.left(before[name], DISRUPTED, self.now) for name in there & before.keys()}
        found = {name: before[name] for name, wait in sorted(waits.items()) if wait > 0}
        return found, clock.earliest(*(wait for wait in waits.values() if wait > 0))

    def _fail(self, why: Uncounted) -> None:
        """Allow no eviction while the expected number of pods is unknown."""
        text = f"Failed to calculate the number of expected pods: {why}"
        self.event(why.reason, str(why) if why.reason != FAILED else text, "Warning")
        self.status["disruptionsAllowed"] = 0
        self._tell(Condition(ALLOWED, "SyncFailed", str(why), "False"))

    def _tell(self, condition: Condition) -> None:
        """Write the status with a condition."""
        generation = self.obj["metadata"].get("generation", 1)
        new = conditions.following(conditions.find(self.status, ALLOWED), condition, self.now)
        self.status["observedGeneration"] = generation
        self.status["conditions"] = conditions.placed(
            self.status.get("conditions") or [], {**new, "observedGeneration": generation}
        )
        self.write_status()
