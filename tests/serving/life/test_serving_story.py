"""The story of a model of KServe with a small server: from a job to nothing."""

import sys

import modelserver
import story
from product import quoted
from served import Served

TRAIN = """
import json, os, sys
# Speed of cars (miles an hour) and their stopping distance (feet): M. Ezekiel, Methods of Correlation
# Analysis, 1930; `cars` of R.
SPEED = (4, 4, 7, 7, 8, 9, 10, 10, 10, 11, 11, 12, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 15, 15, 15,
         16, 16, 17, 17, 17, 18, 18, 18, 18, 19, 19, 19, 20, 20, 20, 20, 20, 22, 23, 24, 24, 24, 24, 25)
WAY = (2, 10, 4, 22, 16, 10, 18, 26, 34, 17, 28, 14, 20, 24, 28, 26, 34, 34, 46, 26, 36, 60, 80, 20, 26, 54,
       32, 40, 32, 40, 50, 42, 56, 76, 84, 36, 46, 68, 32, 48, 52, 56, 64, 66, 54, 70, 92, 93, 120, 85)
which, folder = sys.argv[1:]
x, y = sum(SPEED) / 50, sum(WAY) / 50
slope = sum((a - x) * (b - y) for a, b in zip(SPEED, WAY)) / sum((a - x) ** 2 for a in SPEED)
through_zero = sum(a * b for a, b in zip(SPEED, WAY)) / sum(a * a for a in SPEED)
weights = [y - slope * x, slope] if which == "first" else [0, through_zero]
os.makedirs(folder)
with open(folder + "/model.json", "w") as file:
    json.dump({"weights": weights}, file)
"""
"""Least squares, with an intercept and without."""
SERVER = quoted(sys.executable, modelserver.__file__, f"--model_name={story.NAME}", "--model_dir=/mnt/models")


def test_from_a_job_to_nothing(arena: Served) -> None:
    """A model that a job trained is served, updated under load, split, rolled back, woken and deleted."""
    answers = (61.06908, 58.18264)  # what R's lm() says of 20 miles an hour
    story.tell(
        arena, story.Trainer(sys.executable, TRAIN, [1, 20], answers, ["--protocol-version", "v1", SERVER])
    )
