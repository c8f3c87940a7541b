"""Settle a request: decide what was not given, in one order for commands and library.

In order of precedence, an option comes from what was given, ARENA_* variables, the job file, the settings of
project, user and administrator, and the Spec. Then follow the facts: what a serving takes over from a job
and from the files of its model, the type that the cluster serves, its queue system, and whether pods are
processes of this machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from arena._version import VERSION
from arena.actions.submit import defaults, inputs
from arena.actions.submit.plan import Origin, Overrides
from arena.actions.submit.request import Request
from arena.errors import Unreachable
from arena.kinds import spec as specs
from arena.kinds.kind import Kind
from arena.kinds.levels import Level, combined
from arena.kinds.workload.spec import WorkloadSpec, remarks
from arena.resources import Resource
from arena.values import frozen

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session


@frozen
class Settled:
    """The inputs of a plan."""

    spec: WorkloadSpec
    resource: Resource
    """The type that the cluster serves, or the preferred one of the kind if no cluster was asked."""
    overrides: Overrides
    origin: Origin
    remarks: Sequence[str]
    """Warnings about the Spec and its queue, one sentence each."""


def settle(session: Session, request: Request, *, ask: bool = True) -> Settled:
    """Decide what a request left open.

    Errors of the request itself are raised before the cluster is asked or found unreachable.

    Args:
        ask: whether to ask the cluster; otherwise its administrator's settings and its facts are ignored.

    Raises:
        SpecError: a value cannot be used; the message contains where it is configured.
        MissingOperator: the cluster does not serve the kind.
        Unreachable: the cluster does not answer.
    """
    request = with_name(session, request)
    changes = overrides(session, request)
    spec = _spec_there(session, request, changes) if ask else _spec(session, request, None)
    spec, told = _with_origins(session, spec, ask)
    spec = spec.dated(session.now())
    told, resource = [*told, *remarks(spec)], request.kind.form(spec).resources[0]
    if ask:
        resource, spec, more = _facts(session, request.kind.form(spec), spec)
        told += more
    origin = _origin(session, request, spec)
    return Settled(spec=spec, resource=resource, overrides=changes, origin=origin, remarks=told)


def _spec_there(session: Session, request: Request, changes: Overrides) -> WorkloadSpec:
    """The Spec with the administrator's settings; unreadable files are reported before a missing answer."""
    try:
        return _spec(session, request, session.cluster())
    except Unreachable:
        inputs.read(_spec(session, request, None), changes.code, changes.config_files)
        raise


def _with_origins(session: Session, spec: WorkloadSpec, ask: bool) -> tuple[WorkloadSpec, list[str]]:
    """The Spec with what it takes over from a job and from the files of a model, and remarks on these."""
    told: list[str] = []
    if spec.names_job:
        from arena.actions.submit import trained

        spec, told = trained.settled(session, spec, ask=ask)
    if spec.names_model:
        from arena.actions.submit import models

        spec = models.settled(session, spec)
    return spec, told


def _facts(session: Session, kind: Kind, spec: WorkloadSpec) -> tuple[Resource, WorkloadSpec, list[str]]:
    """The type that the cluster serves, the Spec for its queue system, and remarks on the queue."""
    from arena.actions import served
    from arena.actions.submit import queues

    cluster = session.cluster()
    resource = served.require(cluster, kind)
    spec = queues.settled(cluster, spec)
    return resource, spec, queues.remarks(cluster, kind, resource, spec, session.namespace)


def with_name(session: Session, request: Request) -> Request:
    """Return the request with a name; asks no cluster. Raises as `Request.with_name`."""
    if request.is_settled:
        return request
    kind, levels = request.kind, _levels(session, request, None)
    *_, file, variables, given = levels
    known = combined(kind.spec, (file, variables, given))
    session.miss("context", "kubeconfig", *defaults.missed(session.settings, kind, known))
    return request.with_name(combined(kind.spec, levels))


def _levels(session: Session, request: Request, cluster: Cluster | None) -> list[Level]:
    """The levels of a request's options, the weakest first, above the defaults of the Spec.

    Args:
        cluster: the cluster whose administrator's settings apply; None for none.
    """
    if request.is_settled:
        return [Level(request.given)]
    settings = session.settings
    if cluster is not None:
        settings = defaults.with_administrator(session)
    return [
        *defaults.levels(settings, request.kind.name),
        Level(request.file),
        defaults.variables(settings),
        Level(request.given),
    ]


def configured(session: Session, kind: Kind) -> dict[str, Any]:
    """The options of a submit if none are given."""
    return combined(kind.spec, _levels(session, Request(kind=kind), session.cluster()))


def _spec(session: Session, request: Request, cluster: Cluster | None) -> WorkloadSpec:
    options = combined(request.kind.spec, _levels(session, request, cluster))
    found: WorkloadSpec = specs.parse(request.kind.spec, options)
    return found


def overrides(session: Session, request: Request) -> Overrides:
    """The template and patch that were given, else the user's own template of the kind."""
    if not request.template:
        session.miss("templates")
    template = request.template or defaults.template(session.settings, request.kind)
    return Overrides(
        template=template, patch=request.patch, code=request.code, config_files=request.config_files
    )


def _origin(session: Session, request: Request, spec: WorkloadSpec) -> Origin:
    """Who submits, and how processes start if pods are processes of this machine."""
    surroundings = request.surroundings
    if surroundings is None:
        surroundings = session.surroundings(here=starts_here(spec))
    return Origin(
        submitter=session.user,
        version=VERSION,
        surroundings=surroundings,
        scheduled=request.scheduled,
    )


def starts_here(spec: WorkloadSpec) -> bool:
    """Whether processes on this machine start in the user's directory, like containers in the image's.

    They do not if code is fetched: the command finds it in the directory where it starts.
    """
    return not (spec.chosen_dir or spec.fetches_code)
