"""Options of servings: what each becomes, and what is refused. The Go arena's defects are not ours."""

import subprocess

import pytest

from arena import kinds
from arena.errors import SpecError
from arena.kinds.serving import FAMILY
from arena.kinds.serving.specs.base import groups, locations
from arena.kinds.spec import encode, parse

CUSTOM = ("--name", "x", "--version", "1", "--image", "i")
WEB = (*CUSTOM, "--restful-port", "8080")


def container(made):
    return made[0]["spec"]["template"]["spec"]["containers"][0]


@pytest.fixture
def serve(submit):
    """`serve("triton", ...)` gives the objects that would be sent."""
    return lambda kind, *words, **more: submit(kinds.find(kind, FAMILY), *words, **more)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--gpus", "1", "--gpumemory", "2"), "mutually exclusive"),
        (("--gpucore", "7"), "multiple of 5"),
        (("--gpucore", "105"), "at most 100"),
        (("--version", "V1"), "is not a version"),
        (("--name", "Digits"), "cannot name a serving"),
        (("--max-surge", "a"), "neither a number nor a percentage"),
        (("--max-surge", "0", "--max-unavailable", "0%"), "cannot both be 0"),
        (("--temp-dir", "cache"), "NAME:/path"),
        (("--temp-dir", "a:/x", "--data", "c:/x"), "two things would be mounted"),
        (("--data", "c:/mnt/models", "--model", "pvc://models"), "two things would be mounted"),
        (("--data-subpath-expr", "c:../x"), "relative path"),
        (("--model", "ftp://host/x"), "not the location of a model"),
        (("--model", "pvc://claim/../other"), "leaves the claim"),
        (("--model", "pvc://Claim/x"), "not a valid name"),
        (("--model", "hf://just-a-name"), "hf://ORG/NAME"),
        (("--model", "hf://org/na me"), "hf://ORG/NAME"),
        (("--model", "https://user:pw@host/x"), "credentials"),
        (("--liveness-probe-action", "http"), "httpGet"),
        (("--liveness-probe-option", "periodSeconds: 3"), "need --liveness-probe-action"),
        (("--liveness-probe-action", "exec"), "lacks a command"),
        (("--liveness-probe-action", "exec", "--liveness-probe-action-option", "path: /"), "no field path"),
        (("--liveness-probe-action", "grpc", "--liveness-probe-action-option", "port: 99999"), "65535"),
        (("--readiness-probe-action", "grpc", "--readiness-probe-option", "period: 3"), "not a field"),
        (("--readiness-probe-action", "grpc", "--readiness-probe-option", "periodSeconds: x"), "whole"),
        (("--startup-probe-action", "grpc", "--startup-probe-option", "successThreshold: 2"), "must be 1"),
    ],
)  # fmt: skip
def test_values_that_cannot_be_used(read_words, words, message):
    """A wrong value is named before anything is sent."""
    with pytest.raises(SpecError) as refused:
        read_words(kinds.find("custom", FAMILY), "--name", "x", "--image", "i", "--port", "1", *words)
    assert message in f"{refused.value.message}; {refused.value.hint}"


@pytest.mark.parametrize(
    ("kind", "words", "message"),
    [
        ("custom", ("--image", "i"), "needs a port"),
        ("custom", ("--image", "i", "--port", "80", "--restful-port", "80"), "two ports have the number 80"),
        ("custom", ("--image", "i", "--port", "80", "--env", "GRPC_PORT=1"), "tells the program its port"),
        ("custom", ("--image", "i", "--port", "80", "--data-subpath-expr", "c:x"), 'no --data "c"'),
        ("custom", ("--image", "i", "--port", "80", "--temp-dir-subpath-expr", "t:x"), 'no --temp-dir "t"'),
        ("custom", ("--port", "80"), "--image is missing"),
        ("triton", (), "the model is missing"),
        ("triton", ("--model", "s3://b/m", "--model-repository", "/m"), "mutually exclusive"),
        ("tensorflow", ("--model-path", "/a", "--model-config-file", "/b"), "mutually exclusive"),
        ("kserve", ("--model", "s3://b/m"), "neither a format nor an image"),
        (
            "kserve",
            ("--model-format", "sklearn", "--model", "s3://b/m", "--storage-uri", "s3://b/n"),
            "exclusive",
        ),
        (
            "kserve",
            ("--model-format", "onnx", "--max-replicas", "1", "--replicas", "2"),
            "less than the minimum",
        ),
        ("kserve", ("--model-format", "onnx", "--scale-metric", "queue"), "needs --scale-target"),
        ("seldon", (), "the model is missing"),
        ("distributed", ("--image", "i", "--port", "80", "--init-backend", "ray"), "needs a command"),
    ],
)
def test_what_does_not_fit_together(serve, kind, words, message):
    """What is missing or contradicts itself is named with what to add or omit."""
    with pytest.raises(SpecError) as refused:
        serve(kind, "--name", "x", "--version", "1", *words)
    assert message in f"{refused.value.message}; {refused.value.hint}"


