"""How Kubernetes 1.36 reads requests: repeated keys, nulls, numbers, and what it looks at first."""

from typing import Any

import pytest

from arena.local.api.patches.merge import merge
from arena.local.api.quantities import normal

MAPS = "/api/v1/namespaces/default/configmaps"
PODS, SERVICES = (f"/api/v1/namespaces/default/{one}" for one in ("pods", "services"))
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
WEB = "/apis/apps/v1/namespaces/default/deployments"
JOBS = "/apis/kubeflow.org/v1/namespaces/default/pytorchjobs"
STRICT = "fieldValidation=Strict"
APPLY = "application/apply-patch+yaml"
MERGE, STRATEGIC, POINTER = (f"application/{one}-patch+json" for one in ("merge", "strategic-merge", "json"))
CONTAINER: dict[str, Any] = {"name": "pytorch", "image": "i"}
WORKER: dict[str, Any] = {"replicas": 1, "template": {"spec": {"containers": [CONTAINER]}}}


def job(**fields: Any) -> dict[str, Any]:
    """A job whose workers, or spec, have other fields."""
    spec = {"pytorchReplicaSpecs": {"Worker": {**WORKER, **fields}}}
    return {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "metadata": {"name": "a"}, "spec": spec}


def deployment(**fields: Any) -> dict[str, Any]:
    """A deployment whose spec has other fields."""
    labels = {"a": "b"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [CONTAINER]}}
    spec = {"selector": {"matchLabels": labels}, "template": template, **fields}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": spec}


def told(answer: Any) -> tuple[int, list[str]]:
    """The code of an answer, and the fields of its causes."""
    return answer.code, [one["field"] for one in answer.body["details"].get("causes", ())]


def test_repeated_and_unknown_fields_are_told_together(server: Any) -> None:
    """A strict refusal names both; of a value of a wrong type nothing else is told."""
    body = b'{"metadata": {"name": "a", "labels": {"x": "1", "x": "2"}}, "dat": {}}'
    message = server.ask("POST", f"{MAPS}?{STRICT}", body).body["message"]
    assert 'duplicate field "metadata.labels.x", unknown field "dat"' in message
    message = server.ask("POST", f"{MAPS}?{STRICT}", body.replace(b'"dat": {}', b'"data": []')).body[
        "message"
    ]
    assert ("data in body must be of type object" in message, "duplicate" in message) == (True, False)


def test_repeated_fields_that_are_unknown(server: Any) -> None:
    """Of a built-in kind a field is unknown once; in a custom resource it is repeated, too."""
    message = server.ask("POST", f"{MAPS}?{STRICT}", b'{"metadata": {"name": "a"}, "x": 1, "x": 2}').body[
        "message"
    ]
    assert ('unknown field "x"' in message, "duplicate" in message) == (True, False)
    body = (
        b'{"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "metadata": {"name": "a"}, "x": 1, "x": 2}'
    )
    assert (
        'duplicate field "x", unknown field "x"'
        in server.ask("POST", f"{JOBS}?{STRICT}", body).body["message"]
    )


def test_values_of_repeated_fields_are_merged(server: Any) -> None:
    """Go reads all values into the same place, and refuses the first that does not fit there."""
    body = b'{"metadata": {"name": "a"}, "data": {"x": "1", "y": "1"}, "data": {"y": "2"}, "metadata": null}'
    made = server.ask("POST", MAPS, body)
    assert (made.body["metadata"]["name"], made.body["data"]) == ("a", {"x": "1", "y": "2"})
    assert server.ask("POST", MAPS, b'{"metadata": {"name": "b"}, "data": 1, "data": null}').code == 400
    spec = b'{"containers": [{"name": "a", "image": "i"}], "containers": [{"name": "b"}]}'
    pod = b'{"metadata": {"name": "a"}, "spec": ' + spec + b"}"
    (container,) = server.ask("POST", PODS, pod).body["spec"]["containers"]
    assert (container["name"], container["image"]) == ("b", "i")


