"""One submit: commands and the library apply defaults in one order, and call the same actions."""

import ast
import inspect
import json
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from screens import PYTORCHJOBS, Fixed

import arena
import arena as library
from arena.actions.submit import submit
from arena.actions.submit.request import request_for
from arena.cli import run
from arena.commands._globals import Globals
from arena.kube import Cluster
from arena.origin import Choice
from arena.resources import CONFIGMAPS, NAMESPACES

NOT_SHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
"""Each example submits twice, so that making one smaller would take minutes."""
COMMANDS = Path(arena.__file__).parent / "commands"
OPTIONS = {
    "workers": st.sampled_from([1, 2, 3]),
    "image_pull_policy": st.sampled_from(["Always", "IfNotPresent", "Never"]),
    "shell": st.sampled_from(["sh", "bash"]),
    "working_dir": st.sampled_from(["/root", "/w"]),
    "gang": st.booleans(),
    "tensorboard": st.booleans(),
    "retry": st.sampled_from([0, 3]),
    "share_memory": st.sampled_from(["2Gi", "1Gi"]),
    "image": st.sampled_from(["", "a", "b"]),
    "queue_name": st.sampled_from(["", "q"]),
    "env": st.dictionaries(st.sampled_from(["A", "B", "C"]), st.sampled_from(["", "1", "2"]), max_size=3),
}
"""Options of a job, with values among which is the default."""
LEVEL = st.fixed_dictionaries({}, optional=OPTIONS)
GENERAL = st.fixed_dictionaries({}, optional={"image": OPTIONS["image"], "queue": st.just("general")})
VARIABLES = st.fixed_dictionaries(
    {}, optional={"ARENA_IMAGE": st.just("variable"), "ARENA_QUEUE": st.just("v")}
)


class Configured(Fixed):
    """A session whose settings are read from a folder and from variables of the test's own."""

    def __init__(self, cluster: Cluster, folder: Path, variables: Mapping[str, str]) -> None:
        super().__init__(cluster, folder)
        self._environ = {"HOME": str(folder), "KUBECONFIG": str(folder / "kubeconfig"), **variables}
        self._choice = Choice(arena_namespace="arena-system")


def configure(folder: Path, general: dict, level: dict) -> None:
    """Write the user's settings."""
    own = folder / ".config" / "arena" / "config.yaml"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(yaml.safe_dump(said(general, level)), encoding="utf-8")


def administer(cluster: Cluster, general: dict, level: dict) -> None:
    """Write the administrator's settings."""
    data = {"config.yaml": yaml.safe_dump(said(general, level))}
    cluster.patch(CONFIGMAPS, "arena-system", "arena-config", {"data": data})


def said(general: dict, level: dict) -> dict:
    """Settings as their file has them."""
    options = {name.replace("_", "-"): value for name, value in level.items()}
    return {**general, "defaults": {"pytorchjob": options}}


def flags(level: dict) -> list[str]:
    """The options as a command line has them; a name without a value is taken back."""
    found: list[str] = []
    for name, value in level.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            found.append(f"--{flag}" if value else f"--no-{flag}")
        elif isinstance(value, dict):
            found += [f"--env={key}={one}" if one else f"--env={key}-" for key, one in value.items()]
        else:
            found.append(f"--{flag}={value}")
    return found


def passed(level: dict) -> dict:
    """The options as the library is passed them."""
    env = level.get("env", {})
    names = {key if one else f"{key}-": one or None for key, one in env.items()}
    return {**level, "env": names} if env else {key: one for key, one in level.items() if key != "env"}


@pytest.fixture
def cluster(stage) -> Cluster:
    """A cluster with settings of its administrator."""
    meta = {"metadata": {"name": "arena-system"}}
    stage.cluster.create(NAMESPACES, None, {"apiVersion": "v1", "kind": "Namespace", **meta})
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "arena-config"}, "data": {}}
    stage.cluster.create(CONFIGMAPS, "arena-system", body)
    return stage.cluster


@settings(
    deadline=None,
    max_examples=60,
    phases=NOT_SHRUNK,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    administrators=st.tuples(GENERAL, LEVEL), users=st.tuples(GENERAL, LEVEL), variables=VARIABLES, own=LEVEL,
    asks=st.booleans(),
)  # fmt: skip
def test_one_order(cluster, tmp_path, capsys, administrators, users, variables, own, asks):
    """Whatever levels say, a command and the library make the same objects; a given default is given."""
    configure(tmp_path, *users)
    administer(cluster, *administrators)
    words = ["submit", "pytorchjob", "--name", "bert", *flags(own), "--dry-run", "-o", "json", "--", "x"]
    words[words.index("--dry-run")] += "=server" if asks else "=client"
    capsys.readouterr()
    code = run(tuple(words), Globals(session=Configured(cluster, tmp_path, variables)))
    out, err = capsys.readouterr()
    session = Configured(cluster, tmp_path, variables)
    spec = arena.PyTorchJobSpec(name="bert", command="x", **passed(own))
    if code:
        with pytest.raises(arena.ArenaError) as raised:
            submit.dry_run(session, request_for(spec), server=asks)
        assert (raised.value.exit_code, f"Error: {raised.value.message}") == (code, err.splitlines()[-2])
        return
    for one in (spec, replace(spec), replace(replace(spec, name="other"), name="bert")):
        made = submit.dry_run(session, request_for(one), server=asks).objects
        shown = json.loads(out)
        assert shown == (made[0] if len(made) == 1 else {**shown, "items": list(made)})


