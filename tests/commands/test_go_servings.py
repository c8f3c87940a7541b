"""The documented command lines of the Go arena that start servings are command lines of this one."""

import shlex

import pytest
import yaml
from go_servings import LINES, NUMBERS

from arena import kinds
from arena.kinds.serving import FAMILY


@pytest.mark.parametrize("line", LINES, ids=NUMBERS)
def test_each_is_rendered(arena, line):
    """A line gives an object of its kind, which is read back under the name and version that the line has."""
    _, *words = shlex.split(line)
    ended = (
        arena(*words, "--dry-run")
        if words[-1].startswith("-")
        else arena(*words[:2], "--dry-run", *words[2:])
    )
    assert ended.code == 0, ended.err
    main, *_ = yaml.safe_load_all(ended.out)
    kind = kinds.find(words[1], FAMILY)
    assert kind.owns(main)
    serving = kind.read(main, [])
    given = dict(one.lstrip("-").split("=", 1) for one in words if one.startswith("--") and "=" in one)
    name = given.get("name") or words[words.index("--name") + 1]
    assert serving.name == name
    assert not given.get("version") or serving.version == given["version"]


def test_what_kfserving_became_is_said(arena):
    """The command of the dead KFServing works, and says once what it submits."""
    words = ("--name", "x", "--image", "i", "--port", "80", "--dry-run")
    said = arena("serve", "kfserving", *words).err
    assert said.count("kfserving is called kserve now") == 1
    assert "called kserve now" not in arena("serve", "kserve", *words).err


def test_references_in_commands_stay(arena):
    """A documented command refers to a variable that the cluster expands."""
    [line] = [one for one in LINES if "serve distributed" in one]
    made = next(yaml.safe_load_all(arena(*shlex.split(line)[1:], "--dry-run").out))
    worker = made["spec"]["leaderWorkerTemplate"]["workerTemplate"]["spec"]["containers"][0]
    assert worker["command"][-1] == "ray start --address=$(MASTER_ADDR):6379 --block"
    leader = made["spec"]["leaderWorkerTemplate"]["leaderTemplate"]["spec"]["containers"][0]
    assert leader["startupProbe"] == {
        "httpGet": {"path": "/health", "port": 5000}, "periodSeconds": 60, "failureThreshold": 5,
    }  # fmt: skip
