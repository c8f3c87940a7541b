"""How two jobs differ: in the options that they were submitted with, else in what their objects ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions import reruns, training
from arena.kinds.kind import Kind
from arena.kinds.spec import encode
from arena.model import Difference

if TYPE_CHECKING:
    from arena.kinds.training.base import TrainingSpec
    from arena.kube import Cluster

Object = Mapping[str, Any]
Facts = Mapping[str, str]


def jobs(
    cluster: Cluster, left: str, right: str, namespace: str, kind: Kind | None = None
) -> list[Difference]:
    """How two jobs of a namespace differ, names aside.

    Where arena submitted both their options are compared, else the specs of their objects.

    Raises:
        NotFound: there is no such job.
    """
    one, other = (_Side(*training.find(cluster, name, namespace, kind)) for name in (left, right))
    recorded = one.is_recorded and other.is_recorded
    return compare(one.facts(recorded), other.facts(recorded)) + compare(one.status, other.status)


def with_spec(
    cluster: Cluster, name: str, namespace: str, kind: Kind, spec: TrainingSpec
) -> list[Difference]:
    """How a job's options differ from those of a Spec of its kind, names aside.

    Raises:
        NotFound: there is no such job, or its options are not recorded.
    """
    _, _, obj = training.find(cluster, name, namespace, kind)
    return compare(_options(reruns.recorded(obj)), _options(encode(spec)))


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
        wanted = _options(reruns.recorded(self.obj)) if recorded else _asked(self.obj.get("spec"))
        return {"kind": self.kind.name, **wanted}

    @property
    def status(self) -> dict[str, str]:
        return {"status": self.kind.read(self.obj, []).phase.value}


def _options(recorded: Object) -> dict[str, str]:
    return _plain({key: value for key, value in recorded.items() if key != "name"})


def _asked(spec: object) -> dict[str, str]:
    """What an object asks for, without what arena marks everything with."""
    notes = (labels.GPUS, labels.LOCAL_CWD, labels.LOCAL_ENV)
    marks = [f".labels.{key}" for key in labels.common("", "")] + [f".annotations.{key}" for key in notes]
    found = _plain(spec, "spec")
    return {path: one for path, one in found.items() if not path.endswith(tuple(marks))}


def _plain(value: object, path: str = "") -> dict[str, str]:
    """Every leaf as text, by its path."""
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
    """What differs between two sets of facts, in the order of the first and then of the second."""
    return [
        Difference(what=what, left=left.get(what), right=right.get(what))
        for what in dict.fromkeys([*left, *right])
        if left.get(what) != right.get(what)
    ]
