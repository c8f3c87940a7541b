"""update, rollback, restart and scale of servings that are no Deployments, on the local cluster."""

import shutil
import sys

import pytest
from product import quoted, until
from served import MODEL, Served

KINDS = {
    "distributed": ("--version", "1", "--image", "i", "--restful-port", "8080", "-e", "PORT=8080"),
    "kserve": ("--image", "i", "--port", "8080"),
}


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_changed(arena: Served, kind: str) -> None:
    """These follow an update and a rollback by recorded options, a restart, and a change of their size."""
    program = arena.home / MODEL.name
    shutil.copy(MODEL, program)
    arena.must("serve", kind, "--name", "g", *KINDS[kind], "-e", "ANSWER=1", quoted(sys.executable, program))
    arena.ready("g")
    arena.must("serve", "update", kind, "--name", "g", "-e", "ANSWER=2", "--wait")
    assert arena.answers() == ["2"]
    revisions = arena.get("g")["revisions"]
    shown = [(one["revision"], one["current"], one["instances"], one["image"]) for one in revisions]
    assert shown == [(2, True, 1, "i"), (1, False, 0, "i")]
    arena.must("serve", "rollback", "g", "--wait")
    assert arena.answers() == ["1"]
    [before] = arena.programs()
    arena.must("serve", "restart", "g", "--wait")
    until(lambda: [one.pid for one in arena.programs()] not in ([], [before.pid]), what="another program")
    arena.must("serve", "scale", "g", "-r", "2", "--wait")
    assert arena.answers() == ["1", "1"]
    arena.must("serve", "delete", "g")
    until(lambda: not arena.programs(), what="the end of all programs")