@pytest.fixture
def session(cluster, tmp_path) -> Configured:
    """A session for which a pull policy and two variables are configured."""
    env = {"A": "configured", "B": "configured"}
    configure(tmp_path, {}, {"image_pull_policy": "IfNotPresent", "workers": 2, "env": env})
    return Configured(cluster, tmp_path, {})


def facts(session: Fixed, name: str) -> tuple[str, int, dict]:
    """The pull policy, the number of workers and the variables of a job."""
    specs = session.cluster().get(PYTORCHJOBS, "default", name)["spec"]["pytorchReplicaSpecs"]
    [container] = specs["Master"]["template"]["spec"]["containers"]
    env = {one["name"]: one.get("value") for one in container["env"] if one["name"] in ("A", "B")}
    return container["imagePullPolicy"], specs.get("Worker", {"replicas": 0})["replicas"] + 1, env


def test_what_is_passed_is_given(session):
    """In the library an option that is passed counts as given, though it equals the default."""
    common = {"command": "x", "image": "i"}
    arena.submit(session, arena.PyTorchJobSpec(name="left", **common))
    assert facts(session, "left") == ("IfNotPresent", 2, {"A": "configured", "B": "configured"})
    own = arena.PyTorchJobSpec(name="own", image_pull_policy="Always", workers=1, env={"A-": None}, **common)
    arena.submit(session, own)
    assert facts(session, "own") == ("Always", 1, {"B": "configured"})


def test_sweeps_keep_what_was_given(session):
    """`dataclasses.replace` keeps what was given, and what it is passed counts as given, too."""
    base = arena.PyTorchJobSpec(
        name="base", command="x", image="i", image_pull_policy="Always", env={"A-": None}
    )
    for workers in (1, 3):
        arena.submit(session, replace(base, name=f"w{workers}", workers=workers))
        assert facts(session, f"w{workers}") == ("Always", workers, {"B": "configured"})
    arena.submit(session, replace(base, name="again"))
    assert facts(session, "again") == ("Always", 2, {"B": "configured"})


def test_a_job_again_is_as_it_was(session, arena):
    """What was settled for a job is not settled again for its rerun or its recorded Spec."""
    spec = library.PyTorchJobSpec(name="bert", command="x", image="i", image_pull_policy="Always", workers=1)
    library.submit(session, spec)
    was = facts(session, "bert")
    assert facts(session, library.rerun(session, "bert").name) == was
    library.submit(session, replace(library.recorded(session, "bert"), name="recorded"))
    assert facts(session, "recorded") == was
    assert arena("rerun", "bert", "--name", "command").code == 0
    assert facts(session, "command") == was
    assert library.diff(session, "bert", "command") == []


def test_the_command_line_of_a_job_says_its_defaults(session, arena):
    """What `get -o command` prints submits the same job, though other values are configured by now."""
    common = {"command": "x", "image": "i", "env": {"A": "1", "B": "2"}}
    spec = library.PyTorchJobSpec(name="bert", image_pull_policy="Always", workers=1, **common)
    library.submit(session, spec)
    line = shlex.split(arena("get", "bert", "-o", "command").out)
    line[line.index("bert")] = "again"
    assert arena(*line[1:]).code == 0
    assert facts(session, "again") == facts(session, "bert") == ("Always", 1, {"A": "1", "B": "2"})


def test_remarks_are_told(session):
    """Warnings of a submit come to `tell`, and nothing is printed."""
    told: list[str] = []
    spec = arena.PyTorchJobSpec(name="bert", command="x", image="i", queue_name="gold")
    arena.submit(session, spec, tell=told.append)
    assert told[0].startswith('Warning: --queue-name "gold" has no effect')
    assert told[1] == "using the test's cluster"


def imported(module: Path) -> set[str]:
    """The modules below actions/submit that a command imports, apart from those for types alone."""
    tree = ast.parse(module.read_text("utf-8"))
    for node in [*ast.walk(tree)]:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    whole = {f"{node.module}.{name.name}" for node in found for name in node.names}
    prefix = "arena.actions.submit."
    return {name.removeprefix(prefix).partition(".")[0] for name in whole if name.startswith(prefix)}


def test_commands_call_one_action():
    """No command settles, plans or sends: those that submit hand a request to the action."""
    allowed = {
        "_submit.py": {"submit"},
        "_request.py": {"request"},
        "cron/_submit.py": {"schedule"},
        "rerun.py": set(),
        "submit.py": set(),
        "evaluate/model.py": set(),
        "diff.py": {"request", "settle"},
        "get.py": {"settle"},
    }
    for name, modules in allowed.items():
        assert imported(COMMANDS / name) == modules, name
    inner = {"creation", "plan", "queues", "remarks", "secrets", "send", "settle"}
    for module in COMMANDS.rglob("*.py"):
        name = module.relative_to(COMMANDS).as_posix()
        assert name in allowed or not imported(module) & inner, name


def test_the_library_is_the_actions():
    """Every public function is an action that takes a session first, but `connect` and `why_folder`."""
    for name in arena.__all__:
        one = getattr(arena, name)
        if inspect.isfunction(one) and name not in ("connect", "why_folder"):
            assert one.__module__.startswith("arena.actions."), name
            assert next(iter(inspect.signature(one).parameters)) == "session", name
