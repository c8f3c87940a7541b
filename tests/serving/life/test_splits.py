"""traffic-split with real programs and real requests on the local cluster."""

import math
from collections import Counter

from product import until
from served import Served, answer

from arena.resources import HTTP_ROUTES, NAMESPACES, SERVICES

REQUESTS = 300


def counted(url: str, number: int = REQUESTS) -> Counter[str]:
    """How many of so many requests each version answers."""
    return Counter(answer(url)["version"] for _ in range(number))


def test_requests_are_split(arena: Served) -> None:
    """Each version answers its share of the requests, until it is deleted; then the other answers all."""
    for version in ("1", "2"):
        arena.serve("digits", version)
        arena.ready(f"digits@{version}")
    arena.must("serve", "traffic-split", "--name", "digits", "-v", "1:80", "-v", "2:20")
    url = until(lambda: arena.get("digits@2")["traffic"]["url"], what="the address of all versions")
    until(lambda: counted(url, 40).keys() == {"1", "2"}, what="the split")
    found = counted(url)
    deviation = math.sqrt(REQUESTS * 0.2 * 0.8)
    assert abs(found["2"] - 0.2 * REQUESTS) < 4 * deviation, found
    arena.must("serve", "delete", "digits@2")
    assert counted(url, 50) == {"1": 50}
    arena.must("serve", "delete", "digits")
    cluster = arena.cluster()
    until(lambda: not list(cluster.list(HTTP_ROUTES, "default")), what="the end of the route")
    until(lambda: "digits" not in cluster.names(SERVICES, "default"), what="the end of the Service")


def test_the_namespace_is_honoured(arena: Served) -> None:
    """`-n` chooses the namespace of the split, as of every other command (a bug of the Go arena)."""
    cluster = arena.cluster()
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}
    cluster.create(NAMESPACES, None, body)
    for version in ("1", "2"):
        arena.serve("digits", version, "-n", "team")
    split = ("serve", "traffic-split", "--name", "digits", "-v", "1:50", "-v", "2:50")
    assert arena.run(*split).code == 3
    arena.must(*split, "-n", "team")
    assert [one["metadata"]["namespace"] for one in cluster.list(HTTP_ROUTES)] == ["team"]
    arena.must("serve", "delete", "digits", "--all-versions", "-n", "team")
    cluster.delete(NAMESPACES, None, "team")
