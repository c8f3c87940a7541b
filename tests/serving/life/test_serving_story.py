"""The story of a model of KServe with a small server: from a job to nothing."""

import sys
from pathlib import Path

import cars
import modelserver
import story
from product import quoted
from served import Served

SERVER = quoted(sys.executable, modelserver.__file__, f"--model_name={story.NAME}", "--model_dir=/mnt/models")


def test_from_a_job_to_nothing(arena: Served) -> None:
    """A model that a job trained is served, updated under load, split, rolled back, woken and deleted."""
    program, words = Path(cars.__file__).read_text(encoding="utf-8"), ("--protocol-version", "v1", SERVER)
    story.tell(arena, story.Trainer(sys.executable, program, cars.ROW, cars.ANSWERS, words))
