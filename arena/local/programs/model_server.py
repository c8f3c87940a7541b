"""Serves one model by KServe's ModelServer, on loopback. An engine's Python runs it, without arena.

    python model_server.py --model_name=NAME --model_dir=FOLDER --http_port=PORT [--model_format=FORMAT]

It speaks v1 (`:predict`) and v2 (Open Inference). If a model cannot be served, it ends with 1, and the last
line of its output begins with `error:`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, NamedTuple

HOST = "127.0.0.1"
"""The machine has other users."""


class Served(NamedTuple):
    """A loaded model.

    Attributes:
        predict: from one array for each input, by name, to one for each output.
        inputs: what it takes, as v2 describes it: name, datatype, shape.
        outputs: what it returns; [] if nobody knows before the first answer.
    """

    predict: Callable[[dict[str, Any]], dict[str, Any]]
    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]


def _table(columns: int, predict: Callable[[Any], Any]) -> Served:
    """A model that takes one table and returns one array."""

    def checked(given: dict[str, Any]) -> dict[str, Any]:
        rows = next(iter(given.values()))
        if columns >= 0 and rows.shape[1:] != (columns,):
            raise ValueError(f"the model takes rows of {columns} features; the shape here is {rows.shape}")
        return {"output-0": predict(rows)}

    return Served(checked, [{"name": "input-0", "datatype": "FP64", "shape": [-1, columns]}], [])


def sklearn(path: str) -> Served:
    """What `joblib.dump` or `pickle.dump` wrote: anything with `predict`."""
    model = importlib.import_module("joblib").load(path)
    probable = os.environ.get("PREDICT_PROBA", "false") == "true" and hasattr(model, "predict_proba")
    return _table(getattr(model, "n_features_in_", -1), model.predict_proba if probable else model.predict)


def xgboost(path: str) -> Served:
    """A Booster that `save_model` wrote."""
    library = importlib.import_module("xgboost")
    model = library.Booster(model_file=path)
    return _table(model.num_features(), lambda given: model.predict(library.DMatrix(given)))


def lightgbm(path: str) -> Served:
    """A Booster that `save_model` wrote."""
    model = importlib.import_module("lightgbm").Booster(model_file=path)
    return _table(model.num_feature(), model.predict)


_ONNX = {"float": "FP32", "double": "FP64", "float16": "FP16", "int64": "INT64", "int32": "INT32",
         "string": "BYTES", "int16": "INT16", "int8": "INT8", "uint8": "UINT8", "bool": "BOOL"}  # fmt: skip
_NUMPY = {"FP64": "float64", "FP32": "float32", "FP16": "float16", "INT64": "int64", "INT32": "int32",
          "BOOL": "bool", "INT16": "int16", "INT8": "int8", "UINT8": "uint8", "BYTES": "object"}  # fmt: skip


def onnx(path: str) -> Served:
    """A model of ONNX, run by onnxruntime."""
    session = importlib.import_module("onnxruntime").InferenceSession(path)
    names = [one.name for one in session.get_outputs()]

    def predict(given: dict[str, Any]) -> dict[str, Any]:
        return dict(zip(names, session.run(None, given), strict=True))

    return Served(predict, list(map(_node, session.get_inputs())), list(map(_node, session.get_outputs())))


def _node(one: Any) -> dict[str, Any]:
    """An input or output of ONNX, such as `tensor(float)`, as v2 describes it."""
    kind = one.type.partition("(")[2].rstrip(")")
    shape = [size if isinstance(size, int) else -1 for size in one.shape or []]
    return {"name": one.name, "datatype": _ONNX.get(kind, "FP32"), "shape": shape}


def tensorflow(path: str) -> Served:
    """A SavedModel, by its default signature."""
    library = importlib.import_module("tensorflow")
    model = library.saved_model.load(path)
    run = model.signatures["serving_default"]

    def predict(given: dict[str, Any]) -> dict[str, Any]:
        tensors = {name: library.constant(one) for name, one in given.items()}
        return {name: one.numpy() for name, one in run(**tensors).items()}

    # The model stays referred to: its variables go with it.
    run.model = model
    inputs = _tensors(run.structured_input_signature[1])
    return Served(predict, inputs, _tensors(run.structured_outputs))


def _tensors(signature: dict[str, Any]) -> list[dict[str, Any]]:
    by_numpy = {kind: name for name, kind in _NUMPY.items()}
    return [
        {
            "name": name,
            "datatype": by_numpy.get(one.dtype.name, "BYTES"),
            "shape": [-1 if size is None else size for size in one.shape or []],
        }
        for name, one in sorted(signature.items())
    ]


class Format(NamedTuple):
    """A format of models: how one is loaded, and the ends of its files' names."""

    load: Callable[[str], Served]
    ends: tuple[str, ...]


