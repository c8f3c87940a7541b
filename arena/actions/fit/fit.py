"""Say whether a job fits into the cluster now, on which nodes, or what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from dataclasses import replace as changed
from typing import TYPE_CHECKING, Any

from arena.actions.fit import checks, queues, snapshot
from arena.actions.fit.demands import Demand, demands
from arena.actions.fit.queues import Queued
from arena.actions.fit.shapes import shapes
from arena.actions.fit.snapshot import Snapshot, Wanted
from arena.actions.submit.plan import Plan
from arena.actions.submit.request import Request, request_for
from arena.actions.submit.settle import Settled, settle
from arena.actions.submit.submit import Tell, ignore, planned
from arena.kinds.training.specs.base.spec import BatchSpec
from arena.kinds.workload.spec import WorkloadSpec
from arena.model import fits as outcomes
from arena.model.fits import Fit, RoleFit
from arena.scheduling import amounts, explanations, verdicts
from arena.scheduling.state import Role, State
from arena.scheduling.verdicts import Outcome, Verdict
from arena.values import field, frozen, replace

if TYPE_CHECKING:
    from arena.session import Session

OUTCOMES = {
    Outcome.FITS: outcomes.FITS,
    Outcome.DEPENDS: outcomes.DEPENDS,
    Outcome.SHORT: outcomes.SHORT,
}


@frozen
class _Asked:
    """A request as the cluster would get it."""

    request: Request
    settled: Settled
    plan: Plan
    demands: Sequence[Demand]
    selector: Mapping[str, str] = field(default_factory=dict)
    """Labels of the nodes that a queue gives to the job."""


def fit(
    session: Session, job: WorkloadSpec | Request, *, pods_only: bool = False, tell: Tell = ignore
) -> Fit:
    """Say whether a job, or an object of another family, would start now. Nothing is created.

    Args:
        job: its Spec; options that it leaves open come from the settings, as in a submit.
        pods_only: whether only the pods matter, and not whether the cluster serves the kind.
        tell: called with each remark.

    Raises:
        SpecError, TemplateError: an option, a file or the template cannot be used.
        MissingOperator: the cluster does not serve the kind.
        NotAllowed, Unreachable: the cluster cannot be asked.
    """
    request = request_for(job)
    settled = settle(session, request, ask=not pods_only)
    for warning in settled.remarks:
        tell(f"Warning: {warning}")
    asked = _asked(session, request, settled)
    seen = snapshot.read(session.cluster(), _wanted(asked.demands, session.namespace))
    queued = _queued(session, settled.spec, asked.demands)
    if queued:
        asked = replace(asked, selector=queued.selector)
    found = _judged(asked, seen)
    if queued:
        found = _held(found, queued)
    if found.outcome in (outcomes.SHORT, outcomes.DEPENDS, outcomes.REFUSED):
        found = replace(found, shapes=tuple(_shapes(session, asked, seen)))
    return replace(found, name=str(request.options.get("name") or ""), kind=request.kind.name)


def _asked(session: Session, request: Request, settled: Settled) -> _Asked:
    made = planned(session, request, settled)
    return _Asked(request=request, settled=settled, plan=made, demands=demands(made))


def _wanted(several: Sequence[Demand], namespace: str) -> Wanted:
    specs = [one.template["spec"] for one in several]
    return Wanted(
        namespace=namespace,
        mounts=any("persistentVolumeClaim" in one for spec in specs for one in spec.get("volumes") or ()),
        runtime_classes=any(spec.get("runtimeClassName") for spec in specs),
        by_namespace="namespaceSelector" in str([spec.get("affinity") for spec in specs]),
    )


def _queued(session: Session, spec: WorkloadSpec, several: Sequence[Demand]) -> Queued | None:
    """What is known of the queue of the job; None if it names none."""
    if not isinstance(spec, BatchSpec) or not spec.effective_queue:
        return None
    wants = queues.total((amounts.requested(one.template["spec"]), one.count) for one in several)
    where = session.cluster(), session.namespace
    return queues.queued(*where, spec.queued_by, spec.effective_queue, wants, session.now())


def _held(found: Fit, queued: Queued) -> Fit:
    """The verdict with what the queue does, which holds a job back even if there are nodes for it."""
    forecast, outcome = queued.forecast, found.outcome
    if outcome == outcomes.FITS and forecast.room is None:
        outcome = outcomes.UNKNOWN
    elif outcome == outcomes.FITS and not forecast.room:
        outcome = outcomes.QUEUED
    return replace(found, outcome=outcome, forecast=forecast, unread=(*found.unread, *queued.unread))


def _judged(asked: _Asked, seen: Snapshot) -> Fit:
    made = asked.plan
    complete = [checks.completed(checks.selected(one, asked.selector), seen) for one in asked.demands]
    roles = _distinct([checks.role(one, made.namespace, seen) for one in complete])
    resource = made.resource
    key = f"count/{resource.plural}" + (f".{resource.group}" if resource.group else "")
    problems = checks.problems(complete, roles, seen, {key: 1})
    blank = Fit(
        name="", kind="", namespace=made.namespace, outcome=outcomes.UNKNOWN, unread=tuple(seen.unread)
    )
    known = tuple(_role(one) for one in roles)
    if problems:
        return replace(blank, outcome=outcomes.REFUSED, roles=known, problems=tuple(problems))
    if seen.nodes is None or seen.pods is None or any(one.what in NEEDED for one in seen.unread):
        return replace(blank, roles=known)
    return _placed(blank, roles, seen)


NEEDED = ("nodes", "pods", *checks.VOLUMES, "namespaces")
"""What must be read before a job may be said to fit."""


def _placed(blank: Fit, roles: Sequence[Role], seen: Snapshot) -> Fit:
    def make(lenient: bool) -> State:
        return State(seen.nodes or (), seen.pods or (), seen.storage, lenient=lenient)

    verdict = verdicts.judge(make, roles)
    state = make(False)
    state.prepare(roles)
    short = {one.role: one for one in explanations.shortages(state, roles, verdict.placement)}
    shown = tuple(_role(one, verdict, short.get(one.name)) for one in roles)
    apart = tuple(checks.mounted_apart(roles, verdict.placement.placed, seen))
    outcome = OUTCOMES[verdict.outcome]
    if apart and outcome == outcomes.FITS:
        outcome = outcomes.REFUSED
    return replace(
        blank,
        outcome=outcome,
        roles=shown,
        problems=apart,
        warnings=tuple(_warnings(verdict, seen)),
        evicted=tuple(f"{one.namespace}/{one.name}" for one in verdict.placement.victims),
    )


def _warnings(verdict: Verdict, seen: Snapshot) -> list[str]:
    found = []
    if verdict.outcome is Outcome.FITS and not verdict.certain:
        found.append("the scheduler has too many choices to follow all of them; those that were tried fit")
    if verdict.outcome is not Outcome.SHORT and seen.waiting:
        one = seen.waiting == 1
        pods = (
            "1 pod of the cluster already waits"
            if one
            else f"{seen.waiting} pods of the cluster already wait"
        )
        found.append(f"{pods} for a node, and may be faster")
    return found


def _distinct(roles: Sequence[Role]) -> list[Role]:
    """The roles with names of their own; those that ask for exactly the same stay apart."""
    used: dict[str, int] = {}
    for one in roles:
        used[one.name] = used.get(one.name, 0) + 1
        if used[one.name] > 1:
            one.name = f"{one.name}-{used[one.name]}"
    return list(roles)


def _role(role: Role, verdict: Verdict | None = None, short: explanations.Shortage | None = None) -> RoleFit:
    wants = sorted(role.pod.wants.items(), key=lambda one: ("/" not in one[0], one[0]))
    return RoleFit(
        name=role.name,
        count=role.count,
        requests=", ".join(f"{amounts.text(name, amount)} {name}" for name, amount in wants if amount),
        nodes=verdict.placement.placed.get(role.name, {}) if verdict else {},
        obstacles=short.obstacles if short else {},
        closest=short.closest if short else "",
    )


def _shapes(session: Session, asked: _Asked, seen: Snapshot) -> list[str]:
    """Flags of the shapes that fit; none if the kind has no workers."""
    spec: Any = asked.settled.spec
    if not {"workers", "gpus"} <= {one.name for one in fields(spec)}:
        return []

    def fits(workers: int, gpus: int) -> bool:
        from arena.errors import SpecError

        try:
            other = replace(asked.settled, spec=changed(spec, workers=workers, gpus=gpus))
            variant = _asked(session, asked.request, other)
        except SpecError:
            return False
        return _judged(replace(variant, selector=asked.selector), seen).fits

    found = []
    for workers, gpus in shapes(spec.workers, spec.gpus, fits):
        found.append(f"--workers {workers}" if gpus == spec.gpus else f"--gpus {gpus} --workers {workers}")
    return found
