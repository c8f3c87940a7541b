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
    spec = replace(spec, on_host=origin.on_host)
    archive = _pack(spec, overrides)
    if archive:
        spec = replace(spec, parcel=parcels.parcel(archive))
    text = manifests.find(kind.template, overrides.template)
    what = overrides.template or f"the template of {kind.name}"
    made = manifests.render(text, kind.values(spec, resource), what)
    _check_kinds(made, resource, what)
    if overrides.patch:
        change = manifests.load(manifests.find("", overrides.patch), overrides.patch)
        if not isinstance(change, dict):
            raise TemplateError(f"{overrides.patch} is no patch", "write what to change, such as spec: {...}")
        made[0] = manifests.patch(made[0], change)
        manifests.check(made[:1], overrides.patch)
        _check_kinds(made[:1], resource, overrides.patch)
    for extra in extras.extras(spec, kind.name, _contents(spec)):
        made += manifests.render(manifests.find(extra.template), extra.values, extra.template)
    parts = [
        one for extra in extras.parts(spec)
        for one in manifests.render(manifests.find(extra.template), extra.values, extra.template)
    ]  # fmt: skip
    finished = [_finish(one, namespace, origin) for one in made]
    notes = {labels.SUBMITTER: origin.submitter, labels.VERSION: origin.version}
    if archive and spec.parcel:
        notes |= parcels.notes(archive, spec.parcel)
    if overrides.words:
        notes[labels.OVERRIDES] = shlex.join(overrides.words)
    _annotate(finished[0], notes)
    return Plan(
        kind=kind, resource=resource, job=finished[0], helpers=tuple(finished[1:]), code=archive,
        parts=[_finish(one, namespace, origin) for one in parts],
    )  # fmt: skip


def _pack(spec: TrainingSpec, overrides: Overrides) -> Archive | None:
    """The code that goes with the job."""
    if overrides.code or not spec.code:
        return overrides.code
    from arena.actions import packing

    return packing.pack(os.path.expanduser(spec.code))


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


def _finish(obj: Object, namespace: str, origin: Origin) -> Object:
    obj["metadata"]["namespace"] = namespace
    for template in templates(obj):
        if origin.surroundings:
            _annotate(template, origin.surroundings)
    return obj


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
