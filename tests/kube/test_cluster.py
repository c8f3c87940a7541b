"""The verbs, judged on the local API server and (marked) on a real cluster."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from servers import real_cluster

from arena.errors import Conflict, MissingOperator, NotAllowed, NotFound, SpecError
from arena.kube import pages
from arena.resources import CONFIGMAPS, DEPLOYMENTS, NODES, PODS, Resource

NOWHERE = Resource("kubeflow.org", "v9", "xyzjobs", kind="XYZJob")


def config_map(name: str, **labels: str) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": labels},
        "data": {"a": "1"},
    }


def test_an_object_is_created_read_changed_and_deleted(cluster, namespace):
    """What was created is read back, a merge patch changes only what it names, and delete removes it."""
    made = cluster.create(CONFIGMAPS, namespace, config_map("one"))
    assert made["metadata"]["uid"]
    changed = cluster.patch(CONFIGMAPS, namespace, "one", {"data": {"b": "2"}})
    assert changed["data"] == {"a": "1", "b": "2"}
    assert cluster.get(CONFIGMAPS, namespace, "one")["data"] == changed["data"]
    cluster.delete(CONFIGMAPS, namespace, "one", uid=made["metadata"]["uid"])
    with pytest.raises(NotFound, match=rf'^no configmap "one" in namespace "{namespace}"$'):
        cluster.get(CONFIGMAPS, namespace, "one")


def test_a_dry_run_stores_nothing(cluster, namespace):
    """create(dry_run=True) answers with the object, and the cluster does not have it."""
    assert cluster.create(CONFIGMAPS, namespace, config_map("dry"), dry_run=True)["data"] == {"a": "1"}
    with pytest.raises(NotFound):
        cluster.get(CONFIGMAPS, namespace, "dry")


def test_lists_come_in_pages_and_whole(cluster, namespace, monkeypatch):
    """A list longer than a page has every object once, each with its kind."""
    monkeypatch.setattr(pages, "PAGE", 2)
    for number in range(5):
        cluster.create(CONFIGMAPS, namespace, config_map(f"m{number}", part="list"))
    found = list(cluster.list(CONFIGMAPS, namespace, labels="part=list"))
    assert [one["metadata"]["name"] for one in found] == [f"m{number}" for number in range(5)]
    assert {(one["kind"], one["apiVersion"]) for one in found} == {("ConfigMap", "v1")}


def test_selectors_choose(cluster, namespace):
    """Label and field selectors are the cluster's own."""
    for name, colour in (("r", "red"), ("g", "green"), ("b", "blue")):
        cluster.create(CONFIGMAPS, namespace, config_map(name, colour=colour))

    def names(**selectors: str) -> list[str]:
        return [one["metadata"]["name"] for one in cluster.list(CONFIGMAPS, namespace, **selectors)]

    assert names(labels="colour in (red,blue)") == ["b", "r"]
    assert names(labels="colour!=red,colour") == ["b", "g"]
    assert names(fields="metadata.name=g") == ["g"]


def test_a_taken_name_is_a_conflict(cluster, namespace):
    """Creating an object again says that it exists and what to do."""
    cluster.create(CONFIGMAPS, namespace, config_map("one"))
    with pytest.raises(Conflict, match=r'^configmap "one" exists already') as caught:
        cluster.create(CONFIGMAPS, namespace, config_map("one"))
    assert "another name" in caught.value.hint


def test_another_objects_uid_is_not_deleted(cluster, namespace):
    """delete(uid=...) spares an object of that name which is another one."""
    cluster.create(CONFIGMAPS, namespace, config_map("one"))
    with pytest.raises(Conflict):
        cluster.delete(CONFIGMAPS, namespace, "one", uid="00000000-0000-0000-0000-000000000000")
    assert cluster.get(CONFIGMAPS, namespace, "one")


def test_a_stale_patch_is_a_conflict(cluster, namespace):
    """A patch that names an older resourceVersion is refused."""
    old = cluster.create(CONFIGMAPS, namespace, config_map("one"))["metadata"]["resourceVersion"]
    cluster.patch(CONFIGMAPS, namespace, "one", {"data": {"b": "2"}})
    with pytest.raises(Conflict, match="changed meanwhile"):
        cluster.patch(
            CONFIGMAPS, namespace, "one", {"metadata": {"resourceVersion": old}, "data": {"b": "3"}}
        )


def test_a_missing_namespace_is_named(cluster):
    """Creating in a namespace that does not exist blames the namespace, not the object."""
    with pytest.raises(NotFound, match=r'^no namespace "nowhere-at-all" on '):
        cluster.create(CONFIGMAPS, "nowhere-at-all", config_map("one"))


