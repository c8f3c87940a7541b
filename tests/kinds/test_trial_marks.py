"""What annotations of trials record, and what others have made of it."""

import json
from typing import Any

import pytest

from arena import labels
from arena.errors import SpecError
from arena.kinds.sweeps import trial_jobs

SEARCH = {"kind": "job", "sweep": {}, "job": {}, "created": ""}


def job(trial: str) -> dict[str, Any]:
    """A job with that record of a trial."""
    notes = {labels.SWEEP_SEARCH: json.dumps(SEARCH), labels.TRIAL: trial}
    return {"metadata": {"name": "a-1", "annotations": notes}}


@pytest.mark.parametrize("number", ["1e999", "NaN", '"x"', "[]", "null"])
def test_a_damaged_number(number: str) -> None:
    """A number that is none is one clear error, whatever it is."""
    with pytest.raises(SpecError, match='the annotations of the trial "a-1" cannot be read'):
        trial_jobs.mark_of(job(f'{{"number": {number}, "assignments": {{}}}}'))
