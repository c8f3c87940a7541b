"""Each command under exactly its documented rights, on the local cluster with real programs."""

from pathlib import Path

import pytest
from product import Product
from rights import Bob, judge

from arena.kube import Cluster, Endpoint
from arena.local.state import recorded

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def bob(arena: Product, tmp_path: Path) -> Bob:
    arena.must("local", "start")
    server = recorded(arena.state)
    assert server is not None
    endpoint = Endpoint(server=server.url, dial=server.dial)
    return Bob(Cluster(lambda: endpoint), endpoint, "default", tmp_path, image="--image i")


def test_every_command_has_the_rights_that_are_documented(
    bob: Bob, capfd: pytest.CaptureFixture[str]
) -> None:
    """No command asks for more than its documented rights, or for less, and works with exactly these."""
    faults = judge(bob, capfd)
    assert not faults, "\n" + "\n".join(faults)
