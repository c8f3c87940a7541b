"""The library's public face: its names, their docs, their types, its version."""

import importlib.metadata
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import arena

NAMES = [
    "Ability",
    "ArenaError",
    "Check",
    "ConfigFile",
    "Conflict",
    "Container",
    "Cron",
    "CronSpec",
    "CustomServingSpec",
    "DeepSpeedJobSpec",
    "Diagnosis",
    "Difference",
    "DistributedServingSpec",
    "ETJobSpec",
    "Evaluation",
    "EvaluationSpec",
    "Event",
    "Evidence",
    "Finding",
    "Fit",
    "Forecast",
    "HorovodJobSpec",
    "Instance",
    "JAXJobSpec",
    "Job",
    "JobFailed",
    "JobSetSpec",
    "JobSpec",
    "KServeServingSpec",
    "Lack",
    "LogLine",
    "MPIJobSpec",
    "MissingOperator",
    "Model",
    "Mount",
    "Node",
    "NotAllowed",
    "NotFound",
    "PaddleJobSpec",
    "Phase",
    "PyTorchJobSpec",
    "Queue",
    "RayJobSpec",
    "Right",
    "RoleFit",
    "Run",
    "SeldonServingSpec",
    "Session",
    "SparkJobSpec",
    "SpecError",
    "SweepSpec",
    "TFJobSpec",
    "TemplateError",
    "TensorFlowServingSpec",
    "TensorRTServingSpec",
    "TimedOut",
    "Toleration",
    "TorchServeServingSpec",
    "TrainJobSpec",
    "TritonServingSpec",
    "Unreachable",
    "Usage",
    "User",
    "VLLMServingSpec",
    "VolcanoJobSpec",
    "XGBoostJobSpec",
    "__version__",
    "abilities",
    "adopt",
    "connect",
    "cron",
    "crons",
    "delete",
    "delete_cron",
    "diff",
    "evaluations",
    "events",
    "examine",
    "fit",
    "follow",
    "job",
    "jobs",
    "logs",
    "metrics",
    "nodes",
    "preview",
    "prune",
    "recorded",
    "release",
    "rerun",
    "restore",
    "resume",
    "resume_cron",
    "scale",
    "schedule",
    "submit",
    "suspend",
    "suspend_cron",
    "timeline",
    "wait",
    "whoami",
    "why",
    "why_folder",
]


def python(*words: str) -> str:
    """What another Python prints."""
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=30, check=True
    ).stdout


def test_the_public_names() -> None:
    """These names are public and no others; the library grows only on purpose."""
    assert arena.__all__ == NAMES


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("_")])
def test_a_public_name(name: str) -> None:
    """A public name is there, says what it is, and its types can be read."""
    found = getattr(arena, name)
    assert inspect.getdoc(found)
    assert found.__name__ == name
    if inspect.isfunction(found):
        assert all(
            parameter.annotation is not parameter.empty
            for parameter in inspect.signature(found).parameters.values()
        )


@pytest.mark.parametrize("family", ["serving", "sweeps"])
def test_families_have_namespaces(family: str) -> None:
    """`arena.serving` holds what servings can do, each with its doc, and is imported only when it is used."""
    program = f"import sys, arena; arena.{family}; print(*[one for one in sys.modules if 'actions' in one])"
    assert python("-c", program).split() == []
    namespace = getattr(arena, family)
    for name in namespace.__all__:
        found = getattr(namespace, name)
        assert inspect.getdoc(found)
        assert found.__name__ == name
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = namespace.nothing_of_the_kind


def test_dir_and_strangers() -> None:
    """A name that is not there is an AttributeError, as of any module."""
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = arena.nothing_of_the_kind


def test_import_is_light() -> None:
    """`import arena` imports nothing but arena's own version and parts of Python."""
    program = "import sys; old = set(sys.modules); import arena; print(*sorted(set(sys.modules) - old))"
    found = python("-c", program).split()
    assert {name for name in found if name.split(".")[0] == "arena"} == {"arena", "arena._version"}
    assert {name.split(".")[0] for name in found} - {"arena"} <= set(sys.stdlib_module_names)


@pytest.mark.parametrize(
    ("name", "spared"),
    [
        ("connect", {"arena.actions", "arena.model", "arena.kinds"}),
        ("SpecError", {"arena.session", "arena.model"}),
        ("whoami", {"arena.actions.jobs", "arena.actions.submit.send", "arena.actions.submit.plan"}),
        ("TFJobSpec", {"arena.actions", "arena.session", "arena.kinds.training.mpijob"}),
    ],
)
def test_a_name_imports_its_own_room(name: str, spared: set[str]) -> None:
    """Who asks for one name does not import where others are at home."""
    found = python("-c", f"import sys, arena; arena.{name}; print(*sys.modules)").split()
    assert not spared & set(found)


def test_types_are_packaged() -> None:
    """The package says that it is typed."""
    assert (Path(arena.__file__).parent / "py.typed").is_file()
    assert '"py.typed"' in (Path(arena.__file__).parents[1] / "pyproject.toml").read_text("utf-8")


def test_one_version() -> None:
    """The package, the command and the library say the same version."""
    assert importlib.metadata.version("arena-jobs") == arena.__version__
    assert python("-m", "arena", "version", "--short").strip() == arena.__version__
