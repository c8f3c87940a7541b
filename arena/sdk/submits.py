"""Jobs are submitted, previewed, and submitted once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena._version import VERSION
from arena.actions import plans, queues, reruns, served, training
from arena.actions import submit as submitting
from arena.actions.defaults import configured, template
from arena.actions.plans import Origin, Overrides, Plan
from arena.errors import SpecError
from arena.kinds.kind import Kind
from arena.kinds.spec import filled
from arena.kinds.training.base import TrainingSpec
from arena.model import Job
from arena.resources import Resource
from arena.session import Session

if TYPE_CHECKING:
    from arena.kube import Cluster


def plan(
    session: Session,
    spec: TrainingSpec,
    *,
    kind: Kind | None = None,
    resource: Resource | None = None,
    overrides: Overrides | None = None,
    surroundings: Mapping[str, str] | None = None,
) -> Plan:
    """What submitting the Spec would send; asks no cluster. Raises as `arena.actions.plans.plan`.

    Args:
        overrides: what takes the place of the packaged template; None: the user's own one, if there is any.
        surroundings: how processes of this machine start, where pods are such; None: as this one did.
    """
    kind = kind or kind_of(spec)
    if overrides is None:
        overrides = Overrides(template=template(session.settings, kind))
    if surroundings is None:
        surroundings = session.surroundings(here=starts_here(spec))
    origin = Origin(submitter=session.user, version=VERSION, surroundings=surroundings)
    return plans.plan(
        kind,
        spec,
        resource=resource,
        namespace=session.namespace,
        origin=origin,
        overrides=overrides,
    )


def starts_here(spec: TrainingSpec) -> bool:
    """Whether processes of this machine start where the user is, as the default directory is of an image.

    Not beside code that is fetched: the command finds it in the directory where it starts.
    """
    return bool(spec.working_dir == type(spec).working_dir and not spec.sync_mode)


def kind_of(spec: TrainingSpec) -> Kind:
    """The kind whose Spec it is; SpecError where it is of none."""
    for kind in kinds.all_kinds():
        if type(spec) is kind.spec:
            return kind
    raise SpecError(f"{type(spec).__name__} is not the Spec of a kind", "use one such as PyTorchJobSpec")


def preview(session: Session, spec: TrainingSpec) -> list[dict[str, Any]]:
    """The objects that `submit` would create, the job first; asks no cluster.

    Raises:
        SpecError: a value or a file that the Spec names cannot be used.
    """
    return list(plan(session, with_defaults(session, spec)).objects)


def with_defaults(session: Session, spec: TrainingSpec, cluster: Cluster | None = None) -> TrainingSpec:
    """The Spec with what is configured for options that it leaves at their defaults, as commands have it.

    Args:
        cluster: which may have defaults of its administrator; None: it is not asked.
    """
    return filled(spec, configured(session.settings, kind_of(spec), cluster))


def submit(session: Session, spec: TrainingSpec, *, replace: bool = False) -> Job:
    """Submit a job; all that it needs is created, or nothing.

    Options that the Spec leaves at their defaults are what is configured, as on the command line.

    Args:
        replace: delete a job of that name first.

    Raises:
        Conflict: there is a job of that name.
        SpecError, NotAllowed, MissingOperator, Unreachable: what the cluster has against it.
    """
    cluster = session.cluster()
    resource = served.require(cluster, kind_of(spec))
    whole = queues.settled(cluster, with_defaults(session, spec, cluster))
    return submitting.submit(cluster, plan(session, whole, resource=resource), instead=replace)


def recorded(session: Session, name: str, *settings: str, kind: str = "") -> TrainingSpec:
    """The Spec that a job was submitted with; with another name it can be submitted once more.

    Args:
        settings: changes to it, such as `workers=4` or `env=LR=0.1`; what is secret must be given.

    Raises:
        NotFound: there is no such job, or arena did not submit it.
        SpecError: a change cannot be made, or something secret is missing.
    """
    found, _, obj = training.find(session.cluster(), name, session.namespace, kinds.named(kind))
    return reruns.again(found, obj, name, settings)


def rerun(
    session: Session, name: str, *settings: str, new: str = "", replace: bool = False, kind: str = ""
) -> Job:
    """Submit a job once more as it was: with its code, and on the local cluster in its directory.

    A template or patch that it was submitted with is not kept, and does not apply.

    Args:
        settings: changes, as of `recorded`; `code=DIR` packs a folder anew.
        new: the name of the new job; "": one made from the old.
        replace: delete the job of that name first, which is the old one where `new` is "".

    Raises:
        NotFound: there is no such job, arena did not submit it, or its code is not kept any more.
        Conflict, SpecError, NotAllowed, MissingOperator, Unreachable: as of `submit`.
    """
    cluster = session.cluster()
    of_kind, _, obj = training.find(cluster, name, session.namespace, kinds.named(kind))
    spec = reruns.again(of_kind, obj, new or (name if replace else reruns.fresh(name)), settings)
    code = reruns.code(cluster, obj, spec, settings)
    here = starts_here(spec)
    made = plan(
        session,
        queues.settled(cluster, spec),
        kind=of_kind,
        resource=served.require(cluster, of_kind),
        overrides=Overrides(template=template(session.settings, of_kind), code=code),
        surroundings=(reruns.surroundings(obj, here=here) if session.is_local else {}) or None,
    )
    return submitting.submit(cluster, made, instead=replace)
