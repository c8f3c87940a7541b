"""arena serve update of every kind: what is sent is what a submit with the new options would create."""

import json
from pathlib import Path
from typing import Any

import pytest

from arena import kinds, labels
from arena.actions.serving import contents, find
from arena.kinds.serving import FAMILY
from arena.resources import AUTOSCALERS, CONFIGMAPS, SECRETS, SERVICES

COMMON = ("--version", "1")
FILE, NEW = ("--config-file", "{file}:/etc/app.yaml"), ("--config-file", "{new}:/etc/app.yaml")
CASES: dict[str, tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]] = {
    "custom": (
        ("--image", "i", "--restful-port", "80", *COMMON, "x"),
        (("--port", "81", "--metrics-port", "82"), ("--restful-port", "90"), ("--drain", "9"),
         ("-l", "team=a"),
         ("--liveness-probe-action", "httpGet", "--liveness-probe-action-option", "path: /")),
    ),
    "tensorflow": (
        ("--model-path", "/m", "--model-name", "m", *COMMON),
        (("--port", "1", "--restful-port", "2"), ("--version-policy", "latest:2"), ("--model-name", "n")),
    ),
    "triton": (
        ("--model-repository", "/m", *COMMON),
        (("--load-model", "a"), ("--http-port", "1", "--grpc-port", "2"), ("--gpus", "1")),
    ),
    "tensorrt": (("--model", "/m", *COMMON), (("--memory", "1Gi"), ("--model-version", "2"))),
    "torchserve": (("--model", "/m", *COMMON), (("--extend-command", "--models a"), ("--cpu", "2"))),
    "vllm": (("--model", "/m", *COMMON), (("--port", "90"), ("--gpus", "2"), ("--model-name", "m"))),
    "distributed": (
        ("--image", "i", "--restful-port", "80", "--worker-num", "1", *COMMON, "x"),
        (("--worker-num", "2"), ("--port", "81"), ("--leader-command", "y"), ("--init-backend", "ray")),
    ),
    "kserve": (
        ("--model-format", "sklearn", "--model", "s3://b/m"),
        (("--model", "s3://b/n"), ("--min-replicas", "2", "--max-replicas", "3"), ("--runtime-version", "2"),
         ("--scale-metric", "depth", "--scale-target", "3", "--max-replicas", "4"), ("--port", "90")),
    ),
    "seldon": (
        ("--implementation", "SKLEARN_SERVER", "--model", "s3://b/m"),
        (("--protocol", "v2"), ("--storage-secret", "s"), ("--image", "i")),
    ),
}  # fmt: skip
"""Kind -> the words of a submit, and those of updates."""
EVERY = (NEW, ("--secret", "A=2"), ("--code", "{code}"), ("-e", "A1=1"), ("--replicas", "3"))
"""Updates of all kinds."""
LACKING = {"kserve": ("--replicas",)}
"""Options of all kinds but these."""
UPDATES = [
    (kind, update)
    for kind, (_, own) in CASES.items()
    for update in (*own, *EVERY)
    if update[0] not in LACKING.get(kind, ())
]
TYPES = (CONFIGMAPS, SECRETS, SERVICES, AUTOSCALERS)


def test_all_kinds_have_a_case() -> None:
    """A new kind needs one."""
    assert set(CASES) == {one.name for one in kinds.of(FAMILY)}


def ordered(node: Any) -> Any:
    """The same with lists of named items in the order of their names: updates append what is new."""
    if isinstance(node, dict):
        return {key: ordered(one) for key, one in node.items()}
    if isinstance(node, list) and all(isinstance(one, dict) for one in node):
        return sorted(map(ordered, node), key=lambda one: str(one.get("name", one.get("mountPath", one))))
    return node


def taken(stage: Any) -> dict[str, Any]:
    """What the serving is in the cluster, with contents named as by a submit; all of it is deleted."""
    found = find.one(stage.cluster, "default", "net")
    meta = found.obj["metadata"]
    names = contents.names(meta["annotations"])
    back = {f"{key.partition('/')[0]}/{new}": key.partition("/")[2] for key, new in names.items()}
    spec = contents.renamed(found.obj["spec"], back)
    options = json.loads(meta["annotations"][labels.SPEC])
    made = {"spec": ordered(spec), "labels": meta["labels"], "options": options}
    for resource in TYPES:
        for one in stage.cluster.list(resource, "default"):
            key = f"{resource.kind}/{one['metadata']['name']}"
            stage.cluster.delete(resource, "default", one["metadata"]["name"])
            if not contents.is_content({"kind": resource.kind}):
                made[key] = (one["metadata"]["labels"], ordered(described(one)))
            elif key in contents.referred(found.obj):
                made[back.get(key, one["metadata"]["name"])] = contents.data(one)
    stage.cluster.delete(found.resource, "default", meta["name"])
    return made


def described(obj: dict[str, Any]) -> dict[str, Any]:
    """The spec of an object without what the cluster allots."""
    return {key: one for key, one in obj["spec"].items() if not key.startswith("clusterIP")}


@pytest.mark.parametrize(("kind", "update"), UPDATES, ids=[f"{kind}-{words[0]}" for kind, words in UPDATES])
def test_updates(arena, stage, tmp_path: Path, kind: str, update: tuple[str, ...]) -> None:
    """After an update, all objects are those of a serving that is submitted with its options."""
    for name, text in (("file", "one"), ("new", "two")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("pass", encoding="utf-8")
    paths = {name: str(tmp_path / name) for name in ("file", "new", "code")}
    words, _ = CASES[kind]
    program = [word for word in words if word == "x"]
    head = ["serve", kind, "--name", "net", *(word for word in words if word != "x"), "--secret", "A=1"]
    named = [word.format(**paths) for word in update]
    file = [word.format(**paths) for word in FILE]
    assert (done := arena(*head, *file, *program)).code == 0, done.err
    done = arena("serve", "update", kind, "--name", "net", *named)
    assert (done.code, done.out) == (0, f"serving net{' 1' if '1' in words else ''} updated\n"), done.err
    updated = taken(stage)
    both = named if update == NEW else [*file, *named]
    assert (done := arena(*head, *both, *program)).code == 0, done.err
    assert updated == taken(stage)