@pytest.mark.parametrize("kind", kinds.of(FAMILY), ids=lambda kind: kind.name)
def test_a_recorded_spec_is_read_again(kind, read_words):
    """Options with structure survive the annotation in which they are recorded."""
    words = [
        "--name",
        "x",
        "--image",
        "i",
        "--model",
        "pvc://c/a/b",
        "--temp-dir",
        "t:/t",
        "--command",
        "a 'b c'",
    ]
    words += ["--data", "c:/c", "--data-subpath-expr", "c:$(ARENA_POD_NAME)", "--gpucore", "10"]
    if kind.name in ("custom", "distributed"):
        words += ["--port", "1", "--liveness-probe-action", "exec", "--max-surge", "25%"]
        words += [
            "--liveness-probe-action-option",
            "command: a 'b c'",
            "--liveness-probe-option",
            "periodSeconds: 3",
        ]
    if kind.name == "kserve":
        words += ["--security-context", "runAsUser=1", "--canary-traffic-percent", "0", "--min-replicas", "0"]
    spec = read_words(kind, *words)
    assert parse(kind.spec, encode(spec)) == spec


def test_words_win_over_the_flag(read_words):
    """--command gives the command; words without a flag take precedence, as in the Go arena."""
    kind = kinds.find("custom", FAMILY)
    assert read_words(kind, *WEB, "--command", "python a.py").command == "python a.py"
    assert read_words(kind, *WEB, "--command", "python a.py", "python", "b.py").command == "python b.py"


def test_probes_ask_the_port_that_is_chosen(serve):
    """Probes follow the port, by its name; those of the Go arena ask port 8500, whatever is chosen."""
    made = container(
        serve("tensorflow", "--name", "x", "--version", "1", "--port", "9000", "--model", "gs://b/m")
    )
    assert made["livenessProbe"]["tcpSocket"] == {"port": "grpc-serving"}
    assert {"name": "grpc-serving", "containerPort": 9000} in made["ports"]
    asked = container(serve("custom", *WEB, "--liveness-probe-action", "httpGet"))
    assert asked["livenessProbe"]["httpGet"] == {"port": "http-serving"}


