"""The format of a model, from the names of its files."""

import posixpath
from collections.abc import Iterable

_NAMES = {
    "config.pbtxt": "triton",
    "saved_model.pb": "tensorflow",
    "config.json": "huggingface",
    "mlmodel": "mlflow",
}
_ENDINGS = {
    ".joblib": "sklearn",
    ".pkl": "sklearn",
    ".pickle": "sklearn",
    ".bst": "xgboost",
    ".ubj": "xgboost",
    ".json": "xgboost",
    ".txt": "lightgbm",
    ".onnx": "onnx",
    ".mar": "pytorch",
    ".pt": "pytorch",
    ".pth": "pytorch",
    ".pmml": "pmml",
    ".safetensors": "huggingface",
}
_WEAK = (".json", ".txt")
"""Endings that files beside a model have, too: they count only if no other file tells the format."""
_BESIDE = ("requirements.txt", "readme.txt", "license.txt", "notice.txt")


def of(names: Iterable[str]) -> str:
    """The format of a model, as KServe calls it; "" if its files do not tell, or tell several.

    Args:
        names: the paths of its files, relative to its folder.
    """
    lower = [name.lower() for name in names]
    for name, known in _NAMES.items():
        if any(posixpath.basename(one) == name for one in lower):
            return known
    strong = {_ENDINGS[one] for one in map(_ending, lower) if one in _ENDINGS and one not in _WEAK}
    weak = {
        _ENDINGS[_ending(one)]
        for one in lower
        if _ending(one) in _WEAK and posixpath.basename(one) not in _BESIDE and "/" not in one
    }
    every = strong or weak
    return every.pop() if len(every) == 1 else ""


def _ending(name: str) -> str:
    return posixpath.splitext(name)[1]
