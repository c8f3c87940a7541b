"""What wakes up the thread of the node that reads the results of collectors."""

import os
import resource
from collections.abc import Iterator

import pytest

from arena.local.node.metrics.bell import Bell


@pytest.fixture
def many_files() -> Iterator[None]:
    """More than the thousand files that `select` knows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(4096, hard)), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    yield
    for one in held:
        os.close(one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_server_with_many_files(many_files: None) -> None:
    """It rings and waits in a process with many open files, too."""
    bell = Bell()
    bell.wait(0.001)
    bell.ring()
    bell.wait(None)
    bell.close()
