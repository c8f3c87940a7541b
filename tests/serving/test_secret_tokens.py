"""Tokens that `arena serve predict` takes from Secrets, on the local API server."""

import base64
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import engines
import pytest
from engines import Engine

from arena.cli import run
from arena.commands._globals import Globals
from arena.kube import Cluster
from arena.resources import SECRETS

sys.path += [str(Path(__file__).parents[1] / folder) for folder in ("kube", "commands")]

from screens import Fixed
from servers import LocalApi

BINARY = b"\xff\x00"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Fixed]:
    """A session with a Secret `keys`, which holds a token and something else."""
    with LocalApi(tmp_path) as api:
        cluster = Cluster.at(api.url, "the test's cluster")
        data = {"api": base64.b64encode(b"s3cret-k\n").decode(), "raw": base64.b64encode(BINARY).decode()}
        body: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}}
        cluster.create(SECRETS, "default", {**body, "data": data})
        yield Fixed(cluster, tmp_path)


@pytest.fixture
def server() -> Iterator[Engine]:
    with engines.running(engines.kserve()) as one:
        yield one


def test_a_token_of_a_secret(session: Fixed, server: Engine, capfd: pytest.CaptureFixture[str]) -> None:
    """It reaches the server, and is never printed."""
    words = ("serve", "predict", server.url, "[[1]]", "--debug", "--token", "secret://keys/api")
    assert run(words, Globals(session=session)) == 0
    assert server.last.headers["authorization"] == "Bearer s3cret-k"
    assert "s3cret-k" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("place", "code", "message"),
    [
        ("secret://keys", 2, '--token: "secret://keys" names no key'),
        ("secret:///api", 2, "--token: a name is empty"),
        ("secret://keys/a b", 2, "cannot be a key of a Secret"),
        ("secret://keys/other", 3, 'Secret "keys" has no key "other"'),
        ("secret://none/api", 3, "none"),
        ("secret://keys/raw", 2, "is not a token"),
    ],
)
def test_places_without_a_token(
    session: Fixed, server: Engine, capfd: pytest.CaptureFixture[str], place: str, code: int, message: str
) -> None:
    """What is wrong is told before anything is sent."""
    assert run(("serve", "predict", server.url, "[[1]]", "--token", place), Globals(session=session)) == code
    assert message in capfd.readouterr().err
    assert not server.asked