def test_nulls_that_repeat_a_field(server: Any) -> None:
    """A null says nothing of a text, a structure or an item, and removes a list or a map."""
    meta = b'"metadata": {"name": "a", "labels": {"a": "b"}, "labels": null}'
    spec = (
        b'"spec": {"containers": [{"name": "c", "name": null, "args": ["x"], "args": [null], "image": "i"}]}'
    )
    pod = server.ask("POST", PODS, b"{" + meta + b", " + spec + b"}").body
    (container,) = pod["spec"]["containers"]
    assert (container["name"], container["args"], "labels" in pod["metadata"]) == ("c", ["x"], False)


def test_repeated_fields_of_patches(server: Any) -> None:
    """What a strict patch repeats is the fault of the patch; a JSON patch leaves it in the object, too."""
    server.ask("POST", MAPS, {"metadata": {"name": "a"}})
    merged = server.ask("PATCH", f"{MAPS}/a?{STRICT}", b'{"data": {"x": "1", "x": "2"}}', Content_Type=MERGE)
    assert told(merged) == (422, ["patch"])
    operations = b'[{"op": "add", "path": "/data", "value": {"x": "1", "x": "2"}}]'
    pointed = server.ask("PATCH", f"{MAPS}/a?{STRICT}", operations, Content_Type=POINTER)
    assert told(pointed) == (422, ["patch"])
    assert 'json patch duplicate field "[0].value.x", duplicate field "data.x"' in pointed.body["message"]
    config = (
        b'{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1", "x": "2"}}'
    )
    applied = server.ask("PATCH", f"{MAPS}/a?fieldManager=m&{STRICT}", config, Content_Type=APPLY)
    assert (applied.code, 'key "x" already set in map' in applied.body["message"]) == (400, True)


def test_an_object_is_read_before_its_name(server: Any) -> None:
    """A misspelt name is an unknown field first; an object that cannot be read is none that is missing."""
    body = {"metadata": {"nam": "a"}}
    assert 'unknown field "metadata.nam"' in server.ask("PUT", f"{MAPS}/a?{STRICT}", body).body["message"]
    assert server.ask("PUT", f"{MAPS}/none", {"metadata": {"name": "none"}, "data": 1}).code == 400
    server.ask("POST", MAPS, {"metadata": {"name": "a"}})
    for patch in ({"metadata": {"name": 1}}, {"metadata": 1}, {"metadata": {"name": None}, "data": 1}):
        assert told(server.ask("PATCH", f"{MAPS}/a", patch, Content_Type=MERGE)) == (422, ["patch"])
    renamed = server.ask("PATCH", f"{MAPS}/a", {"metadata": {"name": None}}, Content_Type=MERGE)
    assert (renamed.code, "name must be provided" in renamed.body["message"]) == (400, True)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({}, {"a": [{"b": None, "c": 1}, None]}, {"a": [{"c": 1}, None]}),
        ({"a": [1]}, {"a": [{"b": None}]}, {"a": [{}]}),
        ({"a": {"b": 1}}, {"a": [{"b": None}]}, {"a": [{"b": None}]}),
    ],
)
def test_nulls_in_lists_of_merge_patches(target: Any, patch: Any, result: Any) -> None:
    """They are removed from mappings in lists, unless the list replaces a mapping."""
    assert merge(target, patch) == result


def test_what_go_always_writes_of_a_status(server: Any) -> None:
    """Times are null and parts empty if they are not given; a number that may be missing is so for 0."""
    server.ask("POST", PODS, {"metadata": {"name": "a"}, "spec": {"containers": [CONTAINER]}})
    conditions = [{"type": "Ready", "status": "True", "message": ""}]
    status = {"conditions": conditions, "containerStatuses": [{"name": "pytorch"}]}
    found = server.ask("PATCH", f"{PODS}/a/status", {"status": status}, Content_Type=MERGE).body["status"]
    times = {"lastProbeTime": None, "lastTransitionTime": None}
    assert found["conditions"] == [{"type": "Ready", "status": "True", **times}]
    assert found["containerStatuses"] == [
        {
            "name": "pytorch",
            "state": {},
            "lastState": {},
            "ready": False,
            "restartCount": 0,
            "image": "",
            "imageID": "",
        }
    ]
    empty = {"status": {"phase": "", "conditions": []}}
    space = server.ask("PATCH", "/api/v1/namespaces/default/status", empty, Content_Type=MERGE)
    assert space.body["status"] == {"phase": "Active"}
    server.ask("POST", WEB, deployment())
    status = {"replicas": 0, "readyReplicas": 0, "observedGeneration": 1}
    found = server.ask("PATCH", f"{WEB}/a/status", {"status": status}, Content_Type=MERGE).body["status"]
    assert found == {"observedGeneration": 1}


