"""What a cluster serves: the types of kinds and their versions, and objects by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions import readings
from arena.actions.readings import Reading, Types
from arena.errors import ArenaError, MissingOperator, NotFound
from arena.kinds.kind import Kind
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kube import Cluster


def type_of(cluster: Cluster, kind: Kind) -> Resource | None:
    """The type of the kind on this cluster; None if its operator is missing."""
    return next(filter(cluster.serves, kind.resources), None)


def require(cluster: Cluster, kind: Kind) -> Resource:
    """The type of the kind on this cluster; if several releases share a version, the one that is served.

    Raises:
        MissingOperator: the cluster serves none; the hint names the kinds that it serves.
    """
    found = [one for one in kind.resources if cluster.serves(one)]
    if not found:
        runs = [one for one in kinds.of(kind.family) if type_of(cluster, one)]
        known = ", ".join(one.name for one in runs)
        known = f"it supports {known}" if known else f"it supports no kind of {kind.family.noun}"
        plain = next((one for one in runs if one.resources[0].is_builtin), None)
        more = f"; arena submit {plain.name} needs no operator" if plain else ""
        lacks = f"{kind.resources[0].kind} ({kind.resources[0].group})"
        if other := [one for each in kind.resources if (one := preferred(cluster, each))]:
            needed = " or ".join(dict.fromkeys(one.api_version for one in kind.resources))
            text = f"{cluster.name} serves {other[0].kind} as {other[0].api_version}; arena needs {needed}"
            raise MissingOperator(text, f"ask its administrator for another release of the operator; {known}")
        raise MissingOperator(
            f"{cluster.name} does not know {lacks}: the operator of {kind.name} is missing",
            known + more,
        )
    same = [one for one in found if one.path() == found[0].path()]
    return found[0] if len(same) == 1 else next(filter(cluster.knows, same), same[0])


def preferred(cluster: Cluster, resource: Resource) -> Resource | None:
    """The type in the version that the cluster prefers; None if it does not know the type."""
    version = cluster.served(resource.group, resource.plural)
    return resource._replace(version=version) if version else None


def types(cluster: Cluster, wanted: Sequence[Kind]) -> Types:
    """The types that carry these kinds on this cluster, each once."""
    also = [(one,) for kind in wanted for one in kind.also]
    return first(cluster, [*(kind.resources for kind in wanted), *also])


def occupied(cluster: Cluster, wanted: Sequence[Kind], namespace: str | None) -> Types:
    """As `types`, to read the objects of a namespace (None for all)."""
    found = types(cluster, wanted)
    return found._replace(empty=cluster.without_objects(found.served, namespace))


def first(cluster: Cluster, choices: Iterable[Sequence[Resource]]) -> Types:
    """The first type of each choice that the cluster serves, each once."""
    found: dict[Resource, None] = {}
    errors: dict[Resource, ArenaError] = {}
    for choice in choices:
        try:
            found |= dict.fromkeys(islice(filter(cluster.serves, choice), 1))
        except ArenaError as error:
            errors[choice[0]] = error
    return Types(list(found), errors)


def named(cluster: Cluster, types: Types, namespace: str, name: str) -> Reading:
    """The objects of that name, one of a type at most.

    Raises:
        ArenaError: no type can be read.
    """

    def get(resource: Resource) -> list[dict[str, Any]]:
        try:
            return [cluster.get(resource, namespace, name)]
        except (NotFound, MissingOperator):
            return []

    return readings.read(types, get)
