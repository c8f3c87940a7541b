"""The garbage collector."""

from arena.local.api.request_options import DeleteOptions
from arena.local.machinery.writes import reference
from arena.local.objects import CONFIGMAPS, DEPLOYMENTS, PODS, REPLICASETS


def config(bench, name, *owners, **extra):
    references = [{**reference(CONFIGMAPS, one), "controller": one is owners[0]} for one in owners]
    meta = {"name": name, "ownerReferences": references, **extra}
    return bench.objects.create(CONFIGMAPS, {"metadata": meta}, "default")


def names(bench):
    found = bench.objects.list(CONFIGMAPS, "default")
    return {one["metadata"]["name"] for one in found if one["metadata"]["name"] != "kube-root-ca.crt"}


def test_chain(bench):
    """Owned objects are deleted with their owner, generation by generation."""
    a = config(bench, "a")
    b = config(bench, "b", a)
    config(bench, "c", b)
    config(bench, "other")
    bench.settled().objects.delete(CONFIGMAPS, "a", "default")
    bench.settled()
    assert names(bench) == {"other"}


def test_two_owners(bench):
    """An object with two owners outlives the first and loses the reference to it."""
    a, b = config(bench, "a"), config(bench, "b")
    config(bench, "c", a, b)
    bench.settled().objects.delete(CONFIGMAPS, "a", "default")
    bench.settled()
    (left,) = bench.read(CONFIGMAPS, "c")["metadata"]["ownerReferences"]
    assert left["uid"] == b["metadata"]["uid"]
    bench.objects.delete(CONFIGMAPS, "b", "default")
    bench.settled()
    assert names(bench) == set()


def test_owner_gone_unseen(bench):
    """A new collector finds objects whose owners were deleted before it, and distinguishes namesakes."""
    a = config(bench, "a")
    config(bench, "b", a)
    bench.objects.delete(CONFIGMAPS, "a", "default")
    config(bench, "a")
    bench.settled()
    assert names(bench) == {"a"}


def test_unknown_owner_type(bench):
    """An owner of a type that is not served here is taken to exist."""
    stranger = {"apiVersion": "example.com/v1", "kind": "Thing", "name": "t", "uid": "1"}
    meta = {"name": "a", "ownerReferences": [stranger]}
    bench.objects.create(CONFIGMAPS, {"metadata": meta}, "default")
    bench.settled()
    assert names(bench) == {"a"}


def test_foreground(bench):
    """Deleted in the foreground, the owner goes last."""
    a = config(bench, "a")
    config(bench, "b", a, finalizers=["example.com/wait"])
    bench.settled().objects.remove(CONFIGMAPS, "a", "default", DeleteOptions(propagation="Foreground"))
    bench.settled()
    assert names(bench) == {"a", "b"}
    assert bench.read(CONFIGMAPS, "b")["metadata"]["deletionTimestamp"]
    bench.objects.patch(CONFIGMAPS, "b", {"metadata": {"finalizers": None}}, "default")
    bench.settled()
    assert names(bench) == set()


def test_orphan(bench):
    """Orphaned pods outlive their Deployment, and its ReplicaSet has no owner any more."""
    bench.node()
    labels = {"app": "w"}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": bench.template("c", labels)}
    bench.submit(DEPLOYMENTS, {"metadata": {"name": "w"}, "spec": spec})
    bench.objects.remove(DEPLOYMENTS, "w", "default", DeleteOptions(propagation="Orphan"))
    bench.settled()
    assert len(bench.objects.list(REPLICASETS, "default")) == 1
    assert len(bench.objects.list(PODS, "default")) == 1
