"""The API without HTTP: what operators and the node rely on."""

import contextlib
import json
import os
import threading

import pytest

from arena.local.api import Api
from arena.local.api.request_options import DeleteOptions, ListOptions, WriteOptions
from arena.local.objects import (
    CONFIGMAPS,
    DEPLOYMENTS,
    JOBS,
    NAMESPACES,
    PODS,
    PORTS,
    REPLICASETS,
    RESOURCE_QUOTAS,
    SECRETS,
    SERVICES,
    Refused,
    Resource,
)

TFJOBS = Resource("kubeflow.org", "v1", "tfjobs", "TFJob")
RARE = 10_000 + os.getpid() * 6 % 9_000
"""The first of six ports that no local cluster allots, nor other tests at the same time."""


def pod(name="a", node="", labels=None, ports=(), **resources):
    container = {"name": "c", "image": "i:1", "command": ["true"], "resources": resources}
    if ports:
        container["ports"] = [{"containerPort": port} for port in ports]
    spec = {"containers": [container]} | ({"nodeName": node} if node else {})
    return {"metadata": {"name": name, "labels": labels or {}}, "spec": spec}


@contextlib.contextmanager
def refusal(code):
    """The block is refused with that status."""
    with pytest.raises(Refused) as refused:
        yield refused
    assert refused.value.code == code, refused.value.message


