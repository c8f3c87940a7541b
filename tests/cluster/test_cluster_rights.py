"""Each command under exactly its documented rights, on a real cluster."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from field import IDLE, RUNS, Field
from rights import Bob, judge

from arena.actions.usages import USAGES
from arena.kube import Cluster, credentials, kubeconfig

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

HERE = "sweep submit KIND --engine foreground"
ROUTED = ("serve traffic-split", "serve update --canary", "serve KIND --expose-service")
"""Commands that need routes."""


@pytest.fixture
def bob(ground: Field, config: Path, tmp_path: Path) -> Iterator[Bob]:
    endpoint = credentials.load(kubeconfig.read([config]))
    made = Bob(Cluster(lambda: endpoint), endpoint, ground.namespace, tmp_path, image=" ".join(RUNS))
    made.words |= {"idle": IDLE, "moment": "20"}  # until it is attached to, on a busy machine
    of_katib = [one.command for one in USAGES if one.command.startswith("sweep ") and one.command != HERE]
    # The cluster has no image, no routes and no Katib for them.
    made.without = ("tensorboard", *ROUTED, *of_katib)
    yield made
    made.close()


def test_every_command_has_the_rights_that_are_documented(
    bob: Bob, capfd: pytest.CaptureFixture[str]
) -> None:
    """Kubernetes' own checks of rights let every command pass that has its documented ones."""
    faults = judge(bob, capfd)
    assert not faults, "\n" + "\n".join(faults)
