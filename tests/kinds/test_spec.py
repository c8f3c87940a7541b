"""Given values become a Spec, and a Spec becomes JSON that gives it again."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena import kinds
from arena.errors import SpecError
from arena.kinds.option_values import ConfigFile, Mount, SecretKey, Toleration
from arena.kinds.spec import encode, options, parse
from arena.kinds.training.specs.tfjob import TFJobSpec
from arena.kinds.workload.spec import remarks

BASE = {"name": "x", "command": "true"}
WORD = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))


def spec(**given):
    return parse(TFJobSpec, {**BASE, **given})


def test_text_and_native_values_agree():
    """A job file's native values give the same Spec as the flags' text."""
    flags = spec(
        workers="4",
        gang="true",
        env=("A=1", "B=x=y,z"),
        data=("corpus:/data",),
        toleration=("gpu",),
        worker_memory="1Gi",
        running_timeout="1h30m",
        env_from_secret=("T=hub:token",),
        selector=("zone=a",),
    )
    native = spec(
        workers=4,
        gang=True,
        env={"A": 1, "B": "x=y,z"},
        data={"corpus": "/data"},
        toleration=[{"key": "gpu", "operator": "Exists"}],
        worker_memory="1Gi",
        running_timeout=5400,
        env_from_secret={"T": "hub:token"},
        selector={"zone": "a"},
    )
    assert flags == native
    assert flags.env == {"A": "1", "B": "x=y,z"}
    assert flags.env_from_secret == {"T": SecretKey("hub", "token")}
    assert flags.data == (Mount("corpus", "/data"),)


@pytest.mark.parametrize("key", ["working-dir", "working_dir", "workingDir", "--working-dir"])
def test_spellings_of_a_key(key):
    """A key may be written as the field, the flag or the old flag."""
    assert spec(**{key: "/work"}).working_dir == "/work"


def test_two_spellings_at_once():
    """One option under two spellings is refused rather than guessed."""
    with pytest.raises(SpecError, match="--working-dir is given twice"):
        spec(**{"working-dir": "/a", "workingDir": "/b"})


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("workres", 1, "did you mean workers\\?"),
        ("workers", 0, '--workers: "0" is out of range: it must be 1 or more'),
        ("workers", "two", '--workers: "two" is not a whole number'),
        ("workers", True, "--workers: .* is not a whole number"),
        ("gpus", -1, '--gpus: "-1" is out of range'),
        ("gpus", 1.5, '--gpus: "1.5" is not a whole number'),
        ("gang", "maybe", '--gang: "maybe" is neither true nor false'),
        ("name", "Bert", '--name: "Bert" cannot name a job'),
        ("name", "1bert", "--name: .* cannot name a job"),
        ("name", "b" * 50, "--name: .* cannot name a job"),
        ("name", "bert\n", "--name: .* cannot name a job"),
        ("env", "A", '--env: "A" has no value'),
        ("env", "=1", "--env: .* has no name"),
        ("env", "A B=1", '--env: "A B" cannot name an environment variable'),
        ("env", "A=\0", "--env: .* has characters that cannot be passed to a program"),
        ("env", {"A": ["x"]}, "--env: .* is not text"),
        ("label", "a=b c", '--label: "b c" is not a valid value of a label'),
        ("label", "a/b/c=d", "--label: .* is not a valid key"),
        ("annotation", "-a=b", "--annotation: .* is not a valid key"),
        ("selector", "zone", '--selector: "zone" has no value'),
        ("device", "nvidia.com/gpu=1", "--device: nvidia.com/gpu is counted by --gpus"),
        ("device", "amd.com/gpu=x", '--device: "x" is not a quantity'),
        ("data", "corpus", '--data: "corpus" cannot be read'),
        ("data", "corpus:data", '--data: "data" is not an absolute path'),
        ("data", "corpus:/", '--data: "/" is not an absolute path'),
        ("data", "corpus:/a/../b", "--data: .* is not an absolute path"),
        ("data", ["corpus:/a", "corpus:/b"], '--data: the claim "corpus" is mounted twice'),
        ("data", ["one:/a", "two:/a"], '--data: the path "/a" is mounted twice'),
        ("data_dir", "scratch", '--data-dir: "scratch" is not an absolute path'),
        ("toleration", "a=b:Nothing", "--toleration: .* is not a toleration"),
        ("toleration", "a=b:NoSchedule,Like", "--toleration: .* is not a toleration"),
        ("toleration", {"taint": "a"}, "--toleration: .* is not a toleration"),
        ("worker_cpu", "0", '--worker-cpu: "0" must be more than zero'),
        ("worker_memory", "1 GB", '--worker-memory: "1 GB" is not a quantity'),
        ("running_timeout", "soon", '--running-timeout: "soon" is not a duration'),
        ("image_pull_policy", "Sometimes", '--image-pull-policy: "Sometimes" is not allowed'),
        ("shell", "/bin/sh -c evil", "--shell: .* is not the name of a program"),
        ("ps_port", 70000, '--ps-port: "70000" is out of range: it must be at most 65535'),
        ("role_sequence", "w,x", "--role-sequence: .* is not an order of roles"),
        ("role_sequence", "w,Worker", "--role-sequence: .* is not an order of roles"),
        ("image_pull_secret", "Reg Cred", "--image-pull-secret: .* is not a valid name"),
        ("image_pull_secret", "", "--image-pull-secret: a name is empty"),
        ("env_from_secret", "T=", '--env-from-secret: "" does not name a Secret'),
        ("env_from_secret", "T=s:../k", '--env-from-secret: "../k" cannot be a key of a Secret'),
        ("device", "gpu=1", '--device: "gpu" lacks a vendor; .*amd.com/gpu=1'),
        ("device", "amd.com/gpu=1.5", '--device: "1.5" is not a whole number'),
        ("toleration", "", "--toleration: the taint is missing"),
        ("image", "https://hub/x:1", '--image: "https://hub/x:1" is not the name of an image'),
        ("image", "x:", '--image: "x:" is not the name of an image'),
        ("queue_name", "Team_A", '--queue-name: "Team_A" is not a valid name'),
        ("sync_mode", "hdfs", '--sync-mode: "hdfs" is not allowed'),
        ("sync_mode", "git", "--sync-mode needs --sync-source"),
        ("sync_source", "x", "--sync-source needs --sync-mode"),
        (
            "sync_source",
            "https://me:word@host/x",
            "--sync-source: its URL contains a password, .*--env-from-secret",
        ),
        ("model_name", "x", "--model-name needs --model-source"),
        ("command", "  ", "COMMAND is empty"),
    ],
)
def test_refused(key, value, message):
    """An invalid value is refused with an error that names the flag, the value and what is allowed."""
    with pytest.raises(SpecError) as caught:
        spec(**{key: value})
    assert re.search(message, f"{caught.value.message}; {caught.value.hint}")
    assert caught.value.hint


def test_required():
    """A Spec needs a name and a command."""
    with pytest.raises(SpecError, match="--name is missing"):
        parse(TFJobSpec, {"command": "true"})
    with pytest.raises(SpecError, match="COMMAND is missing"):
        parse(TFJobSpec, {"name": "x"})


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ({"env": "A=1", "secret": "A=2"}, '--secret: "A" is also set by --env'),
        ({"env": "A=1", "env_from_secret": "A=s"}, '--env-from-secret: "A" is also set by --env'),
        ({"data": "corpus:/data", "data_dir": "/data"}, 'two things would be mounted at "/data"'),
        ({"worker_cpu": "2", "worker_cpu_limit": "1500m"}, "--worker-cpu 2 exceeds --worker-cpu-limit 1500m"),
    ],
)
def test_contradictions(pair, message):
    """Options that contradict each other are refused."""
    with pytest.raises(SpecError, match=message):
        spec(**pair)


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("all", {"operator": "Exists"}),
        ("gpu", {"key": "gpu", "operator": "Exists"}),
        ("gpu:NoSchedule", {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}),
        (":NoSchedule", {"operator": "Exists", "effect": "NoSchedule"}),
        ("team=nlp", {"key": "team", "operator": "Equal", "value": "nlp"}),
        ("team=nlp:NoExecute", {"key": "team", "operator": "Equal", "value": "nlp", "effect": "NoExecute"}),
        ("team=nlp:NoExecute,Exists", {"key": "team", "operator": "Exists", "effect": "NoExecute"}),
        (
            "team=nlp:NoExecute,Equal",
            {"key": "team", "operator": "Equal", "value": "nlp", "effect": "NoExecute"},
        ),
        ("example.com/team=nlp", {"key": "example.com/team", "operator": "Equal", "value": "nlp"}),
    ],
)
def test_tolerations(word, wanted):
    """Every documented way to write a toleration is understood, a bare taint key too, and comes back."""
    (found,) = spec(toleration=[word]).toleration
    assert found.manifest() == wanted
    assert spec(toleration=[str(found)]).toleration == (found,)
    assert spec(toleration=[wanted]).toleration == (found,)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("python train.py", "python train.py"),
        ("'python train.py'", "python train.py"),
        ("'a' && 'b'", "'a' && 'b'"),
        ("'", "'"),
        (["python", "a b", "$x"], "python 'a b' '$x'"),
    ],
)
def test_command(given, wanted):
    """One pair of outer quotes goes, as the Go arena's users write it; a list is quoted word by word."""
    assert spec(command=given).command == wanted


