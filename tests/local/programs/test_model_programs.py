"""The programs that serve models: which file is the model, which flags they take, and what they refuse."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from arena import engines
from arena.engines import Found
from arena.local.machinery import failures, model_storage
from arena.local.programs import engine, mlserver_model, model_download, model_server


def fill(folder: Path, *names: str) -> str:
    """A folder with empty files of these names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return str(folder)


@pytest.mark.parametrize(
    ("files", "named", "form", "path"),
    [
        (["model.joblib", "README.md"], "sklearn", "sklearn", "model.joblib"),
        (["model.pkl"], "", "sklearn", "model.pkl"),
        (["model.bst"], "lightgbm", "lightgbm", "model.bst"),
        (["model.bst"], "", "xgboost", "model.bst"),
        (["net.onnx"], "", "onnx", "net.onnx"),
        (["saved_model.pb", "variables/x"], "tensorflow", "tensorflow", ""),
        (["2/saved_model.pb", "10/saved_model.pb"], "tensorflow", "tensorflow", "10"),
        (["1/model.joblib"], "sklearn", "sklearn", "1/model.joblib"),
    ],
)
def test_which_file_is_the_model(tmp_path: Path, files: list[str], named: str, form: str, path: str) -> None:
    """The model is the file of the format's kind; a SavedModel is its folder, of the newest version."""
    assert model_server.find(fill(tmp_path, *files), named) == (form, os.path.normpath(tmp_path / path))


def test_a_file_is_a_model(tmp_path: Path) -> None:
    """The model may be named itself."""
    fill(tmp_path, "a.joblib", "b.joblib")
    assert model_server.find(f"{tmp_path}/b.joblib", "sklearn") == ("sklearn", f"{tmp_path}/b.joblib")


@pytest.mark.parametrize(
    ("files", "named", "words"),
    [
        (["notes.txt"], "sklearn", "no sklearn file in .*expected .*joblib.*; it holds notes.txt"),
        ([".keep"], "onnx", "no onnx file in"),
        (["a.pkl", "b.joblib"], "sklearn", ".* holds more than one sklearn model: a.pkl, b.joblib"),
        (["a.pkl"], "pmml", "no loader for the model format pmml; there are sklearn"),
    ],
)
def test_no_model(tmp_path: Path, files: list[str], named: str, words: str) -> None:
    """Without the model, the program ends with a line that says what it looked for and what is there."""
    with pytest.raises(SystemExit, match=f"^error: {words}"):
        model_server.find(fill(tmp_path, *files), named)


def test_a_missing_folder(tmp_path: Path) -> None:
    """A folder that is missing is named."""
    with pytest.raises(SystemExit, match=r"error: there is no model at .*gone"):
        model_server.find(f"{tmp_path}/gone", "")


def test_a_library_that_is_missing(tmp_path: Path) -> None:
    """If the Python lacks what loads a model, the last line says so, and the operator shows it."""
    path = fill(tmp_path, "m.onnx")
    words = [
        sys.executable,
        model_server.__file__,
        f"--model_dir={path}",
        "--model_format=onnx",
        "--http_port=0",
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"error: cannot load {path}/m.onnx as onnx: ModuleNotFoundError: No module named")
    assert failures.last_words(done.stderr) == last


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    """A port of another program is named before the model is loaded."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SystemExit, match=f"error: port {port} of this machine is in use"):
            model_server.main([f"--http_port={port}", f"--model_dir={fill(tmp_path, 'm.onnx')}"])


def test_settings_of_mlserver() -> None:
    """MLServer listens on loopback alone, and on any free port besides that of HTTP."""
    found = mlserver_model.settings("m", "/models", "sklearn", 8080)
    assert found["settings.json"]["host"] == "127.0.0.1"
    assert (found["settings.json"]["http_port"], found["settings.json"]["grpc_port"]) == (8080, 0)
    assert found["model-settings.json"]["implementation"] == "mlserver_sklearn.SKLearnModel"


def test_formats_that_mlserver_lacks() -> None:
    """A format without a runtime is named."""
    with pytest.raises(SystemExit, match="no runtime for the model format onnx; it has sklearn"):
        mlserver_model.main(["--model_format=onnx"])


def installed(name: str, base: Path) -> Found:
    """An engine in an environment below a folder."""
    found = engines.engine(name)
    assert found
    return Found(found, str(base / name / "bin/python"), "1")


def test_flags_of_tensorflow_serving(tmp_path: Path) -> None:
    """What TensorFlow Serving calls the port, the name and the folder are those of KServe's server."""
    given = ["--port=8500", "--rest_api_port=8501", "--model_name=net", "--model_base_path=/m"]
    line = engine._tensorflow(installed("tensorflow", tmp_path), given)
    assert line[1:] == [
        model_server.__file__, "--model_format=tensorflow",
        "--port=8500", "--http_port=8501", "--model_name=net", "--model_dir=/m",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("loading\nValueError: bad\nbye\n", "ValueError: bad"),
        ("RuntimeError: no file\nRuntimeError: it failed. See root cause above.\n", "RuntimeError: no file"),
        ("2026-01-01 ERROR - cannot bind\nstopped", "2026-01-01 ERROR - cannot bind"),
        ("error: first\nerror: second\n", "error: second"),
        ("just\nwords\n\n", "words"),
        ("", ""),
    ],
)
def test_last_words(text: str, line: str) -> None:
    """The line that says why a program ended is its last clear error, else its last line."""
    assert failures.last_words(text) == line


def test_what_a_pod_waits_for() -> None:
    """A pod that cannot start says what it waits for, and a killed one that memory may have run out."""
    waiting = {"reason": "ContainerCreating", "message": 'persistentvolumeclaim "m" not found'}
    one = {"name": "c", "state": {"waiting": waiting}}
    found = failures.failure({"metadata": {}, "status": {"containerStatuses": [one]}})
    assert (found.code, found.message) == (None, 'persistentvolumeclaim "m" not found')
    one = {"name": "c", "state": {"terminated": {"exitCode": 137}}}
    found = failures.failure({"metadata": {}, "status": {"containerStatuses": [one]}})
    assert "memory runs out" in found.message
    lost = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no CPU"}
    assert failures.failure({"metadata": {}, "status": {"conditions": [lost]}}).message == "no CPU"
    well = {"name": "c", "state": {"terminated": {"exitCode": 0}}}
    assert failures.failure({"metadata": {}, "status": {"containerStatuses": [well]}}) is None


def test_an_engine_becomes_its_program(tmp_path: Path) -> None:
    """`engine.py` becomes the program of an engine's environment, with the words as they are."""
    base = tmp_path / "engines"
    program = base / "vllm/bin/vllm"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    (base / "vllm" / engines.MARK).write_text("1.0\n")
    words = engines.words(str(base), "vllm", ["serve", "a b"])
    done = subprocess.run(words, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True)
    assert done.stdout == "serve a b\n"


def test_downloads() -> None:
    """What operators let be downloaded, the program for that knows."""
    assert set(model_storage.DOWNLOADED) < set(model_download._FETCHERS)
