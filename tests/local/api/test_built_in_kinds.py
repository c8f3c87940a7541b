"""Built-in kinds are read as Kubernetes 1.36 reads them."""

import copy
from typing import Any

import pytest

from arena.local.api.request_options import WriteOptions
from arena.local.objects import CONFIGMAPS, PODS, SECRETS, Refused

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
        {"env": [{"name": "A", "valueFrom": {"fileKeyRef": file}}], "restartPolicyRules": [rule]},
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
