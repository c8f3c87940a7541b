"""The embedded server says what an API server of Kubernetes 1.36 said of the same requests.

`make fidelity` compares them anew, and many more; docs/fidelity.md tells how.
"""

from fidelity import recording, servers

CHANGED = 0.1
"""The share of cases whose requests may have changed since they were recorded."""


def test_recorded_verdicts() -> None:
    """Codes, reasons, causes, warnings and what is stored are those that were recorded of the judge."""
    with servers.embedded() as client:
        found = list(recording.differing(client))
    changed = [name for name, recorded, _ in found if recorded == "another request"]
    assert len(changed) <= CHANGED * len(recording.read()), "record anew: make fidelity ARGS=--record"
    different = [one for one in found if one[1] != "another request"]
    assert different == [], f"{len(different)} verdicts differ"


def test_corpus_is_the_same_for_a_seed() -> None:
    """The same seed makes the same requests, another one makes others."""
    from fidelity import corpus

    one, again, other = (list(corpus.cases(("mutations",), seed, 50)) for seed in (7, 7, 8))
    assert one == again != other
