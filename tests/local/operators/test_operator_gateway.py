"""Routes: they split the traffic of Services, and tell what becomes of them."""

import json

import pytest

from arena.local.objects import (
    DESTINATION_RULES,
    HTTP_ROUTES,
    SERVICES,
    TRAFFIC,
    VIRTUAL_SERVICES,
    Refused,
)
from arena.local.operators.gateway.gateway import CLASSES, GATEWAYS

STABLE = {"group": "", "kind": "Service", "name": "bert", "port": 80}
GATEWAY = {"name": "entry"}


@pytest.fixture
def services(bench):
    """The Service `bert` of all versions, and one for each of two versions."""
    service(bench, "bert", {"servingName": "bert"})
    for version in ("v1", "v2"):
        labels = {"servingName": "bert", "servingVersion": version, "app": "custom-serving"}
        service(bench, f"bert-{version}", labels)


def service(bench, name, selector):
    spec = {"selector": selector, "ports": [{"name": "http", "port": 80}]}
    bench.submit(SERVICES, {"metadata": {"name": name}, "spec": spec})


def backend(name, weight, **fields):
    return {"name": name, "port": 80, "weight": weight, **fields}


def route(bench, *backends, name="r", parent=STABLE, **rule):
    """Create an HTTPRoute with one rule."""
    rules = [{"backendRefs": list(backends), **rule}]
    body = {"metadata": {"name": name}, "spec": {"parentRefs": [parent], "rules": rules}}
    return bench.submit(HTTP_ROUTES, body)


def split(bench, name="bert"):
    """How the traffic of a Service is split: (service, weight); None if it is not."""
    text = (bench.read(SERVICES, name)["metadata"].get("annotations") or {}).get(TRAFFIC)
    return None if text is None else [(one["service"], one["weight"]) for one in json.loads(text)]


def conditions(bench, name="r", parent=0):
    """Type -> (status, reason) of a route at one parent."""
    found = bench.status(HTTP_ROUTES, name)["parents"][parent]["conditions"]
    return {one["type"]: (one["status"], one["reason"]) for one in found}


def virtual(bench, *routes, hosts=("bert",), name="bert", **fields):
    """Create a VirtualService."""
    found = [
        {"destination": {"host": host, **({"subset": subset} if subset else {})}, "weight": weight}
        for host, subset, weight in routes
    ]
    spec = {"hosts": list(hosts), "http": [{"route": found, **fields}]}
    return bench.submit(VIRTUAL_SERVICES, {"metadata": {"name": name}, "spec": spec})


@pytest.mark.usefixtures("services")
def test_a_route_splits(bench):
    """The weights of an HTTPRoute are those of its parent's traffic, and go with it."""
    route(bench, backend("bert-v1", 90), backend("bert-v2", 10))
    assert split(bench) == [("bert-v1", 90), ("bert-v2", 10)]
    assert split(bench, "bert-v1") is None
    assert conditions(bench) == {"Accepted": ("True", "Accepted"), "ResolvedRefs": ("True", "ResolvedRefs")}
    patch = {"spec": {"rules": [{"backendRefs": [backend("bert-v2", 1)]}]}}
    bench.objects.patch(HTTP_ROUTES, "r", patch, "default")
    bench.settled()
    assert split(bench) == [("bert-v2", 1)]
    bench.objects.delete(HTTP_ROUTES, "r", "default")
    bench.settled()
    assert "annotations" not in bench.read(SERVICES, "bert")["metadata"] or split(bench) is None


@pytest.mark.usefixtures("services")
def test_a_route_that_went_while_nobody_watched(bench):
    """A new server removes the split of a route that went before it started."""
    route(bench, backend("bert-v1", 1))
    bench.objects.delete(HTTP_ROUTES, "r", "default")
    bench.runner = bench.new_runner()
    bench.settled()
    assert split(bench) is None
    route(bench, backend("bert-v1", 1))
    other = {"spec": {"parentRefs": [{**STABLE, "name": "bert-v2"}]}}
    bench.objects.patch(HTTP_ROUTES, "r", other, "default")
    bench.settled()
    assert (split(bench), split(bench, "bert-v2")) == (None, [("bert-v1", 1)])


