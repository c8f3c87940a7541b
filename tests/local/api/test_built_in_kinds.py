"""Built-in kinds are read as Kubernetes 1.36 reads them."""

import copy
from typing import Any

import pytest

from arena.local.api.request_options import WriteOptions
from arena.local.objects import CONFIGMAPS, DEPLOYMENTS, PODS, SECRETS, SERVICES, Refused, Resource

CRON_JOBS = Resource("batch", "v1", "cronjobs", "CronJob")
LIMIT_RANGES = Resource("", "v1", "limitranges", "LimitRange")
PRIORITY_CLASSES = Resource("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", False)
STATEFUL_SETS = Resource("apps", "v1", "statefulsets", "StatefulSet")
STORAGE_CLASSES = Resource("storage.k8s.io", "v1", "storageclasses", "StorageClass", False)
STRICT = WriteOptions(validation="Strict")


def pod(container: Any = None, **spec: Any) -> dict[str, Any]:
    """A pod with one container, which has these further fields."""
    return {
        "metadata": {"name": "a"},
        "spec": {"containers": [{"name": "c", "image": "i"} | (container or {})]} | spec,
    }


TERM = {"topologyKey": "kubernetes.io/hostname"}
SPREAD = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
PATH = {"path": "/", "port": 80}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (pod(affinity={"podAffinity": {"required": []}}), "spec.affinity.podAffinity.required"),
        (
            pod(affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
                TERM | {"labelSelektor": {}}]}}),
            "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelektor",
        ),
        (pod(securityContext={"runAsUsr": 1}), "spec.securityContext.runAsUsr"),
        (pod({"securityContext": {"priviledged": True}}), "spec.containers[0].securityContext.priviledged"),
        (pod(topologySpreadConstraints=[SPREAD | {"skew": 1}]), "spec.topologySpreadConstraints[0].skew"),
        (pod(dnsConfig={"nameserver": "1.1.1.1"}), "spec.dnsConfig.nameserver"),
        (pod({"lifecycle": {"preStop": {"sleep": {"second": 1}}}}),
         "spec.containers[0].lifecycle.preStop.sleep.second"),
        (pod({"livenessProbe": {"httpGet": PATH | {"httpHeaders": [{"name": "a", "value": "b", "x": ""}]}}}),
         "spec.containers[0].livenessProbe.httpGet.httpHeaders[0].x"),
        (pod(volumes=[{"name": "v", "nfs": {"server": "s", "path": "/", "readonly": True}}]),
         "spec.volumes[0].nfs.readonly"),
        (pod(volumes=[{"name": "v", "csi": {"driver": "d", "a": {}}}]), "spec.volumes[0].csi.a"),
        (pod(readinessGates=[{"type": "a"}]), "spec.readinessGates[0].type"),
    ],
)  # fmt: skip
def test_misspelt_fields_are_refused_when_strict(api: Any, body: Any, path: str) -> None:
    """Fields that Kubernetes does not have are named, however deep they are."""
    with pytest.raises(Refused) as refused:
        api.create(PODS, body, "default", STRICT)
    assert refused.value.code == 400
    assert f'unknown field "{path}"' in refused.value.message


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (pod({"securityContext": {"runAsUser": "root"}}), "spec.containers[0].securityContext.runAsUser"),
        (pod(securityContext={"fsGroup": True}), "spec.securityContext.fsGroup"),
        (pod(affinity={"podAffinity": []}), "spec.affinity.podAffinity"),
        (pod(topologySpreadConstraints=[SPREAD | {"maxSkew": ""}]),
         "spec.topologySpreadConstraints[0].maxSkew"),
        (pod(dnsConfig={"nameservers": "1.1.1.1"}), "spec.dnsConfig.nameservers"),
        (pod({"lifecycle": {"preStop": {"sleep": {"seconds": "1"}}}}),
         "spec.containers[0].lifecycle.preStop.sleep.seconds"),
        (pod(volumes=[{"name": "v", "csi": {"driver": 1}}]), "spec.volumes[0].csi.driver"),
        (pod(priority=2**31), "spec.priority"),
        (pod({"startupProbe": {"httpGet": {"port": 2**31}}}), "spec.containers[0].startupProbe.httpGet.port"),
        (pod({"ports": [{"containerPort": 8080.5}]}), "spec.containers[0].ports[0].containerPort"),
        (pod({"ports": [{"containerPort": 8080.0}]}), "spec.containers[0].ports[0].containerPort"),
        ({"metadata": {"name": "a"}, "data": {"a": "%"}}, "data.a"),
        ({"metadata": {"name": "a"}, "data": {"a": "YQ"}}, "data.a"),
    ],
)  # fmt: skip
def test_values_of_another_type_cannot_be_read(api: Any, body: Any, path: str) -> None:
    """Values that a field cannot hold are 400, as are numbers of more bits and what is not base64."""
    with pytest.raises(Refused) as refused:
        api.create(SECRETS if "data" in body else PODS, body, "default")
    assert refused.value.code == 400
    assert f"{path} in body must be of type" in refused.value.message


