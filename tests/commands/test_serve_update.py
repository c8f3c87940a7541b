"""arena serve update: what is sent for options, without anything that acts on objects."""

from typing import Any

import pytest
import yaml

from arena.actions.serving import wait
from arena.kinds.serving import kserve
from arena.resources import DEPLOYMENTS

NAME = "digits-1-custom-serving"
SERVE = ("serve", "custom", "--name", "digits", "--version", "1", "--image", "i:1", "--restful-port", "8080")


def deployment(stage: Any, name: str = NAME) -> dict[str, Any]:
    """The Deployment as it is."""
    found: dict[str, Any] = stage.cluster.get(DEPLOYMENTS, "default", name)
    return found


def container(stage: Any, name: str = NAME) -> dict[str, Any]:
    """The container that serves."""
    found: dict[str, Any] = deployment(stage, name)["spec"]["template"]["spec"]["containers"][0]
    return found


def variables(stage: Any, name: str = NAME) -> dict[str, Any]:
    """The environment of the container."""
    return {one["name"]: one.get("value") for one in container(stage, name)["env"]}


def foreign(stage: Any, *, args: tuple[str, ...] = ("--port=8500", "--model_name=m")) -> None:
    """A Deployment as the Go arena makes it for TensorFlow."""
    labels = {"servingName": "tf", "servingVersion": "1", "servingType": "tf-serving"}
    command = {"name": "tensorflow", "image": "tf:1", "command": ["tf"], "args": list(args)}
    spec = {"containers": [{**command, "resources": {"limits": {"cpu": "1"}}}]}
    template = {"metadata": {"labels": labels}, "spec": spec}
    stage.cluster.create(
        DEPLOYMENTS,
        "default",
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "tf-1-tensorflow-serving", "labels": labels},
            "spec": {"replicas": 3, "selector": {"matchLabels": labels}, "template": template},
        },
    )


@pytest.mark.parametrize("naming", [("custom", "--name", "digits"), ("digits",), ("digits", "-T", "custom")])
def test_only_what_is_named_changes(arena, stage, naming):
    """What other clients have changed stays, and so does the number of instances (a bug of the Go arena)."""
    arena(*SERVE, "--replicas", "2", "-e", "A=1", "-e", "B=1", "serve")
    patch = {"spec": {"replicas": 5, "template": {"spec": {"terminationGracePeriodSeconds": 7}}}}
    stage.cluster.patch(DEPLOYMENTS, "default", NAME, patch)
    done = arena("serve", "update", *naming, "--image", "i:2", "-e", "A=2", "-e", "C=3")
    assert (done.code, done.out) == (0, "serving digits 1 updated\n"), done.err
    assert done.err == "using the test's cluster\n"
    after = deployment(stage)
    assert after["spec"]["replicas"] == 5
    assert after["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 7
    assert container(stage)["image"] == "i:2"
    assert container(stage)["command"] == ["sh", "-c", "exec serve"]
    assert {"A": "2", "B": "1", "C": "3"}.items() <= variables(stage).items()
    cause = after["metadata"]["annotations"]["kubernetes.io/change-cause"]
    assert cause == "arena serve update --image i:2 --env"


def test_what_is_named_is_set_even_if_it_is_recorded(arena, stage):
    """An option that others have changed in the cluster is set to its recorded value if that is named."""
    arena(*SERVE, "--replicas", "2", "x")
    stage.cluster.patch(DEPLOYMENTS, "default", NAME, {"spec": {"replicas": 5}})
    patch = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "theirs"}]
    stage.cluster.patch(DEPLOYMENTS, "default", NAME, patch, "json-patch")
    assert arena("serve", "update", "digits", "--replicas", "2", "--image", "i:1").code == 0
    assert deployment(stage)["spec"]["replicas"] == 2
    assert container(stage)["image"] == "i:1"


