"""Verdicts on jobs: those that fit, those that do not, and those that depend on chance."""

import pytest

from arena.scheduling import explanations, pods, verdicts, volumes
from arena.scheduling.nodes import Node
from arena.scheduling.state import Role, State
from arena.scheduling.volumes import Storage

GPU, HOST, ZONE = "nvidia.com/gpu", "kubernetes.io/hostname", "zone"


def node(name, zone="a", gpus=4, cpu=8000, most=110, **more):
    offers = {"cpu": cpu, GPU: gpus, "pods": most}
    return Node(name=name, labels={HOST: name, ZONE: zone}, allocatable=offers, **more)


def role(name="worker", count=1, gpus=0, cpu="1", labels=None, **spec):
    limits = {GPU: str(gpus)} if gpus else {}
    container = {"resources": {"requests": {"cpu": cpu}, "limits": limits}, **spec.pop("container", {})}
    meta = {"namespace": "n", "labels": labels or {"app": name}}
    return Role(name, pods.pod({"metadata": meta, "spec": {"containers": [container], **spec}}), count)


def there(name, on, gpus=0, priority=0, **spec):
    return pods.pod({
        "metadata": {"name": name, "namespace": "n", "labels": {"app": name}},
        "spec": {"nodeName": on, "priority": priority,
                 "containers": [{"resources": {"limits": {GPU: str(gpus)}}}], **spec},
    })  # fmt: skip


def judged(nodes, roles, running=(), storage=None):
    return verdicts.judge(lambda lenient: State(nodes, running, storage or Storage(), lenient=lenient), roles)


def terms(key, app):
    return {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}}]}  # fmt: skip


def spread(key, skew=1):
    return {"topologySpreadConstraints": [
        {"topologyKey": key, "maxSkew": skew, "whenUnsatisfiable": "DoNotSchedule",
         "labelSelector": {"matchLabels": {"app": "worker"}}}]}  # fmt: skip


HOSTILE = there("x", "one", affinity={"podAntiAffinity": terms(ZONE, "worker")})
UNEVEN = (node("one", gpus=8), node("two", "b", gpus=1))
TWO = (node("one"), node("two", "b"))
APART = {"affinity": {"podAntiAffinity": terms(HOST, "worker")}}
TOGETHER = {"affinity": {"podAffinity": terms(ZONE, "worker")}}


@pytest.mark.parametrize(
    ("nodes", "roles", "running", "outcome"),
    [
        (TWO, [role(count=4, gpus=2)], (), "fits"),
        (TWO, [role(count=5, gpus=2)], (), "short"),
        (TWO, [role(count=3, gpus=2)], [there("x", "one", 3)], "short"),
        (TWO, [role(count=2, gpus=2)], [there("x", "one", 3)], "fits"),
        ((node("one", most=1),), [role(count=2)], (), "short"),
        ((node("one", ready=False),), [role()], (), "short"),
        (TWO, [role(count=2, **APART)], (), "fits"),
        (TWO, [role(count=3, **APART)], (), "short"),
        (TWO, [role(count=2)], [HOSTILE], "fits"),
        ((node("one"),), [role()], [HOSTILE], "short"),
        # All must be in the zone of the first one: a zone that is too small may be chosen.
        (TWO, [role(count=2, gpus=2, **TOGETHER)], (), "fits"),
        ((node("one"), node("two", "b", gpus=2)), [role(count=2, gpus=2, **TOGETHER)], (), "depends"),
        (TWO, [role(count=3, gpus=2, **TOGETHER)], (), "short"),
        (UNEVEN, [role(count=3, gpus=1, **spread(ZONE))], (), "fits"),
        (UNEVEN, [role(count=4, gpus=1, **spread(ZONE))], (), "short"),
        (UNEVEN, [role(count=4, gpus=1, **spread(ZONE, 2))], (), "fits"),
        # A small launcher may take the node that the only worker needs.
        (TWO, [role("launcher", gpus=1), role(gpus=4)], (), "fits"),
        (TWO, [role("launcher", gpus=1), role(count=2, gpus=4)], (), "short"),
        ((node("one"), node("two", gpus=1)), [role("launcher", gpus=1), role(gpus=4)], (), "depends"),
        ((node("one"), node("two", gpus=0)), [role("launcher"), role(gpus=4, cpu="7")], (), "fits"),
        ((node("one"), node("two", gpus=0)), [role("launcher"), role(gpus=4, cpu="8")], (), "depends"),
        (TWO, [role(count=2, container={"ports": [{"hostPort": 80}]})], (), "fits"),
        (TWO, [role(count=3, container={"ports": [{"hostPort": 80}]})], (), "short"),
        (TWO, [role(count=3, hostNetwork=True, container={"ports": [{"containerPort": 80}]})], (), "short"),
        (TWO, [role(count=2, gpus=4, priority=1)], [there("x", "one", 1)], "fits"),
        (TWO, [role(count=2, gpus=4, priority=1, preemptionPolicy="Never")], [there("x", "one", 1)], "short"),
        (TWO, [role(count=2, gpus=4)], [there("x", "one", 1)], "short"),
    ],
)  # fmt: skip
def test_outcomes(nodes, roles, running, outcome):
    """A job fits only if it does whatever the scheduler chooses, and is short only if nothing helps."""
    assert judged(nodes, roles, running).outcome == outcome