def test_create_fills_in_what_the_server_gives(api):
    """A created object has uid, time, version, namespace and its defaults."""
    made = api.create(PODS, pod())
    meta = made["metadata"]
    assert {"uid", "creationTimestamp", "resourceVersion"} <= meta.keys()
    assert (meta["namespace"], made["kind"], made["apiVersion"]) == ("default", "Pod", "v1")
    assert made["spec"]["restartPolicy"] == "Always"
    assert made["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    assert api.get(PODS, "a", "default") == made
    assert api.get(PODS, "b", "default") is None


def test_generated_names_differ(api):
    """GenerateName gives each object a name of its own."""
    body = {"metadata": {"generateName": "x-"}}
    names = {api.create(CONFIGMAPS, body)["metadata"]["name"] for _ in range(50)}
    assert len(names) == 50
    assert body == {"metadata": {"generateName": "x-"}}


def test_a_generated_name_that_is_taken_is_made_anew(api, monkeypatch):
    """Chance may give a name twice; whoever asked for a generated one never hears of it."""
    letters = iter("b" * 10 + "c" * 5)
    monkeypatch.setattr("arena.local.api.metadata.secrets.choice", lambda _: next(letters))
    body = {"metadata": {"generateName": "x-"}}
    assert [api.create(CONFIGMAPS, body)["metadata"]["name"] for _ in range(2)] == ["x-bbbbb", "x-ccccc"]


def test_a_taken_name_is_refused(api):
    """A second object of the same name is 409 AlreadyExists."""
    api.create(PODS, pod())
    with refusal(409) as refused:
        api.create(PODS, pod())
    assert refused.value.reason == "AlreadyExists"
    assert refused.value.message == 'pods "a" already exists'


def test_an_unknown_namespace_is_missing(api):
    """Objects cannot be created in a namespace that does not exist."""
    with refusal(404) as refused:
        api.create(PODS, pod(), "nowhere")
    assert refused.value.message == 'namespaces "nowhere" not found'


def test_a_patch_can_insist_on_the_version(api):
    """A patch that names an outdated version is a conflict; one that names none wins."""
    old = api.create(CONFIGMAPS, {"metadata": {"name": "a"}, "data": {"x": "1"}})
    api.patch(CONFIGMAPS, "a", {"data": {"x": "2"}})
    version = old["metadata"]["resourceVersion"]
    with refusal(409) as refused:
        api.patch(CONFIGMAPS, "a", {"metadata": {"resourceVersion": version}, "data": {"x": "3"}})
    assert refused.value.reason == "Conflict"
    assert api.get(CONFIGMAPS, "a")["data"] == {"x": "2"}


def test_a_patch_that_changes_nothing_keeps_the_version(api):
    """Without a change, there is no new version and no event."""
    made = api.create(CONFIGMAPS, {"metadata": {"name": "a"}, "data": {"x": "1"}})
    assert api.patch(CONFIGMAPS, "a", {"data": {"x": "1"}}) == made


def test_status_and_the_rest_are_written_apart(api):
    """A status patch leaves spec and generation alone; a plain patch leaves the status alone."""
    job = {"metadata": {"name": "j"}, "spec": {"tfReplicaSpecs": {"Worker": {"template": {"spec": {
        "containers": [{"name": "tensorflow", "image": "i"}]}}}}}}  # fmt: skip
    assert api.create(TFJOBS, job)["metadata"]["generation"] == 1
    both = {"spec": {"runPolicy": {"suspend": True}}, "status": {"conditions": []}}
    after = api.patch(TFJOBS, "j", both, subresource="status")
    assert (after["metadata"]["generation"], "runPolicy" in after["spec"]) == (1, False)
    assert after["status"] == {"conditions": []}
    after = api.patch(TFJOBS, "j", {**both, "status": {"x": 1}})
    assert (after["metadata"]["generation"], after["status"]) == (2, {"conditions": []})
    assert after["spec"]["runPolicy"] == {"suspend": True}


def test_the_server_keeps_its_own_metadata(api):
    """Uid, creation time and generation cannot be written; another uid is a conflict."""
    made = api.create(CONFIGMAPS, {"metadata": {"name": "a"}})
    forged = {"metadata": {"creationTimestamp": "2000-01-01T00:00:00Z", "generation": 7}}
    assert api.patch(CONFIGMAPS, "a", forged) == made
    with refusal(409):
        api.patch(CONFIGMAPS, "a", {"metadata": {"uid": "other"}})
    with refusal(400):
        api.patch(CONFIGMAPS, "a", {"metadata": {"name": "b"}})


def test_a_pod_on_a_node_is_marked_first(api):
    """Deleting a running pod asks the kubelet; a delete with grace 0 removes it."""
    api.create(PODS, pod(node="local"))
    api.delete(PODS, "a")
    meta = api.get(PODS, "a")["metadata"]
    assert meta["deletionGracePeriodSeconds"] == 30
    assert meta["deletionTimestamp"] > meta["creationTimestamp"]
    api.delete(PODS, "a", grace=0)
    assert api.get(PODS, "a") is None


@pytest.mark.parametrize("change", [{}, {"status": {"phase": "Succeeded"}}])
def test_a_pod_without_processes_goes_at_once(api, change):
    """A pod that was never bound, or has ended, needs no kubelet to be deleted."""
    api.create(PODS, pod(node="local" if change else ""))
    api.patch(PODS, "a", change, subresource="status")
    api.delete(PODS, "a")
    assert api.get(PODS, "a") is None


def test_delete_means_one_very_object(api):
    """With a uid only that object is deleted; a missing one is no error."""
    made = api.create(CONFIGMAPS, {"metadata": {"name": "a"}})
    api.delete(CONFIGMAPS, "a", uid="another")
    assert api.get(CONFIGMAPS, "a") == made
    api.delete(CONFIGMAPS, "a", uid=made["metadata"]["uid"])
    api.delete(CONFIGMAPS, "a")
    assert api.get(CONFIGMAPS, "a") is None


def test_finalizers_hold_an_object(api):
    """An object with finalizers is only marked, and goes when the last one is removed."""
    api.create(CONFIGMAPS, {"metadata": {"name": "a", "finalizers": ["x.io/y"]}})
    api.delete(CONFIGMAPS, "a")
    assert "deletionTimestamp" in api.get(CONFIGMAPS, "a")["metadata"]
    api.patch(CONFIGMAPS, "a", {"metadata": {"finalizers": None}})
    assert api.get(CONFIGMAPS, "a") is None


def test_foreground_deletion_waits_for_the_collector(api):
    """Foreground deletion marks the owner with the finalizer that the collector removes."""
    api.create(CONFIGMAPS, {"metadata": {"name": "a"}})
    _, gone = api.remove(CONFIGMAPS, "a", None, DeleteOptions(propagation="Foreground"))
    assert not gone
    assert api.get(CONFIGMAPS, "a")["metadata"]["finalizers"] == ["foregroundDeletion"]


def test_orphans_lose_their_owner(api):
    """Orphan deletion takes the reference off the dependents and keeps them."""
    owner = api.create(CONFIGMAPS, {"metadata": {"name": "a"}})["metadata"]
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": owner["uid"]}
    child = {"metadata": {"name": "b", "ownerReferences": [reference]}}
    api.create(SECRETS, child)
    api.remove(CONFIGMAPS, "a", None, DeleteOptions(propagation="Orphan"))
    assert api.get(CONFIGMAPS, "a") is None
    assert "ownerReferences" not in api.get(SECRETS, "b")["metadata"]


def test_a_namespace_goes_with_its_contents(api):
    """A namespace ends with its last object, which may be a pod that needs its kubelet."""
    api.create(NAMESPACES, {"metadata": {"name": "team"}})
    api.create(CONFIGMAPS, {"metadata": {"name": "a"}}, "team")
    api.create(PODS, pod(node="local"), "team")
    api.delete(NAMESPACES, "team")
    assert api.get(NAMESPACES, "team")["status"]["phase"] == "Terminating"
    assert api.get(CONFIGMAPS, "a", "team") is None
    with refusal(403):
        api.create(CONFIGMAPS, {"metadata": {"name": "b"}}, "team")
    api.delete(PODS, "a", "team", grace=0)
    assert api.get(NAMESPACES, "team") is None


def test_a_namespace_ends_once(api):
    """A namespace whose contents all go at once is told as deleted once."""
    api.create(NAMESPACES, {"metadata": {"name": "team"}})
    api.create(CONFIGMAPS, {"metadata": {"name": "a"}}, "team")
    with contextlib.closing(api.watch(NAMESPACES)) as watch:
        api.delete(NAMESPACES, "team")
        told = []
        while change := watch.poll(0):
            told.append((change.type, change.object["metadata"]["name"]))
    assert told[-2:] == [("MODIFIED", "team"), ("DELETED", "team")]
    assert told.count(("DELETED", "team")) == 1


def test_default_namespaces_stay(api):
    """The namespace default cannot be deleted."""
    with refusal(403):
        api.delete(NAMESPACES, "default")


def test_a_watch_begins_with_what_is_there(api):
    """A watch reports existing objects as ADDED, then each change in order, then ends on close."""
    api.create(CONFIGMAPS, {"metadata": {"name": "a"}})
    watch = api.watch(CONFIGMAPS, SECRETS)
    api.create(SECRETS, {"metadata": {"name": "s"}})
    api.create(PODS, pod())
    api.patch(CONFIGMAPS, "a", {"data": {"x": "1"}})
    api.delete(CONFIGMAPS, "a")
    seen = [watch.poll(5) for _ in range(4)]
    assert [(one.type, one.object["metadata"]["name"]) for one in seen] == [
        ("ADDED", "a"), ("ADDED", "s"), ("MODIFIED", "a"), ("DELETED", "a"),
    ]  # fmt: skip
    assert watch.poll(0) is None
    threading.Thread(target=watch.close).start()
    assert list(watch) == []


def test_selectors_choose(api):
    """Label and field selectors choose as kubectl's documentation says."""
    for name, labels in (("a", {"app": "x", "n": "1"}), ("b", {"app": "y", "n": "12"}), ("c", {})):
        api.create(PODS, pod(name, labels=labels))
    api.patch(PODS, "b", {"status": {"phase": "Running"}}, subresource="status")

    def names(labels="", fields=""):
        page = api.page(PODS, ListOptions(labels=labels, fields=fields))
        return "".join(json.loads(text)["metadata"]["name"] for text in page.texts)

    found = {
        "app=x": "a", "app==y": "b", "app!=x": "bc", "app": "ab", "!app": "c", "app in (x,y)": "ab",
        "app notin (x)": "bc", "app in (x, y),n=12": "b", "n>5": "b", "n<5": "a", "app=": "",
        "app in(x)": "a", "n,app notin(x)": "b",
    }  # fmt: skip
    assert {labels: names(labels) for labels in found} == found
    assert names(fields="status.phase=Running") == "b"
    assert names(fields="status.phase!=Running,metadata.name!=a") == "c"
    assert names("app", "metadata.namespace=default") == "ab"
    for labels, fields in (("a b", ""), ("a in x", ""), ("n>x", ""), ("", "spec.foo=1"), ("", "x")):
        with refusal(400):
            names(labels, fields)


def test_numbers_can_be_selected_by(api):
    """A field that is a number selects by its digits, and as 0 where it is missing."""
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod()["spec"]}
    jobs = {"restartPolicy": "Never"}
    for name in ("new", "done"):
        spec = {"template": {**template, "spec": {**template["spec"], **jobs}}}
        api.create(JOBS, {"metadata": {"name": name}, "spec": spec})
        sets = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
        api.create(REPLICASETS, {"metadata": {"name": name}, "spec": sets})
    api.patch(JOBS, "done", {"status": {"succeeded": 1}}, subresource="status")
    api.patch(REPLICASETS, "done", {"status": {"replicas": 3}}, subresource="status")

    def names(resource, fields):
        page = api.page(resource, ListOptions(fields=fields))
        return [json.loads(text)["metadata"]["name"] for text in page.texts]

    assert names(JOBS, "status.successful=1") == ["done"]
    assert names(JOBS, "status.successful=0") == ["new"]
    assert names(REPLICASETS, "status.replicas=3") == ["done"]
    assert names(REPLICASETS, "status.replicas!=3") == ["new"]


