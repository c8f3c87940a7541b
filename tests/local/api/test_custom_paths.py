"""What the paths of custom resources accept, other than those of built-in ones, as in Kubernetes 1.36."""

import pytest

PATH = "/apis/kubeflow.org/v1/namespaces/default/pytorchjobs"
MERGE, STRATEGIC = (f"application/{one}-patch+json" for one in ("merge", "strategic-merge"))
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
TEMPLATE = {"spec": {"containers": [{"name": "pytorch", "image": "i"}]}}
JOB = {
    "apiVersion": "kubeflow.org/v1",
    "kind": "PyTorchJob",
    "metadata": {"name": "a"},
    "spec": {"pytorchReplicaSpecs": {"Worker": {"replicas": 1, "template": TEMPLATE}}},
}
SCALE = {
    "apiVersion": "autoscaling/v1",
    "kind": "Scale",
    "metadata": {"name": "a"},
    "spec": {"replicas": 2},
}


@pytest.fixture
def job(server):
    """The path of a job."""
    assert server.ask("POST", PATH, JOB).code == 201
    return f"{PATH}/a"


def fields(answer):
    """The code of an answer, and the fields of its causes."""
    return answer.code, [one["field"] for one in answer.body["details"].get("causes", ())]


def test_create_at_the_path_of_another(server):
    """The path's name does not count; its namespace does."""
    assert server.ask("POST", f"{PATH}/other?dryRun=All", JOB).code == 201
    assert server.ask("POST", f"{PATH}/other", JOB).body["metadata"]["name"] == "a"
    assert server.ask("POST", f"{PATH}/a", JOB).body["reason"] == "AlreadyExists"
    assert server.ask("POST", f"{PATH}/a/status", JOB).code == 405
    assert server.ask("GET", f"{PATH}/other").code == 404


def test_replace_and_patch_of_all(server):
    """They need a name; without a namespace there is no such path."""
    for method, form in (("PUT", "application/json"), ("PATCH", MERGE)):
        answer = server.ask(method, PATH, JOB, Content_Type=form)
        assert (answer.code, answer.body["message"]) == (400, "name must be provided")
        path = PATH.replace("namespaces/default/", "")
        assert server.ask(method, path, JOB, Content_Type=form).code == 404


def test_another_kind(server, job):
    """The version is checked before the kind."""
    pod = {**JOB, "kind": "Pod"}
    assert fields(server.ask("POST", PATH, {**pod, "metadata": {"name": "b"}})) == (422, ["kind"])
    assert fields(server.ask("PUT", job, pod)) == (422, ["metadata.resourceVersion"])
    version = server.ask("GET", job).body["metadata"]["resourceVersion"]
    present = {"name": "a", "resourceVersion": version}
    assert fields(server.ask("PUT", job, {**pod, "metadata": present})) == (422, ["kind"])
    old = {"name": "a", "resourceVersion": "1"}
    assert server.ask("PUT", job, {**pod, "metadata": old}).code == 409


def test_tables(server):
    """A kind that defines no columns has its age, as a date; a table has objects, metadata or neither."""
    path = PATH.replace("v1", "v2beta1").replace("pytorchjobs", "mpijobs")
    columns = server.ask("GET", path, Accept=TABLE).body["columnDefinitions"]
    assert [(one["name"], one["type"]) for one in columns] == [("Name", "string"), ("Age", "date")]
    for word in ("", "None", "Object", "Metadata"):
        assert server.ask("GET", f"{path}?includeObject={word}", Accept=TABLE).code == 200
    assert server.ask("GET", f"{path}?includeObject=All", Accept=TABLE).code == 400
    assert server.ask("GET", f"{path}?includeObject=All").code == 200


@pytest.mark.parametrize(
    "change",
    [{"metadata": {"name": "other"}}, {"metadata": {}}, {"kind": "Pod"}, {"apiVersion": "v1"}, JOB],
)
def test_replace_of_a_scale(server, job, change):
    """A Scale is that of the object at its path."""
    assert server.ask("PUT", f"{job}/scale", {**SCALE, **change}).code == 400
    assert server.ask("PUT", f"{job}/scale", SCALE).body["spec"] == {"replicas": 2}


def test_patch_of_a_scale(server, job):
    """What is wrong is told of the job; a strategic patch is for built-in kinds."""
    answer = server.ask("PATCH", f"{job}/scale", {"spec": {"replicas": 2}}, Content_Type=STRATEGIC)
    assert answer.code == 415
    for replicas, field in ((-1, ".spec.pytorchReplicaSpecs.Worker.replicas"), ("x", "patch")):
        answer = server.ask("PATCH", f"{job}/scale", {"spec": {"replicas": replicas}}, Content_Type=MERGE)
        assert fields(answer) == (422, [field])
    assert server.ask("PUT", f"{job}/scale", {**SCALE, "spec": {"replicas": "x"}}).code == 400


def test_neither_name_nor_spec(server):
    """What a cluster refuses is told, rather than what operators need."""
    path = "/apis/jobset.x-k8s.io/v1alpha2/namespaces/default/jobsets"
    answer = server.ask("POST", path, {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet"})
    assert fields(answer) == (422, ["metadata.name", "<nil>"])


def test_namespaces_of_what_is_in_none(server):
    """A custom kind of the whole cluster has no namespace to select by; any other has."""
    runtimes = "/apis/trainer.kubeflow.org/v1alpha1/clustertrainingruntimes"
    for path, code in ((runtimes, 400), (PATH, 200)):
        assert server.ask("GET", f"{path}?fieldSelector=metadata.namespace%3Ddefault").code == code
