"""Renders the manifests of a serving, always the same way but for its Spec and its contents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from arena import labels
from arena._version import VERSION
from arena.actions.jobs import rerun
from arena.actions.serving import contents
from arena.actions.serving.beside import Objects
from arena.actions.serving.find import Found
from arena.actions.serving.recorded_inputs import CODE
from arena.actions.submit import plan
from arena.actions.submit.inputs import Inputs
from arena.actions.submit.plan import Origin, Overrides
from arena.actions.submit.settle import starts_here
from arena.errors import SpecError
from arena.kinds.workload.spec import WorkloadSpec
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.session import Session

Object = dict[str, Any]


class Rendered(NamedTuple):
    """The manifests of a Spec."""

    main: Object
    """The main object, without the record of its options; it refers to contents as a submit names them."""
    beside: Objects
    """The objects beside it that hold no contents."""
    contents: Objects
    """ConfigMaps and Secrets, as a submit names them."""
    code_parts: tuple[Object, ...]


class Rendering:
    """Renders Specs for a serving."""

    def __init__(self, session: Session, found: Found) -> None:
        self._session = session
        self._found = found

    def of(self, spec: WorkloadSpec, inputs: Inputs, notes: Mapping[str, str]) -> Rendered:
        """The manifests of a Spec.

        Args:
            inputs: its files, secrets and code.
            notes: annotations of which those apply that tell its code, unless the inputs contain that.

        Raises:
            SpecError: the options do not fit together, or ask for another type of main object.
        """
        found = self._found
        self._check_type(spec)
        surroundings = rerun.surroundings(found.obj, here=starts_here(spec))
        origin = Origin(submitter=self._session.user, version=VERSION, surroundings=surroundings)
        made = plan.plan(
            found.kind,
            spec,
            resource=found.resource,
            namespace=found.serving.namespace,
            origin=origin,
            overrides=Overrides(inputs=inputs),
        )
        old_code = {key: notes[key] for key in CODE if key in notes and inputs.code and not inputs.archive}
        meta = made.main["metadata"]
        told = {key: one for key, one in meta["annotations"].items() if key != labels.SPEC}
        main = {**made.main, "metadata": {**meta, "annotations": {**told, **old_code}}}
        beside = {contents.key(one): one for one in made.dependents}
        held = {key: one for key, one in beside.items() if contents.is_content(one)}
        others = {key: one for key, one in beside.items() if key not in held}
        return Rendered(main, others, held, tuple(made.code_parts))

    def _check_type(self, spec: WorkloadSpec) -> None:
        found = self._found
        wanted = found.kind.form(spec).resources
        if all((one.group, one.plural) != (found.resource.group, found.resource.plural) for one in wanted):
            raise SpecError(
                f"an update cannot make a {wanted[0].kind} of a {found.resource.kind}",
                "submit another version with these options",
            )
