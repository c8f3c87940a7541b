"""Change the options of a serving: its manifest is rendered with and without the change.

The difference of both is applied to the live object, so what others have changed there stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arena import labels, manifests
from arena._version import VERSION
from arena.actions.jobs import records, rerun
from arena.actions.serving.find import Found
from arena.actions.submit import plan
from arena.actions.submit.plan import Origin, Plan
from arena.errors import SpecError
from arena.kinds import spec as specs
from arena.kinds.kind import Kind
from arena.kinds.option_types import NamedValues
from arena.kinds.spec import Option
from arena.kinds.workload.spec import WorkloadSpec

if TYPE_CHECKING:
    from arena.session import Session

Object = dict[str, Any]
IDENTITY = ("name", "version")
LOCAL = ("code", "config_file", "secret", "sync_mode", "sync_source", "sync_image", "from_job")
"""Options that read files or secrets of who submits, which are not recorded."""
FIXED = (*IDENTITY, *LOCAL)
"""Options that an update does not change."""


def amended(session: Session, found: Found, changes: Mapping[str, object]) -> Object:
    """What the main object becomes with these options changed.

    Options that hold names and values gain those that are given, and so do lists; others are replaced. What
    an option controls is set even if it has that value already, since another client may have changed it.

    Args:
        changes: by field, as `arena.kinds.spec.parse` takes them.

    Raises:
        SpecError: a value cannot be used, or an update does not change that option.
        NotFound: its options are not recorded.
    """
    recorded = records.options(found.obj)
    rendering = _Rendering(session, found)
    kept = {key: value for key, value in recorded.items() if _is_local(key)}
    old = specs.parse(found.kind.spec, {key: one for key, one in recorded.items() if key not in kept})
    new = _changed(found.kind, old, changes)
    _check_ports(rendering.ports(old), rendering.ports(new))
    target = rendering.of(new)
    live = manifests.three_way(rendering.of(old), target, found.obj)
    for one in specs.options(found.kind.spec):
        if one.name in changes:
            live = manifests.three_way(_without(rendering, new, one), target, live)
    return _recording(live, {**specs.encode(new), **kept})


def restored(session: Session, found: Found, options: Mapping[str, Any]) -> Object:
    """What the main object becomes with former recorded options; raises as `amended`."""
    recorded = records.options(found.obj)
    rendering = _Rendering(session, found)
    old, new = (
        specs.parse(found.kind.spec, {key: one for key, one in some.items() if not _is_local(key)})
        for some in (recorded, options)
    )
    live: Object = manifests.three_way(rendering.of(old), rendering.of(new), found.obj)
    return _recording(live, dict(options))


def _is_local(key: str) -> bool:
    return key.replace("-", "_") in LOCAL


def _recording(live: Object, options: Mapping[str, Any]) -> Object:
    """The object with the record of its options."""
    text = json.dumps(options, ensure_ascii=False)
    notes = {**(live["metadata"].get("annotations") or {}), labels.SPEC: text}
    return {**live, "metadata": {**live["metadata"], "annotations": notes}}


def _changed(kind: Kind, old: WorkloadSpec, changes: Mapping[str, object]) -> WorkloadSpec:
    """The Spec with the changes; raises SpecError."""
    parsed = specs.partial(kind.spec, changes)
    for name in FIXED:
        if name in parsed:
            raise SpecError(
                f"--{name.replace('_', '-')} cannot be changed by an update",
                f"submit another version: {kind.family.submission.replace('KIND', kind.name)} --version V",
            )
    return replace(old, **{name: _joined(getattr(old, name), value) for name, value in parsed.items()})


def _joined(old: Any, given: Any) -> Any:
    if isinstance(given, Mapping):
        removed = given.removed if isinstance(given, NamedValues) else ()
        return {**{key: value for key, value in old.items() if key not in removed}, **given}
    if isinstance(given, tuple) and not hasattr(given, "_fields"):
        return (*old, *(one for one in given if one not in old))
    return given


def _check_ports(old: set[str], new: set[str]) -> None:
    """Refuse to add or remove ports, which the Service would not follow: it finds ports by their names."""
    if old != new:
        ports = ", ".join(sorted(old ^ new))
        raise SpecError(
            f"an update cannot add or remove ports ({ports}): the Service keeps those that it has",
            "submit another version with these ports",
        )


def _without(rendering: _Rendering, spec: WorkloadSpec, one: Option) -> Object:
    """The manifest with another value of an option; with the same one if no other can be rendered."""
    for value in _others(one, getattr(spec, one.name)):
        try:
            return rendering.of(replace(spec, **{one.name: value}))
        except SpecError:
            continue
    return rendering.of(spec)


def _others(one: Option, value: Any) -> Iterator[Any]:
    """Values that differ from one, of which some may be valid."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, value + 5, value - 5)
    elif isinstance(value, Mapping):
        yield {}
    elif isinstance(value, tuple):
        yield ()
    elif isinstance(value, str):
        yield from (other for other in one.type.choices if other != value)
        yield from (f"1{value}", f"{value}1", f"{value}x", "")


class _Rendering:
    """Renders the main object of a serving, always the same way."""

    def __init__(self, session: Session, found: Found) -> None:
        self._found = found
        here = rerun.surroundings(found.obj)
        self._origin = Origin(submitter=session.user, version=VERSION, surroundings=here)

    def of(self, spec: WorkloadSpec) -> Object:
        """The main object of a Spec, without the record of its options."""
        made = self._plan(spec).main
        notes = {key: one for key, one in made["metadata"]["annotations"].items() if key != labels.SPEC}
        return {**made, "metadata": {**made["metadata"], "annotations": notes}}

    def ports(self, spec: WorkloadSpec) -> set[str]:
        """The names of the ports of its Service."""
        services = [one for one in self._plan(spec).dependents if one["kind"] == "Service"]
        return {port["name"] for one in services for port in one["spec"]["ports"]}

    def _plan(self, spec: WorkloadSpec) -> Plan:
        return plan.plan(
            self._found.kind,
            spec,
            resource=self._found.resource,
            namespace=self._found.serving.namespace,
            origin=self._origin,
        )
