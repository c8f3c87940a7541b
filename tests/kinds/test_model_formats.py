"""The format of a model, from the names of its files."""

import pytest

from arena.kinds.serving.base import formats


@pytest.mark.parametrize(
    ("names", "format"),
    [
        (["model.joblib"], "sklearn"),
        (["model.pkl", "README.md", "requirements.txt"], "sklearn"),
        (["model.bst"], "xgboost"),
        (["model.json"], "xgboost"),
        (["model.ubj"], "xgboost"),
        (["model.txt"], "lightgbm"),
        (["Model.TXT", "requirements.txt"], "lightgbm"),
        (["model.onnx", "labels.txt"], "onnx"),
        (["1/saved_model.pb", "1/variables/variables.index"], "tensorflow"),
        (["digits.mar"], "pytorch"),
        (["config.pbtxt", "1/model.onnx"], "triton"),
        (["digits/config.pbtxt", "digits/1/model.pt"], "triton"),
        (["config.json", "model.safetensors", "tokenizer.json"], "huggingface"),
        (["MLmodel", "model.pkl"], "mlflow"),
        (["requirements.txt"], ""),
        (["readme.md"], ""),
        (["model.onnx", "model.joblib"], ""),
        ([], ""),
    ],
)
def test_the_files_tell_the_format(names, format):
    """One kind of file tells the format, files beside it do not count, and of several nothing is guessed."""
    assert formats.of(names) == format
