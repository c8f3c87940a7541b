"""The names of jobs for completion and hints, which need nothing else of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions import readings, served
from arena.kinds.family import Family
from arena.kinds.kind import Kind
from arena.kinds.training import FAMILY as TRAINING
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]


def names(cluster: Cluster, namespace: str | None, family: Family = TRAINING) -> list[tuple[Kind, str]]:
    """The kind and name of each job, or of each object of another family, without reading pods."""
    wanted = kinds.of(family)
    types = served.occupied(cluster, wanted, namespace)
    carriers = readings.read(types, lambda one: list(cluster.list(one, namespace))).objects
    return [(kind, obj["metadata"]["name"]) for kind in wanted for obj in owned(kind, carriers)]


def owned(kind: Kind, objects: Mapping[Resource, Iterable[Object]]) -> Iterator[Object]:
    """The objects of the kind among those of the types that can represent it."""
    return (obj for one in kind.resources for obj in objects.get(one, ()) if kind.owns(obj))
