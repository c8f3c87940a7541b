"""What the API refuses, and the defaults that it sets."""

import copy

import pytest

from arena.local.api import quantities, resource_types, schema
from arena.local.api.request_options import WriteOptions
from arena.local.objects import (
    CONFIGMAPS,
    DEPLOYMENTS,
    JOBS,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    SERVICES,
    Refused,
    Resource,
)

LIMIT_RANGES = Resource("", "v1", "limitranges", "LimitRange")
TFJOBS = Resource("kubeflow.org", "v1", "tfjobs", "TFJob")
PYTORCHJOBS = Resource("kubeflow.org", "v1", "pytorchjobs", "PyTorchJob")
MPIJOBS = Resource("kubeflow.org", "v2beta1", "mpijobs", "MPIJob")


def container(name="c", **more):
    return {"name": name, "image": "i", **more}


def pod(*containers, **spec):
    return {"metadata": {"name": "a"}, "spec": {"containers": list(containers or [container()]), **spec}}


def job(field, replicas, name="j", **spec):
    return {"metadata": {"name": name}, "spec": {field: replicas, **spec}}


def replica(name, count=1, **more):
    return {"replicas": count, "template": {"spec": {"containers": [container(name)]}}, **more}


def torch(name="j", spec=None, **replicas):
    kinds = {kind: replica("pytorch", count) for kind, count in replicas.items()}
    return job("pytorchReplicaSpecs", kinds, name, **(spec or {}))


NOBODY = {"template": {"spec": {"containers": [None]}}}
SELECTED = {
    "selector": {"matchLabels": {"a": "b"}},
    "template": {"metadata": {"labels": {"a": "c"}}, "spec": {"containers": [container()]}},
}