def test_newer_fields_are_kept(api: Any) -> None:
    """Fields that Kubernetes 1.36 has are read and returned."""
    rule = {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}
    file = {"volumeName": "v", "path": "env", "key": "A"}
    body = pod(
        {"env": [{"name": "A", "valueFrom": {"fileKeyRef": file}}], "restartPolicyRules": [rule],
         "restartPolicy": "Never"},
        hostnameOverride="host.example", schedulingGroup={"podGroupName": "g"}, restartPolicy="Never",
        volumes=[{"name": "v", "emptyDir": {}}],
    )  # fmt: skip
    made = api.create(PODS, copy.deepcopy(body), "default", STRICT)["spec"]
    assert made["containers"][0]["restartPolicyRules"] == [rule]
    assert made["containers"][0]["env"][0]["valueFrom"]["fileKeyRef"] == file
    assert (made["hostnameOverride"], made["schedulingGroup"]) == ("host.example", {"podGroupName": "g"})


def test_nulls_are_as_if_they_were_not_there(api: Any) -> None:
    """A field may be null, and a null in a map of texts is an empty text."""
    body = pod({"env": None, "resources": {"limits": None}}, nodeSelector={"a": None}, affinity=None)
    made = api.create(PODS, body, "default", STRICT)["spec"]
    assert made["nodeSelector"] == {"a": ""}
    assert "affinity" not in made
    assert "env" not in made["containers"][0]
    data = api.create(CONFIGMAPS, {"metadata": {"name": "a"}, "data": {"a": None}}, "default", STRICT)["data"]
    assert data == {"a": ""}


def test_bytes_may_be_numbers(api: Any) -> None:
    """Go reads a list of small numbers as bytes, too."""
    body = {"metadata": {"name": "a"}, "data": {"a": [97, None], "b": []}}
    assert api.create(SECRETS, body, "default", STRICT)["data"] == {"a": "YQA=", "b": ""}
    with pytest.raises(Refused, match="must be of type string"):
        api.create(SECRETS, {"metadata": {"name": "b"}, "data": {"a": [256]}}, "default", STRICT)


TEMPLATE = {
    "metadata": {"labels": {"a": "b"}},
    "spec": {"containers": [{"name": "c", "image": "i", "resources": {"limits": {"cpu": "1"}}}]},
}
RUN = {"template": {"spec": TEMPLATE["spec"] | {"restartPolicy": "Never"}}}
SET = {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}
CLAIM = {"metadata": {"name": "w"}, "spec": {"accessModes": ["ReadWriteOnce"]}}


C = "spec.containers.0"
TOKEN = {"serviceAccountToken": {"path": "p"}}
PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}