FORMATS = {
    "sklearn": Format(sklearn, (".joblib", ".pkl", ".pickle")),
    "xgboost": Format(xgboost, (".bst", ".ubj", ".json", ".model")),
    "lightgbm": Format(lightgbm, (".txt", ".bst")),
    "onnx": Format(onnx, (".onnx",)),
    "tensorflow": Format(tensorflow, ("saved_model.pb",)),
}


def find(folder: str, name: str) -> tuple[str, str]:
    """The format and the path of the model in a folder, or of the file itself.

    The path of a SavedModel is its folder: the newest version, where the folder has several.
    """
    if not os.path.exists(folder):
        sys.exit(f"error: there is no model at {folder}")
    if name and name not in FORMATS:
        sys.exit(f"error: no loader for the model format {name}; there are {', '.join(FORMATS)}")
    base, files = os.path.split(folder) if os.path.isfile(folder) else (folder, "")
    there = [files] if files else sorted(os.listdir(folder))
    versions = [] if files else sorted((one for one in there if one.isdigit()), key=int)
    if versions and not any(one.endswith("saved_model.pb") for one in there):
        base = os.path.join(folder, versions[-1])
        there = sorted(os.listdir(base))
    for form in [name] if name else FORMATS:
        matching = [one for one in there if one.endswith(FORMATS[form].ends)]
        if len(matching) > 1:
            sys.exit(f"error: {base} holds more than one {form} model: {', '.join(matching)}")
        if matching:
            return form, base if form == "tensorflow" else os.path.join(base, matching[0])
    ends = FORMATS[name].ends if name else sorted({end for one in FORMATS.values() for end in one.ends})
    shown = ", ".join(there[:8]) or "nothing"
    sys.exit(f"error: no {name or 'model'} file in {base}: expected *{', *'.join(ends)}; it holds {shown}")


def load(form: str, path: str) -> Served:
    """The loaded model; whatever its library raises ends the program with one line about it."""

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        traceback.print_exception(kind, error, trace)
        why = "; ".join(str(error).strip().splitlines()[:1])
        if isinstance(error, MemoryError):
            why = "this machine has too little memory for it"
        elif isinstance(error, ModuleNotFoundError):
            why += f"; {sys.executable} lacks it"
        sys.stderr.write(f"error: cannot load {path} as {form}: {kind.__name__}: {why}\n")

    before, sys.excepthook = sys.excepthook, tell
    served = FORMATS[form].load(path)
    sys.excepthook = before
    return served


