"""What a serving takes over from a training job: volumes, environment, placement, and the model it wrote."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions.jobs import find, records
from arena.actions.submit.plan import templates
from arena.errors import SpecError
from arena.kinds.kind import Kind
from arena.kinds.option_types import MASK, NamedValues
from arena.kinds.option_values import Mount
from arena.kinds.serving.specs.base.locations import Location
from arena.kinds.serving.specs.base.spec import ServingSpec
from arena.kinds.spec import partial
from arena.kinds.workload.spec import WorkloadSpec
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.session import Session

Object = Mapping[str, Any]

TAKEN = (
    *("data", "data_dir", "env", "env_from_secret"),
    *("selector", "toleration", "priority", "image_pull_secret", "model_name"),
)
"""Options of a training job that a serving with --from-job has, too, unless it is given others."""


class Trained(NamedTuple):
    """A training job, as far as servings take it over."""

    name: str
    options: dict[str, Any]
    """Those of its recorded options that can be read, by field."""
    folder: str
    """Where its processes started, if they ran on this machine; else its working directory, or ""."""
    masked: tuple[str, ...]
    """Variables whose values are not recorded."""

    @property
    def mounts(self) -> Sequence[Mount]:
        """Its volume claims and folders of nodes."""
        return (*self.options.get("data", ()), *self.options.get("data_dir", ()))


def settled(session: Session, spec: WorkloadSpec, *, ask: bool = True) -> tuple[WorkloadSpec, list[str]]:
    """The Spec with what its job tells, and remarks.

    Args:
        ask: whether the cluster may be asked.

    Raises:
        NotFound: there is no such job, or arena did not submit it.
        SpecError: the cluster must not be asked, or the job wrote nothing where the Spec says.
    """
    if not isinstance(spec, ServingSpec):
        return spec, []
    if not ask:
        raise SpecError(
            "--from-job and job:// are read from the cluster, which --dry-run does not ask",
            "use --dry-run=server",
        )
    remarks: list[str] = []
    if spec.from_job:
        job = _trained(session, spec.from_job)
        remarks = [f"--from-job: {one} of the job is a secret; give it with --secret" for one in job.masked]
        spec = _like(spec, job)
    location = spec.location
    if location and location.scheme == "job":
        spec = _where_it_wrote(session, spec, _trained(session, location.place), location)
    return spec, remarks


def _trained(session: Session, name: str) -> Trained:
    kind, _, obj = find.find(session.cluster(), name, session.namespace)
    recorded = records.options(obj)
    secrets = recorded.get("secret")
    env = recorded.get("env")
    masked = [*(secrets if isinstance(secrets, Mapping) else ())]
    if isinstance(env, Mapping):
        masked += [key for key, value in env.items() if value == MASK]
        recorded["env"] = {key: value for key, value in env.items() if value != MASK}
    return Trained(name, _readable(kind, name, recorded), _folder(obj, recorded), tuple(masked))


def _readable(kind: Kind, name: str, recorded: Mapping[str, Any]) -> dict[str, Any]:
    """The options to take over; raises SpecError if somebody has recorded what no job can have."""
    keys = {one.replace("_", "-") for one in (*TAKEN, "model_source")}
    try:
        return partial(kind.spec, {key: value for key, value in recorded.items() if key in keys})
    except SpecError as error:
        raise SpecError(
            f'the options recorded with job "{name}" cannot be taken over: {error.message}',
            "give the serving its own, and omit --from-job",
        ) from error


def _folder(obj: Object, recorded: Mapping[str, Any]) -> str:
    chosen = str(recorded.get("working-dir") or "")
    notes = [(one.get("metadata") or {}).get("annotations") or {} for one in templates(dict(obj))]
    return chosen or next((str(one[labels.LOCAL_CWD]) for one in notes if labels.LOCAL_CWD in one), "")


def _like(spec: ServingSpec, job: Trained) -> ServingSpec:
    known = {one.name for one in fields(spec)}
    changes: dict[str, Any] = {"from_job": ""}
    for name in TAKEN:
        value = job.options.get(name)
        if not value or name not in known:
            continue
        own = getattr(spec, name)
        if isinstance(value, Mapping):
            removed = own.removed if isinstance(own, NamedValues) else frozenset()
            changes[name] = {**{key: one for key, one in value.items() if key not in removed}, **own}
        elif name not in spec.given:
            changes[name] = value
    if not spec.model and job.options.get("model_source"):
        changes["model"] = _source(job)
    return replace(spec, **changes)


def _source(job: Trained) -> str:
    """The recorded place of the model; a path is one that the job wrote to."""
    source = str(job.options["model_source"])
    return source if "://" in source else f"job://{job.name}/{source}"


def _where_it_wrote(session: Session, spec: ServingSpec, job: Trained, location: Location) -> ServingSpec:
    paths = list(_paths(job, location.path))
    for path in paths:
        for mount in job.mounts:
            if path == mount.path or path.startswith(mount.path.rstrip("/") + "/"):
                return _mounted(spec, job, mount, path)
    if session.is_local and paths:
        there = [one for one in reversed(paths) if os.path.exists(one)]
        return replace(spec, model=there[0] if there else paths[-1])
    mounted = ", ".join(map(str, job.mounts)) or "nothing"
    raise SpecError(
        f'job "{job.name}" wrote {paths[0] if paths else location.path} in its containers, which are gone; '
        f"it mounts {mounted}",
        "name a path on one of its volumes",
    )


def _paths(job: Trained, path: str) -> Iterator[str]:
    """What a path after job://JOB/ may mean: below the root, or where the job started."""
    yield posixpath.normpath(f"/{path.lstrip('/')}")
    if job.folder and not path.startswith("/"):
        yield posixpath.normpath(posixpath.join(job.folder, path))


def _mounted(spec: ServingSpec, job: Trained, mount: Mount, path: str) -> ServingSpec:
    rest = path[len(mount.path.rstrip("/")) :].strip("/")
    if mount in job.options.get("data", ()):
        return replace(spec, model=str(Location("pvc", mount.source, rest)))
    shared = spec.data_dir if mount in spec.data_dir else (*spec.data_dir, mount)
    return replace(spec, model=path, data_dir=shared)
