"""A node in a folder of the test's own; every process dies with its test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bed import Node


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Node]:
    """A node whose kubelet is not started yet."""
    node = Node(tmp_path)
    yield node
    node.close()


@pytest.fixture
def node(idle: Node) -> Node:
    """A node whose kubelet runs."""
    idle.start()
    return idle
