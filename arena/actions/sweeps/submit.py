"""Submit a sweep: check the search, plan the job of a trial, then the Experiment that starts it."""

from __future__ import annotations

from dataclasses import replace as changed
from typing import TYPE_CHECKING, Any

from arena import labels, manifests
from arena.actions.deletion import Progress, unseen
from arena.actions.submit import send
from arena.actions.submit.plan import Plan
from arena.actions.submit.request import Request, request_for
from arena.actions.submit.settle import with_name
from arena.actions.submit.submit import Tell, ignore, plan_job
from arena.actions.sweeps import config_files, filling, jobs, search
from arena.actions.sweeps.find import OBSERVATIONS
from arena.errors import ArenaError, MissingOperator, SpecError
from arena.kinds.kind import Kind
from arena.kinds.sweeps import experiment, holes, limits, reading, trial_job
from arena.kinds.sweeps.experiment import EXPERIMENTS, INJECTION, SUFFIX
from arena.kinds.sweeps.placeholders import TRIAL
from arena.kinds.sweeps.spec import AUTO, FOREGROUND, KATIB, STDOUT, SweepSpec
from arena.kinds.validators import shown
from arena.model.sweeps import Sweep
from arena.resources import NAMESPACES
from arena.search.assignments import SearchError
from arena.search.assignments import shown as written

if TYPE_CHECKING:
    from arena.kinds.training.specs.base.spec import TrainingSpec
    from arena.kube import Cluster
    from arena.session import Session


def submit(
    session: Session,
    job: TrainingSpec | Request,
    spec: SweepSpec,
    *,
    replace: bool = False,
    tell: Tell = ignore,
    progress: Progress = unseen,
) -> Sweep:
    """Submit a sweep. Everything that it needs is created, or nothing.

    What Katib cannot do, this process does itself: it then returns when the sweep has ended.

    Args:
        job: the Spec of the job of each trial, as for `arena.submit`, with placeholders such as `{lr}` in its
            command or environment; its name is that of the sweep.
        spec: the search.
        replace: delete a sweep of that name first, with its trials.
        tell: called with each remark.
        progress: called while the replaced sweep is being deleted, with a line and what changes in it.

    Raises:
        Conflict: a sweep with that name exists.
        MissingOperator: the cluster has no Katib.
        SpecError: the search or an option of the job cannot be used.
        TemplateError, NotAllowed, Unreachable: as `arena.submit`.
    """
    request = request_for(job, replace=replace)
    if chosen(session, request, spec, tell=tell) == FOREGROUND:
        from arena.actions.sweeps.foreground import start

        return start.run(session, request, spec, tell=tell, progress=progress)
    made = plan_sweep(session, request, spec, tell=tell)
    tell(f"using {session.describe()}")
    with send.sent(session.cluster(), made, instead=request.replace, tell=tell, progress=progress) as obj:
        return reading.sweep(obj, lambda job: request.kind.name)


def preview(session: Session, job: TrainingSpec | Request, spec: SweepSpec) -> list[dict[str, Any]]:
    """Return the objects that `submit` would create, the Experiment first; asks no cluster.

    Raises:
        SpecError, TemplateError: the search or an option of the job cannot be used.
    """
    return list(dry_run(session, request_for(job), spec).objects)


def dry_run(
    session: Session, request: Request, spec: SweepSpec, *, server: bool = False, tell: Tell = ignore
) -> Plan:
    """Plan a sweep and create nothing; takes and raises what `arena.actions.submit.submit.dry_run` does."""
    if chosen(session, request, spec, ask=server, tell=tell) == FOREGROUND:
        from arena.actions.sweeps.foreground import start

        return start.plan(session, request, spec, ask=server, tell=tell)
    made = plan_sweep(session, request, spec, ask=server, tell=tell)
    if server:
        send.check(session.cluster(), made, instead=request.replace)
    return made


def chosen(
    session: Session, request: Request, spec: SweepSpec, *, ask: bool = True, tell: Tell = ignore
) -> str:
    """What runs a sweep: KATIB or FOREGROUND.

    Args:
        ask: whether to ask the cluster if it has Katib.
        tell: called with the reason, if it is not Katib although any engine may be, and about config files
            without parameters.

    Raises:
        SpecError: Katib was asked for, and cannot do it; or the algorithm is unknown.
    """
    captured = config_files.captured(request)
    templates = config_files.templates(captured, spec.parameters)
    for remark in config_files.unknown(captured, templates):
        tell(remark)
    if spec.engine == FOREGROUND:
        return FOREGROUND
    try:
        why = limits.beyond_katib(spec, request.kind)
    except SearchError as error:
        raise SpecError(str(error)) from error
    if not why and filling.needs_types(request):
        why = "Katib fills parameters only into text"
    if not why and templates:
        why = "Katib gives all trials the same config files"
    if why and spec.engine == KATIB:
        raise SpecError(f"--engine katib: {why}", "omit it, or use --engine foreground")
    if not why and spec.engine == AUTO and ask and not session.cluster().serves(EXPERIMENTS):
        why = f"{session.cluster().name} has no Katib"
    if why:
        tell(f"this command runs the sweep itself, because {why}")
    return FOREGROUND if why else KATIB


