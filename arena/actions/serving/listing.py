"""The servings of a namespace, whoever created them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arena.actions import readings, workloads
from arena.actions.serving import shares
from arena.errors import ArenaError
from arena.kinds.kind import Kind
from arena.kinds.serving import FAMILY
from arena.kinds.serving.base import addresses
from arena.labels import SERVING_NAME
from arena.model.partial import Partial
from arena.model.servings import Serving
from arena.parallel import thread_pool
from arena.resources import SERVICES

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

ADDRESSES = "addresses are missing"
"""What an answer lacks if Services cannot be read."""


def servings(
    session: Session,
    *,
    everywhere: bool = False,
    selector: str = "",
    kind: Kind | str | None = None,
) -> Partial[Serving]:
    """Return the servings of the session's namespace with their addresses, the newest first.

    The number of requests depends on the types that the cluster serves, not on the number of servings.

    Args:
        everywhere: include every namespace.
        selector: labels that the servings must have, such as `team=vision,stage!=test`.
        kind: return only servings of this kind.

    Raises:
        NotAllowed: no type may be listed.
    """
    cluster, namespace = session.cluster(), None if everywhere else session.namespace
    with thread_pool() as threads:
        beside = threads.submit(services, cluster, namespace)
        routed = threads.submit(shares.routes, cluster, namespace)
        found: Partial[Serving] = workloads.workloads(
            session, FAMILY, everywhere=everywhere, selector=selector, kind=kind
        )
        there, routes = beside.result(), routed.result()
    return Partial(located(found, there, routes), (*found.unread, *there.unread, *routes.unread))


def located(
    found: Partial[Serving], there: Partial[dict[str, Any]], routes: Partial[dict[str, Any]]
) -> list[Serving]:
    """The servings with the addresses of their Services, and their shares of the traffic."""
    by_namespace: dict[str, list[dict[str, Any]]] = {}
    for one in there:
        by_namespace.setdefault(one["metadata"].get("namespace", ""), []).append(one)
    made = [addresses.located(one, by_namespace.get(one.namespace, ())) for one in found]
    return list(shares.shared(made, list(routes), list(there)))


def services(cluster: Cluster, namespace: str | None) -> Partial[dict[str, Any]]:
    """The Services of servings; none of them, with the reason, if they cannot be read."""
    try:
        return Partial(list(cluster.list(SERVICES, namespace, labels=SERVING_NAME)))
    except ArenaError as error:
        return Partial([], (readings.unread(SERVICES, error, ADDRESSES),))
