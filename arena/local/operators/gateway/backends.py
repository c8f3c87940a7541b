"""What routes ask for: shares of the traffic of a Service, and whether the Services they name are there."""

from arena.local.machinery.traffic import HEAVIEST, Share
from arena.local.objects import DESTINATION_RULES, SERVICES, Object, Objects, key
from arena.tuples import NamedTuple


class Problem(NamedTuple):
    """Why a backend gets no traffic, in the words of the Gateway API."""

    reason: str
    message: str


def is_everything(match: Object) -> bool:
    """Whether a match of an HTTPRoute is one of all requests."""
    path = match.get("path") or {"type": "PathPrefix", "value": "/"}
    rest = set(match) - {"path"}
    return not rest and (path.get("type", "PathPrefix"), path.get("value", "/")) == ("PathPrefix", "/")


def rule_of(route: Object) -> Object | None:
    """The rule of an HTTPRoute that takes all requests; None if there is none.

    The proxy of the local cluster splits traffic by weight alone, so it can obey no other rule.
    """
    for rule in route["spec"].get("rules") or []:
        matches = rule.get("matches") or [{}]
        if any(map(is_everything, matches)):
            return dict(rule)
    return None


def shares(route: Object) -> list[Share]:
    """The shares that an HTTPRoute asks for; [] if it has no rule that can be obeyed."""
    rule = rule_of(route)
    return [_share(route, one) for one in (rule or {}).get("backendRefs") or []]


def _share(route: Object, backend: Object) -> Share:
    """One share; that of a Service which may not be used is of none, so that its requests fail."""
    namespace, name = backend.get("namespace") or key(route)[0], str(backend["name"])
    usable = not backend.get("group") and backend.get("kind", "Service") == "Service"
    usable = usable and namespace == key(route)[0]
    weight = min(int(backend.get("weight", 1)), HEAVIEST)
    return Share(name if usable else f"{namespace}/{name}", weight, int(backend.get("port") or 0))


def problem(objects: Objects, route: Object, backend: Object) -> Problem | None:
    """Why a backend of an HTTPRoute cannot get traffic; None if it can."""
    kind, own = backend.get("kind", "Service"), key(route)[0]
    name, namespace = backend["name"], backend.get("namespace") or own
    if backend.get("group") or kind != "Service":
        return Problem("InvalidKind", f"{kind} {name} is no Service")
    if namespace != own:
        return Problem("RefNotPermitted", f"Service {name} is in another namespace, {namespace}")
    service = objects.get(SERVICES, name, namespace)
    if service is None:
        return Problem("BackendNotFound", f"there is no Service {name}")
    port = backend.get("port")
    if port and port not in [one["port"] for one in service["spec"].get("ports") or []]:
        return Problem("BackendNotFound", f"Service {name} has no port {port}")
    return None


def virtual_shares(objects: Objects, virtual: Object) -> list[Share]:
    """The shares that a VirtualService asks for: those of its first route for all requests."""
    for one in virtual["spec"].get("http") or []:
        found = one.get("route") or []
        if found and (not one.get("match") or any(map(_takes_all, one["match"]))):
            alone = len(found) == 1
            named = [(_service(objects, virtual, each["destination"]), each) for each in found]
            return [
                Share(
                    name,
                    min(max(int(each.get("weight") or alone), 0), HEAVIEST),
                    int((each["destination"].get("port") or {}).get("number") or 0),
                )
                for name, each in named
            ]
    return []


def _takes_all(match: Object) -> bool:
    return set(match) <= {"name", "uri"} and match.get("uri", {"prefix": "/"}) == {"prefix": "/"}


def host(name: str, namespace: str) -> tuple[str, str]:
    """The namespace and name of the Service that a host of Istio names, as `bert.prod.svc.cluster.local`."""
    first, _, rest = name.partition(".")
    return rest.partition(".")[0] or namespace, first


def _service(objects: Objects, virtual: Object, destination: Object) -> str:
    """The Service of a destination: of a subset, the Service that selects just its pods."""
    own = key(virtual)[0]
    namespace, name = host(str(destination["host"]), own)
    if namespace != own:
        return f"{namespace}/{name}"
    subset = destination.get("subset")
    labels = _labels(objects, own, name, subset) if subset else {}
    whole = objects.get(SERVICES, name, own)
    if not subset or whole is None:
        return name
    if labels is None:
        return f"{name}/{subset}"
    wanted = {**(whole["spec"].get("selector") or {}), **labels}.items()
    fitting = [
        (len(chosen), key(one)[1])
        for one in objects.list(SERVICES, own)
        if (chosen := one["spec"].get("selector") or {}) and wanted <= chosen.items()
    ]
    return min(fitting)[1] if fitting else f"{name}/{subset}"


def _labels(objects: Objects, namespace: str, name: str, subset: str) -> dict[str, str] | None:
    """The labels of a subset by the DestinationRules for a Service; None if none defines it."""
    for rule in objects.list(DESTINATION_RULES, namespace):
        if host(str(rule["spec"].get("host") or ""), namespace) == (namespace, name):
            for one in rule["spec"].get("subsets") or []:
                if one.get("name") == subset:
                    return dict(one.get("labels") or {})
    return None
