"""Sequences of applies, updates and patches by several managers leave what Kubernetes 1.36 left.

`python -m fidelity.applies --record` wrote the verdicts down, as digests of what each step leaves.
"""

import json

import pytest
from fidelity import servers
from fidelity.applies import RECORDED, played
from fidelity.configurations import SUBJECTS

VERDICTS = json.loads(RECORDED.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def ours():
    with servers.embedded() as client:
        yield client


@pytest.mark.parametrize("kind", SUBJECTS)
def test_sequences_leave_what_kubernetes_left(ours, kind):
    """After each step, the object, its managers and the conflicts are those of the judge."""
    assert len(VERDICTS[kind]) >= 10
    for seed, digests in VERDICTS[kind].items():
        steps = list(played(ours, SUBJECTS[kind], int(seed)))
        for step, (digest, (what, ask, left)) in enumerate(zip(digests, steps, strict=True)):
            assert left.digest == digest, f"{kind} {seed}, step {step}: {what} {ask}"
