"""The table of the proxy: where the connections to a port go. It crosses the channel as JSON."""

from typing import Any

from arena.tuples import NamedTuple

Service = tuple[str, ...]
"""(namespace, name)."""

TCP, HTTP, PAGES = "tcp", "http", "pages"
"""How a port is served: connection by connection, request by request, or as pages that need a token."""


class Backend(NamedTuple):
    """A pod.

    Attributes:
        ports: on which it may listen, in the order in which they are tried.
        folder: below which it serves its pages, such as `/SECRET`; "" for the root.
        pod: its name.
    """

    ports: tuple[int, ...]
    folder: str = ""
    pod: str = ""


class Group(NamedTuple):
    """Backends that share a weight, such as the pods of one version.

    Attributes:
        name: the Service whose pods they are.
        weight: the share of the traffic, relative to the sum of all weights; with 0 the group gets none.
        backends: the ready pods.
    """

    name: str
    weight: int
    backends: tuple[Backend, ...]


class Route(NamedTuple):
    """Where the connections to one port go.

    Attributes:
        groups: among which the traffic is split.
        protocol: TCP, HTTP or PAGES.
        token: what browsers must present to open PAGES.
        hold: seconds for which a request waits for a pod while none is ready; 0 to refuse it at once.
        number: the port that the Service declares.
    """

    groups: tuple[Group, ...]
    protocol: str = TCP
    token: str = ""
    hold: float = 0
    number: int = 0


def read(value: list[Any]) -> Route:
    """A Route from JSON, in which tuples are lists.

    Raises:
        TypeError, ValueError: it is none.
    """
    groups, *rest = value
    return Route(tuple(_group(one) for one in groups), *rest)


def _group(value: list[Any]) -> Group:
    name, weight, backends = value
    return Group(name, weight, tuple(Backend(tuple(ports), *rest) for ports, *rest in backends))
