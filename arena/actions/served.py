"""What a cluster serves: the types that carry kinds, in which version, and what is there under a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.errors import MissingOperator, NotAllowed, NotFound
from arena.kinds.kind import Kind
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kube import Cluster


def type_of(cluster: Cluster, kind: Kind) -> Resource | None:
    """The type that carries the kind on this cluster; None where its operator is missing."""
    return next((resource for resource in kind.resources if cluster.serves(resource)), None)


def require(cluster: Cluster, kind: Kind) -> Resource:
    """The type that carries the kind on this cluster; of several releases of one version the one served.

    Raises:
        MissingOperator: the cluster serves none; the hint names the kinds that it does.
    """
    found = [one for one in kind.resources if cluster.serves(one)]
    if not found:
        runs = [one.name for one in kinds.training_kinds() if type_of(cluster, one)]
        known = f"it runs {', '.join(runs)}" if runs else "it runs no kind of job"
        more = "; arena submit job needs no operator" if "job" in runs else ""
        lacks = f"{kind.resources[0].kind} ({kind.resources[0].group})"
        raise MissingOperator(
            f"{cluster.name} does not know {lacks}: the operator of {kind.name} is missing",
            known + more,
        )
    same = [one for one in found if one.path() == found[0].path()]
    return found[0] if len(same) == 1 else next(filter(cluster.knows, same), same[0])


def preferred(cluster: Cluster, resource: Resource) -> Resource | None:
    """The type in the version that the cluster prefers; None where it does not know it."""
    version = cluster.served(resource.group, resource.plural)
    return resource._replace(version=version) if version else None


def types(cluster: Cluster, wanted: Sequence[Kind]) -> list[Resource]:
    """The types that carry these kinds on this cluster, each once."""
    found = [type_of(cluster, kind) for kind in wanted]
    return list(dict.fromkeys(resource for resource in found if resource))


def named(
    cluster: Cluster, types: Sequence[Resource], namespace: str, name: str
) -> tuple[list[tuple[Resource, dict[str, Any]]], list[NotAllowed]]:
    """The objects of that name, one of a type at most; and what the cluster said where it shows none."""
    found, refused = [], []
    for resource in types:
        try:
            found.append((resource, cluster.get(resource, namespace, name)))
        except NotFound:
            continue
        except NotAllowed as error:
            refused.append(error)
    return found, refused
