"""Run a sweep in this process, or go on with one whose process has ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from arena import kinds
from arena.actions.deletion import Progress, Removal, unseen
from arena.actions.submit import send
from arena.actions.submit.request import Request
from arena.actions.submit.settle import with_name
from arena.actions.submit.submit import Tell, ignore
from arena.actions.sweeps import config_files, filling, jobs, search
from arena.actions.sweeps.foreground import find, imports, stopping
from arena.actions.sweeps.foreground.begun import Begun
from arena.actions.sweeps.foreground.find import There
from arena.actions.sweeps.foreground.runner import Runner
from arena.actions.sweeps.foreground.trials import Sweep, Trials, resumed
from arena.errors import ArenaError, Conflict, SpecError, aimed
from arena.kinds.spec import encode
from arena.kinds.sweeps import trial_jobs
from arena.kinds.sweeps.spec import SweepSpec
from arena.kinds.sweeps.trial_jobs import Search
from arena.kinds.validators import LONGEST, shown
from arena.model import sweeps as model
from arena.model.jobs import Phase
from arena.search.assignments import shown as written
from arena.search.parameters import Parameter
from arena.search.samplers import Proposal
from arena.units import rfc3339
from arena.values import replace

if TYPE_CHECKING:
    from arena.actions.submit.plan import Plan
    from arena.session import Session

SUFFIX = "-9999"
"""What the name of a trial appends to that of its sweep."""


def run(
    session: Session, request: Request, spec: SweepSpec, *, tell: Tell = ignore, progress: Progress = unseen
) -> model.Sweep:
    """Run a sweep to its end in this process; its trials are jobs, which go on if the process ends.

    Args:
        request: the job, with placeholders; its name is that of the sweep.
        spec: the search.
        tell: called with each remark, and about each trial that begins or has ended.
        progress: called while a replaced sweep is being deleted, with a line and what changes in it.

    Raises:
        Conflict: there is a sweep of that name.
        SpecError: the search or an option of the job cannot be used.
        ArenaError: as `arena.submit`.
    """
    cluster, sweep = session.cluster(), _settled(session, request, spec, tell)
    there = find.trials(cluster, sweep.name, session.namespace)
    if there and not request.replace:
        more = aimed(sweep.name, session.namespace)
        raise Conflict(
            f'sweep "{sweep.name}" exists in namespace "{session.namespace}"',
            f"choose another --name, or go on with it: arena sweep resume {more}",
        )
    if spec.imports:
        search = sweep.search
        told = imports.jobs(session, imports.Like(sweep.request.kind, search.job, spec), spec.imports)
        sweep = replace(sweep, search=replace(search, imported=told))
    trials = Trials(session, sweep, tell)
    # Before the old sweep is deleted, since the new one may be refused.
    first = _first(sweep, trials, ask=True, tell=tell)
    send.check(cluster, first, instead=bool(there))
    stopping.check(cluster, first, sweep.request.kind, spec, tell)
    if there:
        removal = Removal(cluster)
        find.remove(removal, there)
        removal.wait(progress=progress)
    tell(f"using {session.describe()}")
    return _run(session, sweep, trials, (), tell)


def _run(session: Session, sweep: Sweep, trials: Trials, begun: Sequence[Begun], tell: Tell) -> model.Sweep:
    names = [one.metric for one in sweep.spec.goals]
    more = f"arena sweep resume {aimed(sweep.name, session.namespace)}"
    goes_on = f"the trials that run go on; to continue the sweep, run: {more}"
    try:
        Runner(session, sweep, trials, lambda trial: tell(described(trial, names)), begun).run()
    except KeyboardInterrupt:
        tell(goes_on)
        raise
    except ArenaError as error:
        error.hint = "; ".join(filter(None, (error.hint, goes_on)))
        raise
    return find.sweep(session, sweep.name)


def described(trial: model.Trial, metrics: Sequence[str]) -> str:
    """What became of a trial, in one line: `trial 7 succeeded: loss=0.25 (lr=0.1)`."""
    values = ", ".join(f"{name}={written(value)}" for name, value in trial.assignments.items())
    if trial.phase.is_final:
        known = ", ".join(f"{name}={trial.metrics[name]:.6g}" for name in metrics if name in trial.metrics)
        found = known if trial.phase is Phase.SUCCEEDED and not trial.stopped else trial.reason
        return f"trial {trial.number} {trial.status.lower()}: {found} ({values})"
    return f"trial {trial.number} started ({values})"


def plan(session: Session, request: Request, spec: SweepSpec, *, ask: bool, tell: Tell) -> Plan:
    """The job of the first trial, which is not created; takes and raises what `run` does."""
    sweep = _settled(session, request, spec, tell)
    made = _first(sweep, Trials(session, sweep, tell), ask=ask, tell=tell)
    if ask:
        send.check(session.cluster(), made)
    return made


def resume(session: Session, there: Sequence[There], *, tell: Tell = ignore) -> model.Sweep:
    """Go on with a sweep whose process has ended, or that was paused, to its end in this process.

    Raises:
        Conflict: it has ended.
    """
    before, first = find.assembled(there), find.first(there)
    if before.phase.is_final:
        more = aimed(before.name, before.namespace)
        raise Conflict(
            f'sweep "{before.name}" has {before.phase.value.lower()}: {before.reason}',
            f"arena sweep extend {more} --max-trials N allows more trials",
        )
    sweep = recorded(session, there)
    trials = Trials(session, sweep, tell)
    trials.reopen(first.resource, first.job.name)
    tell(f"using {session.describe()}")
    return _run(session, sweep, trials, [Begun(one.resource, one.job, one.mark) for one in there], tell)


def recorded(session: Session, there: Sequence[There]) -> Sweep:
    """The sweep as its first trial records it.

    Raises:
        SpecError: its kind is unknown.
    """
    first = find.first(there)
    name = trial_jobs.sweep_of(first.obj)
    search = replace(first.mark.search, imported=trial_jobs.imported(one.mark for one in there))
    kind, spec = kinds.of_name(search.kind), search.spec
    if kind is None:
        raise SpecError(f'sweep "{name}" is of the kind {shown(search.kind)}, which is unknown')
    request = Request(kind=kind, given=dict(search.job))
    made = Sweep(name=name, request=request, spec=spec, search=search, seed=int(spec.seed or 0))
    return resumed(session, made, first.obj)


def _settled(session: Session, request: Request, spec: SweepSpec, tell: Tell) -> Sweep:
    """The sweep with a name and all its limits; asks no cluster."""
    kind = request.kind
    request = config_files.captured(request)
    files = config_files.templates(request, spec.parameters)
    filling.check(request, spec.parameters, typed=True, files=files)
    if session.is_local:
        config_files.check_places(request, files)
        jobs.check_folder(spec)
    _check_secrets(request)
    room = LONGEST - len(kind.spec.suffix) - len(SUFFIX)
    spec = search.own(spec, tell=tell)
    # Named by an example, since options such as --workers take no placeholders.
    example = replace(filling.example(request, spec.space), name_limit=room)
    name = str(with_name(session, example).options["name"])
    if len(name) > room:
        raise SpecError(
            f"--name: {shown(name)} is too long, because the name of each trial appends to it",
            f"use at most {room} characters",
        )
    record = Search(
        kind=kind.name, sweep=encode(spec), job=dict(request.options), created=rfc3339(session.now())
    )
    return Sweep(name=name, request=request, spec=spec, search=record, seed=int(spec.seed or 0))


def _first(sweep: Sweep, trials: Trials, *, ask: bool, tell: Tell) -> Plan:
    """The plan of a first trial."""
    example = Proposal(sweep.spec.space.filled(Parameter.first))
    made = trials.plan(1, example, ask=ask, tell=tell)
    kind, limit = sweep.request.kind, sweep.spec.max_gpu_hours
    if limit and not kind.read(made.main, []).gpus and not filling.needs_types(sweep.request):
        raise SpecError("--max-gpu-hours: the trials request no GPUs", "add --gpus N, or use --timeout")
    return made


def _check_secrets(request: Request) -> None:
    """Refuse values of secrets, which the trials of a resumed sweep could not have."""
    if request.options.get("secret"):
        raise SpecError(
            "--secret: a sweep in this process records no secrets, so it could not be resumed",
            "create a Secret and name it: --env-from-secret NAME",
        )
