"""Runs an engine: `python -I engine.py ENGINES_FOLDER ENGINE WORDS...`.

It looks for the engine in the user's own Python, the first on PATH, then in arena's environment of it, and
becomes the engine's program. The user's comes first, since a model that was trained there loads there.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence

# Isolated mode knows neither this folder nor, perhaps, arena.
sys.path.append(os.path.abspath(__file__).rpartition("/arena/local/programs/")[0])

from arena import engines
from arena.engines import Engine, Found

HERE = os.path.dirname(os.path.abspath(__file__))
SERVER = os.path.join(HERE, "model_server.py")
_TENSORFLOW = {
    "--rest_api_port": "--http_port",
    "--model_name": "--model_name",
    "--model_base_path": "--model_dir",
}
"""The flags of TensorFlow Serving that have a meaning here, and what KServe's server calls them."""


def find(engine: Engine, base: str) -> Found | None:
    """The engine in the user's Python, else in its own environment; None if it is in neither."""
    return engines.find_in(engine, shutil.which("python") or "") or engines.find(engine, base)


def _kserve(found: Found, given: Sequence[str]) -> list[str]:
    return [found.python, SERVER, *given]


def _mlserver(found: Found, given: Sequence[str]) -> list[str]:
    """MLServer itself, or for one model: that with its settings."""
    if given[:1] == ["start"]:
        return _own(found, given)
    return [found.python, os.path.join(HERE, "mlserver_model.py"), *given]


def _tensorflow(found: Found, given: Sequence[str]) -> list[str]:
    """KServe's server with the flags of TensorFlow Serving, or with its own."""
    pairs = [word.partition("=") for word in given]
    words = [f"{_TENSORFLOW.get(name, name)}={value}" for name, _, value in pairs]
    return [found.python, SERVER, "--model_format=tensorflow", *words]


def _triton(found: Found, given: Sequence[str]) -> list[str]:
    """Triton with the backend for Python, which needs a part for the Python that runs the models."""
    import sysconfig

    environment = os.path.dirname(os.path.dirname(found.python))
    packages = engines.packages(environment)
    version = os.path.basename(os.path.dirname(packages)).removeprefix("python")
    home = os.path.join(packages, "pytriton", "tritonserver")
    libraries = [os.path.join(packages, "nvidia_pytriton.libs"), str(sysconfig.get_config_var("LIBDIR"))]
    _extend("LD_LIBRARY_PATH", libraries)
    # The backend ignores PYTHONPATH, and takes the first Python on PATH for its own.
    _extend("PATH", [os.path.join(environment, "bin")])
    backends = _backends(home, packages, version)
    return [os.path.join(home, "bin", "tritonserver"), f"--backend-directory={backends}", *given]


def _extend(variable: str, folders: Sequence[str]) -> None:
    os.environ[variable] = os.pathsep.join([*folders, *filter(None, [os.environ.get(variable)])])


def _backends(home: str, packages: str, version: str) -> str:
    """The folder of the backends, made when it is first needed."""
    folder = os.path.join(packages, "arena-backends")
    if not os.path.isdir(folder):
        draft = f"{folder}.{os.getpid()}"
        shutil.copytree(os.path.join(home, "backends"), draft)
        stub = os.path.join(home, "python_backend_stubs", version, "triton_python_backend_stub")
        shutil.copy2(stub, os.path.join(draft, "python"))
        try:
            os.rename(draft, folder)
        except OSError:  # another one was quicker
            shutil.rmtree(draft)
    return folder


def _seldon(found: Found, given: Sequence[str]) -> list[str]:
    return [found.python, os.path.join(HERE, "seldon_server.py"), *given]


def _own(found: Found, given: Sequence[str]) -> list[str]:
    return [os.path.join(os.path.dirname(found.python), found.engine.commands[0]), *given]


_COMMANDS: Mapping[str, Callable[[Found, Sequence[str]], list[str]]] = {
    "kserve": _kserve,
    "mlserver": _mlserver,
    "seldon": _seldon,
    "tensorflow": _tensorflow,
    "triton": _triton,
}
"""How engines are started whose own program, if they have one, will not do."""


def main(argv: Sequence[str]) -> None:
    """Become the engine's program; exits with 1 if it is not installed."""
    base, name, *given = argv
    engine = engines.engine(name)
    if engine is None:
        sys.exit(f"error: no engine is called {name}; there are {', '.join(engines.NAMES)}")
    found = find(engine, base)
    if found is None:
        sys.exit(f"error: {engines.missing(engine)}")
    line = _COMMANDS.get(name, _own)(found, given)
    os.execv(line[0], line)


if __name__ == "__main__":
    main(sys.argv[1:])
