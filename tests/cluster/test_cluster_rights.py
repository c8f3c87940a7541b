"""Each command under exactly its documented rights, on a real cluster."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from field import IDLE, RUNS, Field
from rights import Bob, judge

from arena.kube import Cluster, credentials, kubeconfig

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


@pytest.fixture
def bob(ground: Field, config: Path, tmp_path: Path) -> Iterator[Bob]:
    endpoint = credentials.load(kubeconfig.read([config]))
    made = Bob(Cluster(lambda: endpoint), endpoint, ground.namespace, tmp_path, image=" ".join(RUNS))
    made.words |= {"idle": IDLE, "moment": "20"}  # until it is attached to, on a busy machine
    made.without = ("tensorboard", "serve traffic-split")  # the cluster has no image, and no routes, for them
    yield made
    made.close()


def test_every_command_has_the_rights_that_are_documented(
    bob: Bob, capfd: pytest.CaptureFixture[str]
) -> None:
    """Kubernetes' own checks of rights let every command pass that has its documented ones."""
    faults = judge(bob, capfd)
    assert not faults, "\n" + "\n".join(faults)