def test_resources(arena, stage):
    """GPUs are taken away by 0, memory is added, and labels reach the pods, but not the selector."""
    arena(*SERVE, "--gpus", "1", "x")
    assert arena("serve", "update", "digits", "--gpus", "0", "--memory", "1Gi", "-l", "team=a").code == 0
    assert container(stage)["resources"] == {"limits": {"memory": "1Gi"}, "requests": {"memory": "1Gi"}}
    spec = deployment(stage)["spec"]
    assert spec["template"]["metadata"]["labels"]["team"] == "a"
    assert "team" not in spec["selector"]["matchLabels"]


def test_a_dry_run_prints_the_patch(arena, stage):
    """`--dry-run` shows what would be sent and changes nothing."""
    arena(*SERVE, "x")
    before = deployment(stage)
    told = arena("serve", "update", "digits", "--replicas", "3", "--dry-run")
    patch = yaml.safe_load(told.out)
    assert (patch["metadata"]["name"], patch["spec"]) == (NAME, {"replicas": 3})
    assert deployment(stage) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "nothing to change"),
        (("--image", "I I"), "--image"),
        (("--replicas", "-1"), "--replicas"),
        (("--gpus", "1", "--gpumemory", "1"), "mutually exclusive"),
        (("--toleration", "a b"), "--toleration"),
        (("--code", "missing"), "--code"),
        (("--config-file", "missing:/etc/a"), "--config-file"),
        (("--secret", "ARENA_TEST_UNSET"), "--secret"),
    ],
)
def test_bad_values(arena, stage, words, message):
    """A value that cannot be used changes nothing, and is named."""
    arena(*SERVE, "x")
    before = deployment(stage)
    refused = arena("serve", "update", "digits", *words)
    assert refused.code == 2
    assert message in refused.err
    assert deployment(stage) == before


def test_made_by_the_go_arena(arena, stage):
    """A Deployment without recorded options is changed directly; its arguments keep their order."""
    foreign(stage)
    name = "tf-1-tensorflow-serving"
    assert (
        arena("serve", "update", "tf", "--name", "tf", "--image", "tf:2", "--cpu", "2", "-e", "A=1").code == 0
    )
    after = container(stage, name)
    assert (after["image"], after["args"]) == ("tf:2", ["--port=8500", "--model_name=m"])
    assert after["resources"] == {"limits": {"cpu": "2"}}
    assert variables(stage, name) == {"A": "1"}
    assert deployment(stage, name)["spec"]["replicas"] == 3
    refused = arena("serve", "update", "tf", "--name", "tf", "--model-name", "n")
    assert (refused.code, "another tool made this serving" in refused.err) == (2, True)


def test_the_same_again_is_no_rollout(arena, stage):
    """An update to the values that a serving has changes nothing, so no instance is replaced needlessly."""
    words = ("--model-name", "m", "--model-path", "/m", "--version", "1", "--name", "net")
    assert arena("serve", "tensorflow", *words).code == 0
    [before] = stage.cluster.list(DEPLOYMENTS, "default")
    told = arena("serve", "update", "tensorflow", "--name", "net", "--model-name", "m", "--model-path", "/m")
    assert told.err.endswith("serving net 1 is already so\n")
    [after] = stage.cluster.list(DEPLOYMENTS, "default")
    assert after["metadata"]["generation"] == before["metadata"]["generation"]


def test_a_generation_that_is_not_its_own(arena, stage, monkeypatch):
    """KServe's status names the generation of the object below, which may stay behind for good; wait ends."""
    monkeypatch.setattr(wait, "SETTLE", 0.2)
    arena("serve", "kserve", "--name", "iris", "--image", "i", "--port", "80", "--min-replicas", "0", "serve")
    assert arena("serve", "scale", "iris", "--replicas", "1").code == 0
    assert arena("serve", "scale", "iris", "--replicas", "0").code == 0
    ready = {"type": "Ready", "status": "True"}
    status = {"status": {"observedGeneration": 1, "conditions": [ready]}}
    stage.cluster.patch(kserve.SERVICES, "default", "iris", status, subresource="status")
    assert stage.cluster.get(kserve.SERVICES, "default", "iris")["metadata"]["generation"] > 1
    ended = arena("serve", "wait", "iris", "--timeout", "30s")
    assert ended.code == 0, ended.err
