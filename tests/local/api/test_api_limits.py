"""LimitRanges: defaults for containers that say nothing, and bounds for those that say too much."""

import pytest

from arena.local.objects import PODS, RESOURCE_QUOTAS, Refused, Resource

LIMIT_RANGES = Resource("", "v1", "limitranges", "LimitRange")


@pytest.fixture
def bounds(api):
    """Put a LimitRange of one item into the namespace default."""

    def make(kind="Container", **item):
        body = {"metadata": {"name": "bounds"}, "spec": {"limits": [{"type": kind, **item}]}}
        api.create(LIMIT_RANGES, body, "default")

    return make


def create(api, *resources, name="a"):
    """Create a pod of containers with these resources; what they have then."""
    containers = [{"name": f"c{n}", "image": "i", "resources": one} for n, one in enumerate(resources)]
    pod = api.create(PODS, {"metadata": {"name": name}, "spec": {"containers": containers}}, "default")
    return [one["resources"] for one in pod["spec"]["containers"]]


@pytest.mark.parametrize(
    ("item", "given", "found"),
    [
        ({"default": {"cpu": "1"}}, {}, {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}),
        (
            {"default": {"cpu": "1"}, "defaultRequest": {"cpu": "250m"}},
            {},
            {"limits": {"cpu": "1"}, "requests": {"cpu": "250m"}},
        ),
        (
            {"default": {"cpu": "1"}, "defaultRequest": {"cpu": "250m"}},
            {"limits": {"cpu": "2"}},
            {"limits": {"cpu": "2"}, "requests": {"cpu": "2"}},
        ),
        ({"max": {"cpu": "2"}}, {}, {"limits": {"cpu": "2"}, "requests": {"cpu": "2"}}),
        ({"min": {"memory": "1Mi"}}, {}, {"requests": {"memory": "1Mi"}}),
        ({"defaultRequest": {"cpu": "1"}}, {"requests": {"cpu": "2"}}, {"requests": {"cpu": "2"}}),
    ],
)
def test_defaults(api, bounds, item, given, found):
    """A container without limits gets the default, else the nearest bound."""
    bounds(**item)
    assert create(api, given) == [found]


def test_defaults_satisfy_a_quota(api, bounds):
    """If a quota requires pods to have requests, a LimitRange sets them."""
    quota = {"metadata": {"name": "team"}, "spec": {"hard": {"requests.cpu": "1"}}}
    api.create(RESOURCE_QUOTAS, quota, "default")
    with pytest.raises(Refused, match=r"must specify requests\.cpu"):
        create(api, {})
    bounds(defaultRequest={"cpu": "600m"})
    create(api, {})
    with pytest.raises(Refused, match="exceeded quota"):
        create(api, {}, name="b")


@pytest.mark.parametrize(
    ("kind", "item", "given", "why"),
    [
        (
            "Container",
            {"max": {"cpu": "1"}},
            {"limits": {"cpu": "1500m"}, "requests": {"cpu": "1"}},
            'pods "a" is forbidden: maximum cpu usage per Container is 1, but limit is 1500m',
        ),
        (
            "Container",
            {"min": {"memory": "1Gi"}},
            {"requests": {"memory": "512Mi"}},
            "minimum memory usage per Container is 1Gi, but request is 512Mi",
        ),
        (
            "Pod",
            {"max": {"cpu": "3"}},
            {"limits": {"cpu": "2"}},
            "maximum cpu usage per Pod is 3, but limit is 4",
        ),
        ("Pod", {"min": {"cpu": "1"}}, {}, "minimum cpu usage per Pod is 1. No request is specified"),
    ],
)
def test_bounds(api, bounds, kind, item, given, why):
    """A pod beyond a bound is refused with the bound and its request."""
    bounds(kind, **item)
    with pytest.raises(Refused) as refused:
        create(api, given, given)
    assert refused.value.code == 403
    assert why in refused.value.message


@pytest.mark.parametrize(
    ("policy", "memory"), [({}, "5Gi"), ({"restartPolicy": "Always"}, "6Gi")], ids=["init", "sidecar"]
)
def test_init_containers_count(api, bounds, policy, memory):
    """A pod wants as much as its largest init container does, and a sidecar's comes on top of the others'."""
    bounds("Pod", max={"memory": "4Gi"})
    first = {"name": "first", "image": "i", "resources": {"limits": {"memory": "5Gi"}}, **policy}
    main = {"name": "main", "image": "i", "resources": {"limits": {"memory": "1Gi"}}}
    pod = {"metadata": {"name": "a"}, "spec": {"initContainers": [first], "containers": [main]}}
    with pytest.raises(Refused, match=f"maximum memory usage per Pod is 4Gi, but request is {memory}"):
        api.create(PODS, pod, "default")
