"""A real cluster for every test here: the one that ARENA_TEST_KUBECONFIG names."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from definitions import connected, define
from field import JOBS, Field, field

from arena.kube import Cluster


@pytest.fixture(scope="session")
def config() -> Path:
    return Path(os.environ["ARENA_TEST_KUBECONFIG"])


@pytest.fixture(scope="session")
def kube(config: Path) -> Cluster:
    """The cluster, with the definitions of the training kinds; those that were missing stay."""
    define(connected(config), config, *JOBS.values())
    return connected(config)


@pytest.fixture
def ground(kube: Cluster, config: Path, tmp_path: Path) -> Iterator[Field]:
    """A namespace of its own."""
    with field(kube, config, tmp_path) as made:
        yield made
