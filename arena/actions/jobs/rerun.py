"""Submit a job again with its recorded options, or show them as a command line."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arena import kinds, labels
from arena.actions.jobs import find, records
from arena.actions.submit import settle
from arena.actions.submit.code import storage
from arena.actions.submit.plan import templates
from arena.actions.submit.request import Request
from arena.actions.submit.settle import starts_here
from arena.actions.submit.submit import Tell, ignore, submit
from arena.errors import SpecError
from arena.kinds import argv
from arena.kinds.kind import Kind
from arena.kinds.spec import complete, given, parse
from arena.kinds.workload.spec import WorkloadSpec
from arena.model.jobs import Job
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.actions.submit.code.archive import Archive
    from arena.kube import Cluster
    from arena.session import Session

Object = Mapping[str, Any]


def rerun(
    session: Session,
    name: str,
    *settings: str,
    new: str = "",
    replace: bool = False,
    kind: Kind | str | None = None,
    tell: Tell = ignore,
) -> Job:
    """Submit a job again as it was: with its code, and on the local cluster in its directory.

    Its template and patch are not recorded and do not apply.

    Args:
        settings: changes to its options, such as `workers=4`; `code=DIR` packs a folder again.
        new: the name of the new job; by default one is made from the old name.
        replace: delete the job of that name first; without `new` that is the old job.
        kind: required if several kinds have a job of that name.
        tell: called with each remark.

    Raises:
        NotFound: there is no such job, arena did not submit it, or its code is no longer stored.
        Conflict, SpecError, NotAllowed, MissingOperator, Unreachable: as `submit`.
    """
    how = Rerun(name, settings, new, replace)
    job: Job = submit(session, request(session, how, kind=kind, tell=tell), tell=tell)
    return job


def recorded(session: Session, name: str, *settings: str, kind: Kind | str | None = None) -> WorkloadSpec:
    """Return the Spec that a job was submitted with; with a new name it can be submitted again.

    All its options count as given, so that no default replaces one of them.

    Args:
        settings: changes to it, such as `workers=4` or `env=LR=0.1`; secrets must be given.
        kind: required if several kinds have a job of that name.

    Raises:
        NotFound: there is no such job, or arena did not submit it.
        SpecError: a change cannot be made, or a secret is missing.
    """
    found, _, obj = find.find(session.cluster(), name, session.namespace, kinds.named(kind))
    return complete(again(found, obj, name, settings))


class Rerun(NamedTuple):
    """Options of a rerun, as described by `rerun`."""

    name: str
    settings: Sequence[str] = ()
    new: str = ""
    replace: bool = False
    template: str | None = None
    patch: str | None = None


def request(session: Session, how: Rerun, *, kind: Kind | str | None = None, tell: Tell = ignore) -> Request:
    """Return the request that submits a job again; takes and raises what `rerun` does."""
    cluster = session.cluster()
    of_kind, _, obj = find.find(cluster, how.name, session.namespace, kinds.named(kind))
    new = how.new or (how.name if how.replace else new_name(how.name))
    spec = again(of_kind, obj, new, how.settings)
    found = Request(
        kind=of_kind,
        given=given(spec),
        template=how.template,
        patch=how.patch,
        replace=how.replace,
        is_settled=True,
        code=code(cluster, obj, spec, how.settings),
        surroundings=_surroundings(session, obj, spec),
    )
    for remark in _remarks(session, obj, spec, found):
        tell(remark)
    return found


def _surroundings(session: Session, obj: Object, spec: WorkloadSpec) -> dict[str, str] | None:
    """How the processes of the job were started, if they run on this machine."""
    return (surroundings(obj, here=starts_here(spec)) if session.is_local else {}) or None


def _remarks(session: Session, obj: Object, spec: WorkloadSpec, found: Request) -> Iterator[str]:
    """Remarks on files of the old job that are not recorded."""
    old, now = records.overrides(obj), settle.overrides(session, found).words
    if old and list(now) != old and not (found.template or found.patch):
        yield f"Warning: the job was submitted with {shlex.join(old)}; pass that again to keep its effect"
    if files := ", ".join(one.source for one in spec.config_file):
        yield f"the rerun uses the current content of: {files}"


def again(kind: Kind, obj: Object, name: str, changes: Sequence[str] = ()) -> WorkloadSpec:
    """The Spec for a job like this one.

    Args:
        obj: the object of the job.
        name: the new name, unless a change sets it.
        changes: each `KEY=VALUE`, as `arena.kinds.argv.amended` takes them.

    Raises:
        NotFound: others created the job.
        SpecError: a change cannot be made, or a secret must be given again.
    """
    options = argv.amended(kind.spec, records.options(obj), changes)
    secret = argv.masked_secrets(options)
    if secret:
        names = ", ".join(one.partition("=")[2] for one in secret)
        given = " ".join(
            f"--set {one}" if one.startswith("secret=") else f"--set {one}=VALUE" for one in secret
        )
        raise SpecError(
            f'job "{obj["metadata"]["name"]}" has secrets, which are not recorded: {names}',
            f"pass them again (--set secret=NAME reads your environment): {given}",
        )
    renamed = options.get("name") if any(one.startswith("name=") for one in changes) else None
    spec: WorkloadSpec = parse(kind.spec, {**options, "name": renamed or name})
    return spec


def new_name(name: str) -> str:
    """Make a new name from the name of an earlier job.

    >>> new_name("bert")[:-5], new_name("bert-0a1b2")[:-5]
    ('bert-', 'bert-')
    """
    stem = re.sub(r"-[0-9a-f]{5}$", "", name)[:36].rstrip("-")
    return f"{stem}-{os.urandom(3).hex()[:5]}"


def code(cluster: Cluster, obj: Object, spec: WorkloadSpec, changes: Sequence[str]) -> Archive | None:
    """The code of the earlier job; None if it has none, or if the changes name a folder.

    Raises:
        NotFound: the cluster no longer stores it.
    """
    if not spec.code or any(one.startswith("code=") for one in changes):
        return None
    # The recorded folder is never packed: somebody else may have recorded one of ours.
    return storage.wanted(cluster, obj)


def surroundings(obj: Object, *, here: bool = True) -> dict[str, str]:
    """How the job's processes were started, if its pods are processes of a machine.

    Args:
        here: whether to include the directory.
    """
    keys = [labels.LOCAL_ENV, labels.LOCAL_PROCESS, *([labels.LOCAL_CWD] if here else [])]
    # Kinds without pod templates of their own, such as InferenceService, pass their annotations to the pods.
    for described in (obj, *templates(obj)):
        notes = (described.get("metadata") or {}).get("annotations") or {}
        if labels.LOCAL_ENV in notes:
            return {key: notes[key] for key in keys if key in notes}
    return {}
