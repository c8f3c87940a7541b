"""Objects whose statuses, labels and annotations others spoilt: no operator meets a bug, or never rests."""

import contextlib
import random
from datetime import datetime, timedelta, timezone

import pytest
from mutants import Mutants
from oddities import ODD

from arena.local.api import Api, schema
from arena.local.api.resource_types import STORED
from arena.local.machinery.runner import Runner
from arena.local.objects import JOBS, JOBSETS, PODS, Refused

KINDS = [kind for kind in STORED if kind.has_status and kind.resource.namespaced]
TURNS = 400
"""Of the operators, for one object: more than any needs, less than for ever."""
NOTES = ("local.arena.io/replaced", "deployment.kubernetes.io/revision", "local.arena.io/ports", "x",
         "batch.kubernetes.io/job-completion-index", "arena.kubeflow.org/suspended")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.resource.kind)
def test_spoilt_objects(kind, caplog):
    """Whatever the API lets others write, the operators read it."""
    mutants, dice = Mutants(7), random.Random(7)
    api, now = Api(":memory:"), datetime.now(timezone.utc)
    runner = Runner(api, clock=lambda: now)
    for number in range(5):
        name = f"a{number}"
        with contextlib.suppress(Refused):
            api.create(kind.resource, {**mutants.model(kind), "metadata": {"name": name}}, "default")
        turn(runner)
        status = mutants.made(schema.root(kind).child("status"))
        for resource, change in ((kind.resource, {"status": status}), *spoils(dice)):
            for one in api.list(resource, "default"):
                with contextlib.suppress(Refused):
                    api.patch(resource, one["metadata"]["name"], change, "default", "status")
                with contextlib.suppress(Refused):
                    api.patch(resource, one["metadata"]["name"], change, "default")
        now += timedelta(seconds=90)
        turn(runner)
    runner.stop()
    api.close()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def spoils(dice):
    """Changes of what an operator may have made: pods, Jobs and JobSets."""
    texts = [one for one in ODD if isinstance(one, str)]
    notes = {name: dice.choice((*texts, None)) for name in NOTES}
    labels = {"metadata": {"labels": dice.choice((None, {"training.kubeflow.org/replica-index": "x"}))}}
    failed = {"status": {"phase": "Failed", "conditions": [{"type": "Failed", "status": "True"}]}}
    done = {"status": {"conditions": [{"type": dice.choice(("Complete", "Failed")), "status": "True"}]}}
    return [(PODS, {"metadata": {"annotations": notes}}), (PODS, labels), (PODS, failed), (JOBS, done),
            (JOBS, labels), (JOBSETS, done), (JOBSETS, {"metadata": {"annotations": notes}})]  # fmt: skip


def turn(runner):
    """Let the operators work until nothing is due; that must come."""
    watch = runner._watch or runner._open()
    for _ in range(TURNS):
        if not runner._turn(watch):
            return
    pytest.fail("the operators never come to rest")