@pytest.mark.usefixtures("services")
def test_what_others_split_is_left_alone(bench):
    """A split that no route wrote stays as it is."""
    text = '[{"service": "bert-v1", "weight": 1}]'
    bench.objects.patch(SERVICES, "bert", {"metadata": {"annotations": {TRAFFIC: text}}}, "default")
    bench.settled()
    route(bench, backend("bert-v2", 1), parent={**STABLE, "name": "bert-v1"})
    bench.objects.delete(HTTP_ROUTES, "r", "default")
    bench.settled()
    assert split(bench) == [("bert-v1", 1)]


@pytest.mark.usefixtures("services")
def test_the_oldest_route_counts(bench):
    """Of two routes for one Service the older one counts; the other one follows when it is gone."""
    route(bench, backend("bert-v1", 1), name="b")
    bench.later(5)
    route(bench, backend("bert-v2", 1), name="a")
    assert split(bench) in ([("bert-v1", 1)], [("bert-v2", 1)])
    first = split(bench)
    gone = "b" if first == [("bert-v1", 1)] else "a"
    bench.objects.delete(HTTP_ROUTES, gone, "default")
    bench.settled()
    assert split(bench) not in (None, first)


@pytest.mark.usefixtures("services")
def test_a_gateway_as_parent(bench):
    """The local cluster has no gateways: the Service of the route's name splits its traffic instead."""
    route(bench, backend("bert-v1", 3), backend("bert-v2", 1), name="bert", parent=GATEWAY)
    assert split(bench) == [("bert-v1", 3), ("bert-v2", 1)]
    assert conditions(bench, "bert")["Accepted"] == ("True", "Accepted")
    route(bench, backend("bert-v1", 1), name="other", parent=GATEWAY)
    assert conditions(bench, "other")["Accepted"] == ("False", "NoMatchingParent")


def gateway(bench, name="entry", namespace="default", **routes):
    """Create a Gateway with one listener."""
    listener = {"name": "http", "port": 80, "protocol": "HTTP", **routes}
    spec = {"gatewayClassName": "any", "listeners": [listener]}
    return bench.submit(GATEWAYS, {"metadata": {"name": name, "namespace": namespace}, "spec": spec})


def told(obj):
    """Type -> status and reason of an object's conditions."""
    return {one["type"]: (one["status"], one["reason"]) for one in obj["status"]["conditions"]}


def test_gateways_are_kept(bench):
    """A Gateway and its class are accepted; that nothing listens is told, and listeners get defaults."""
    made = gateway(bench)
    assert told(made) == {"Accepted": ("True", "Accepted"), "Programmed": ("False", "NoResources")}
    assert made["spec"]["listeners"][0]["allowedRoutes"] == {"namespaces": {"from": "Same"}}
    body = {"metadata": {"name": "any"}, "spec": {"controllerName": "example.org/controller"}}
    assert told(bench.submit(CLASSES, body)) == {"Accepted": ("True", "Accepted")}


@pytest.mark.parametrize(
    ("parent", "accepted"),
    [
        (GATEWAY, ("True", "Accepted")),
        ({**GATEWAY, "sectionName": "http"}, ("True", "Accepted")),
        ({**GATEWAY, "sectionName": "https"}, ("False", "NoMatchingParent")),
        ({"name": "closed", "namespace": "kube-system"}, ("False", "NotAllowedByListeners")),
        ({"name": "open", "namespace": "kube-system"}, ("True", "Accepted")),
        ({"name": "none"}, ("False", "NoMatchingParent")),
    ],
)
def test_routes_of_gateways(bench, parent, accepted):
    """A route is accepted by the Gateway that it names, whatever its rules, if that takes it."""
    paths = [{"path": {"type": "PathPrefix", "value": "/v1"}}]
    route(bench, backend("bert-v1", 1), parent=parent, matches=paths)
    assert conditions(bench)["Accepted"] == ("False", "NoMatchingParent")
    gateway(bench)
    gateway(bench, "closed", "kube-system")
    gateway(bench, "open", "kube-system", allowedRoutes={"namespaces": {"from": "All"}})
    assert conditions(bench)["Accepted"] == accepted


