"""A real cluster for every test here: the one that ARENA_TEST_KUBECONFIG names."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from crds import FILES, FOLDER
from field import DEFINITIONS, JOBS, Field, field
from product import until

from arena.errors import Unreachable
from arena.kube import Cluster
from arena.resources import Resource
from arena.session import connect


@pytest.fixture(scope="session")
def config() -> Path:
    return Path(os.environ["ARENA_TEST_KUBECONFIG"])


@pytest.fixture(scope="session")
def kube(config: Path) -> Cluster:
    """The cluster, with the definitions of the training kinds; those that were missing stay."""

    def fresh() -> Cluster:
        return connect(kubeconfig=str(config), environ={}).cluster()

    def serves(resource: Resource) -> bool:
        try:
            return fresh().serves(resource)
        except Unreachable:
            # A server names a new group before it answers for it.
            return False

    for resource in JOBS.values():
        if not serves(resource):
            file = FOLDER / FILES[resource.api_version, resource.kind]
            if not file.exists():
                pytest.skip(f"the cluster has no {resource.kind}, and its definition is not at hand")
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            fresh().create(DEFINITIONS, None, yaml.load(file.read_text(encoding="utf-8"), loader))
            until(lambda resource=resource: serves(resource), 30, f"{resource.kind} served")
    return fresh()


@pytest.fixture
def ground(kube: Cluster, config: Path, tmp_path: Path) -> Iterator[Field]:
    """A namespace of its own."""
    with field(kube, config, tmp_path) as made:
        yield made