def plan_sweep(
    session: Session, request: Request, spec: SweepSpec, *, ask: bool = True, tell: Tell = ignore
) -> Plan:
    """Plan the objects of a sweep, and create none.

    An Experiment may hold anything, so errors in its job would be reported only when trials start. If the
    cluster is asked, it therefore validates the job first.

    Args:
        ask: whether to ask the cluster for its defaults and facts.
        tell: called with each remark.

    Raises:
        SpecError: the search cannot be used, or the name is too long for the names of trials.
        MissingOperator, SpecError: as `submit`.
    """
    kind = request.kind
    filling.check(request, spec.parameters)
    room = experiment.room(kind.spec.suffix)
    request = with_name(session, changed(request, scheduled=True, name_limit=room))
    _check_name(kind, str(request.options["name"]))
    spec = _with_defaults(session, spec)
    budget, algorithm = search.settled(spec, here=session.is_local, tell=tell)
    filled = _filled(request, spec)
    if session.is_local:
        jobs.check_folder(spec)
    if ask:
        _check_katib(session)
    made = plan_job(session, filled, ask=ask, tell=tell)
    _check_job(made, kind, tell, local=session.is_local)
    whole = _around(made, kind, experiment.values(spec, budget, algorithm, kind, made.main))
    if ask:
        job = {**_sample(whole, spec), "metadata": {**made.main["metadata"], "name": made.name + SUFFIX}}
        send.check(session.cluster(), changed(made, main=job, dependents=(), code_parts=()))
    return whole


def _with_defaults(session: Session, spec: SweepSpec) -> SweepSpec:
    """The local cluster keeps no pods for sweeps that have ended, so there they can all go on."""
    if "resumable" in spec.given or not session.is_local:
        return spec
    return changed(spec, resumable=True)


def _check_name(kind: Kind, name: str) -> None:
    room = experiment.room(kind.spec.suffix)
    if len(name) > room:
        raise SpecError(
            f"--name: {shown(name)} is too long, because the name of each trial appends to it",
            f"use at most {room} characters",
        )


def _filled(request: Request, spec: SweepSpec) -> Request:
    filled = filling.filled(request, spec.parameters, experiment.filler(spec.parameters))
    return filling.unbuffered(filled) if spec.source == STDOUT else filled


def _check_katib(session: Session) -> None:
    """Check that the cluster runs Experiments, and reads metrics in the namespace.

    Raises:
        MissingOperator: it has no Katib.
        SpecError: it would find no metrics in this namespace.
    """
    cluster = session.cluster()
    if not cluster.serves(EXPERIMENTS):
        raise MissingOperator(
            f"{cluster.name} does not know Experiment (kubeflow.org): Katib is missing",
            "install Katib there, or use the local cluster: --context local",
        )
    if not cluster.serves(OBSERVATIONS):  # the local cluster reads metrics everywhere
        _check_injection(cluster, session.namespace)


def _check_injection(cluster: Cluster, namespace: str) -> None:
    try:
        found = cluster.get(NAMESPACES, None, namespace)
    except ArenaError:  # who may not read the namespace, may use it
        return
    if (found["metadata"].get("labels") or {}).get(INJECTION) != "enabled":
        raise SpecError(
            f'the namespace "{namespace}" lacks the label {INJECTION}=enabled, so Katib would see no metrics',
            f"kubectl label namespace {namespace} {INJECTION}=enabled",
        )


def _check_job(made: Plan, kind: Kind, tell: Tell, *, local: bool) -> None:
    """Refuse jobs that Katib cannot run, and warn of those that it must be configured for."""
    jobs.check_code(made)
    if kind.name in trial_job.UNKNOWN:
        raise SpecError(f"Katib cannot run jobs of the kind {kind.name}", "use another kind, such as job")
    if not local and not trial_job.is_listed(made.main):
        tell(
            f"Warning: Katib runs {made.main['kind']} of {made.main['apiVersion']} only if its administrator "
            "has listed it under trialResources of katib-config"
        )


def _sample(whole: Plan, spec: SweepSpec) -> dict[str, Any]:
    """The job of a trial with the first value of each parameter."""
    first = {one.name: one.first() for one in spec.parameters}
    values = {name: written(value) for name, value in first.items()} | {TRIAL: whole.name + SUFFIX}
    filled: dict[str, Any] = holes.filled(whole.main["spec"]["trialTemplate"]["trialSpec"], values)
    return filled


def _around(made: Plan, kind: Kind, values: dict[str, Any]) -> Plan:
    """Plan an Experiment that starts the job of another plan; the job's dependents are created once."""
    (obj,) = manifests.render(manifests.find(experiment.TEMPLATE), values, experiment.TEMPLATE)
    obj["metadata"]["namespace"] = made.namespace
    return changed(
        made,
        title="sweep",
        resource=EXPERIMENTS,
        main=obj,
        owns=lambda one: labels.managed(one["metadata"].get("labels") or {}),
        pods=lambda one: {experiment.EXPERIMENT_LABEL: one["metadata"]["name"]},
        again=lambda one: "",
    )