def test_a_reference_always_has_its_group(server: Any) -> None:
    """A pointer that Go always writes is null if it is not given."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    body = {
        "metadata": {"name": "a"},
        "spec": {**spec, "dataSource": {"kind": "PersistentVolumeClaim", "name": "b"}},
    }
    made = server.ask("POST", "/api/v1/namespaces/default/persistentvolumeclaims", body).body
    assert made["spec"]["dataSource"] == {"apiGroup": None, "kind": "PersistentVolumeClaim", "name": "b"}


@pytest.mark.parametrize("text", [".", "+", "-", "Ki", ".Gi", "k", "e3"])
def test_quantities_without_digits(text: str) -> None:
    """They are 0."""
    assert normal(text) == "0"


@pytest.mark.parametrize("text", ["", "e", "1 Gi", "..", "1Kie3", "x"])
def test_what_is_no_quantity(text: str) -> None:
    """It stays, and is refused where it is."""
    assert normal(text) == text


@pytest.mark.parametrize(
    ("resources", "more", "quality"),
    [
        ({"limits": {"nvidia.com/gpu": "1"}}, {}, "BestEffort"),
        ({"requests": {"cpu": "0"}}, {}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, {}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, {}, "Guaranteed"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m"}}, {}, "Guaranteed"),
        (
            {"limits": {"cpu": "1", "memory": "1Gi"}},
            {"initContainers": [{**CONTAINER, "name": "b"}]},
            "Burstable",
        ),
        (
            {},
            {"initContainers": [{**CONTAINER, "name": "b", "resources": {"requests": {"cpu": "1"}}}]},
            "Burstable",
        ),
    ],
)
def test_quality_of_service(server: Any, resources: Any, more: Any, quality: str) -> None:
    """CPU and memory of all containers count, initial ones too; other resources and 0 do not."""
    body = {
        "metadata": {"name": "a"},
        "spec": {"containers": [{**CONTAINER, "resources": resources}], **more},
    }
    assert server.ask("POST", PODS, body).body["status"]["qosClass"] == quality


def test_numbers_with_a_decimal_point(server: Any) -> None:
    """A custom resource keeps them until it is stored: a scale cannot read them, no old value is the same."""
    refused = server.ask("POST", JOBS, job(replicas=1.0))
    assert told(refused) == (422, [".spec.pytorchReplicaSpecs.Worker.replicas"])
    body = {**job(), "spec": {**job()["spec"], "runPolicy": {"backoffLimit": 2.0}}}
    made = server.ask("POST", JOBS, body)
    assert made.body["spec"]["runPolicy"]["backoffLimit"] == 2
    assert isinstance(made.body["spec"]["runPolicy"]["backoffLimit"], int)
    worker = {"spec": {"pytorchReplicaSpecs": {"Worker": {"replicas": True}}}}
    changed = server.ask("PATCH", f"{JOBS}/a", worker, Content_Type=MERGE)
    policy = {"spec": {"runPolicy": {"backoffLimit": 2.0}}}
    again = server.ask("PATCH", f"{JOBS}/a", policy, Content_Type=MERGE)
    assert again.body["metadata"]["generation"] == 2
    config = {**job(), "spec": {**job()["spec"], **policy["spec"]}}
    applied = server.ask("PATCH", f"{JOBS}/a?fieldManager=m", config, Content_Type=APPLY)
    assert applied.body["metadata"]["generation"] == 2  # it compares values alone
    assert "spec.pytorchReplicaSpecs.Worker.replicas" in told(changed)[1]


def test_a_scale_is_read_as_all_objects_are(server: Any) -> None:
    """Unknown fields of a Scale are refused when strict, other types always, and a patch that renames it."""
    server.ask("POST", WEB, deployment())
    scale = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "a"},
        "spec": {"replica": 1},
    }
    refused = server.ask("PUT", f"{WEB}/a/scale?{STRICT}", scale)
    assert (refused.code, 'unknown field "spec.replica"' in refused.body["message"]) == (400, True)
    for patch, answer in (
        ({"spec": {"replicas": 1.0}}, (422, ["patch"])),
        ({"spec": {"replicas": 2**31}}, (422, ["patch"])),
        ({"metadata": {"name": "b"}}, (400, [])),
    ):
        assert told(server.ask("PATCH", f"{WEB}/a/scale", patch, Content_Type=MERGE)) == answer


def test_numbers_that_a_patch_holds_are_cut(server: Any) -> None:
    """What a cluster merges, it does not read as text: large numbers lose what their field cannot hold."""
    server.ask("POST", WEB, deployment())
    for form, how in ((APPLY, "?fieldManager=m&force=true"), (STRATEGIC, "?")):
        sent = deployment(replicas=2**32 + 3, minReadySeconds=4.0)
        spec = server.ask("PATCH", f"{WEB}/a{how}", sent, Content_Type=form).body["spec"]
        assert (spec["replicas"], spec["minReadySeconds"]) == (3, 4)
    assert told(server.ask("PATCH", f"{WEB}/a", {"spec": {"replicas": 2**32}}, Content_Type=MERGE)) == (
        422,
        ["patch"],
    )


def test_numbers_of_all_bits(server: Any) -> None:
    """The smallest number of 64 bits is one."""
    body = {"metadata": {"name": "a"}, "spec": {"containers": [CONTAINER], "activeDeadlineSeconds": -(2**63)}}
    assert told(server.ask("POST", PODS, body)) == (422, ["spec.activeDeadlineSeconds"])
    body["spec"]["activeDeadlineSeconds"] -= 1
    assert server.ask("POST", PODS, body).code == 400


@pytest.mark.parametrize(("path", "body"), [(MAPS, {}), (JOBS, job()), ("/api/v1/namespaces", {})])
def test_what_generated_names_begin_with(server: Any, path: str, body: Any) -> None:
    """It is checked of every new object, also if that has a name; it may end with a dash."""
    meta = {"name": "a", "generateName": "80%"}
    assert told(server.ask("POST", path, {**body, "metadata": meta})) == (422, ["metadata.generateName"])
    made = server.ask("POST", path, {**body, "metadata": {"generateName": "a-"}})
    assert made.code == 201
    patch, where = {"metadata": {"generateName": "a/b"}}, f"{path}/{made.body['metadata']['name']}"
    changed = server.ask("PATCH", where, patch, Content_Type=MERGE)
    assert told(changed) == (422, ["metadata.generateName"])


def test_new_objects_have_no_version(server: Any) -> None:
    """One that was read from a server is refused last, when it would be stored; a word is no version."""
    read = {"metadata": {"name": "a", "resourceVersion": "1"}}
    assert server.ask("POST", MAPS, read).code == 400
    assert server.ask("GET", f"{MAPS}/a").code == 404
    assert told(server.ask("POST", MAPS, {**read, "data": {"a b": ""}})) == (422, ["data[a b]"])
    assert server.ask("POST", f"{MAPS}?dryRun=All", read).code == 201
    assert server.ask("POST", MAPS, {"metadata": {"name": "a", "resourceVersion": "x"}}).code == 201


def test_generations_of_other_kinds(server: Any) -> None:
    """What has none that the server counts keeps the one that it is sent, as long as it exists."""
    made = server.ask("POST", MAPS, {"metadata": {"name": "a", "generation": 5}})
    assert made.body["metadata"]["generation"] == 5
    patch = {"metadata": {"generation": 6}}
    assert server.ask("PATCH", f"{MAPS}/a", patch, Content_Type=MERGE).body["metadata"]["generation"] == 5


@pytest.mark.parametrize(
    ("addresses", "fields"),
    [
        (["10.0.0.2"], ["spec.clusterIPs"]),
        (["10.0.0.1", "x"], ["spec.clusterIPs[1]"]),
        (["10.0.0.1", "10.0.0.2"], ["spec.clusterIPs"]),
        (["10.0.0.1", "fd00::1", "10.0.0.3"], ["spec.clusterIPs", "spec.clusterIPs"]),
    ],
)
def test_addresses_of_services(server: Any, addresses: Any, fields: Any) -> None:
    """The first is that of the Service, and there is one of each family."""
    spec = {"ports": [{"port": 1}], "clusterIP": "10.0.0.1", "clusterIPs": addresses}
    assert told(server.ask("POST", SERVICES, {"metadata": {"name": "a"}, "spec": spec})) == (422, fields)


@pytest.mark.parametrize(
    ("affinity", "sent", "kept"),
    [
        ("None", {"clientIP": {"timeoutSeconds": 5}}, None),
        ("ClientIP", {}, {"clientIP": {"timeoutSeconds": 10800}}),
        ("ClientIP", {"clientIP": {"timeoutSeconds": 5}}, {"clientIP": {"timeoutSeconds": 5}}),
    ],
)
def test_affinity_of_services(server: Any, affinity: str, sent: Any, kept: Any) -> None:
    """What belongs to an affinity is completed with it, and dropped without it."""
    spec = {"ports": [{"port": 1}], "sessionAffinity": affinity, "sessionAffinityConfig": sent}
    made = server.ask("POST", SERVICES, {"metadata": {"name": "a"}, "spec": spec}).body["spec"]
    assert made.get("sessionAffinityConfig") == kept


def test_an_item_without_its_key_is_applied(server: Any) -> None:
    """Of a built-in kind the key is then the empty text, which the rules refuse."""
    server.ask("POST", WEB, deployment())
    empty = deployment()
    empty["spec"]["template"]["spec"]["containers"] = [{}]
    refused = server.ask("PATCH", f"{WEB}/a?fieldManager=m", empty, Content_Type=APPLY)
    assert refused.code == 422
    assert "spec.template.spec.containers[1].name" in told(refused)[1]
    empty["spec"]["template"]["spec"] = {"containers": [CONTAINER], "imagePullSecrets": [{}]}
    assert server.ask("PATCH", f"{WEB}/a?fieldManager=m", empty, Content_Type=APPLY).code == 200


def test_times_are_applied_whatever_they_are(server: Any) -> None:
    """What is wrong with a time of a custom kind is told when the object is checked."""
    template = {"apiVersion": "batch/v1", "kind": "Job", "workload": {}}
    spec = {"schedule": "0 3 * * *", "deadline": 0, "template": template}
    cron = {"apiVersion": "apps.kubedl.io/v1alpha1", "kind": "Cron", "metadata": {"name": "a"}, "spec": spec}
    path = "/apis/apps.kubedl.io/v1alpha1/namespaces/default/crons/a?fieldManager=m"
    answer = server.ask("PATCH", path, cron, Content_Type=APPLY)
    assert (answer.code, "spec.deadline" in told(answer)[1]) == (422, True)


def test_nulls_in_what_a_strategic_patch_replaces(server: Any) -> None:
    """They are values there, which in a map of texts are empty."""
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}
    server.ask("POST", BUDGETS, {"metadata": {"name": "a"}, "spec": spec})
    patch = {"spec": {"selector": {"matchLabels": {"a": None}}}}
    found = server.ask("PATCH", f"{BUDGETS}/a", patch, Content_Type=STRATEGIC).body["spec"]["selector"]
    assert found == {"matchLabels": {"a": ""}}


def test_fields_with_a_structure_of_no_fields(server: Any) -> None:
    """`kubectl explain` shows their names."""
    schemas = server.ask("GET", "/openapi/v3/api/v1").body["components"]["schemas"]
    owned = schemas["ManagedFieldsEntry"]["properties"]["fieldsV1"]
    assert owned == {"allOf": [{"$ref": "#/components/schemas/FieldsV1"}]}
    assert schemas["FieldsV1"]["type"] == "object"


def test_unknown_fields_in_a_list_that_should_be_none(server: Any) -> None:
    """They are unknown, too, besides the wrong type of the list."""
    wrong = job(replicas=[{"x": 1}])
    message = server.ask("POST", f"{JOBS}?{STRICT}", wrong).body["message"]
    assert 'unknown field "spec.pytorchReplicaSpecs.Worker.replicas[0].x"' in message


def test_operators_are_asked_about_what_would_be_stored(server: Any) -> None:
    """If the published structure is broken, nothing is said of what the operator does not let change."""
    server.ask("POST", JOBS, job())
    policy = {"managedBy": "kueue.x-k8s.io/multikueue"}
    changed = server.ask("PATCH", f"{JOBS}/a", {"spec": {"runPolicy": policy}}, Content_Type=MERGE)
    assert told(changed) == (422, ["spec.runPolicy.managedBy"])
    policy["backoffLimit"] = "x"
    changed = server.ask("PATCH", f"{JOBS}/a", {"spec": {"runPolicy": policy}}, Content_Type=MERGE)
    assert "spec.runPolicy.managedBy" not in told(changed)[1]


def test_changed_metadata_is_refused_with_the_rest(server: Any) -> None:
    """All that is wrong is told at once, but not what its operator alone needs."""
    server.ask("POST", JOBS, job())
    patch = {"metadata": {"deletionGracePeriodSeconds": 1}, "spec": {"pytorchReplicaSpecs": None}}
    answer = server.ask("PATCH", f"{JOBS}/a", patch, Content_Type=MERGE)
    assert {"metadata.deletionGracePeriodSeconds", "spec.pytorchReplicaSpecs"} <= {*told(answer)[1]}
    answer = server.ask("PATCH", f"{JOBS}/a", {**patch, "spec": None}, Content_Type=MERGE)
    assert told(answer) == (422, ["metadata.deletionGracePeriodSeconds"])


def test_generations_of_kinds_without_a_status_of_their_own(server: Any) -> None:
    """Every change but that of metadata is counted, of a status, too."""
    path = "/apis/serving.kserve.io/v1alpha1/namespaces/default/servingruntimes"
    runtime = {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ServingRuntime",
        "metadata": {"name": "a"},
    }
    server.ask("POST", path, {**runtime, "spec": {"containers": [CONTAINER]}})
    for patch, generation in (({"metadata": {"labels": {"a": "b"}}}, 1), ({"status": {}}, 2)):
        answer = server.ask("PATCH", f"{path}/a", patch, Content_Type=MERGE)
        assert answer.body["metadata"]["generation"] == generation


def test_columns_whose_path_goes_through_a_list(server: Any) -> None:
    """The first value at the path is told, as `kubectl get servingruntimes` shows it."""
    path = "/apis/serving.kserve.io/v1alpha1/namespaces/default/servingruntimes"
    formats = [{"name": "sklearn"}, {"name": "xgboost"}]
    spec = {"supportedModelFormats": formats, "containers": [CONTAINER]}
    runtime = {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ServingRuntime",
        "metadata": {"name": "a"},
    }
    server.ask("POST", path, {**runtime, "spec": spec})
    table = server.ask("GET", path, Accept="application/json;as=Table;v=v1;g=meta.k8s.io").body
    cells = dict(
        zip((one["name"] for one in table["columnDefinitions"]), table["rows"][0]["cells"], strict=True)
    )
    assert (cells["ModelType"], cells["Containers"]) == ("sklearn", CONTAINER["name"])


def test_groups_are_not_scaled_below_nothing(server: Any) -> None:
    """What the definition and the scale refuse is told at once."""
    path = "/apis/leaderworkerset.x-k8s.io/v1/namespaces/default/leaderworkersets"
    template = {"size": 1, "workerTemplate": {"spec": {"containers": [CONTAINER]}}}
    groups = {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": {"name": "a"},
    }
    assert server.ask("POST", path, {**groups, "spec": {"leaderWorkerTemplate": template}}).code == 201
    answer = server.ask("PATCH", f"{path}/a/scale", {"spec": {"replicas": -1}}, Content_Type=MERGE)
    assert told(answer) == (422, ["spec.replicas", ".spec.replicas"])