def test_paths_of_config_files(tmp_path, monkeypatch):
    """A config file's path is taken from the current directory, or from home, and is where it is mounted."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert spec(config_file=["a.conf:/etc/a.conf", "a.conf:/srv/", "~/b"]).config_file == (
        ConfigFile(f"{tmp_path}/a.conf", "/etc/a.conf"),
        ConfigFile(f"{tmp_path}/a.conf", "/srv/a.conf"),
        ConfigFile("/home/me/b", "/home/me/b"),
    )


@pytest.mark.parametrize(("word", "wanted"), [("500ms", 1), ("1ns", 1), ("1.1h", 3960), ("0s", 0)])
def test_a_part_of_a_second_is_no_missing_limit(word, wanted):
    """A limit below a second becomes one second, as 0 would mean that there is none."""
    assert spec(running_timeout=word).running_timeout == wanted


@pytest.mark.parametrize("kind", kinds.training_kinds(), ids=lambda kind: kind.name)
def test_spec_round_trip(kind):
    """A Spec with every option set is the same after it was stored as JSON."""
    samples = {
        "name": "x",
        "command": "true",
        "workers": 3,
        "env": ["A=1"],
        "env_from_secret": ["T=hub:k"],
        "data": ["corpus:/d"],
        "data_dir": ["/a:/b"],
        "config_file": ["/etc/a:/b/c"],
        "toleration": ["all", "a=b:NoSchedule"],
        "device": ["a.com/b=1"],
        "sync_mode": "git",
        "sync_source": "https://h/x.git",
        "logdir": "/l",
        "working_dir": "/w",
        "role_sequence": "c,w",
        "min_workers": "2",
        "max_workers": "9",
        "worker_max_replicas": 9,
    }
    # Secrets do not come back; the others exclude one that is kept.
    left = {"secret", "code", "shutdown_after_finished"}
    left |= {"retry"} if hasattr(kind.spec, "job_backoff_limit") else set()
    kept = [one for one in options(kind.spec) if one.name not in left]
    made = parse(kind.spec, {one.name: samples.get(one.name, _sample(one)) for one in kept})
    assert parse(kind.spec, json.loads(json.dumps(encode(made)))) == made
    assert all(getattr(made, one.name) != one.default for one in kept)


def _sample(one):
    if one.type.choices:
        return next(word for word in one.type.choices if word != one.default)
    if one.type.boolean:
        return not one.default
    if one.type.multiple:
        return ["a=b"] if "=" in one.type.metavar else ["a"]
    return {"QUANTITY": "3Gi", "MEMORY": "3g", "DURATION": "30s"}.get(
        one.type.metavar, 2 if isinstance(one.default, int) else "auto"
    )


def test_secrets_are_not_stored():
    """The stored Spec contains no secret, and its mask cannot be mistaken for one."""
    made = spec(secret=["A=hush"], env=["GIT_SYNC_PASSWORD=hush", "API_TOKEN=hush", "PLAIN=1"])
    stored = encode(made)
    assert "hush" not in json.dumps(stored)
    assert stored["env"]["PLAIN"] == "1"
    with pytest.raises(SpecError, match="--env: a value was redacted"):
        parse(TFJobSpec, stored)


def test_remarks():
    """What looks like a slip is remarked on: a credential in clear, a value that became the command."""
    made = spec(
        env=["API_TOKEN=x", "TOKENIZERS_PARALLELISM=1", "GIT_SYNC_PASSWORD=x"], command="true python x"
    )
    first, second = remarks(made)
    assert "--secret API_TOKEN" in first
    assert "--gang=true" in second
    assert remarks(spec()) == []


def test_options_that_do_nothing():
    """An option without effect causes a remark with what it needs."""
    given = {"ps_cpu": "1", "evaluator_memory": "1Gi", "logdir": "/l", "sync_image": "i"}
    made = spec(**given, starting_timeout="1m", model_name="m", model_source="s")
    assert [line.split(" with")[0] for line in remarks(made)] == [
        "--logdir has no effect",
        "--sync-image has no effect",
        "--ps-cpu has no effect",
        "--evaluator-memory has no effect",
        "--starting-timeout has no effect",
        "--model-name is recorded",
    ]
    assert remarks(spec(ps_cpu="1", ps=1, logdir="/l", tensorboard=True)) == []


@settings(max_examples=60)
@given(st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True), WORD), WORD)
def test_any_text_round_trips(env, command):
    """Whatever text a user gives survives storing, byte for byte."""
    env = {name: value for name, value in env.items() if name not in ("workers", "gpus")}
    made = spec(env=env, command="x" + command)
    again = json.loads(json.dumps(encode(made)))
    assert again.get("command") == "x" + command
    assert made.env == env


def test_old_toleration_is_a_value():
    """A Toleration can be given as such, as from Python."""
    assert spec(toleration=[Toleration()]).toleration == (Toleration(),)


def test_shown_without_secrets():
    """What a notebook shows of a Spec has no secret in clear; the Spec itself has."""
    made = spec(secret={"KEY": "opensesame"}, env={"API_TOKEN": "opensesame", "LR": "0.1"})
    assert "opensesame" not in repr(made)
    assert "'LR': '0.1'" in repr(made)
    assert made.secret == {"KEY": "opensesame"}