def test_pages_add_up(api):
    """Pages of any size, with or without a selector, give every object once."""
    for index in range(25):
        api.create(CONFIGMAPS, {"metadata": {"name": f"c-{index:02}", "labels": {"odd": str(index % 2)}}})
    for labels, expected in (("", 25), ("odd=1", 12), ("odd!=1", 13)):
        names, token = [], ""
        while True:
            page = api.page(CONFIGMAPS, ListOptions(labels=labels, limit=4, token=token))
            names += [json.loads(text)["metadata"]["name"] for text in page.texts]
            if not (token := page.token):
                break
            assert page.remaining == (None if labels else 25 - len(names))
        assert (len(names), names) == (expected, sorted(set(names)))
    with refusal(400):
        api.page(CONFIGMAPS, ListOptions(token="nonsense"))


def test_ports_are_never_allotted_twice(tmp_path):
    """Declared ports of pods and services get different loopback ports, freed with the object."""
    with contextlib.closing(Api(tmp_path / "s.db", range(RARE, RARE + 4))) as api:
        made = api.create(PODS, pod(ports=(80, 81)))
        given = json.loads(made["metadata"]["annotations"][PORTS])
        service = api.create(SERVICES, {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}})
        other = json.loads(service["metadata"]["annotations"][PORTS])
        assert given.keys() == {"80", "81"}
        assert len({*given.values(), *other.values()}) == 3
        assert service["spec"]["clusterIP"] == "127.0.0.1"
        kept = api.patch(SERVICES, "s", {"metadata": {"annotations": None}})
        assert json.loads(kept["metadata"]["annotations"][PORTS]) == other
        with refusal(507):
            api.create(PODS, pod("b", ports=(80, 81)))
        api.delete(PODS, "a")
        api.create(PODS, pod("b", ports=(80, 81)))


