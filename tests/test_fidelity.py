"""The embedded server says what an API server of Kubernetes 1.36 said of the same requests.

`make fidelity` compares them anew, and many more; docs/fidelity.md tells how.
"""

from collections import Counter

from fidelity import commands, recording, servers
from fidelity.asks import Ask, Case
from fidelity.comparison import Difference
from fidelity.verdicts import Verdict

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


def test_rules_of_built_in_kinds_are_accepted_alone() -> None:
    """Where the judge stored a built-in kind, only what the rules refuse in that object is accepted."""
    stored = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "a", "namespace": "b"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a"}]}}},
    }
    image = ("spec.template.spec.containers[0].image", "FieldValueRequired")
    case = Case("builtin 1 jobs/a", (Ask("POST", "/apis/batch/v1/namespaces/b/jobs"),))
    for causes, rest in (((image,), []), ((image, ("spec.other", "FieldValueInvalid")), ["spec.other"])):
        ours, theirs = Verdict(422, "Invalid", causes), Verdict(201)
        one = Difference(case, 0, ours, theirs, ({}, stored))
        assert [part.split()[1] for part in one.unexplained([], Counter()) if "causes" in part] == [
            f"+{name}" for name in rest
        ]


def test_what_kubectl_prints_is_masked() -> None:
    """Of what kubectl prints, only what every server has of its own is left out."""
    masked = {
        "web   0/2   0   0   3m20s": "web 0/2 0 0 <age>",
        "uid: 0a1b2c3d-0000-1111-2222-333344445555": "uid: <uid>",
        "  creationTimestamp: 2026-11-30T15:20:14Z": "creationTimestamp: <time>",
        "IP:  10.96.1.2": "IP: <address>",
        "replicas: 2": "replicas: 2",
    }
    assert {one: commands.masked(one) for one in masked} == masked


def test_lines_for_kubectl_are_split_into_words() -> None:
    """Variables come first, and blanks in a schedule or a selector belong to the word."""
    line = "EDITOR='sed -i s/a/b/' edit -f @ --schedule=*/5 * * * * -l app in (b,c)"
    words = ["edit", "-f", "builtin.yaml", "--schedule=*/5 * * * *", "-l", "app in (b,c)"]
    assert commands.words(line) == (words, {"EDITOR": "sed -i s/a/b/"})
