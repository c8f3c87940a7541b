"""The Deployments of a component: its stable one, and those that serve a part of the requests beside it."""

from collections.abc import Mapping

from arena.digits import whole
from arena.local.machinery.reconciler import Reconciler
from arena.local.machinery.writes import difference
from arena.local.objects import DEPLOYMENTS, Object, key
from arena.local.operators.kserve import components, scaling
from arena.local.operators.kserve.components import DIGEST, REVISION, Component
from arena.local.operators.kserve.kinds import COMPONENT_LABEL
from arena.tuples import NamedTuple

ALL = 100
CANARY = "-canary"


class Rollout(NamedTuple):
    """The Deployments of a component.

    Attributes:
        canary: the one with a changed template beside the stable one, if there is one.
        percent: its share of the requests, as it is asked for.
    """

    component: Component
    stable: Object
    canary: Object | None = None
    percent: int = 0

    @property
    def latest(self) -> Object:
        """The newest Deployment."""
        return self.canary or self.stable

    @property
    def members(self) -> list[tuple[Component, Object]]:
        """All its Deployments, each with what it serves."""
        beside = [(_beside(self.component), self.canary)] if self.canary else []
        return [(self.component, self.stable), *beside]


def roll(job: Reconciler, component: Component, pods: Object) -> Rollout:
    """Bring the Deployments closer to a pod template.

    With a `canaryTrafficPercent`, a changed template gets a Deployment of its own; without one, or with 100,
    it replaces the stable one, and a canary that has it goes when all pods of that are replaced.
    """
    there = {key(one)[1]: one for one in job.owned(DEPLOYMENTS)}
    stable, canary = there.get(component.title), there.get(component.title + CANARY)
    number, wanted = _next(component, there), components.digest(pods)
    if stable is None:
        return Rollout(component, job.ensure(DEPLOYMENTS, components.deployment(component, pods, number)))
    percent = component.spec.get("canaryTrafficPercent")
    if note(stable, DIGEST) != wanted and percent not in (None, ALL):
        canary = _ensure(job, canary, _beside(component), pods, number)
        return Rollout(component, stable, canary, int(percent))
    is_new = canary is not None and note(canary, DIGEST) == wanted
    same = revision_number(canary) if canary and is_new else number
    stable = _ensure(job, stable, component, pods, same)
    if canary and (not is_new or is_complete(stable)):
        job.remove(DEPLOYMENTS, canary)
        canary = None
    return Rollout(component, stable, canary)


def _beside(component: Component) -> Component:
    """The canary of a component, whose number of pods is fixed."""
    spec = {name: value for name, value in component.spec.items() if name != "maxReplicas"}
    spec["minReplicas"] = component.replicas
    return Component(component.service, component.kind, component.title + CANARY, spec)


def _next(component: Component, there: Mapping[str, Object]) -> int:
    """The number of the next revision."""
    status = (component.service.get("status") or {}).get("components") or {}
    known = str((status.get(component.kind) or {}).get("latestCreatedRevision") or "")
    last = whole(known.rpartition("-")[2].lstrip("0") or "0") or 0
    mine = [one for one in there.values() if one["metadata"]["labels"][COMPONENT_LABEL] == component.kind]
    return max([last, *map(revision_number, mine)]) + 1


def note(deployment: Object, name: str) -> str:
    """An annotation of a Deployment."""
    return str((deployment["metadata"].get("annotations") or {}).get(name) or "")


def revision_number(deployment: Object) -> int:
    """The number of the revision that a Deployment runs."""
    return whole(note(deployment, REVISION)) or 0


def _ensure(job: Reconciler, there: Object | None, component: Component, pods: Object, number: int) -> Object:
    """The Deployment with this template; its revision's number changes with the template alone."""
    if there is None:
        return job.ensure(DEPLOYMENTS, components.deployment(component, pods, number))
    same = note(there, DIGEST) == components.digest(pods)
    made = components.deployment(component, pods, revision_number(there) if same else number)
    change: Object = {}
    for field in ("labels", "annotations"):
        before = there["metadata"].get(field) or {}
        if found := {
            name: text for name, text in made["metadata"][field].items() if before.get(name) != text
        }:
            change.setdefault("metadata", {})[field] = found
    if not same:
        change["spec"] = {"template": difference(there["spec"]["template"], made["spec"]["template"])}
    if is_sized_here(component) and there["spec"].get("replicas") != component.replicas:
        change.setdefault("spec", {})["replicas"] = component.replicas
    if not change:
        return there
    namespace, name = key(there)
    return job.objects.patch(DEPLOYMENTS, name, change, namespace)


def is_sized_here(component: Component) -> bool:
    """Whether the InferenceService alone says how many pods there are, and no traffic changes that."""
    return not component.sleeps and not scaling.has_autoscaler(component)


def beside(job: Reconciler, component: Component, pods: Object, percent: int) -> Rollout:
    """The Deployment of a canary that the spec names; it is the only one of its component."""
    there = {key(one)[1]: one for one in job.owned(DEPLOYMENTS)}
    made = _ensure(job, there.get(component.title), component, pods, _next(component, there))
    return Rollout(component, made, None, percent)


def is_complete(deployment: Object) -> bool:
    """Whether all pods of a Deployment are of its present template, and available."""
    status, wanted = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    counts = [status.get(name) or 0 for name in ("replicas", "updatedReplicas", "availableReplicas")]
    current = (status.get("observedGeneration") or 0) >= deployment["metadata"].get("generation", 1)
    return bool(current and counts == [wanted] * len(counts))


def is_available(deployment: Object) -> bool:
    """Whether some pod of a Deployment answers."""
    return bool((deployment.get("status") or {}).get("availableReplicas"))