def test_a_headless_service_has_no_address(api):
    """ClusterIP None stays None."""
    body = {"metadata": {"name": "s"}, "spec": {"clusterIP": "None", "ports": [{"port": 80}]}}
    assert api.create(SERVICES, body)["spec"]["clusterIP"] == "None"


def quota(**hard):
    return {"metadata": {"name": "team"}, "spec": {"hard": hard}}


def test_a_quota_refuses_what_exceeds_it(api):
    """A pod over the quota is 403 with requested, used and limited amounts; ended pods do not count."""
    api.create(RESOURCE_QUOTAS, quota(**{"requests.nvidia.com/gpu": "4", "pods": "5"}))
    api.create(PODS, pod("a", limits={"nvidia.com/gpu": 3}))
    with refusal(403) as refused:
        api.create(PODS, pod("b", limits={"nvidia.com/gpu": 2}))
    assert refused.value.message == (
        'pods "b" is forbidden: exceeded quota: team, requested: requests.nvidia.com/gpu=2, '
        "used: requests.nvidia.com/gpu=3, limited: requests.nvidia.com/gpu=4"
    )
    used = api.get(RESOURCE_QUOTAS, "team")["status"]["used"]
    assert used == {"requests.nvidia.com/gpu": "3", "pods": "1"}
    api.patch(PODS, "a", {"status": {"phase": "Succeeded"}}, subresource="status")
    assert api.get(RESOURCE_QUOTAS, "team")["status"]["used"]["pods"] == "0"
    api.create(PODS, pod("b", limits={"nvidia.com/gpu": 2}))


