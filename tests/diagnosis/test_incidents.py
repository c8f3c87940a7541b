"""Incidents: what was recorded of failures, each with the cause that arena must find in it."""

import json
import re
from pathlib import Path

import pytest
import yaml

from arena.actions.diagnosis import why
from arena.views import diagnoses

INCIDENTS = Path(__file__).parent / "incidents"


@pytest.mark.parametrize("name", sorted(one.name for one in INCIDENTS.iterdir()))
def test_incident(name):
    """The cause of the incident is found, with the evidence that shows it."""
    expected = yaml.safe_load((INCIDENTS / name / "expected.yaml").read_text("utf-8"))
    found = why.why_folder(INCIDENTS / name, expected.get("job", ""))
    told = diagnoses.data(found)
    assert told["cause"] == expected["cause"], json.dumps(told, indent=1)
    assert found.well is expected.get("well", False)
    shown = [f"{one['source']} of {one['subject']}: {one['text']}" for one in told["evidence"]]
    for pattern in expected.get("evidence", ()):
        assert any(re.search(pattern, one) for one in shown), f"{pattern!r} is not in {shown}"
    for pattern in expected.get("fix", ()):
        assert any(re.search(pattern, one) for one in told["fix"]), f"{pattern!r} is not in {told['fix']}"
    for pattern in expected.get("message", ()):
        assert re.search(pattern, told["message"])
