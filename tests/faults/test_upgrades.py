"""An arena that is removed, or installed anew, while its server runs."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from product import product, until

import arena


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Path]:
    """A second installation of arena."""
    folder = tmp_path / "other"
    shutil.copytree(
        Path(arena.__file__).parent, folder / "arena", ignore=shutil.ignore_patterns("__pycache__")
    )
    return folder


@pytest.mark.parametrize("how", ["removed", "installed anew"])
def test_the_next_command_replaces_the_server(tmp_path: Path, other: Path, how: str) -> None:
    """Jobs of the old server continue, and new ones run."""
    with product(tmp_path) as one:
        one.must(
            "submit", "job", "--name", "runs", "until test -e end; do sleep 0.1; done", PYTHONPATH=str(other)
        )
        until(lambda: one.jobs()["runs"] == "RUNNING")
        old = one.server()
        if how == "removed":
            shutil.rmtree(other)
        else:
            version = other / "arena" / "_version.py"
            shutil.copy(version, other / "new")
            os.replace(other / "new", version)
        assert "ran" in one.must("submit", "job", "--name", "next", "--logs", "echo ran")
        assert one.server() != old
        assert one.jobs()["runs"] == "RUNNING"
        (tmp_path / "end").touch()
        one.must("wait", "runs", "--timeout", "20s")


def test_a_restart_while_arena_is_removed(tmp_path: Path, other: Path) -> None:
    """A container that is to start again waits for the next command, instead of being lost."""
    script = "test -e ran && exec sleep 1000; touch ran; until test -e end; do sleep 0.1; done; exit 1"
    container = {"name": "a", "image": "any", "command": ["sh", "-c", script], "workingDir": str(tmp_path)}
    pod = {"metadata": {"name": "again"}, "spec": {"containers": [container], "restartPolicy": "OnFailure"}}
    path = "/api/v1/namespaces/default/pods"
    with product(tmp_path) as one:

        def state() -> dict[str, Any]:
            found = one.ask(f"{path}/again")["status"].get("containerStatuses") or [{"state": {}}]
            return dict(found[0]["state"])

        one.must("local", "start", PYTHONPATH=str(other))
        one.ask(path, {"apiVersion": "v1", "kind": "Pod", **pod})
        until((tmp_path / "ran").exists, what="the first run")
        shutil.rmtree(other)
        (tmp_path / "end").touch()
        message = "cannot start container a: No such file or directory"
        until(lambda: state().get("waiting", {}).get("message") == message, what="the refusal")
        one.must("list")
        until(lambda: "running" in state(), what="the second run")