@pytest.mark.parametrize(
    ("resource", "body", "field", "words"),
    [
        (PODS, {"metadata": {"name": "a"}}, "spec.containers", "Required value"),
        (PODS, {"metadata": {"name": "a"}, "spec": {}}, "spec.containers", "Required value"),
        (PODS, pod({"name": "c"}), "spec.containers[0].image", "Required value"),
        (PODS, {**pod(), "metadata": {"name": "a\n"}}, "metadata.name", "RFC 1123"),
        (PODS, pod(container("C_")), "spec.containers[0].name", "RFC 1123"),
        (PODS, pod(container("c\n")), "spec.containers[0].name", "RFC 1123"),
        (PODS, pod(volumes=[{"name": "../v", "emptyDir": {}}]), "spec.volumes[0].name", "RFC 1123"),
        (PODS, pod(container(), container()), "spec.containers[1].name", "Duplicate value"),
        (PODS, pod(restartPolicy="Sometimes"), "spec.restartPolicy", '"Always", "OnFailure", "Never"'),
        (
            PODS, pod(container(ports=[{"containerPort": 70000}])),
            "spec.containers[0].ports[0].containerPort", "65535",
        ),
        (PODS, pod(container(env=[{"name": "a=b"}])), "spec.containers[0].env[0].name", "environment"),
        (PODS, pod(container(env=[{"value": "x"}])), "spec.containers[0].env[0].name", "Required value"),
        (
            PODS, pod(container(volumeMounts=[{"name": "v", "mountPath": "/x"}])),
            "spec.containers[0].volumeMounts[0].name", "Not found",
        ),
        (
            PODS, pod(container(resources={"limits": {"nvidia.com/gpu": "500m"}})),
            "spec.containers[0].resources.limits[nvidia.com/gpu]", "must be an integer",
        ),
        (
            PODS, pod(container(resources={"limits": {"cpu": 1}, "requests": {"cpu": 2}})),
            "spec.containers[0].resources.requests", "less than or equal to cpu limit",
        ),
        (PODS, {**pod(), "metadata": {"name": "a", "labels": {"x": "a b"}}}, "metadata.labels", "label"),
        (PODS, {**pod(), "metadata": {"name": "a", "labels": {"-": "a"}}}, "metadata.labels", "name part"),
        (SERVICES, {"metadata": {"name": "a."}, "spec": {"ports": [{"port": 1}]}}, "metadata.name", "1123"),
        (SERVICES, {"metadata": {"name": "a"}, "spec": {}}, "spec.ports", "Required value"),
        (DEPLOYMENTS, {"metadata": {"name": "a"}, "spec": SELECTED}, "spec.template.metadata.labels", "not"),
        (
            JOBS, {"metadata": {"name": "a"}, "spec": {"template": {"spec": {"containers": [container()]}}}},
            "spec.template.spec.restartPolicy", '"OnFailure", "Never"',
        ),
        (TFJOBS, job("tfReplicaSpecs", {}), "spec.tfReplicaSpecs", "Required value"),
        (
            TFJOBS, job("tfReplicaSpecs", {"Worker": replica("x")}),
            "spec.tfReplicaSpecs[Worker].template.spec.containers", 'with name "tensorflow"',
        ),
        (
            TFJOBS, job("tfReplicaSpecs", {k: replica("tensorflow") for k in ("Chief", "Master")}),
            "spec.tfReplicaSpecs", "more than 1 Chief or Master",
        ),
        (PYTORCHJOBS, torch("1a", Master=1), "metadata.name", "DNS-1035"),
        (PYTORCHJOBS, torch(Master=2), "spec.pytorchReplicaSpecs[Master].replicas", "must be 1, not 2"),
        (PYTORCHJOBS, torch(Worker=0), "spec.pytorchReplicaSpecs[Worker].replicas", "at least 1"),
        (PYTORCHJOBS, torch(Chief=1), "spec.pytorchReplicaSpecs[Chief]", '"Master", "Worker"'),
        (PYTORCHJOBS, torch(Master=1, spec={"elasticPolicy": {}}), "spec.pytorchReplicaSpecs[Worker]", ""),
        (
            PYTORCHJOBS, torch(Master=1, spec={"runPolicy": {"cleanPodPolicy": "Some"}}),
            "spec.runPolicy.cleanPodPolicy", '"All", "Running", "None"',
        ),
        (
            PYTORCHJOBS, torch(Master=1, spec={"runPolicy": {"backoffLimit": "x"}}),
            "spec.runPolicy.backoffLimit", "must be of type integer",
        ),
        (MPIJOBS, job("mpiReplicaSpecs", {"Worker": replica("mpi")}), "spec.mpiReplicaSpecs", "Launcher"),
        (
            CONFIGMAPS, {"metadata": {"name": "a", "ownerReferences": [{"kind": "Pod", "name": "p"}]}},
            "metadata.ownerReferences.uid", "must not be empty",
        ),
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_named(api, resource, body, field, words):
    """Each wrong value is 422 Invalid with a cause that names the field and what is allowed."""
    with pytest.raises(Refused) as refused:
        api.create(resource, body)
    assert (refused.value.code, refused.value.reason) == (422, "Invalid"), refused.value.message
    causes = {cause["field"]: cause["message"] for cause in refused.value.details["causes"]}
    assert words in causes[field]
    assert field in refused.value.message


def test_a_null_in_a_list_or_map_says_nothing(api):
    """Of built-in types a null item is read as an empty one, as a cluster does."""
    one = container(command=["true", None], ports=[None], resources={"limits": {"cpu": None}})
    with pytest.raises(Refused, match=r"spec\.limits\[0\]\.type: Invalid value"):
        api.create(LIMIT_RANGES, {"metadata": {"name": "l"}, "spec": {"limits": [None]}}, "default")
    settings = api.create(CONFIGMAPS, {"metadata": {"name": "c"}, "data": {"a": None}}, "default")
    assert settings["data"] == {"a": ""}
    with pytest.raises(Refused) as refused:
        api.create(PODS, pod(one, None, tolerations=[None], nodeSelector={"a": None}), "default")
    assert refused.value.code == 422
    assert {one["field"] for one in refused.value.details["causes"]} == {
        "spec.containers[0].ports[0].containerPort",
        "spec.containers[1].image",
        "spec.containers[1].name",
        "spec.tolerations[0].operator",
    }


def test_a_null_in_a_list_of_a_custom_kind_is_refused(api):
    """A definition's schema knows no null, and the message says where it is."""
    with pytest.raises(Refused, match=r'containers\[0\] in body must be of type object: "null"') as no:
        api.create(PYTORCHJOBS, job("pytorchReplicaSpecs", {"Master": replica("x") | NOBODY}), "default")
    assert no.value.code == 422


@pytest.mark.parametrize(
    ("resource", "body"),
    [
        (PODS, pod(container(env=[{"name": "a", "value": 1}]))),
        (PODS, pod(terminationGracePeriodSeconds="soon")),
        (PODS, {"metadata": {"name": "a"}, "spec": []}),
        (CONFIGMAPS, {"metadata": {"name": "a"}, "data": ["x"]}),
        (CONFIGMAPS, {"metadata": {"name": "a", "labels": {"x": 1}}}),
    ],
)
def test_values_of_a_wrong_type_are_refused(api, resource, body):
    """A number instead of text, or a list instead of a mapping, is 400, as decoding fails."""
    with pytest.raises(Refused, match="must be of type") as refused:
        api.create(resource, body)
    assert refused.value.code == 400


def test_a_pod_gets_the_usual_defaults(api):
    """Pull policy, ports, probes, volumes and requests are filled in as a cluster does."""
    probe = {"httpGet": {"port": 80}}
    spec = container(
        image="i:1", ports=[{"containerPort": 80}], readinessProbe=probe, resources={"limits": {"cpu": "1"}}
    )
    made = api.create(PODS, pod(spec, volumes=[{"name": "v"}]))["spec"]
    one = made["containers"][0]
    assert one["imagePullPolicy"] == "IfNotPresent"
    assert one["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert one["resources"] == {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}
    assert (one["readinessProbe"]["periodSeconds"], one["readinessProbe"]["httpGet"]["path"]) == (10, "/")
    assert made["volumes"] == [{"name": "v", "emptyDir": {}}]
    assert (made["terminationGracePeriodSeconds"], made["schedulerName"]) == (30, "default-scheduler")


def test_a_job_selects_its_own_pods(api):
    """A Job gets a selector by its uid, and its template the labels for it."""
    template = {"spec": {"restartPolicy": "Never", "containers": [container()]}}
    made = api.create(JOBS, {"metadata": {"name": "j"}, "spec": {"template": template}})
    labels = made["spec"]["template"]["metadata"]["labels"]
    assert made["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert labels["batch.kubernetes.io/job-name"] == "j"
    assert (made["spec"]["completions"], made["spec"]["backoffLimit"]) == (1, 6)


def test_a_claim_is_bound_at_once(api):
    """A claim needs no provisioner: it is Bound with its request."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    made = api.create(PERSISTENT_VOLUME_CLAIMS, {"metadata": {"name": "c"}, "spec": spec})
    assert (made["status"]["phase"], made["status"]["capacity"]) == ("Bound", {"storage": "1Gi"})


def test_fixed_fields_stay(api):
    """A pod's command, its node, and a Deployment's selector cannot be changed."""
    api.create(PODS, pod(nodeName="n"))
    for change in ({"containers": [container(command=["x"])]}, {"nodeName": "m"}):
        with pytest.raises(Refused, match="pod updates may not change"):
            edit(api, PODS, "a", change)
    good = copy.deepcopy(SELECTED)
    good["template"]["metadata"]["labels"] = {"a": "b"}
    api.create(DEPLOYMENTS, {"metadata": {"name": "d"}, "spec": good})
    both = {"selector": {"matchLabels": {"a": "x"}}, "template": {"metadata": {"labels": {"a": "x"}}}}
    with pytest.raises(Refused, match="field is immutable"):
        edit(api, DEPLOYMENTS, "d", both)


def edit(api, resource, name, spec):
    """Change fields of the spec as a user, whom the rules of changes apply to."""
    how = WriteOptions(manager="test")
    api.change(resource, name, None, lambda old: {**old, "spec": {**old["spec"], **spec}}, how=how)


def test_strict_writes_name_every_unknown_field(api):
    """All unknown fields of the replica specs and of their pods are named at once."""
    body = torch(Master=1, spec={"runPolicy": {"sleep": 1}})
    body["spec"]["pytorchReplicaSpecs"]["Master"]["template"]["spec"]["containers"][0]["comand"] = ["x"]
    with pytest.raises(Refused) as refused:
        api.create(PYTORCHJOBS, body, how=WriteOptions(validation="Strict"))
    assert refused.value.code == 400
    for path in (
        "spec.runPolicy.sleep",
        "spec.pytorchReplicaSpecs.Master.template.spec.containers[0].comand",
    ):
        assert f'unknown field "{path}"' in refused.value.message


def test_every_stored_kind_has_a_structure():
    """Every type of the table has a structure, and every structure that it names exists."""
    todo = [schema.root(kind) for kind in resource_types.STORED]
    seen = set()
    while todo:
        one = todo.pop()
        assert one.type in ("", *schema.TYPES)
        if not one.name or one.name not in seen:
            seen.add(one.name)
            todo += schema.below(one)
    assert {"Pod", "PyTorchJob"} <= seen


@pytest.mark.parametrize(
    ("text", "value"), [("500m", "0.5"), ("2", "2"), ("1Ki", "1024"), ("1.5G", "1500000000"), ("1e3", "1000")]
)
def test_quantities_are_numbers(text, value):
    """Decimal, binary and exponent quantities are read."""
    assert quantities.is_quantity(text)
    assert quantities.quantity(text) == quantities.quantity(value)


@pytest.mark.parametrize("labels", ["☃", "a=☃", "a in (b,☃)", "-x", f"a={'b' * 64}"])
def test_a_selector_that_no_label_could_match_is_refused(api, labels):
    """A selector of words that cannot be labels is 400, not a list of nothing."""
    with pytest.raises(Refused) as refused:
        api.list(PODS, labels=labels)
    assert refused.value.code == 400
