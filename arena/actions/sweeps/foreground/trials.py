"""The jobs of the trials of a sweep: created, ended, and marked with their results."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions.jobs import find, records, rerun, tensorboard
from arena.actions.submit import send
from arena.actions.submit.plan import DEPENDENTS
from arena.actions.submit.request import Request
from arena.actions.submit.submit import Tell, ignore, plan_job
from arena.actions.sweeps import config_files, filling, jobs
from arena.actions.sweeps.foreground import stopping
from arena.errors import ArenaError, Conflict, NotFound
from arena.kinds import levels
from arena.kinds.spec import parse
from arena.kinds.sweeps import metrics_file, trial_jobs
from arena.kinds.sweeps.placeholders import PARENT, TRIAL
from arena.kinds.sweeps.spec import FILE, SweepSpec
from arena.kinds.sweeps.trial_jobs import Mark, Result, Search
from arena.resources import Resource
from arena.search.samplers import Proposal
from arena.values import field, frozen, replace

if TYPE_CHECKING:
    from arena.actions.submit.plan import Plan
    from arena.session import Session

Object = dict[str, Any]


@frozen
class Sweep:
    """A sweep that this process runs."""

    name: str
    request: Request
    """The job, with placeholders."""
    spec: SweepSpec
    search: Search
    """What its trials record."""
    seed: int = 0
    code: Any = field(default=None, repr=False)
    """The packed code, once a trial has been planned."""


class Trials:
    """Creates and changes the jobs of the trials of one sweep."""

    def __init__(self, session: Session, sweep: Sweep, tell: Tell) -> None:
        self._session = session
        self._cluster = session.cluster()
        self._sweep = sweep
        self._tell = tell
        self._code = sweep.code
        self._files = config_files.templates(sweep.request, sweep.spec.parameters)
        self._board: list[Resource] = []
        """The types of the objects of the sweep's TensorBoard, once a further trial has been planned."""

    def plan(self, number: int, proposal: Proposal, *, ask: bool = True, tell: Tell = ignore) -> Plan:
        """The job of a trial.

        Raises:
            SpecError: an option does not take the value of a parameter.
        """
        name = f"{self._sweep.name}-{number}"
        values = {**proposal.assignments, TRIAL: name, PARENT: proposal.parent}
        request = filling.with_values(self._sweep.request, self._sweep.spec.parameters, values)
        request = config_files.filled(request, self._files, values)
        given = levels.over(request.kind.spec, request.given, {"name": name})
        request = replace(request, given=given, code=self._code)
        made = plan_job(self._session, filling.unbuffered(request), ask=ask, tell=tell)
        jobs.check_code(made)
        made = config_files.with_templates(made, request, self._sweep.request.config_files, self._files)
        self._code = self._code or made.archive
        mark = Mark(
            search=self._sweep.search, number=number, assignments=proposal.assignments, parent=proposal.parent
        )
        main = made.main
        if self._sweep.spec.source == FILE:
            main = metrics_file.printed(request.kind, main, self._sweep.spec.metrics_file)
        if number > 1:  # the TensorBoard of the first trial is that of the sweep
            self._board = [DEPENDENTS[one["kind"]] for one in made.dependents if _is_board(one)]
            made = replace(made, dependents=[one for one in made.dependents if not _is_board(one)])
        return replace(made, main=trial_jobs.marked(main, self._sweep.name, mark))

    def create(self, number: int, proposal: Proposal) -> tuple[Resource, Object]:
        """Create the job of a trial, with all that it needs; return its type and the job.

        If the trial exists, because another process has just created it, it is returned as it is.

        Raises:
            Conflict: another job has its name.
            ArenaError: as `submit`.
        """
        made = self.plan(number, proposal, tell=self._tell if number == 1 else ignore)
        try:
            with send.sent(self._cluster, made) as obj:
                self.keep_board(made.resource, obj)
                return made.resource, obj
        except Conflict:
            there = self._cluster.get(made.resource, made.namespace, made.name)
            if trial_jobs.sweep_of(there) != self._sweep.name:
                raise
            return made.resource, there

    def keep_board(self, resource: Resource, obj: Object) -> None:
        """Make a further trial an owner of the sweep's TensorBoard, which ends with its last trial."""
        board = tensorboard.name(f"{self._sweep.name}-1")
        owner = find.reference(resource, obj)
        body = [{"op": "add", "path": "/metadata/ownerReferences/-", "value": owner}]
        for one in self._board:
            with suppress(ArenaError):  # without the right, or if it was deleted, the trial runs as well
                self._cluster.patch(one, self._session.namespace, board, body, "json-patch")

    def record(self, resource: Resource, name: str, result: Result) -> None:
        """Write the result of a trial on its job; a job that is gone takes nothing from the others."""
        self._patch(resource, name, trial_jobs.note(result))

    def record_end(self, resource: Resource, name: str, reason: str) -> None:
        """Write the end of the sweep on its first trial."""
        self._patch(resource, name, trial_jobs.note_of_end(reason, self._session.now()))

    def reopen(self, resource: Resource, name: str) -> None:
        """Remove the end of the sweep from its first trial."""
        self._patch(resource, name, trial_jobs.reopened())

    def stop(self, resource: Resource, name: str, result: Result) -> None:
        """Record the result of a trial, then end its pods and keep the job."""
        try:
            obj = self._cluster.get(resource, self._session.namespace, name)
        except NotFound:
            return
        stopping.stop(self._cluster, self._sweep.request.kind, resource, obj, result, self._tell)

    def _patch(self, resource: Resource, name: str, body: Any) -> None:
        try:
            self._cluster.patch(resource, self._session.namespace, name, body)
        except NotFound:
            return


def _is_board(obj: Object) -> bool:
    return bool((obj["metadata"].get("labels") or {}).get(labels.ROLE) == "tensorboard")


def resumed(session: Session, sweep: Sweep, first: Object) -> Sweep:
    """The sweep with the code and the surroundings of its first trial."""
    request = sweep.request
    spec = parse(request.kind.spec, records.options(first))
    code = rerun.code(session.cluster(), first, spec, ())
    there = rerun.surroundings(first) if session.is_local else None
    files = config_files.of_trial(session.cluster(), first, spec.config_file).templates
    request = config_files.captured(replace(request, config_files=files))
    return replace(sweep, code=code, request=replace(request, surroundings=there or None))