def model(kserve: Any, name: str, served: Served) -> Any:
    """The model as KServe's ModelServer takes it."""
    numpy = importlib.import_module("numpy")
    types = {one["name"]: _NUMPY[one["datatype"]] for one in served.inputs}

    def arrays(payload: Any) -> dict[str, Any]:
        """The inputs of a request, by name."""
        if isinstance(payload, dict):
            return _rows(numpy, payload, types)
        given = {one.name: one.as_numpy() for one in payload.inputs}
        if len(types) == len(given) == 1:
            given = dict(zip(types, given.values(), strict=True))
        return {one: value.astype(types[one]) if one in types else value for one, value in given.items()}

    class Model(kserve.Model):  # type: ignore[misc]
        def get_input_types(self) -> list[dict[str, Any]]:
            return served.inputs

        def get_output_types(self) -> list[dict[str, Any]]:
            return served.outputs

        def predict(self, payload: Any, headers: Any = None, response_headers: Any = None) -> Any:
            try:
                found = {one: numpy.asarray(value) for one, value in served.predict(arrays(payload)).items()}
            except (ValueError, TypeError, KeyError, IndexError) as error:
                raise kserve.errors.InvalidInput(f"{type(error).__name__}: {error}") from error
            return _answer(kserve, name, payload, found)

    made = Model(name)
    made.ready = True
    return made


def _rows(numpy: Any, payload: dict[str, Any], types: dict[str, str]) -> dict[str, Any]:
    """The inputs of a v1 request: one array, or a mapping for each row of a model with several inputs."""
    rows = payload["instances"] if "instances" in payload else payload["inputs"]
    names = list(types)
    if isinstance(rows, dict):
        return {name: numpy.asarray(rows[name], dtype=types[name]) for name in names}
    if rows and isinstance(rows[0], dict) and set(rows[0]) >= set(names):
        return {name: numpy.asarray([row[name] for row in rows], dtype=types[name]) for name in names}
    if len(names) > 1:
        raise ValueError(f"each instance must be a mapping with {', '.join(names)}")
    return {names[0]: numpy.asarray(rows, dtype=types[names[0]])}


def _answer(kserve: Any, name: str, payload: Any, found: dict[str, Any]) -> Any:
    """The answer in the protocol of the request."""
    if isinstance(payload, dict):
        if len(found) == 1:
            return {"predictions": next(iter(found.values())).tolist()}
        rows = zip(*(value.tolist() for value in found.values()), strict=True)
        return {"predictions": [dict(zip(found, row, strict=True)) for row in rows]}
    outputs = []
    for output, value in found.items():
        datatype = importlib.import_module("kserve.utils.numpy_codec").from_np_dtype(value.dtype)
        one = kserve.InferOutput(name=output, shape=list(value.shape), datatype=datatype)
        one.set_data_from_numpy(value, binary_data=payload.use_binary_outputs)
        outputs.append(one)
    return kserve.InferResponse(response_id=payload.id or "", model_name=name, infer_outputs=outputs)


def serve(name: str, served: Served, port: int) -> None:
    """Answer requests until SIGTERM; requests under way are completed."""
    uvicorn: Any = importlib.import_module("uvicorn")
    config = uvicorn.Config

    def local(*words: Any, **options: Any) -> Any:
        return config(*words, **{**options, "host": HOST})

    uvicorn.Config = local  # ModelServer would listen on every address of the machine
    kserve = importlib.import_module("kserve")
    kserve.ModelServer(http_port=port, workers=1, enable_grpc=False).start([model(kserve, name, served)])


def check_port(port: int) -> None:
    """End the program if another one listens on the port: loading would be in vain."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            sys.exit(f"error: port {port} of this machine is in use by another program")


def main(argv: Sequence[str]) -> None:
    """Serve the model that the command line names."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--model_name", default="model")
    parser.add_argument("--model_dir", default="/mnt/models")
    parser.add_argument("--model_format", default="")
    parser.add_argument("--http_port", type=int, default=8080)
    given, others = parser.parse_known_args(argv)
    if others:
        sys.stderr.write(f"these arguments are for other servers and have no effect: {' '.join(others)}\n")
    check_port(given.http_port)
    form, path = find(given.model_dir, given.model_format)
    sys.argv[1:] = []  # ModelServer reads them, too
    served = load(form, path)
    serve(given.model_name, served, given.http_port)


if __name__ == "__main__":
    sys.path[0] = os.getcwd()  # where a model's own modules are; not the folder of this program
    main(sys.argv[1:])
