"""Every engine serves a real model by its kind, and answers rightly: `make engines`."""

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import engine_models as models
import pytest
from product import Product, until

from arena.resources import Resource

pytestmark = [pytest.mark.engines, pytest.mark.timeout(3600)]
SERVICES = Resource("serving.kserve.io", "v1beta1", "inferenceservices", kind="InferenceService")
Engine = Callable[[str], str]
Answer = Callable[..., str]


def make(python: str, program: str, folder: Path) -> str:
    """What a program of `engine_models` prints; the model is in the folder then."""
    folder.mkdir()
    words = [python, "-W", "ignore", "-c", program, str(folder)]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=300).stdout


def numbers(text: str) -> list[float]:
    """The numbers of an answer, one or several on a line."""
    return [float(word) for word in text.replace("[", " ").replace("]", " ").replace(",", " ").split()]


@pytest.mark.parametrize("protocol", ["v1", "v2"])
def test_sklearn_by_kserve(
    arena: Product, engine: Engine, answer: Answer, tmp_path: Path, protocol: str
) -> None:
    """KServe's ModelServer answers as the classifier of digits itself, by both protocols."""
    rows, labels = json.loads(make(engine("kserve"), models.SKLEARN, tmp_path / "m"))
    words = ("--model-format", "sklearn", "--model", str(tmp_path / "m"), "--protocol-version", protocol)
    arena.must("serve", "kserve", "--name", "digits", *words)
    out = answer("kserve", "digits", json.dumps(rows))
    assert numbers(out.rpartition(":")[2])[-3:] == labels


@pytest.mark.parametrize(
    ("form", "program"),
    [("xgboost", models.XGBOOST), ("lightgbm", models.LIGHTGBM)],
    ids=["xgboost", "lightgbm"],
)
def test_trees_by_kserve(
    arena: Product, engine: Engine, answer: Answer, tmp_path: Path, form: str, program: str
) -> None:
    """KServe's ModelServer answers as the trees themselves."""
    rows, values = json.loads(make(engine("kserve"), program, tmp_path / "m"))
    arena.must("serve", "kserve", "--name", "trees", "--model-format", form, "--model", str(tmp_path / "m"))
    assert numbers(answer("kserve", "trees", json.dumps(rows))) == pytest.approx(values, rel=1e-5)


def test_onnx_by_kserve(arena: Product, engine: Engine, answer: Answer, tmp_path: Path) -> None:
    """KServe's ModelServer runs a model of ONNX."""
    engine("kserve")
    (tmp_path / "m").mkdir()
    (tmp_path / "m/double.onnx").write_bytes(base64.b64decode(models.ONNX))
    arena.must("serve", "kserve", "--name", "net", "--model-format", "onnx", "--model", str(tmp_path / "m"))
    assert numbers(answer("kserve", "net", "[[1.0, 2.0]]").rpartition(":")[2]) == [2.0, 4.0]


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("", "", "error: no sklearn file in "),
        ("model.joblib", "this is no model", "as sklearn: IndexError: pop from empty list"),
        ("model.pkl", "cno_such_module\nThing\n.", "ModuleNotFoundError: No module named 'no_such_module'"),
        (
            "model.pkl",
            f"cbuiltins\nbytearray\n(I{2**62}\ntR.",  # more than any machine can address
            "MemoryError: this machine has too little",
        ),
    ],
    ids=["missing", "wrong", "import", "memory"],
)
def test_models_that_do_not_load(
    arena: Product, engine: Engine, tmp_path: Path, file: str, text: str, words: str
) -> None:
    """A model that does not load is named by the engine's own line in the status."""
    engine("kserve")
    (tmp_path / "m").mkdir()
    if file:
        (tmp_path / "m" / file).write_text(text)
    arena.must(
        "serve", "kserve", "--name", "bad", "--model-format", "sklearn", "--model", str(tmp_path / "m")
    )

    def failure() -> str:
        found = arena.cluster().get(SERVICES, "default", "bad")
        return (
            ((found.get("status") or {}).get("modelStatus") or {})
            .get("lastFailureInfo", {})
            .get("message", "")
        )

    assert words in until(failure, 30)


def test_sklearn_by_mlserver(arena: Product, engine: Engine, answer: Answer, tmp_path: Path) -> None:
    """MLServer answers as the classifier of digits itself."""
    rows, labels = json.loads(make(engine("mlserver"), models.SKLEARN, tmp_path / "m"))
    words = ("--model-format", "sklearn", "--runtime", "kserve-mlserver", "--protocol-version", "v2")
    arena.must("serve", "kserve", "--name", "digits", *words, "--model", str(tmp_path / "m"))
    out = answer("mlserver", "digits", json.dumps(rows))
    assert numbers(out.rpartition(":")[2])[-3:] == labels


def test_sklearn_by_seldon(arena: Product, engine: Engine, answer: Answer, tmp_path: Path) -> None:
    """Seldon's server gives the probabilities of the classifier of digits."""
    rows, labels = json.loads(make(engine("seldon"), models.SKLEARN, tmp_path / "m"))
    words = ("--implementation", "SKLEARN_SERVER", "--model", str(tmp_path / "m"))
    arena.must("serve", "seldon", "--name", "digits", *words)
    chances = [numbers(line) for line in answer("seldon", "digits", json.dumps(rows)).splitlines()]
    assert [one.index(max(one)) for one in chances] == labels


def test_triton(arena: Product, engine: Engine, answer: Answer, tmp_path: Path) -> None:
    """The real Triton runs a model of the backend for Python."""
    engine("triton")
    for name, text in models.TRITON.items():
        path = tmp_path / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    arena.must("serve", "triton", "--name", "net", "--model", str(tmp_path / "repository"))
    assert "[2.0, 4.0]" in answer("triton", "net", "--model", "double", "[[1.0, 2.0]]")


def test_tensorflow(arena: Product, engine: Engine, answer: Answer, tmp_path: Path) -> None:
    """A SavedModel answers as behind TensorFlow Serving, whose program does not exist for this machine."""
    make(engine("tensorflow"), models.TENSORFLOW, tmp_path / "m")
    words = ("--model-name", "net", "--model", str(tmp_path / "m"))
    arena.must("serve", "tensorflow", "--name", "net", *words)
    assert numbers(answer("tensorflow", "net", "[[1.0, 2.0]]")) == [5.0]


def test_torchserve(arena: Product, engine: Engine, answer: Answer, tmp_path: Path) -> None:
    """TorchServe runs an archive with a handler; nothing of its Java is left."""
    make(engine("torchserve"), models.TORCH, tmp_path / "m")
    arena.must("serve", "torchserve", "--name", "net", "--model", str(tmp_path / "m" / "store"))
    assert numbers(answer("torchserve", "net", "--model", "double", "[[1.0, 2.0]]")) == [2.0, 4.0]
    arena.must("serve", "delete", "net")
    until(lambda: not arena.processes("java"), what="the end of Java")


def test_vllm(arena: Product, engine: Engine, answer: Answer, tmp_path: Path) -> None:
    """vLLM writes tokens of a tiny random model on the CPU."""
    make(engine("vllm"), models.LLAMA, tmp_path / "m")
    arena.must(
        "serve", "vllm", "--name", "chat", "--model-name", "tiny", "--model", str(tmp_path / "m"),
        "--env", "VLLM_CPU_KVCACHE_SPACE=1", "--env", "HF_HUB_OFFLINE=1",
        "--extend-command", "--dtype float32 --enforce-eager --max-model-len 256",
    )  # fmt: skip
    assert answer("vllm", "chat", "hello", "--max-tokens", "4").strip()
