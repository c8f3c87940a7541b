"""Servings that can have no canary, as real clusters describe them."""

from typing import Any

import pytest

from arena.actions.serving.canary import forms, state
from arena.actions.serving.find import Found
from arena.errors import ArenaError, Conflict, SpecError
from arena.kinds.serving import distributed, kserve
from arena.kinds.serving.base.groups import LEADER_WORKER_SETS

READY = [{"type": "Ready", "status": "True"}]


def inference(status: dict[str, Any], notes: dict[str, str] | None = None, **predictor: Any) -> Found:
    """An InferenceService with that status."""
    meta = {"name": "iris", "namespace": "team", "annotations": notes or {}}
    obj = {"metadata": meta, "spec": {"predictor": predictor}, "status": status}
    return Found(kserve.KIND, kserve.SERVICES, obj, kserve.read(obj, []))


def refusal(found: Found) -> ArenaError:
    """Why it can have none."""
    with pytest.raises(ArenaError) as raised:
        forms.of(found).check(None, found)  # type: ignore[arg-type]  # it asks the cluster nothing
    return raised.value


@pytest.mark.parametrize("mode", ["RawDeployment", "Standard", ""])
def test_the_raw_mode_has_no_canaries(mode):
    """KServe's raw mode ignores canaryTrafficPercent: the change would get all requests at once."""
    predictor = {"latestCreatedRevision": "1", "url": "http://iris-predictor.team"}
    status = {"deploymentMode": mode, "conditions": READY, "components": {"predictor": predictor}}
    error = refusal(inference(status))
    assert type(error) is SpecError
    told = f": its deployment mode is {mode}" if mode else ""
    assert error.message == (
        f'KServe splits requests between revisions, which InferenceService "iris" has not{told}'
    )
    assert "--deployment-mode serverless" in error.hint


def test_the_raw_mode_is_known_before_it_is_ready():
    """The annotation tells the mode, too."""
    assert type(refusal(inference({}, {"serving.kserve.io/deploymentMode": "RawDeployment"}))) is SpecError


@pytest.mark.parametrize("mode", ["", "Standard"])
def test_nothing_is_rolled_out_yet(mode):
    """Without a revision that gets all requests, there is nothing to compare with."""
    predictor = {"latestCreatedRevision": "iris-predictor-00001"} if mode else {}
    error = refusal(inference({"deploymentMode": mode, "components": {"predictor": predictor}}))
    assert type(error) is Conflict
    assert "has not rolled out a revision yet" in error.message
    assert "arena serve wait iris -n team" in error.hint


def test_a_split_is_ended_first():
    """A canary that somebody else has started is not mistaken for one of arena."""
    predictor = {
        "latestCreatedRevision": "iris-predictor-00002",
        "latestRolledoutRevision": "iris-predictor-00001",
    }
    error = refusal(inference({"components": {"predictor": predictor}}, canaryTrafficPercent=10))
    assert type(error) is Conflict
    assert "traffic-split --name iris -n team -v latest:100" in error.hint


def test_groups_have_no_canaries():
    """A LeaderWorkerSet is served in two versions instead, and the refusal says how."""
    obj = {"metadata": {"name": "llm", "namespace": "team"}, "spec": {"leaderWorkerTemplate": {}}}
    serving = distributed.KIND.read(obj, [])
    with pytest.raises(SpecError) as raised:
        forms.of(Found(distributed.KIND, LEADER_WORKER_SETS, obj, serving))
    assert raised.value.message == "a LeaderWorkerSet has no guarded canary"
    assert "arena serve distributed --name llm --version V" in raised.value.hint
    assert "arena serve traffic-split --name llm" in raised.value.hint


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"percent": "x", "changes": {}}', '{"percent": 1}'])
def test_a_note_that_nobody_can_read(text):
    """An annotation that was edited by hand is no canary."""
    assert state.current(inference({}, {"arena.kubeflow.org/canary": text})) is None
