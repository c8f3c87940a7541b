"""Plans: a Spec becomes manifests; nothing is sent, and no cluster is asked.

What `--dry-run` prints is what is sent: both take the same Plan.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from arena import labels, manifests
from arena.actions import parcels
from arena.errors import SpecError, TemplateError
from arena.kinds.kind import Kind
from arena.kinds.training import extras
from arena.kinds.training.base import TrainingSpec
from arena.resources import CONFIGMAPS, DEPLOYMENTS, SECRETS, SERVICES, Resource

if TYPE_CHECKING:
    from arena.actions.packing import Archive
    from arena.kinds.training.code import Parcel

Object = dict[str, Any]
HELPERS = {one.kind: one for one in (CONFIGMAPS, DEPLOYMENTS, SECRETS, SERVICES)}
"""Types of what is made beside a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who submits from where; becomes annotations."""

    submitter: str
    version: str
    surroundings: Mapping[str, str] = field(default_factory=dict)
    """Only where pods are processes of this machine: annotations that say how they start."""

    @property
    def on_host(self) -> bool:
        """Whether pods are processes of this machine."""
        return bool(self.surroundings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What a user puts in place of, or over, the packaged template."""

    template: str | None = None
    """File to use instead."""
    patch: str | None = None
    """File with a JSON merge patch for the job."""
    code: Archive | None = None
    """The code of an older job, instead of what is now in the folder of --code."""

    @property
    def words(self) -> tuple[str, ...]:
        """As flags of a command line."""
        flags = (("--template", self.template), ("--patch", self.patch))
        return tuple(word for flag, value in flags if value for word in (flag, value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a submit sends: the job and what goes with it, in order."""

    kind: Kind
    resource: Resource
    job: Object
    helpers: Sequence[Object]
    code: Archive | None = None
    """What --code packed."""
    parts: Sequence[Object] = ()
    """The ConfigMaps with it, which the job may share with others."""

    @property
    def objects(self) -> tuple[Object, ...]:
        """All of them, the job first."""
        return (self.job, *self.helpers, *self.parts)

    @property
    def sends(self) -> bool:
        """Whether the code is too large to be kept, so that it is sent to instances as they start."""
        return self.code is not None and not self.parts

    @property
    def name(self) -> str:
        """The job's name."""
        return str(self.job["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """Where all of them go."""
        return str(self.job["metadata"]["namespace"])


def plan(
    kind: Kind,
    spec: TrainingSpec,
    *,
    resource: Resource | None = None,
    namespace: str,
    origin: Origin,
    overrides: Overrides = Overrides(),
) -> Plan:
    """The manifests of a Spec; reads the files that it names and asks no cluster.

    Args:
        resource: the type that the cluster serves; the kind's preferred one where nobody was asked.

    Raises:
        SpecError, TemplateError: a value, a file or the template cannot be used.
    """
    resource = resource or kind.resources[0]
    taken = luggage(spec, overrides)
    spec = replace(spec, on_host=origin.on_host, parcel=taken.parcel)
    job, *helpers = _made(kind, spec, resource, overrides)
    helpers += _filled(extras.extras(spec, kind.name, taken.contents))
    parts = _filled(extras.parts(spec))
    for one in (job, *helpers, *parts):
        _finish(one, namespace, origin)
    _annotate(job, _notes(origin, overrides, taken))
    return Plan(kind=kind, resource=resource, job=job, helpers=helpers, code=taken.code, parts=parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Luggage:
    """What a job takes along of the submitter's files."""

    contents: Mapping[str, bytes]
    """Those of --config-file, by their names."""
    code: Archive | None
    parcel: Parcel | None
    """The code as the pods get it."""


def luggage(spec: TrainingSpec, overrides: Overrides = Overrides()) -> Luggage:
    """Read the files that a Spec names.

    Raises:
        SpecError: one cannot be read, or it is too much.
    """
    code = overrides.code
    if spec.code and not code:
        from arena.actions import packing

        code = packing.pack(os.path.expanduser(spec.code))
    return Luggage(contents=_contents(spec), code=code, parcel=parcels.parcel(code) if code else None)


def _made(kind: Kind, spec: TrainingSpec, resource: Resource, overrides: Overrides) -> list[Object]:
    """The job, and what the template makes beside it."""
    text = manifests.find(kind.template, overrides.template)
    what = overrides.template or f"the template of {kind.name}"
    made = manifests.render(text, kind.values(spec, resource), what)
    _check_kinds(made, resource, what)
    if overrides.patch:
        made[0] = _patched(made[0], resource, overrides.patch)
    return made


def _patched(job: Object, resource: Resource, file: str) -> Object:
    change = manifests.load(manifests.find("", file), file)
    if not isinstance(change, dict):
        raise TemplateError(f"{file} is no patch", "write what to change, such as spec: {...}")
    job = manifests.patch(job, change)
    manifests.check([job], file)
    _check_kinds([job], resource, file)
    return job


def _filled(more: Sequence[extras.Extra]) -> list[Object]:
    return [
        one for extra in more
        for one in manifests.render(manifests.find(extra.template), extra.values, extra.template)
    ]  # fmt: skip


def _notes(origin: Origin, overrides: Overrides, taken: Luggage) -> dict[str, str]:
    """Annotations of the job that say where it is from."""
    notes = {labels.SUBMITTER: origin.submitter, labels.VERSION: origin.version}
    if taken.code and taken.parcel:
        notes |= parcels.notes(taken.code, taken.parcel)
    if overrides.words:
        notes[labels.OVERRIDES] = shlex.join(overrides.words)
    return notes


def _contents(spec: TrainingSpec) -> dict[str, bytes]:
    found = {}
    for one in spec.config_file:
        try:
            with open(one.source, "rb") as file:
                found[one.source] = file.read(extras.FILES_LIMIT + 1)
        except OSError as error:
            raise SpecError(
                f"--config-file: {one.source} cannot be read: {error.strerror}", "name a readable file"
            ) from error
    return found


def _finish(obj: Object, namespace: str, origin: Origin) -> None:
    """Put in, in place, what does not depend on the object."""
    obj["metadata"]["namespace"] = namespace
    for template in templates(obj):
        if origin.surroundings:
            _annotate(template, origin.surroundings)


def _annotate(obj: Object, notes: Mapping[str, str]) -> None:
    """Add annotations; where a template put something else there, the cluster says so."""
    meta = obj.setdefault("metadata", {})
    if isinstance(meta, dict) and isinstance(meta.get("annotations") or {}, dict):
        meta["annotations"] = {**(meta.get("annotations") or {}), **notes}


def _check_kinds(made: Sequence[Object], resource: Resource, what: str) -> None:
    """Refuse a template or patch whose objects are not the job and what may go with it."""
    kind = f"{made[0]['kind']} of {made[0]['apiVersion']}"
    if kind != f"{resource.kind} of {resource.api_version}":
        raise TemplateError(f"{what} makes a {kind}", f"make a {resource.kind} of {resource.api_version}")
    for one in made[1:]:
        helper = HELPERS.get(one["kind"])
        if helper is None or helper.api_version != one["apiVersion"]:
            allowed = ", ".join(sorted(HELPERS))
            raise TemplateError(
                f"{what} makes a {one['kind']}, too", f"beside the job it may make: {allowed}"
            )


def templates(node: Any) -> Iterator[Object]:
    """Every pod template in an object, or in any part of one."""
    if isinstance(node, dict):
        spec = node.get("spec")
        if isinstance(spec, dict) and "containers" in spec and "kind" not in node:
            yield node
        for below in node.values():
            yield from templates(below)
    elif isinstance(node, list):
        for below in node:
            yield from templates(below)
