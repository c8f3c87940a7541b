"""Submits that are only tried, and those whose output a program reads."""

import json
from pathlib import Path

import pytest
from product import product

SUBMIT = ("submit", "pytorchjob", "--image", "i", "--name", "bert")


def test_a_trial_of_a_replacement(arena, stage):
    """--replace --dry-run=server is accepted if the name is taken, and does not change the old job."""
    assert arena(*SUBMIT, "--secret", "K=v", "x").code == 0
    code, out, err = arena(*SUBMIT, "--secret", "K=v", "--replace", "--dry-run=server", "-o", "name", "y")
    assert (code, out) == (0, "pytorchjob/bert\nsecret/bert-env\n"), err
    assert "nothing was created" in err
    code, _, err = arena(*SUBMIT, "--replace", "--dry-run=server", "--image", "two words", "y")
    assert code == 2, err
    [job] = json.loads(arena("list", "-o", "json").out)
    assert job["name"] == "bert"
    assert arena(*SUBMIT, "--dry-run=server", "y").code == 5


def test_a_replacement_of_what_is_no_such_job(arena, stage):
    """--replace --dry-run=server refuses what --replace would: a job of another kind in the same resource."""
    assert arena("submit", "mpijob", "--image", "i", "--name", "a", "x").code == 0
    words = ("submit", "horovodjob", "--image", "i", "--name", "a", "--replace", "x")
    tried, done = arena(*words, "--dry-run=server"), arena(*words)
    assert (tried.code, done.code) == (5, 5)
    assert "--replace does not delete it" in tried.err


@pytest.mark.timeout(60)
def test_output_for_programs_is_alone(tmp_path: Path) -> None:
    """With -o, stdout contains only the requested output, even if submit waits for the end."""
    with product(tmp_path) as one:
        made = json.loads(one.must("submit", "job", "--name", "j", "--wait", "-o", "json", "true"))
        assert made["name"] == "j"
        assert one.must("submit", "job", "--name", "k", "--wait", "-o", "name", "true") == "k\n"
