"""Where a setting comes from, and which files are refused."""

from pathlib import Path

import pytest

from arena import config
from arena.config import Layer, Setting
from arena.errors import SpecError


def test_the_strongest_layer_wins_key_by_key():
    """Each key comes from the first layer that has a value for it, and the origin says which."""
    found = config.resolve([
        Layer("flag", {"namespace": None, "image": "a"}),
        Layer("user", {"namespace": "team-a", "image": "b"}),
    ])  # fmt: skip
    assert found["namespace"] == Setting("team-a", "user")
    assert found["image"] == Setting("a", "flag")
    assert found["arena-namespace"] == Setting("arena-system", "built-in")
    assert found.text("queue") == ""


def test_weaker_layers_are_added_later():
    """The administrator's settings, known only with a cluster, stay below the user's."""
    found = config.resolve([Layer("flag", {"image": "a"})])
    later = found.below(config.administrator({"config.yaml": "image: b\nqueue: gpu\n"}))
    assert later["image"] == Setting("a", "flag")
    assert later["queue"] == Setting("gpu", "administrator")


def test_every_source_is_read_in_order(tmp_path):
    """Flag, environment, project, user and the Go arena's file, each with its origin."""
    project, user, legacy = (
        tmp_path / ".arena.yaml",
        tmp_path / "x/arena/config.yaml",
        tmp_path / ".arena/config",
    )
    user.parent.mkdir(parents=True)
    legacy.parent.mkdir()
    project.write_text("image: project\nqueue: project\n")
    user.write_text("queue: user\npriority: user\ndefaults: {pytorchjob: {gpus: 2, cpu-request: '1'}}\n")
    legacy.write_text(
        "# old\nnamespace = legacy\nimagePullSecrets=a, b\nprometheus_address=http://p\nother=1\n"
    )
    below = tmp_path / "src" / "deep"
    below.mkdir(parents=True)
    environ = {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "x"),
        "ARENA_LOCAL_GPUS": "4",
        "ARENA_NODE_NAME": "n",
    }
    found = config.load({"output": "json", "context": None}, environ, below)
    assert {
        key: found[key] for key in ("output", "local-gpus", "image", "queue", "priority", "namespace")
    } == {
        "output": Setting("json", "flag"),
        "local-gpus": Setting(4, "environment"),
        "image": Setting("project", str(project)),
        "queue": Setting("project", str(project)),
        "priority": Setting("user", str(user)),
        "namespace": Setting("legacy", str(legacy)),
    }
    assert found["image-pull-secrets"].value == ["a", "b"]
    assert found["prometheus-address"].value == "http://p"
    assert [one for one in found.defaults("pytorchjob") if one] == [
        {"gpus": Setting("2", str(user)), "cpu-request": Setting("1", str(user))},
    ]
    assert not any(found.defaults("tfjob"))


def test_the_old_variables_are_known():
    """PROMETHEUS_ADDRESS works without the prefix, and the prefixed one is stronger."""
    assert config.environment({"PROMETHEUS_ADDRESS": "a"}).values == {"prometheus-address": "a"}
    both = {"PROMETHEUS_ADDRESS": "a", "ARENA_PROMETHEUS_ADDRESS": "b"}
    assert config.environment(both).values == {"prometheus-address": "b"}


def test_a_named_old_file_must_be_there(tmp_path):
    """ARENA_CONFIG that names no file is an error; a missing ~/.arena/config is none."""
    assert config.legacy({"HOME": str(tmp_path)}) is None
    with pytest.raises(SpecError, match="cannot be read"):
        config.legacy({"HOME": str(tmp_path), "ARENA_CONFIG": str(tmp_path / "none")})


def test_a_device_is_not_read_for_ever(tmp_path):
    """A file of settings without end, as /dev/zero has none, is refused once it is too large."""
    with pytest.raises(SpecError, match="/dev/zero is larger than 1 MiB"):
        config.legacy({"HOME": str(tmp_path), "ARENA_CONFIG": "/dev/zero"})


BOMB = "a: &a [1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\n"


@pytest.mark.parametrize(("text", "message", "hint"), [
    ("namspace: a", 'unknown key "namspace"', 'did you mean "namespace"'),
    ("zzz: a", 'unknown key "zzz"', "known: "),
    ("- a", "does not contain settings", "key: value"),
    ("a: [", "is not valid YAML", "correct it"),
    ("x: !!python/object/apply:os.system ['true']", "is not valid YAML", "correct it"),
    (BOMB, r"uses a YAML alias", "write the value out"),
    ("a: " + "[" * 30 + "]" * 30, "nested deeper", "flatten"),
    ("a: " + "x" * (1 << 20), "larger than 1 MiB", "shorten"),
    ("namespace: [a]", "must be text", "quotes"),
    ("local-gpus: many", "must be a whole number", "correct"),
    ("local-gpus: 1.5", "must be a whole number", "correct"),
    ("image-pull-secrets: {a: b}", "must be a list", "commas"),
    ("defaults: 3", "must map kinds to options", "defaults:"),
    ("defaults: {tfjob: 3}", "must map kinds to options", "defaults:"),
])  # fmt: skip
def test_a_wrong_project_file_is_an_error(tmp_path, text, message, hint):
    """Each fault is named with the file, and what to do; nothing in a file can run code or eat the memory."""
    (tmp_path / ".arena.yaml").write_text(text)
    with pytest.raises(SpecError, match=message) as caught:
        config.project(tmp_path, {})
    assert ".arena.yaml" in str(caught.value)
    assert hint in caught.value.hint


def test_your_own_file_may_set_everything(tmp_path):
    """What a project may not set the user's own file may, with _ as good as -."""
    path = Path(config.user_file({"XDG_CONFIG_HOME": str(tmp_path)}))
    path.parent.mkdir()
    path.write_text("kubeconfig: ~/k\nprometheus_token: x\n")
    assert config.user({"XDG_CONFIG_HOME": str(tmp_path)}).values == {
        "kubeconfig": "~/k",
        "prometheus-token": "x",
    }


@pytest.mark.parametrize("text", ["", "# only a remark\n", "{}"])
def test_an_empty_file_sets_nothing(tmp_path, text):
    """An empty settings file is fine."""
    (tmp_path / ".arena.yaml").write_text(text)
    assert config.project(tmp_path, {}).values == {}


def test_files_that_cannot_be_read_are_errors(tmp_path):
    """Bytes that are no text are refused with the file's name."""
    (tmp_path / ".arena.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match=r"\.arena\.yaml is not UTF-8 text"):
        config.project(tmp_path, {})


@pytest.mark.parametrize("read", [config.user, config.legacy])
def test_dangling_links_are_errors(tmp_path, read):
    """Your own settings file that leads nowhere is not taken for a missing one."""
    for folder, name in (("arena", "config.yaml"), (".arena", "config")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).symlink_to("/nowhere/settings")
    with pytest.raises(SpecError, match=r"/config(\.yaml)? cannot be read: No such file or directory"):
        read({"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)})


def test_the_administrator_may_use_keys_of_the_config_map():
    """Single keys work beside config.yaml, which is stronger; other keys belong to others."""
    layer = config.administrator({"config.yaml": "queue: a", "queue": "b", "image": "c", "adminUsers": "[]"})
    assert layer.values == {"queue": "a", "image": "c"}
    with pytest.raises(SpecError, match="administrator has an unknown key"):
        config.administrator({"config.yaml": "nonsense: 1"})


def test_no_project_file_is_no_layer(tmp_path):
    """Where no parent has a project file there is none."""
    assert config.project(Path("/"), {}) is None or (Path("/") / config.PROJECT).exists()
