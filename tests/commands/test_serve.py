"""arena serve: servings are submitted, listed, shown and deleted, in several versions beside each other."""

import json

import pytest
import yaml

SERVE = ("serve", "custom", "--name", "digits", "--image", "i", "--restful-port", "8080")


def test_list_get_and_delete(arena, stage):
    """Versions of a serving stand beside each other, with the Go arena's columns and keys."""
    assert arena("serve", "list").err == 'no servings in namespace "default" of the test\'s cluster\n'
    assert arena(*SERVE, "--version", "1", "x").code == 0
    assert arena(*SERVE, "--version", "2", "--replicas", "2", "--gpus", "1", "x").code == 0
    head, *rows = arena("serve", "ls").out.splitlines()
    assert head.split() == ["NAME", "TYPE", "VERSION", "DESIRED", "AVAILABLE", "ADDRESS", "PORTS", "GPU"]
    assert sorted(row.split()[:5] for row in rows) == [
        ["digits", "custom", "1", "1", "0"],
        ["digits", "custom", "2", "2", "0"],
    ]
    data = json.loads(arena("serve", "get", "digits", "-v", "2", "-o", "json").out)
    assert (data["version"], data["desiredInstances"], data["requestGPUs"]) == ("2", 2, 2)
    [endpoint] = data["endpoints"]
    assert (endpoint["name"], endpoint["port"]) == ("http-serving", 8080)
    assert "Version:    1" in arena("serve", "get", "digits", "-v", "1").out
    assert "no training jobs" in arena("list").err
    assert arena("serve", "delete", "digits", "-v", "1").out == "serving digits 1 deleted\n"
    assert [row.split()[2] for row in arena("serve", "list").out.splitlines()[1:]] == ["2"]
    assert arena("serve", "delete", "--all", "-y").code == 0
    assert arena("serve", "list").out == ""


def test_several_versions_need_a_choice(arena, stage):
    """A name with several versions is refused until -v chooses one; an unknown version names the known."""
    for version in ("1", "2"):
        arena(*SERVE, "--version", version, "x")
    refused = arena("serve", "get", "digits")
    assert refused.code == 2
    assert "has several versions" in refused.err
    assert arena("serve", "delete", "digits").code == 2
    absent = arena("serve", "get", "digits", "-v", "3")
    assert absent.code == 3
    assert "its versions are 1, 2" in absent.err
    assert "did you mean digits?" in arena("serve", "get", "digit").err


def test_the_version_is_the_time(arena, stage):
    """Without --version, the time of the submit is the version, as in the Go arena."""
    made = yaml.safe_load_all(arena(*SERVE, "x", "--dry-run").out)
    for one in made:
        version = one["metadata"]["labels"]["servingVersion"]
        assert len(version) == 12
        assert version.isdigit()
        assert f"digits-{version}" in one["metadata"]["name"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--version", "V1"), "--version"),
        (("--version", "-1"), "--version"),
        (("--version", "x" * 60), "--name"),
        (("--replicas", "-1"), "--replicas"),
        (("--label", "servingName=x"), "reserved"),
    ],
)
def test_bad_values(arena, words, message):
    """A value that cannot be used is named before anything is created."""
    refused = arena(*SERVE, *words, "x", "--dry-run")
    assert refused.code == 2
    assert message in refused.err


def test_a_port_is_needed(arena):
    """A serving that nobody could reach is refused with what to add."""
    refused = arena("serve", "custom", "--name", "digits", "--image", "i", "x", "--dry-run")
    assert refused.code == 2
    assert "--restful-port" in refused.err
