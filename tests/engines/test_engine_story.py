"""The story of a model of scikit-learn in the real ModelServer of KServe: from a job to nothing."""

import json
import subprocess
from collections.abc import Callable

import pytest
import story
from product import Product

pytestmark = [pytest.mark.engines, pytest.mark.timeout(3600)]
FIT = """
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression, Ridge
rows, progress = load_diabetes(return_X_y=True)
models = {"first": LinearRegression(), "second": Ridge(alpha=1)}
for model in models.values():
    model.fit(rows[20:], progress[20:])
"""
"""How diabetes progressed in 422 patients: https://scikit-learn.org/stable/datasets/toy_dataset.html"""
TRAIN = f"""
import os, sys
import joblib
{FIT}
which, folder = sys.argv[1:]
os.makedirs(folder)
joblib.dump(models[which], folder + "/model.joblib")
"""
SHOW = f"""
import json
{FIT}
print(json.dumps([rows[0].tolist(), *[float(one.predict(rows[:1])[0]) for one in models.values()]]))
"""


def test_from_a_job_to_nothing(arena: Product, engine: Callable[[str], str]) -> None:
    """A model that a job trained is served, updated under load, split, rolled back, woken and deleted."""
    python = engine("kserve")
    shown = subprocess.run([python, "-c", SHOW], capture_output=True, text=True, check=True, timeout=300)
    row, first, second = json.loads(shown.stdout)
    words = ("--model-format", "sklearn")
    story.tell(arena, story.Trainer(python, TRAIN, row, (first, second), words))
