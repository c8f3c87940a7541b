"""Retries, deadlines, time to live and clean-up: what a user requests is sent, for every kind."""

import json
import shlex

import pytest

from arena import kinds, labels
from arena.kinds.spec import options

VALUES = {
    "retry": "5",
    "running_timeout": "3700s",
    "ttl_after_finished": "4200s",
    "clean_task_policy": "All",
}
CASES = [(kind, one) for kind in kinds.training_kinds() for one in options(kind.spec) if one.name in VALUES]


@pytest.mark.parametrize(("kind", "one"), CASES, ids=lambda case: case.name)
def test_reaches_the_object(kind, one, submit):
    """The option changes the job's object beyond the record of it, so it does not go unheard."""
    _, _, word, *words = shlex.split(kind.examples[0])
    without = sent(submit(word, *words))
    value = VALUES[one.name] if one.default != VALUES[one.name] else "None"
    assert sent(submit(word, *words, one.flags[0], value)) != without


def sent(objects):
    """What is sent, without the record of the options."""
    del objects[0]["metadata"]["annotations"][labels.SPEC]
    return json.dumps(objects)


LACKING = {
    "retry": ["trainjob"],
    "running_timeout": ["deepspeedjob", "etjob", "sparkjob", "volcanojob"],
    "ttl_after_finished": ["deepspeedjob", "etjob", "trainjob"],
    "clean_task_policy": ["job", "jobset", "rayjob", "sparkjob", "trainjob", "volcanojob"],
}
"""Kinds whose objects have no field for it."""


def test_what_has_no_field_is_not_offered():
    """A kind lacks one of these options only where its object could not carry it."""
    offered = {kind.name: {one.name for one in options(kind.spec)} for kind in kinds.training_kinds()}
    for name, lacking in LACKING.items():
        assert sorted(kind for kind, known in offered.items() if name not in known) == lacking


@pytest.mark.parametrize("word", ["tfjob", "pytorchjob", "xgboostjob", "paddlejob", "jaxjob"])
def test_deadline_of_pods(word, submit):
    """The pods of every role carry the deadline too: the training operator sleeps through its own."""
    words = ("--name", "j", "--image", "i", "--workers", "2", "--running-timeout", "1h")
    job = submit(word, *words, "python train.py")[0]
    roles = next(value for key, value in job["spec"].items() if key.endswith("ReplicaSpecs"))
    assert [one["template"]["spec"]["activeDeadlineSeconds"] for one in roles.values()] == [3600] * len(roles)
