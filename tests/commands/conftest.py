"""The command line in this process, against the local API server with nothing that acts on its objects."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from screens import Ended, Fixed, Stage

from arena.cli import run
from arena.commands._globals import Globals
from arena.kube import Cluster

sys.path.append(str(Path(__file__).parents[1] / "kube"))

from servers import LocalApi


@pytest.fixture
def api(tmp_path: Path) -> Iterator[LocalApi]:
    with LocalApi(tmp_path) as one:
        yield one


@pytest.fixture
def stage(api: LocalApi) -> Stage:
    return Stage(Cluster.at(api.url, "the test's cluster"))


@pytest.fixture
def arena(stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run one command line; its exit code and whole output."""

    def call(*words: str) -> Ended:
        capsys.readouterr()
        code = run(words, Globals(session=Fixed(stage.cluster, tmp_path)))
        return Ended(code, *capsys.readouterr())

    return call
