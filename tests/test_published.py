"""The structure of custom kinds, as the local cluster knows it."""

import os

import published_reduction
import pytest
import reduction

from arena.local.api import published


def test_structures_are_those_of_the_published_definitions():
    """The files are what the published definitions say, no more and no less."""
    if not reduction.FOLDER.is_dir():
        pytest.skip(f"NOT COMPARED: no published definitions in {reduction.FOLDER}; set ARENA_CRDS")
    made = published_reduction.made()
    if os.environ.get("ARENA_REGENERATE"):
        for old in [*published.FOLDER.glob("*.jsonl"), published.PARTS]:
            old.unlink(missing_ok=True)
        for name, text in made.items():
            (published.FOLDER / name).write_text(text, encoding="utf-8")
    found = [*published.FOLDER.glob("*.jsonl"), published.PARTS]
    assert {path.name: path.read_text(encoding="utf-8") for path in found} == made
