"""A folder of this machine with a model, on the local cluster."""

import pytest
import yaml


def predictor(ended):
    assert ended.code == 0, ended.err
    return next(yaml.safe_load_all(ended.out))["spec"]["predictor"]


@pytest.mark.parametrize(
    ("file", "format"),
    [("model.joblib", "sklearn"), ("model.onnx", "onnx"), ("1/saved_model.pb", "tensorflow")],
)
def test_its_files_tell_the_format(arena, tmp_path, file, format):
    """KServe is told the format that the files have, and the absolute path of the folder."""
    place = tmp_path / "digits" / file
    place.parent.mkdir(parents=True)
    place.touch()
    model = predictor(arena("serve", "kserve", "--name", "digits", "--model", "digits", "--dry-run"))["model"]
    assert model["modelFormat"] == {"name": format}
    assert model["storageUri"] == f"file://{tmp_path}/digits"


def test_a_given_format_wins(arena, tmp_path):
    """What is given is not guessed; a program of the user's own needs no format."""
    (tmp_path / "model.pkl").touch()
    words = ("serve", "kserve", "--name", "digits", "--model", "model.pkl", "--dry-run")
    assert predictor(arena(*words, "--model-format", "mlflow"))["model"]["modelFormat"] == {"name": "mlflow"}
    assert "containers" in predictor(arena(*words, "--image", "i"))


@pytest.mark.parametrize(
    ("model", "message"), [("nowhere", "there is no"), ("unclear", "do not tell the format")]
)
def test_what_cannot_be_served_is_named(arena, tmp_path, model, message):
    """A folder that is not there, and one whose files tell nothing, are named before anything is sent."""
    (tmp_path / "unclear").mkdir()
    (tmp_path / "unclear/README").touch()
    refused = arena("serve", "kserve", "--name", "digits", "--model", model, "--dry-run")
    assert refused.code == 2
    assert message in refused.err
    assert str(tmp_path / model) in refused.err


def test_a_path_on_a_volume_is_not_looked_for(arena):
    """What is below the mount of a volume is a matter of the pods."""
    words = (
        "--name",
        "d",
        "--version",
        "1",
        "--restful-port",
        "1",
        "--data",
        "claim:/data",
        "--dry-run",
        "x",
    )
    made = next(yaml.safe_load_all(arena("serve", "custom", "--model", "/data/digits", *words).out))
    [container] = made["spec"]["template"]["spec"]["containers"]
    assert {"name": "MODEL_PATH", "value": "/data/digits"} in container["env"]
