"""Runs `seldon-core-microservice` on loopback, with Seldon's prepackaged server for scikit-learn.

    python seldon_server.py INTERFACE WORDS...

The Python of the engine runs it, without arena. Seldon's images have that server; its package has not.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

HOST = "127.0.0.1"
"""The machine has other users."""
ENDS = (".joblib", ".pkl", ".pickle")


class SKLearnServer:
    """A model that `joblib.dump` or `pickle.dump` wrote, as a component of Seldon.

    Args:
        model_uri: its folder, or the file.
        method: what answers: `predict_proba`, `predict` or `decision_function`.
    """

    def __init__(self, model_uri: str, method: str = "predict_proba") -> None:
        # Here, and not in `load`, which each of the server's processes calls: only one of them would end.
        self._model = _loaded(_model_file(model_uri))
        self._method = method if hasattr(self._model, method) else "predict"

    def predict(self, X: Any, names: Any, meta: Any = None) -> Any:
        """The answer to some rows."""
        return getattr(self._model, self._method)(X)


def _model_file(place: str) -> str:
    """The file of the model at a place; without one, the program ends."""
    if not os.path.exists(place):
        _end(f"there is no model at {place}")
    if not os.path.isdir(place):
        return place
    files = sorted(os.listdir(place))
    fitting = [one for one in files if one.endswith(ENDS)]
    if len(fitting) != 1:
        shown = ", ".join(files[:8]) or "nothing"
        _end(f"no single model file in {place}: expected *{', *'.join(ENDS)}; it holds {shown}")
    return os.path.join(place, fitting[0])


def _loaded(path: str) -> Any:
    """The model; whatever goes wrong ends the program with one line about it."""
    try:
        return importlib.import_module("joblib").load(path)
    finally:
        error = sys.exc_info()[1]
        if error is not None:
            traceback.print_exception(error)
            _end(f"cannot load {path} as sklearn: {type(error).__name__}: {error}")


def _end(why: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"error: {why}\n")
    sys.stderr.flush()
    os._exit(1)


def stay_local(microservice: Any) -> None:
    """Let its servers listen on loopback, where they would listen on every address of the machine."""
    config: Any = importlib.import_module("gunicorn.config").Config
    put, serve = config.set, microservice._run_grpc_server

    def set_local(self: Any, name: str, value: Any) -> Any:
        return put(self, name, value.replace("0.0.0.0", HOST) if name == "bind" else value)

    def serve_local(*words: Any) -> Any:
        return serve(*words[:-1], words[-1].replace("0.0.0.0", HOST))

    config.set = set_local
    microservice._run_grpc_server = serve_local


def main(argv: Sequence[str]) -> None:
    """Become Seldon's server."""
    sys.argv[1:] = list(argv)
    sys.modules.setdefault("SKLearnServer", sys.modules[__name__])
    microservice: Any = importlib.import_module("seldon_core.microservice")
    stay_local(microservice)
    microservice.main()


if __name__ == "__main__":
    sys.path[0] = os.getcwd()  # where the user's component is; not the folder of this program
    main(sys.argv[1:])