@pytest.mark.usefixtures("services")
def test_a_route_of_a_gateway_still_splits(bench):
    """The Service of the route's name splits its traffic, with and without the Gateway."""
    gateway(bench)
    route(bench, backend("bert-v1", 3), backend("bert-v2", 1), name="bert", parent=GATEWAY)
    assert split(bench) == [("bert-v1", 3), ("bert-v2", 1)]
    assert conditions(bench, "bert")["Accepted"] == ("True", "Accepted")


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (backend("bert-v9", 1), "BackendNotFound"),
        (backend("bert-v1", 1, port=81), "BackendNotFound"),
        (backend("bert-v1", 1, namespace="kube-system"), "RefNotPermitted"),
        (backend("bert-v1", 1, kind="Deployment", group="apps"), "InvalidKind"),
    ],
)
@pytest.mark.usefixtures("services")
def test_backends_that_cannot_be_used(bench, one, reason):
    """A backend that is not there is told; its share goes to nobody, as the Gateway API wants."""
    route(bench, one, backend("bert-v2", 1))
    assert conditions(bench)["ResolvedRefs"] == ("False", reason)
    assert conditions(bench)["Accepted"] == ("True", "Accepted")
    first, second = split(bench)
    assert second == ("bert-v2", 1)
    assert first[0] != "bert-v1" or reason == "BackendNotFound"


@pytest.mark.usefixtures("services")
def test_a_backend_that_comes_later(bench):
    """The status follows the Services: a backend that is created later, or a parent that goes."""
    route(bench, backend("late", 1))
    assert conditions(bench)["ResolvedRefs"][0] == "False"
    service(bench, "late", {"a": "b"})
    assert conditions(bench)["ResolvedRefs"] == ("True", "ResolvedRefs")
    bench.objects.delete(SERVICES, "bert", "default")
    bench.settled()
    assert conditions(bench)["Accepted"] == ("False", "NoMatchingParent")


@pytest.mark.usefixtures("services")
def test_parents_that_do_not_match(bench):
    """A parent in another namespace, or without the port, does not take the route."""
    route(bench, backend("bert-v1", 1), parent={**STABLE, "namespace": "kube-system"})
    assert conditions(bench)["Accepted"] == ("False", "NotAllowedByListeners")
    route(bench, backend("bert-v1", 1), parent={**STABLE, "port": 8080}, name="p")
    assert conditions(bench, "p")["Accepted"] == ("False", "NoMatchingParent")


@pytest.mark.usefixtures("services")
def test_what_is_ignored_is_told(bench):
    """Rules for some requests and filters are ignored, and a condition says so."""
    exact = [{"path": {"type": "Exact", "value": "/x"}}]
    route(bench, backend("bert-v1", 1), matches=exact)
    assert conditions(bench)["Accepted"] == ("False", "UnsupportedValue")
    assert split(bench) is None
    header = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["x"]}}
    rules = [
        {"backendRefs": [backend("bert-v1", 1)], "matches": exact},
        {"backendRefs": [backend("bert-v2", 1)], "filters": [header]},
    ]
    bench.objects.patch(HTTP_ROUTES, "r", {"spec": {"rules": rules}}, "default")
    bench.settled()
    assert conditions(bench)["PartiallyInvalid"] == ("True", "UnsupportedValue")
    (status,) = bench.status(HTTP_ROUTES, "r")["parents"]
    assert status["conditions"][-1]["message"].endswith("ignores rule 0, the filters of rule 1")
    assert split(bench) == [("bert-v2", 1)]


@pytest.mark.usefixtures("services")
def test_the_status_of_other_controllers(bench):
    """What another controller says of a route stays; what is said of a former parent goes."""
    route(bench, backend("bert-v1", 1))
    ours = bench.status(HTTP_ROUTES, "r")["parents"]
    theirs = {**ours[0], "controllerName": "example.com/other"}
    bench.objects.patch(HTTP_ROUTES, "r", {"status": {"parents": [theirs, *ours]}}, "default", "status")
    parents = [{**STABLE, "name": "bert-v2"}]
    bench.objects.patch(HTTP_ROUTES, "r", {"spec": {"parentRefs": parents}}, "default")
    bench.settled()
    found = bench.status(HTTP_ROUTES, "r")["parents"]
    assert [(one["controllerName"], one["parentRef"]["name"]) for one in found] == [
        ("example.com/other", "bert"),
        ("local.arena.io/gateway-controller", "bert-v2"),
    ]


@pytest.mark.usefixtures("services")
def test_a_virtual_service_splits_among_services(bench):
    """The weights of a VirtualService are those of the Service that is its host, and go with it."""
    virtual(bench, ("bert-v1", "", 75), ("bert-v2.default.svc.cluster.local", "", 25))
    assert split(bench) == [("bert-v1", 75), ("bert-v2", 25)]
    bench.objects.delete(VIRTUAL_SERVICES, "bert", "default")
    bench.settled()
    assert split(bench) is None


