"""What manifests are judged by."""

import os

import crds
import pytest
import reduction


def test_schemas_are_those_of_the_published_definitions():
    """tests/crds.json is what the published definitions allow, no more and no less."""
    if not reduction.FOLDER.is_dir():
        pytest.skip(f"NOT COMPARED: no published definitions in {reduction.FOLDER}; set ARENA_CRDS")
    made = reduction.reduced()
    if os.environ.get("ARENA_REGENERATE"):
        crds.FILE.write_text(made, encoding="utf-8")
    assert crds.FILE.read_text(encoding="utf-8") == made