@pytest.mark.parametrize("kind", ["tensorflow", "triton", "tensorrt", "torchserve", "vllm"])
def test_no_probe_ends_an_engine_that_loads(serve, kind):
    """An engine has an hour to load its model before its other probes count."""
    made = container(serve(kind, "--name", "x", "--version", "1", "--model", "pvc://c/m"))
    startup = made["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 3600
    assert made["livenessProbe"]
    assert made["readinessProbe"]


def test_no_probe_ends_a_program_that_starts(serve):
    """A liveness probe of the user's is asked as startup probe first, unless there is one."""
    words = ("--liveness-probe-action", "httpGet", "--liveness-probe-action-option", "path: /live")
    made = container(serve("custom", *WEB, *words, "--liveness-probe-option", "initialDelaySeconds: 5"))
    assert made["startupProbe"]["httpGet"] == made["livenessProbe"]["httpGet"]
    assert made["startupProbe"]["failureThreshold"] > 100
    own = container(serve("custom", *WEB, *words, "--startup-probe-action", "tcpSocket"))
    assert own["startupProbe"] == {"tcpSocket": {"port": "http-serving"}}
    assert "startupProbe" not in container(serve("custom", *WEB))


@pytest.mark.parametrize(
    "written", ["command: cat '/tmp/a b'", "command=cat '/tmp/a b'", "command: [cat, '/tmp/a b']"]
)
def test_commands_of_probes(serve, written):
    """A command is written like a YAML line, as in the Go arena's help, or as a list."""
    words = ("--readiness-probe-action", "exec", "--readiness-probe-action-option", written)
    assert container(serve("custom", *WEB, *words))["readinessProbe"] == {
        "exec": {"command": ["cat", "/tmp/a b"]}
    }


def test_text_cannot_become_structure(serve):
    """What breaks the Go arena's charts, or adds keys to them, stays one value."""
    evil = '"}\n      hostNetwork: true # $(A) {{ x }}'
    made = serve("custom", *WEB, "--env", f"A={evil}", "--liveness-probe-action", "httpGet",
                 "--liveness-probe-action-option", f"path: {evil}", "--annotation", f"a={evil}",
                 "--command", evil)  # fmt: skip
    spec = made[0]["spec"]["template"]["spec"]
    assert "hostNetwork" not in spec
    assert container(made)["command"] == ["sh", "-c", evil]
    assert container(made)["livenessProbe"]["httpGet"]["path"] == evil
    assert made[0]["spec"]["template"]["metadata"]["annotations"]["a"] == evil


def test_arguments_of_engines_reach_no_shell(serve):
    """Paths and further arguments are words of their own, whatever they contain."""
    words = ("--model-repository", "/m; rm -rf /", "--extend-command", "--a='b; c' $(id)")
    made = container(serve("triton", "--name", "x", "--version", "1", *words))
    assert made["command"] == ["tritonserver"]
    assert made["args"][0] == "--model-repository=/m; rm -rf /"
    assert made["args"][-2:] == ["--a=b; c", "$(id)"]


def test_flags_that_the_go_arena_ignores(serve):
    """Folders, devices, secrets and the version policy have an effect in every kind that takes them."""
    words = ("--name", "x", "--version", "1", "--data-dir", "/a:/b", "--device", "amd.com/gpu=1",
             "--env-from-secret", "TOKEN=s")  # fmt: skip
    tensorflow = serve("tensorflow", *words, "--model-path", "/m", "--version-policy", "latest:3")
    for made in (container(tensorflow), container(serve("triton", *words, "--model-repository", "/m"))):
        assert any(one["mountPath"] == "/b" for one in made["volumeMounts"])
        assert made["resources"]["limits"] == {"amd.com/gpu": "1"}
        assert any(one["name"] == "TOKEN" for one in made["env"])
    assert "num_versions: 3" in tensorflow[2]["data"]["models.config"]
    model = serve("kserve", *words, "--data", "c:/c", "--data-subpath-expr", "c:p", "--model-format", "onnx",
                  "--model", "s3://b/m", "--min-replicas", "0")[0]["spec"]["predictor"]  # fmt: skip
    assert model["minReplicas"] == 0
    assert [one.get("subPathExpr") for one in model["model"]["volumeMounts"]] == ["p", None]


def test_arguments_have_one_order(serve):
    """The same options give the same arguments, so that no update replaces instances needlessly."""
    pairs = [("--name", "x"), ("--version", "1"), ("--model-path", "/m"), ("--model-name", "m")]
    first, second = (serve("tensorflow", *sum(order, ())) for order in (pairs, pairs[::-1]))
    assert container(first)["args"] == container(second)["args"]


def test_instances_on_one_machine_take_ports_from_variables(serve):
    """Arguments name variables, which a local cluster changes; there, engines listen on the loopback."""
    for kind in ("tensorflow", "triton", "tensorrt", "vllm"):
        made = container(serve(kind, "--name", "x", "--version", "1", "--model", "gs://b/m", on_host=True))
        numbers = {str(one["containerPort"]) for one in made["ports"]}
        assert not [word for word in made["args"] if word.rpartition("=")[2] in numbers], kind
        assert not [word for word in made["args"] if "0.0.0.0" in word], kind
        assert numbers <= {one.get("value") for one in made["env"]}


@pytest.mark.parametrize(
    ("kind", "model", "told", "brought"),
    [
        ("triton", "s3://b/m", "s3://b/m", None),
        ("triton", "hf://o/n", "/mnt/models", "hf://o/n"),
        ("tensorflow", "gs://b/m", "gs://b/m", None),
        ("tensorflow", "s3://b/m", "/mnt/models", "s3://b/m"),
        ("vllm", "hf://o/n", "o/n", None),
        ("vllm", "s3://b/m", "/mnt/models", "s3://b/m"),
        ("torchserve", "https://h/m.mar", "/mnt/models", "https://h/m.mar"),
        ("triton", "pvc://c/m", "/mnt/models", None),
        ("triton", "/models", "/models", None),
    ],
)
def test_who_loads_a_model(serve, kind, model, told, brought):
    """An engine loads what it can itself; anything else is downloaded before it starts, and mounted."""
    made = serve(kind, "--name", "x", "--version", "1", "--model", model)
    spec = made[0]["spec"]["template"]["spec"]
    assert any(word.rpartition("=")[2] == told for word in container(made)["args"])
    downloads = [one for one in spec.get("initContainers") or () if one["name"] == "model-download"]
    assert [one["args"] for one in downloads] == ([[brought, locations.MODELS]] if brought else [])
    mounts = [one for one in container(made).get("volumeMounts") or () if one["name"] == "model"]
    assert all(one["readOnly"] for one in mounts)
    assert bool(mounts) == (told == locations.MODELS)


def test_models_on_volumes_for_kserve(serve):
    """A path on a mounted claim is a part of the claim; any other path is one of the machine."""
    words = ("--name", "x", "--model-format", "sklearn", "--data", "models:/data")
    for path, uri in (
        ("/data/iris", "pvc://models/iris"),
        ("/data", "pvc://models"),
        ("/other", "file:///other"),
    ):
        model = serve("kserve", *words, "--model", path)[0]["spec"]["predictor"]["model"]
        assert model["storageUri"] == uri


def test_the_list_of_a_group_is_right_whatever_its_number(tmp_path):
    """The names are made where the pods run, of what their operator tells, for any number of groups."""
    for group in (0, 7):
        told = {"LWS_LEADER_ADDRESS": f"chat-{group}.chat.team", "LWS_GROUP_SIZE": "3"}
        subprocess.run(["sh", "-c", groups.HOSTS, str(tmp_path / "hosts")], env=told, check=True)
        assert (tmp_path / "hosts").read_text().split() == [
            f"chat-{group}.chat.team", f"chat-{group}-1.chat.team", f"chat-{group}-2.chat.team",
        ]  # fmt: skip
    told = {"LWS_LEADER_ADDRESS": "127.0.0.1", "LWS_GROUP_SIZE": "2"}
    subprocess.run(["sh", "-c", groups.HOSTS, str(tmp_path / "hosts")], env=told, check=True)
    assert (tmp_path / "hosts").read_text().split() == ["127.0.0.1", "127.0.0.1"]


@pytest.mark.parametrize("on_host", [True, False])
def test_ray_keeps_other_users_out(serve, on_host):
    """On the user's own machine, where others could reach it, Ray starts with a token and its own address."""
    words = ("--name", "x", "--version", "1", "--image", "i", "--restful-port", "80", "--worker-num", "1")
    made, *_ = serve("distributed", *words, "--init-backend", "ray", "serve", on_host=on_host)
    group = made["spec"]["leaderWorkerTemplate"]
    for role in ("leaderTemplate", "workerTemplate"):
        script = group[role]["spec"]["containers"][0]["command"][2]
        assert script.startswith("export RAY_AUTH_MODE=token RAY_ADDRESS=") == on_host
        assert ("ray get-auth-token" in script) == (on_host and role == "leaderTemplate")


def test_no_object_of_another_is_in_the_way(serve):
    """Two versions beside each other share no name of an object, unlike the Go arena's routes of Istio."""
    words = ("--name", "x", "--image", "i", "--restful-port", "80", "--enable-istio", "--expose-service")
    first, second = (serve("custom", *words, "--version", version) for version in "12")
    names = [{(one["kind"], one["metadata"]["name"]) for one in made} for made in (first, second)]
    assert len(names[0]) == len(names[1]) == 4
    assert not names[0] & names[1]


def test_what_has_no_effect_is_said(read_words):
    """An option without effect is named with what it needs."""
    from arena.kinds.workload.spec import remarks

    told = remarks(read_words(kinds.find("custom", FAMILY), *WEB, "--expose-service"))
    assert told == ["--expose-service has no effect without --enable-istio"]
    words = ("--name", "x", "--image", "i", "--runtime", "r", "--explainer-command", "x")
    told = remarks(read_words(kinds.find("kserve", FAMILY), *words))
    assert len(told) == 2
    [warning] = remarks(read_words(kinds.find("tensorrt", FAMILY), "--name", "x", "--model", "s3://b/m"))
    assert "need a GPU" in warning
