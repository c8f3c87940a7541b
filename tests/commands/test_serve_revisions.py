"""arena serve update and rollback: revisions in annotations, and objects that come and go."""

import base64
import json
from pathlib import Path
from typing import Any

from arena import labels
from arena.kinds.serving import kserve
from arena.resources import (
    AUTOSCALERS,
    CONFIGMAPS,
    DEPLOYMENTS,
    GATEWAYS,
    SECRETS,
    SERVICES,
    VIRTUAL_SERVICES,
    Resource,
)

KSERVE = ("serve", "kserve", "--name", "iris", "--model-format", "sklearn", "--model", "s3://b/m")
CUSTOM = ("serve", "custom", "--name", "sums", "--version", "1", "--image", "i", "--restful-port", "80")


def service(stage: Any) -> dict[str, Any]:
    """The InferenceService."""
    found: dict[str, Any] = stage.cluster.get(kserve.SERVICES, "default", "iris")
    return found


def held(stage: Any) -> dict[str, str]:
    """What the pods get as files and secrets, by the names of these."""
    spec = service(stage)["spec"]["predictor"]
    [volume] = [one for one in spec["volumes"] if one["name"] == "config-files"]
    found = dict(stage.cluster.get(CONFIGMAPS, "default", volume["configMap"]["name"])["data"])
    for one in spec["model"]["env"]:
        if where := one.get("valueFrom", {}).get("secretKeyRef"):
            there = stage.cluster.get(SECRETS, "default", where["name"])["data"]
            found[one["name"]] = base64.b64decode(there[where["key"]]).decode()
    return found


def names(stage: Any, resource: Resource) -> list[str]:
    """The names of all objects of a type."""
    return sorted(one["metadata"]["name"] for one in stage.cluster.list(resource, "default"))


def test_a_rollback_finds_its_contents(arena, stage, tmp_path: Path):
    """Each revision of an InferenceService has its files and secrets; what none needs is deleted."""
    file = tmp_path / "a"
    file.write_text("0", encoding="utf-8")
    given = ("--config-file", f"{file}:/etc/a")
    assert arena(*KSERVE, *given, "--secret", "S=0").code == 0
    for number in range(1, 14):
        file.write_text(str(number), encoding="utf-8")
        done = arena("serve", "update", "iris", *given, "--secret", f"S={number}")
        assert done.code == 0, done.err
        assert held(stage) == {"0-a": str(number), "S": str(number)}
    history = json.loads(service(stage)["metadata"]["annotations"][labels.HISTORY])
    assert [one["revision"] for one in history] == list(range(4, 14))
    # Those of the revisions that are left, of the present one, and of the one that went just now.
    assert (len(names(stage, CONFIGMAPS)), len(names(stage, SECRETS))) == (12, 12)
    for number in (4, 13, 9):
        assert arena("serve", "rollback", "iris", "--to", str(number)).code in (0, 3)
    assert held(stage)["S"] in ("3", "8", "12")


def test_a_rollback_whose_content_is_gone(arena, stage, tmp_path: Path):
    """If somebody has deleted the files of a revision, the rollback is refused, and the serving stays."""
    file = tmp_path / "a"
    file.write_text("0", encoding="utf-8")
    assert arena(*KSERVE, "--config-file", f"{file}:/etc/a").code == 0
    file.write_text("1", encoding="utf-8")
    assert arena("serve", "update", "iris", "--config-file", f"{file}:/etc/a").code == 0
    stage.cluster.delete(CONFIGMAPS, "default", "iris-files")
    before = service(stage)
    refused = arena("serve", "rollback", "iris")
    assert (refused.code, service(stage)) == (3, before)
    assert "that revision needs it; update the serving instead" in refused.err