def test_many_choices():
    """A job whose roles leave enough room anyhow fits on a thousand nodes, whatever is chosen."""
    many = [node(f"n{number}", gpus=8) for number in range(1000)]
    found = judged(many, [role("launcher", cpu="2"), role("ps", 2, cpu="4"), role(count=64, gpus=8)])
    assert (found.outcome, found.placement.size) == ("fits", 67)


def test_victims():
    """The pods of least priority are ended, and no more than needed."""
    running = [there("cheap", "one", 2, -5), there("dear", "two", 4, 5), there("small", "one", 1, -5)]
    found = judged(TWO, [role(gpus=3, priority=7)], running)
    assert found.outcome == "fits"
    assert [one.name for one in found.placement.victims] == ["cheap"]


def test_what_is_missing():
    """A shortage names the obstacles of all nodes, and what the nearest one has left."""
    nodes = (*TWO, node("lost", ready=False), node("full", gpus=1))
    roles = [role(count=3, gpus=3)]
    found = judged(nodes, roles)
    state = State(nodes, ())
    state.prepare(roles)
    [short] = explanations.shortages(state, roles, found.placement)
    assert (short.missing, dict(short.obstacles)) == (1, {"lacks nvidia.com/gpu": 3, "not ready": 1})
    assert short.closest.startswith("each needs 3 nvidia.com/gpu; the most that a node has left is 1 (")


def volume(name, zone, size=10):
    terms = [{"matchExpressions": [{"key": ZONE, "operator": "In", "values": [zone]}]}]
    return volumes.Volume(
        name=name, size=size, modes=["ReadWriteMany"], required={"nodeSelectorTerms": terms}
    )


def stored(claim, *several, waits=True):
    kind = volumes.StorageClass(name="", waits=waits)
    claims = {"data": volumes.Claim(name="data", size=10, modes=["ReadWriteMany"], **claim)}
    return Storage(claims=claims, volumes=volumes.by_name(several), classes={"": kind})


@pytest.mark.parametrize(
    ("storage", "count", "outcome"),
    [
        (stored({"volume": "v"}, volume("v", "b")), 2, "fits"),
        (stored({"volume": "v"}, volume("v", "b")), 3, "short"),
        (stored({"volume": "v"}, volume("v", "c")), 1, "short"),
        (stored({}, volume("v", "b")), 2, "fits"),
        (stored({}, volume("v", "b", size=5)), 1, "short"),
        # The claim gets the volume of the first pod's zone, and the others have to follow.
        (stored({}, volume("v", "a"), volume("w", "b")), 3, "short"),
        (stored({}, volume("v", "a"), volume("w", "b")), 2, "fits"),
    ],
)
def test_zones_of_volumes(storage, count, outcome):
    """Pods go only where their volume can be mounted; one that is chosen late holds for all of them."""
    mounted = [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]
    assert judged(TWO, [role(count=count, gpus=2, volumes=mounted)], (), storage).outcome == outcome


@pytest.mark.parametrize(
    ("storage", "obstacle"),
    [
        (Storage(), 'the claim "data" does not exist'),
        (stored({"volume": "v"}), 'the volume of the claim "data" is gone'),
        (stored({}, waits=False), 'the claim "data" has no volume yet'),
        (stored({}), ""),
    ],
)
def test_claims_without_volumes(storage, obstacle):
    """A claim that has no volume, and none in sight, is said before any node is looked at."""
    assert storage.obstacle("data") == obstacle