def test_a_quota_on_cpu_obliges_to_say_it(api):
    """If cpu is limited, a pod without a request is refused."""
    api.create(RESOURCE_QUOTAS, quota(**{"requests.cpu": "2", "count/configmaps": "1"}))
    with refusal(403) as refused:
        api.create(PODS, pod())
    assert "failed quota: team: must specify requests.cpu for: c" in refused.value.message
    api.create(PODS, pod(requests={"cpu": "1500m"}))
    with refusal(403) as refused:
        api.create(PODS, pod("b", requests={"cpu": "501m"}))
    assert "requested: requests.cpu=501m, used: requests.cpu=1500m" in refused.value.message
    api.create(CONFIGMAPS, {"metadata": {"name": "a"}})
    with refusal(403):
        api.create(CONFIGMAPS, {"metadata": {"name": "b"}})


def test_a_quota_holds_against_many_at_once(api):
    """Of many pods created at once no more than the quota allows get in."""
    api.create(RESOURCE_QUOTAS, quota(pods="3"))
    failed = []

    def create(index):
        try:
            api.create(PODS, pod(f"p-{index}"))
        except Refused as refused:
            failed.append(refused.code)

    threads = [threading.Thread(target=create, args=(index,)) for index in range(10)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (len(api.list(PODS)), failed) == (3, [403] * 7)


def test_priorities_come_from_their_class(api):
    """A pod's priority is its class's value; an unknown class is refused."""
    classes = Resource("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", False)
    api.create(classes, {"metadata": {"name": "high"}, "value": 1000})
    body = pod()
    body["spec"]["priorityClassName"] = "high"
    assert api.create(PODS, body)["spec"]["priority"] == 1000
    body["spec"]["priorityClassName"] = "higher"
    with refusal(403):
        api.create(PODS, {**body, "metadata": {"name": "b"}})


def test_scale_changes_replicas_alone(api):
    """The scale subresource reads and writes replicas as a Scale."""
    labels = {"app": "x"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    api.create(DEPLOYMENTS, {"metadata": {"name": "d"}, "spec": spec})

    def five(scale):
        assert (scale["kind"], scale["spec"], scale["status"]["selector"]) == (
            "Scale", {"replicas": 2}, "app=x",
        )  # fmt: skip
        return {**scale, "spec": {"replicas": 5}}

    assert api.change(DEPLOYMENTS, "d", None, five, "scale")["spec"] == {"replicas": 5}
    made = api.get(DEPLOYMENTS, "d")
    assert (made["spec"]["replicas"], made["metadata"]["generation"]) == (5, 2)
    with refusal(422):
        api.change(DEPLOYMENTS, "d", None, lambda scale: {**scale, "spec": {"replicas": -1}}, "scale")


def test_a_dry_run_persists_nothing(api):
    """Dry runs answer as the real thing would, and leave no trace."""
    how = WriteOptions(dry=True)
    assert api.create(PODS, pod(), how=how)["spec"]["restartPolicy"] == "Always"
    assert api.get(PODS, "a") is None
    made = api.create(CONFIGMAPS, {"metadata": {"name": "a"}})
    api.change(CONFIGMAPS, "a", None, lambda obj: {**obj, "data": {"x": "1"}}, how=how)
    api.remove(CONFIGMAPS, "a", None, DeleteOptions(dry=True))
    assert api.get(CONFIGMAPS, "a") == made


def test_state_survives_a_restart(tmp_path):
    """Everything still exists after the API was reopened, including allotted ports."""
    with contextlib.closing(Api(tmp_path / "s.db", range(RARE + 4, RARE + 6))) as first:
        made = first.create(PODS, pod(ports=(80,)))
    with contextlib.closing(Api(tmp_path / "s.db", range(RARE + 4, RARE + 6))) as second:
        assert second.get(PODS, "a") == made
        other = second.create(PODS, pod("b", ports=(80,)))
        assert other["metadata"]["annotations"] != made["metadata"]["annotations"]