def test_an_autoscaler_comes_and_goes(arena, stage):
    """An option that asks for another object creates it, and without it the object is deleted."""
    assert arena(*KSERVE, "--max-replicas", "3").code == 0
    own = ("--scale-metric", "depth", "--scale-target", "3")
    assert arena("serve", "update", "iris", *own).code == 0
    [made] = stage.cluster.list(AUTOSCALERS, "default")
    assert made["metadata"]["ownerReferences"][0]["uid"] == service(stage)["metadata"]["uid"]
    assert arena("serve", "update", "iris", "--scale-target", "5").code == 0
    [made] = stage.cluster.list(AUTOSCALERS, "default")
    assert made["spec"]["metrics"][0]["pods"]["target"]["averageValue"] == "5"
    told = arena("serve", "update", "iris", "--scale-metric", "cpu", "--dry-run")
    assert 'HorizontalPodAutoscaler "iris-hpa" would be deleted\n' in told.err
    assert arena("serve", "update", "iris", "--scale-metric", "cpu").code == 0
    assert names(stage, AUTOSCALERS) == []
    assert arena("serve", "rollback", "iris").code == 0
    assert names(stage, AUTOSCALERS) == ["iris-hpa"]


def test_a_type_that_the_cluster_lacks(arena, stage):
    """An update that needs an object of a type that is not served is refused as a whole."""
    assert arena(*KSERVE).code == 0
    before = service(stage)
    refused = arena("serve", "update", "iris", "--enable-prometheus", "--runtime-version", "2")
    assert (refused.code, "has no ServiceMonitor" in refused.err) == (6, True), refused
    assert (service(stage), names(stage, SERVICES)) == (before, [])


def test_a_gateway_comes_and_goes(arena, stage):
    """A serving is exposed, its route follows its port, and it is hidden again."""
    assert arena(*CUSTOM, "x").code == 0
    done = arena("serve", "update", "sums", "--expose-service", "--enable-istio")
    assert done.code == 0, done.err
    assert names(stage, GATEWAYS) == names(stage, VIRTUAL_SERVICES) == ["sums-1"]
    assert arena("serve", "update", "sums", "--restful-port", "90").code == 0
    [route] = stage.cluster.list(VIRTUAL_SERVICES, "default")
    [destination] = route["spec"]["http"][0]["route"]
    assert destination["destination"]["port"]["number"] == 90
    assert arena("serve", "update", "sums", "--no-expose-service").code == 0
    assert names(stage, GATEWAYS) == names(stage, VIRTUAL_SERVICES) == []


def test_another_type_is_refused(arena, stage):
    """An update does not make a LeaderWorkerSet of a Deployment."""
    assert arena("serve", "vllm", "--name", "chat", "--version", "1", "--model", "/m").code == 0
    refused = arena("serve", "update", "chat", "--nodes", "2")
    assert refused.code == 2
    assert "an update cannot make a LeaderWorkerSet of a Deployment" in refused.err


def test_what_is_mounted_at_a_path_is_replaced(arena, stage):
    """Another claim for a path replaces the one that was mounted there, and others stay."""
    assert arena(*CUSTOM, "-d", "one:/data", "-d", "logs:/logs", "x").code == 0
    assert arena("serve", "update", "sums", "-d", "two:/data").code == 0
    assert arena("serve", "update", "sums", "-d", "logs:/log").code == 0
    pod = stage.cluster.get(DEPLOYMENTS, "default", "sums-1-custom-serving")["spec"]["template"]["spec"]
    mounts = {one["mountPath"]: one["name"] for one in pod["containers"][0]["volumeMounts"]}
    assert mounts == {"/data": "two", "/log": "logs"}
    assert sorted(one["persistentVolumeClaim"]["claimName"] for one in pod["volumes"]) == ["logs", "two"]
    assert names(stage, SERVICES) == ["sums-1"]


def test_a_model_of_this_machine(arena, stage):
    """A path is absolute in the cluster, as by a submit; relative ones name nothing in containers."""
    assert arena(*CUSTOM, "--model", "/models/a", "x").code == 0
    refused = arena("serve", "update", "sums", "--model", "m")
    assert (refused.code, "is relative" in refused.err) == (2, True)
    assert arena("serve", "update", "sums", "--model", "/models/b").code == 0
    pod = stage.cluster.get(DEPLOYMENTS, "default", "sums-1-custom-serving")["spec"]["template"]["spec"]
    [place] = [one["value"] for one in pod["containers"][0]["env"] if one["name"] == "MODEL_PATH"]
    assert place == "/models/b"
