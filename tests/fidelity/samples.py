"""The manifests that cases are made of: those in samples/, and what `arena submit` made in tests/cases."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from arena.local.api import resource_types
from arena.local.api.resource_types import Type
from fidelity.asks import Kind, Object

FOLDER = Path(__file__).parent / "samples"
CASES = Path(__file__).parents[1] / "cases" / "training"


class Sample(NamedTuple):
    """A manifest without a namespace, and its type."""

    type: Type
    obj: Object

    @property
    def kind(self) -> Kind:
        """Its type as paths name it."""
        return Kind(*self.type.resource)

    @property
    def name(self) -> str:
        """`pytorchjobs/train`."""
        return f"{self.kind.plural}/{self.obj['metadata']['name']}"


@cache
def custom() -> tuple[Sample, ...]:
    """All samples of custom kinds."""
    return tuple(one for one in _all() if one.type.custom)


@cache
def own() -> tuple[Sample, ...]:
    """Those of samples/."""
    return tuple(one for one in _all((FOLDER,)) if one.type.custom)


@cache
def builtin() -> tuple[Sample, ...]:
    """Those of kinds that every cluster has; of samples/ alone."""
    return tuple(one for one in _all((FOLDER,)) if not one.type.custom)


@cache
def small() -> tuple[Sample, ...]:
    """The shortest own sample of each custom kind."""
    found: dict[str, Sample] = {}
    for one in sorted(own(), key=lambda sample: -len(str(sample.obj))):
        found[one.type.key] = one
    return tuple(found[key] for key in sorted(found))


def _all(folders: tuple[Path, ...] = (FOLDER, CASES)) -> Iterator[Sample]:
    types = {(one.resource.api_version, one.resource.kind): one for one in resource_types.STORED}
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for path in [path for folder in folders for path in sorted(folder.glob("*.yaml"))]:
        for number, obj in enumerate(yaml.load_all(path.read_text(encoding="utf-8"), Loader=loader)):
            if not isinstance(obj, dict) or (obj.get("apiVersion"), obj.get("kind")) not in types:
                continue
            meta = {key: one for key, one in obj["metadata"].items() if key != "namespace"}
            name = meta["name"] if path.parent == FOLDER else f"{path.stem}-{number}"
            yield Sample(types[obj["apiVersion"], obj["kind"]], {**obj, "metadata": {**meta, "name": name}})
