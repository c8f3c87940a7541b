"""Plans: a Spec becomes manifests. Nothing is sent, and no cluster is asked.

`--dry-run` prints the same Plan that a submit sends.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arena import labels, manifests
from arena.actions.submit.code import storage
from arena.actions.submit.inputs import Inputs, read
from arena.errors import TemplateError
from arena.kinds.kind import Kind
from arena.kinds.workload import dependents
from arena.kinds.workload.dependents import Dependent
from arena.kinds.workload.rendering import Rendering
from arena.kinds.workload.spec import WorkloadSpec
from arena.resources import (
    AUTOSCALERS,
    CONFIGMAPS,
    DEPLOYMENTS,
    GATEWAYS,
    SECRETS,
    SERVICE_MONITORS,
    SERVICES,
    VIRTUAL_SERVICES,
    Resource,
)
from arena.values import field, frozen

if TYPE_CHECKING:
    from arena.actions.submit.code.archive import Archive

Object = dict[str, Any]
DEPENDENTS = {
    one.kind: one
    for one in (
        *(CONFIGMAPS, DEPLOYMENTS, SECRETS, SERVICES),
        *(AUTOSCALERS, GATEWAYS, SERVICE_MONITORS, VIRTUAL_SERVICES),
    )
}
"""Types of the objects that may be created beside the main one."""


@frozen
class Origin:
    """Who submits, and from where; becomes annotations."""

    submitter: str
    version: str
    surroundings: Mapping[str, str] = field(default_factory=dict)
    """Annotations that say how pods start, if they are processes of this machine."""

    scheduled: bool = False
    """Whether a schedule creates the main object repeatedly; becomes no annotation."""

    @property
    def on_host(self) -> bool:
        """Whether pods are processes of this machine."""
        return bool(self.surroundings)


@frozen
class Overrides:
    """What replaces or patches the packaged template."""

    template: str | None = None
    """File to use instead."""
    patch: str | None = None
    """File with a JSON merge patch for the job."""
    code: Archive | None = None
    """The code of an earlier job, instead of the present content of the folder of --code."""
    config_files: Mapping[str, bytes] = field(default_factory=dict)
    """The contents of config files by their paths, instead of what the paths hold."""
    inputs: Inputs | None = None
    """The files and secrets that the Spec names, if they are not to be read."""

    @property
    def words(self) -> tuple[str, ...]:
        """The same as flags of a command line."""
        flags = (("--template", self.template), ("--patch", self.patch))
        return tuple(word for flag, value in flags if value for word in (flag, value))


@frozen
class Plan:
    """The objects that a submit creates: the main one first, then those that it owns."""

    title: str
    """What messages call the main object, before its name: `tfjob`, `cron tfjob`."""
    resource: Resource
    """The type of the main object."""
    main: Object
    """The main object, which owns all the others."""
    owns: Callable[[Mapping[str, Any]], bool]
    """Whether an existing object of the same type and name may be replaced by this one."""
    pods: Callable[[Mapping[str, Any]], Mapping[str, str]]
    """Main object -> the labels of its pods, which must end before the object is replaced."""
    again: Callable[[Object], str]
    """Main object -> the command line that submits it again; "" if that is not recorded."""
    dependents: Sequence[Object] = ()
    """The objects that only the main one owns."""
    archive: Archive | None = None
    """The code that --code packed."""
    code_parts: Sequence[Object] = ()
    """The ConfigMaps with the archive, which may have other owners, too."""

    @property
    def objects(self) -> tuple[Object, ...]:
        """All objects, the main one first."""
        return (self.main, *self.dependents, *self.code_parts)

    @property
    def uploads(self) -> bool:
        """Whether the code is too large to be stored in the cluster, so that it is sent to instances."""
        return self.archive is not None and not self.code_parts

    @property
    def name(self) -> str:
        """The name of the main object."""
        return str(self.main["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """The namespace of all objects."""
        return str(self.main["metadata"]["namespace"])


def plan(
    kind: Kind,
    spec: WorkloadSpec,
    *,
    resource: Resource | None = None,
    namespace: str,
    origin: Origin,
    overrides: Overrides = Overrides(),
) -> Plan:
    """Plan the manifests of a Spec. Reads the files that it names, and asks no cluster.

    Args:
        resource: the type that the cluster serves; None for the preferred type of the kind.

    Raises:
        SpecError, TemplateError: a value, a file or the template cannot be used.
    """

    def again(obj: Object) -> str:
        from arena.actions.jobs import records

        return records.command_if_recorded(kind, obj)

    kind = kind.form(spec)
    inputs = overrides.inputs or read(spec, overrides.code, overrides.config_files)
    rendering = Rendering(
        resource=resource or kind.resources[0],
        on_host=origin.on_host,
        scheduled=origin.scheduled,
        code=inputs.code,
        secrets=inputs.secrets,
        config_files=inputs.config_files,
    )
    main, *beside = _from_template(kind, spec, rendering, overrides)
    beside += _rendered(dependents.dependents(kind, spec, rendering))
    code_parts = _rendered(dependents.code_parts(rendering))
    for one in (main, *beside, *code_parts):
        _finish(one, namespace, origin)
    if kind.passes_annotations:
        _annotate(main, origin.surroundings)
    _annotate(main, _provenance(origin, overrides, inputs))
    return Plan(
        title=kind.name,
        resource=rendering.resource,
        main=main,
        owns=lambda obj: kind.owns(obj) or kind.takes(obj),
        pods=kind.pods,
        again=again,
        dependents=beside,
        archive=inputs.archive,
        code_parts=code_parts,
    )


def _from_template(
    kind: Kind, spec: WorkloadSpec, rendering: Rendering, overrides: Overrides
) -> list[Object]:
    """The main object, and the further objects of the template."""
    text = manifests.find(kind.template, overrides.template)
    what = manifests.called(overrides.template) if overrides.template else f"the template of {kind.name}"
    made = manifests.render(text, kind.values(spec, rendering), what)
    _check_kinds(made, rendering.resource, what)
    if overrides.patch:
        made[0] = _patched(made[0], rendering.resource, overrides.patch)
    return made


def _patched(job: Object, resource: Resource, file: str) -> Object:
    what = manifests.called(file)
    change = manifests.load(manifests.find("", file), what)
    if not isinstance(change, dict):
        raise TemplateError(f"{what} is not a patch", "write what to change, such as spec: {...}")
    job = manifests.patch(job, change)
    manifests.check([job], what)
    _check_kinds([job], resource, what)
    return job


def _rendered(several: Sequence[Dependent]) -> list[Object]:
    return [
        obj for one in several
        for obj in manifests.render(manifests.find(one.template), one.values, one.template)
    ]  # fmt: skip


def _provenance(origin: Origin, overrides: Overrides, inputs: Inputs) -> dict[str, str]:
    """Annotations of the main object that say who submitted it, and from what."""
    notes = {labels.SUBMITTER: origin.submitter, labels.VERSION: origin.version}
    if inputs.archive and inputs.code:
        notes |= storage.code_annotations(inputs.archive, inputs.code)
    if overrides.words:
        notes[labels.OVERRIDES] = shlex.join(overrides.words)
    return notes


def _finish(obj: Object, namespace: str, origin: Origin) -> None:
    """Add, in place, what does not depend on the object."""
    obj["metadata"]["namespace"] = namespace
    for template in templates(obj):
        if origin.surroundings:
            _annotate(template, origin.surroundings)


def _annotate(obj: Object, notes: Mapping[str, str]) -> None:
    """Add annotations; if a template has put something else there, the cluster reports it."""
    meta = obj.setdefault("metadata", {})
    if isinstance(meta, dict) and isinstance(meta.get("annotations") or {}, dict):
        meta["annotations"] = {**(meta.get("annotations") or {}), **notes}


def _check_kinds(made: Sequence[Object], resource: Resource, what: str) -> None:
    """Refuse a template or patch with objects other than the main one and its dependents."""
    kind = f"{made[0]['kind']} of {made[0]['apiVersion']}"
    if kind != f"{resource.kind} of {resource.api_version}":
        raise TemplateError(f"{what} creates a {kind}", f"create a {resource.kind} of {resource.api_version}")
    for one in made[1:]:
        allowed_type = DEPENDENTS.get(one["kind"])
        if allowed_type is None or allowed_type.api_version != one["apiVersion"]:
            allowed = ", ".join(sorted(DEPENDENTS))
            raise TemplateError(
                f"{what} creates a {one['kind']}, too", f"besides the job, it may create: {allowed}"
            )


def templates(node: Any) -> Iterator[Object]:
    """Every pod template in an object or part of an object."""
    if isinstance(node, dict):
        spec = node.get("spec")
        if isinstance(spec, dict) and "containers" in spec and "kind" not in node:
            yield node
        for below in node.values():
            yield from templates(below)
    elif isinstance(node, list):
        for below in node:
            yield from templates(below)
