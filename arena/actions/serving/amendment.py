"""Change the options of a serving: its manifests are rendered with and without the change.

The difference of both is applied to the live objects, so what others have changed there stays.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arena import labels, manifests
from arena.actions.jobs import records
from arena.actions.serving import contents, former, joining, recorded_inputs, resolving
from arena.actions.serving.beside import Amended
from arena.actions.serving.find import Found
from arena.actions.serving.renderings import Rendered, Rendering
from arena.actions.submit import models, trained
from arena.errors import SpecError
from arena.kinds import spec as specs
from arena.kinds.kind import Kind
from arena.kinds.spec import Option
from arena.kinds.workload.spec import WorkloadSpec

if TYPE_CHECKING:
    from arena.actions.submit.inputs import Inputs
    from arena.session import Session

Object = dict[str, Any]


class Amendment:
    """Changed options of a serving. What they name is read once, when this is made.

    Options that hold names and values gain those that are given, and so do lists; others are replaced. What
    an option controls is set even if it has that value already, since another client may have changed it.

    Args:
        kind: the kind of the serving.
        changes: by field, as `arena.kinds.spec.parse` takes them.

    Raises:
        SpecError: a value or a file cannot be used, or an update does not change that option.
    """

    def __init__(self, session: Session, kind: Kind, changes: Mapping[str, object]) -> None:
        self._session = session
        self._kind = kind
        self._parsed = specs.partial(kind.spec, changes)
        joining.check(kind, self._parsed)
        self._given = recorded_inputs.read(self._parsed)
        # Anybody may read the name of a Secret, which must not tell its content.
        self._suffix = os.urandom(5).hex()

    @property
    def remarks(self) -> list[str]:
        """What is to be said of the code, one line each."""
        archive = self._given.archive
        return [archive.summary, *(f"Warning: {one}" for one in archive.remarks)] if archive else []

    def of(self, found: Found) -> Amended:
        """What a serving becomes.

        Raises:
            SpecError: the options do not fit together.
            NotFound: its options are not recorded, or content that stays is gone.
        """
        cluster, notes = self._session.cluster(), _notes(found.obj)
        old = _spec(found, records.options(found.obj))
        new = self._settled(joining.joined(old, self._parsed))
        inputs = recorded_inputs.changed(cluster, found, old, new, self._given)
        rendering = Rendering(self._session, found)
        before = rendering.of(old, recorded_inputs.stored(old, notes), notes)
        after = rendering.of(new, inputs, notes)
        held = resolving.resolved(cluster, found, before, after, self._suffix)
        target = contents.renamed(after.main, held.names)
        live = manifests.three_way(contents.renamed(before.main, contents.names(notes)), target, found.obj)
        bases = [before, *self._without(rendering, new, inputs, notes)]
        for one in bases[1:]:
            live = manifests.three_way(contents.renamed(one.main, held.names), target, live)
        parts = [contents.key(one) for one in after.code_parts]
        kept = {*contents.kept(notes), *held.kept, *contents.code(notes)}
        unused: list[str] = []
        if held.names != contents.names(notes) or not kept.issuperset(parts):
            unused = former.unused(self._session.cluster(), found, kept, live)
            kept |= {*map(contents.key, held.new), *parts}
            live = _noted(live, contents.recorded(_notes(live), held.names, kept.difference(unused)))
        return Amended(
            main=_recording(live, specs.encode(new)),
            contents=held.new,
            code_parts=after.code_parts,
            after=after.beside,
            before=[one.beside for one in bases],
            former=unused,
        )

    def _settled(self, spec: WorkloadSpec) -> WorkloadSpec:
        """The Spec with the place and the format of a model that is changed."""
        if "model" not in self._parsed:
            return spec
        if spec.names_job:
            spec, _ = trained.settled(self._session, spec)
        return models.settled(self._session, spec)

    def _without(
        self, rendering: Rendering, spec: WorkloadSpec, inputs: Inputs, notes: Mapping[str, str]
    ) -> Iterator[Rendered]:
        """The manifests with another value of each changed option, as far as others can be rendered."""
        for one in specs.options(self._kind.spec):
            if one.name in self._parsed:
                for changed in self._others(spec, one):
                    with suppress(SpecError):
                        yield rendering.of(changed, inputs, notes)
                        break

    def _others(self, spec: WorkloadSpec, one: Option) -> Iterator[WorkloadSpec]:
        for value in joining.others(one, getattr(spec, one.name), self._parsed[one.name]):
            with suppress(SpecError):
                yield replace(spec, **{one.name: value})


def restored(session: Session, found: Found, notes: Mapping[str, str]) -> Amended:
    """What a serving becomes with the options and the contents of a former revision.

    Args:
        notes: the annotations of that revision.

    Raises:
        SpecError: the options cannot be read.
        NotFound: content of that revision is gone.
    """
    former_obj = {"metadata": {"name": found.serving.object_name, "annotations": dict(notes)}}
    options = records.options(former_obj)
    now = _notes(found.obj)
    before, after = (
        _former(session, found, some, of)
        for some, of in ((records.options(found.obj), now), (options, notes))
    )
    target = contents.renamed(after.main, contents.names(notes))
    live = manifests.three_way(contents.renamed(before.main, contents.names(now)), target, found.obj)
    former.check_there(session.cluster(), found, live)
    live = _noted(live, contents.recorded(_notes(live), contents.names(notes), contents.kept(now)))
    return Amended(main=_recording(live, options), after=after.beside, before=[before.beside])


def _former(session: Session, found: Found, options: Mapping[str, Any], notes: Mapping[str, str]) -> Rendered:
    spec = _spec(found, options)
    return Rendering(session, found).of(spec, recorded_inputs.stored(spec, notes), notes)


def _spec(found: Found, recorded: Mapping[str, Any]) -> WorkloadSpec:
    spec: WorkloadSpec = specs.parse(found.kind.spec, recorded_inputs.unmasked(recorded, found.obj))
    return spec


def _notes(obj: Object) -> dict[str, str]:
    found: dict[str, str] = obj["metadata"].get("annotations") or {}
    return found


def _noted(obj: Object, notes: Mapping[str, str]) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "annotations": dict(notes)}}


def _recording(live: Object, options: Mapping[str, Any]) -> Object:
    """The object with the record of its options."""
    return _noted(live, {**_notes(live), labels.SPEC: json.dumps(options, ensure_ascii=False)})