def test_a_bad_value_names_its_field(cluster, namespace):
    """An invalid object is a SpecError with the field's path."""
    with pytest.raises(SpecError, match=r"metadata\.name"):
        cluster.create(CONFIGMAPS, namespace, config_map("NOT-A-NAME"))


def test_a_type_that_is_not_served_asks_for_its_operator(cluster, namespace):
    """ListOptions, creating or needing an unknown type says which operator is missing."""
    body = {"apiVersion": "kubeflow.org/v9", "kind": "XYZJob", "metadata": {"name": "one"}}
    calls = (
        lambda: list(cluster.list(NOWHERE, namespace)),
        lambda: cluster.create(NOWHERE, namespace, body),
        lambda: cluster.need(NOWHERE),
    )
    for call in calls:
        with pytest.raises(MissingOperator, match=r"has no XYZJob$") as caught:
            call()
        assert "training operator" in caught.value.hint


def test_discovery_tells_types_and_versions(cluster):
    """serves() wants the exact version, served() finds the preferred one, and neither raises."""
    assert cluster.serves(PODS)
    assert cluster.serves(DEPLOYMENTS)
    assert not cluster.serves(NOWHERE)
    assert not cluster.serves(DEPLOYMENTS._replace(version="v0"))
    assert cluster.served("apps", "deployments") == "v1"
    assert cluster.served("", "pods") == "v1"
    assert cluster.served("apps", "nonsense") is None
    assert cluster.served("nonsense.example.com", "pods") is None


def test_a_watch_tells_every_change_once(cluster, namespace):
    """What is there comes as ADDED, then every change in order; close() ends it."""
    cluster.create(CONFIGMAPS, namespace, config_map("old", part="watch"))
    with cluster.watch(CONFIGMAPS, namespace, labels="part=watch") as watch:
        seen = [next(watch)]
        cluster.create(CONFIGMAPS, namespace, config_map("new", part="watch"))
        cluster.patch(CONFIGMAPS, namespace, "new", {"data": {"b": "2"}})
        cluster.patch(CONFIGMAPS, namespace, "old", {"metadata": {"labels": {"part": "other"}}})
        cluster.delete(CONFIGMAPS, namespace, "new")
        seen += [next(watch) for _ in range(4)]
    told = [(kind, one["metadata"]["name"]) for kind, one in seen]
    assert told == [
        ("ADDED", "old"),
        ("ADDED", "new"),
        ("MODIFIED", "new"),
        ("DELETED", "old"),
        ("DELETED", "new"),
    ]
    assert list(watch) == []


def test_a_watch_from_a_version_leaves_out_what_was_known(cluster, namespace):
    """watch(version=...) begins with the first change after it."""
    version = cluster.create(CONFIGMAPS, namespace, config_map("one"))["metadata"]["resourceVersion"]
    cluster.patch(CONFIGMAPS, namespace, "one", {"data": {"b": "2"}})
    with cluster.watch(CONFIGMAPS, namespace, fields="metadata.name=one", version=version) as watch:
        kind, one = next(watch)
    assert (kind, one["data"]["b"]) == ("MODIFIED", "2")


def test_another_thread_ends_a_silent_watch(cluster, namespace):
    """close() wakes a thread that waits for an event which never comes."""
    watch = cluster.watch(CONFIGMAPS, namespace, labels="part=none")
    found: list = []
    waiting = threading.Thread(target=lambda: found.extend(watch))
    waiting.start()
    watch.close()
    waiting.join(30)
    assert not waiting.is_alive()
    assert found == []


def test_threads_share_a_cluster(cluster, namespace):
    """Many threads may use one Cluster at once."""
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda n: cluster.create(CONFIGMAPS, namespace, config_map(f"t{n}", part="t")), range(24)
            )
        )
        counts = list(pool.map(lambda _: len(list(cluster.list(CONFIGMAPS, namespace, "part=t"))), range(8)))
    assert counts == [24] * 8


@pytest.mark.cluster
def test_what_a_role_leaves_out_is_not_allowed():
    """The error for a missing permission names the permission and the namespace."""
    alice = real_cluster("alice")
    with pytest.raises(NotAllowed, match=r'^you may not list pods in namespace "kube-system"') as caught:
        list(alice.list(PODS, "kube-system"))
    assert "role" in caught.value.hint
    with pytest.raises(NotAllowed, match=r"^you may not list nodes"):
        list(alice.list(NODES))


@pytest.mark.cluster
def test_client_certificates_prove_who_one_is():
    """A kubeconfig with certificate files works as one with a token does."""
    assert [one["metadata"]["name"] for one in real_cluster("cert-admin").list(NODES)]


@pytest.mark.cluster
def test_nothing_measures_on_a_cluster_without_a_metrics_server():
    """metrics() says what is missing."""
    with pytest.raises(MissingOperator) as caught:
        list(real_cluster().metrics("pods"))
    assert "metrics server" in caught.value.hint
