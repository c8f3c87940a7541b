"""How two jobs differ: in the options that they were submitted with, else in their objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from arena import kinds, labels
from arena.actions.jobs import find, records
from arena.kinds.kind import Kind
from arena.kinds.spec import encode
from arena.model.differences import Difference

if TYPE_CHECKING:
    from arena.kinds.workload.spec import WorkloadSpec
    from arena.session import Session

Object = Mapping[str, Any]
Facts = Mapping[str, str]


def diff(session: Session, left: str, right: str, *, kind: Kind | str | None = None) -> list[Difference]:
    """Return how two jobs differ, apart from their names.

    If arena submitted both, their options are compared, otherwise the specs of their objects.

    Args:
        kind: the kind of both jobs, if several kinds have jobs of these names.

    Raises:
        NotFound: one of the jobs does not exist.
    """
    cluster, of_kind = session.cluster(), kinds.named(kind)
    one, other = (_Side(*find.find(cluster, name, session.namespace, of_kind)) for name in (left, right))
    recorded = one.is_recorded and other.is_recorded
    return compare(one.facts(recorded), other.facts(recorded)) + compare(one.status, other.status)


def with_spec(session: Session, name: str, kind: Kind, spec: WorkloadSpec) -> list[Difference]:
    """Return how the options of a job differ from those of a Spec of its kind, apart from the names.

    Raises:
        NotFound: there is no such job, or its options are not recorded.
    """
    _, _, obj = find.find(session.cluster(), name, session.namespace, kind)
    return compare(_options(records.options(obj)), _options(encode(spec)))


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two jobs."""

    kind: Kind
    resource: object
    obj: dict[str, Any]

    @property
    def is_recorded(self) -> bool:
        return labels.SPEC in (self.obj["metadata"].get("annotations") or {})

    def facts(self, recorded: bool) -> dict[str, str]:
        wanted = _options(records.options(self.obj)) if recorded else _asked(self.obj.get("spec"))
        return {"kind": self.kind.name, **wanted}

    @property
    def status(self) -> dict[str, str]:
        return {"status": self.kind.read(self.obj, []).phase.value}


def _options(recorded: Object) -> dict[str, str]:
    return _plain({key: value for key, value in recorded.items() if key != "name"})


def _asked(spec: object) -> dict[str, str]:
    """The spec of an object, without arena's own marks."""
    notes = (labels.GPUS, labels.LOCAL_CWD, labels.LOCAL_ENV, labels.LOCAL_PROCESS)
    marks = [f".labels.{key}" for key in labels.common("", "")] + [f".annotations.{key}" for key in notes]
    found = _plain(spec, "spec")
    return {path: one for path, one in found.items() if not path.endswith(tuple(marks))}


def _plain(value: object, path: str = "") -> dict[str, str]:
    """Every leaf as text, by path."""
    return dict(_leaves(value, path))


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from _leaves(below, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)) and any(isinstance(one, (Mapping, list)) for one in value):
        for number, below in enumerate(value):
            yield from _leaves(below, f"{path}[{number}]")
    elif isinstance(value, (list, tuple)):
        yield path, ", ".join(map(str, value))
    elif isinstance(value, bool):
        yield path, str(value).lower()
    elif value is not None:
        yield path, str(value)


def compare(left: Facts, right: Facts) -> list[Difference]:
    """The differences of two sets of facts, in the order of the first and then of the second."""
    return [
        Difference(what=what, left=left.get(what), right=right.get(what))
        for what in dict.fromkeys([*left, *right])
        if left.get(what) != right.get(what)
    ]
