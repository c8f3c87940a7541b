"""The link to a job's TensorBoard, opened as soon as it is printed."""

import urllib.request
from pathlib import Path

import pytest
from product import product

pytestmark = pytest.mark.timeout(120)


def test_the_link_answers_when_it_is_printed(tmp_path: Path) -> None:
    """`arena tensorboard` prints no link before the TensorBoard behind it answers, and waits for it."""
    with product(tmp_path) as arena:
        arena.must("submit", "job", "--name", "j", "--tensorboard", "--logdir", "runs", "true")
        code, link, err = arena.run("tensorboard", "j", "--no-open")
        assert (code, err.splitlines()[-1:]) == (0, ['waiting for the TensorBoard of "j"'])
        with urllib.request.urlopen(link.strip(), timeout=20) as answer:
            assert b"TensorBoard" in answer.read()
