"""Serves one model by MLServer, on loopback. The Python of the engine runs it, without arena.

    python mlserver_model.py --model_name=NAME --model_dir=FOLDER --http_port=PORT [--model_format=FORMAT]

It writes MLServer's settings into a folder below the current one, and starts it there. A model that cannot be
loaded ends it with 1, where MLServer itself would end with 0.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

HOST = "127.0.0.1"
RUNTIMES = {
    "sklearn": "mlserver_sklearn.SKLearnModel",
    "xgboost": "mlserver_xgboost.XGBoostModel",
    "lightgbm": "mlserver_lightgbm.LightGBMModel",
    "mlflow": "mlserver_mlflow.MLflowRuntime",
}


def settings(name: str, place: str, form: str, port: int) -> dict[str, dict[str, object]]:
    """MLServer's settings by the names of their files; other ports than that of HTTP are any free ones."""
    server: dict[str, object] = {
        "host": HOST,
        "http_port": port,
        "grpc_port": 0,
        "metrics_endpoint": None,
        "parallel_workers": 0,
    }
    model: dict[str, object] = {"name": name, "implementation": RUNTIMES[form], "parameters": {"uri": place}}
    return {"settings.json": server, "model-settings.json": model}


def main(argv: Sequence[str]) -> None:
    """Serve the model that the command line names."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--model_name", default="model")
    parser.add_argument("--model_dir", default="/mnt/models")
    parser.add_argument("--model_format", default="")
    parser.add_argument("--http_port", type=int, default=8080)
    given, _ = parser.parse_known_args(argv)
    form = given.model_format or "sklearn"
    if form not in RUNTIMES:
        sys.exit(f"error: MLServer has no runtime for the model format {form}; it has {', '.join(RUNTIMES)}")
    if not os.path.exists(given.model_dir):
        sys.exit(f"error: there is no model at {given.model_dir}")
    folder = os.path.abspath(f"mlserver-{given.model_name}")
    os.makedirs(folder, exist_ok=True)
    for name, body in settings(given.model_name, given.model_dir, form, given.http_port).items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            json.dump(body, file)
    _insist(given.model_dir, form)
    sys.argv[1:] = ["start", folder]
    importlib.import_module("mlserver.cli").main()


def _insist(place: str, form: str) -> None:
    """Make a model that cannot be loaded end the program, with one line about it."""
    registry: Any = importlib.import_module("mlserver.registry").MultiModelRegistry
    load = registry.load

    async def checked(self: Any, model: Any) -> Any:
        done = False
        try:
            found = await load(self, model)
            done = True
            return found
        finally:
            error = sys.exc_info()[1]
            if not done and error is not None:
                traceback.print_exception(error)
                why = "; ".join(str(error).strip().splitlines()[:1])
                sys.stderr.write(f"error: cannot load {place} as {form}: {type(error).__name__}: {why}\n")
                sys.stderr.flush()
                os._exit(1)

    registry.load = checked


if __name__ == "__main__":
    sys.path[0] = os.getcwd()  # where a model's own modules are; not the folder of this program
    main(sys.argv[1:])