@pytest.mark.usefixtures("services")
def test_a_virtual_service_splits_among_subsets(bench):
    """A subset is the Service of just its pods, as soon as a DestinationRule defines it."""
    virtual(bench, ("bert", "subset-v1", 80), ("bert", "subset-v2", 20))
    assert split(bench) == [("bert/subset-v1", 80), ("bert/subset-v2", 20)]  # which nobody answers
    subsets = [{"name": f"subset-{one}", "labels": {"servingVersion": one}} for one in ("v1", "v2")]
    spec = {"host": "bert", "subsets": subsets}
    bench.submit(DESTINATION_RULES, {"metadata": {"name": "bert"}, "spec": spec})
    assert split(bench) == [("bert-v1", 80), ("bert-v2", 20)]


@pytest.mark.usefixtures("services")
def test_a_single_destination_needs_no_weight(bench):
    """The only destination of a route gets everything; a route for some requests is ignored."""
    destination = {"destination": {"host": "bert-v2"}}
    some = {"match": [{"uri": {"prefix": "/x"}}], "route": [{"destination": {"host": "bert-v1"}}]}
    spec = {"hosts": ["bert"], "http": [some, {"route": [destination]}]}
    bench.submit(VIRTUAL_SERVICES, {"metadata": {"name": "v"}, "spec": spec})
    assert split(bench) == [("bert-v2", 1)]


PREFIX = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"backendRefs": [{"name": "a"}]}, "Must have port for Service reference"),
        ({"matches": [{"path": {"value": "x"}}]}, "value must be an absolute path"),
        ({"matches": [{"path": {"value": "/a//b"}}]}, "must not contain '//'"),
        ({"matches": [{"path": {"value": "/a/.."}}]}, "must not end with '/..'"),
        ({"matches": [{"path": {"value": "/ü"}}]}, "must only contain valid characters"),
        ({"filters": [{"type": "CORS"}]}, "filter.cors must be specified for CORS filter.type"),
        ({"filters": [{"type": "CORS", "urlRewrite": {}}]}, "filter.urlRewrite must be nil"),
        ({"filters": [{"type": "CORS", "cors": {}}] * 2}, "CORS filter cannot be repeated"),
        (
            {
                "filters": [{"type": "RequestRedirect", "requestRedirect": {}}],
                "backendRefs": [backend("a", 1)],
            },
            "RequestRedirect filter must not be used together with backendRefs",
        ),
        (
            {
                "matches": [{"path": {"type": "Exact", "value": "/"}}],
                "filters": [{"type": "URLRewrite", "urlRewrite": {"path": PREFIX}}],
            },
            "exactly one PathPrefix match must be specified",
        ),
        ({"timeouts": {"request": "1s", "backendRequest": "1m"}}, "cannot be longer than request timeout"),
        ({"backendRefs": [backend("a", 1000001)]}, "should be less than or equal to 1000000"),
    ],
)
def test_refused_routes(bench, rule, why):
    """What the definition of HTTPRoutes does not allow is refused, in its words."""
    body = {"metadata": {"name": "r"}, "spec": {"parentRefs": [STABLE], "rules": [rule]}}
    with pytest.raises(Refused, match=why):
        bench.objects.create(HTTP_ROUTES, body, "default")


def test_refused_parents(bench):
    """References to one parent need different sections."""
    body = {"metadata": {"name": "r"}, "spec": {"parentRefs": [STABLE, STABLE]}}
    with pytest.raises(Refused, match="sectionName must be unique"):
        bench.objects.create(HTTP_ROUTES, body, "default")
    body["spec"]["parentRefs"] = [{**STABLE, "sectionName": "a"}, STABLE]
    with pytest.raises(Refused, match="sectionName must be specified"):
        bench.objects.create(HTTP_ROUTES, body, "default")


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({}, "must have at least one host"),
        ({"hosts": ["a"], "http": [{"route": [{"weight": 1}]}]}, "destination.host: Required"),
        (
            {"hosts": ["a"], "http": [{"route": [{"destination": {"host": "b"}}] * 2}]},
            "total destination weight must be greater than 0",
        ),
    ],
)
def test_refused_virtual_services(bench, spec, why):
    """What Istio's webhook refuses is refused."""
    with pytest.raises(Refused, match=why):
        bench.objects.create(VIRTUAL_SERVICES, {"metadata": {"name": "v"}, "spec": spec}, "default")