@pytest.mark.parametrize(
    ("resource", "body", "path", "value"),
    [
        (PODS, pod({"livenessProbe": {"grpc": {"port": 1}, "periodSeconds": 0}}), f"{C}.livenessProbe",
         {"grpc": {"port": 1, "service": ""}, **PROBE}),
        (PODS, pod({"lifecycle": {"preStop": {"httpGet": {"port": 1}}}}), f"{C}.lifecycle.preStop.httpGet",
         {"port": 1, "path": "/", "scheme": "HTTP"}),
        (PODS, pod({"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}]}),
         f"{C}.env.0.valueFrom.resourceFieldRef.divisor", "0"),
        (PODS, pod({"ports": [{"containerPort": 80}]}, hostNetwork=True), f"{C}.ports.0.hostPort", 80),
        (PODS, pod(restartPolicy="", dnsPolicy=""), "spec.restartPolicy", "Always"),
        (PODS, pod(volumes=[{"name": "v", "projected": {"sources": [TOKEN]}}]),
         "spec.volumes.0.projected.sources.0.serviceAccountToken.expirationSeconds", 3600),
        (PODS, pod(volumes=[{"name": "v", "image": {"reference": "i:1"}}]),
         "spec.volumes.0.image.pullPolicy", "IfNotPresent"),
        (PODS, pod(serviceAccountName="x"), "spec.serviceAccount", "x"),
        (DEPLOYMENTS, {"spec": SET}, "spec.template.spec.containers.0.resources", {"limits": {"cpu": "1"}}),
        (STATEFUL_SETS, {"spec": SET | {"updateStrategy": {"type": "RollingUpdate"}}}, "spec.updateStrategy",
         {"type": "RollingUpdate"}),
        (STATEFUL_SETS, {"spec": SET}, "spec.persistentVolumeClaimRetentionPolicy",
         {"whenDeleted": "Retain", "whenScaled": "Retain"}),
        (STATEFUL_SETS, {"spec": SET | {"volumeClaimTemplates": [CLAIM]}}, "spec.volumeClaimTemplates.0.spec",
         CLAIM["spec"] | {"volumeMode": "Filesystem", "resources": {}}),
        (CRON_JOBS, {"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": RUN}}},
         "spec.jobTemplate.spec.template.spec.terminationGracePeriodSeconds", 30),
        (LIMIT_RANGES, {"spec": {"limits": [{"type": "Container", "max": {"cpu": 1}}]}}, "spec.limits.0",
         {"type": "Container", "max": {"cpu": "1"}, "default": {"cpu": "1"}, "defaultRequest": {"cpu": "1"}}),
        (PRIORITY_CLASSES, {}, "preemptionPolicy", "PreemptLowerPriority"),
        (STORAGE_CLASSES, {"provisioner": "p"}, "volumeBindingMode", "Immediate"),
        (SERVICES, {"spec": {"type": "NodePort", "ports": [{"port": 1}]}}, "spec.externalTrafficPolicy",
         "Cluster"),
    ],
)  # fmt: skip
def test_defaults_are_those_of_kubernetes(api: Any, resource: Any, body: Any, path: str, value: Any) -> None:
    """What is not given is as Kubernetes 1.36 sets it, and what it does not set is not there."""
    found = api.create(resource, {"metadata": {"name": "a"}, **copy.deepcopy(body)}, "default", STRICT)
    for step in path.split("."):
        found = found[int(step) if step.isdigit() else step]
    assert found == value


def test_empty_values_are_as_if_they_were_not_there(api: Any) -> None:
    """What Go does not tell from a missing value is not returned; what it does, and maps' values, are."""
    env = [{"name": "A", "value": ""}]
    body = pod(
        {"env": env, "args": [], "stdin": False, "workingDir": "",
         "livenessProbe": {"exec": {"command": ["x"]}, "periodSeconds": 0}},
        hostNetwork=False, nodeSelector={"a": ""}, tolerations=[], shareProcessNamespace=False,
        terminationGracePeriodSeconds=0, dnsPolicy="",
    )  # fmt: skip
    body["metadata"]["labels"] = {}
    made = api.create(PODS, body, "default", STRICT)
    spec, container = made["spec"], made["spec"]["containers"][0]
    assert "labels" not in made["metadata"]
    assert not spec.keys() & {"hostNetwork", "tolerations"}
    assert not container.keys() & {"args", "stdin", "workingDir"}
    assert container["env"] == [{"name": "A"}]
    assert container["livenessProbe"] == {"exec": {"command": ["x"]}, **PROBE}
    assert (spec["nodeSelector"], spec["dnsPolicy"]) == ({"a": ""}, "ClusterFirst")
    assert (spec["shareProcessNamespace"], spec["terminationGracePeriodSeconds"]) == (False, 0)


def test_an_empty_value_of_another_type_cannot_be_read(api: Any) -> None:
    """It is not as if it were not there."""
    with pytest.raises(Refused, match="workingDir in body must be of type string"):
        api.create(PODS, pod({"workingDir": 0}), "default")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"metadata": {"nam": "a"}}, 'unknown field "metadata.nam"'),
        ({"metadata": False}, "not a mapping with metadata"),
        ({"metadata": {"generateName": "a-", "generation": "1"}}, "metadata.generation in body must be"),
        ({"status": {"phase": 1}}, "status.phase in body must be of type string"),
        ({"status": {"phas": "Running"}}, 'unknown field "status.phas"'),
    ],
)  # fmt: skip
def test_what_the_server_sets_itself_is_read_all_the_same(api: Any, more: Any, words: str) -> None:
    """An object is read whole before it gets its name and loses its status."""
    strict = WriteOptions(validation="Strict", manager="tester")
    with pytest.raises(Refused, match=words) as refused:
        api.create(PODS, pod() | more, "default", strict)
    assert refused.value.code == 400
