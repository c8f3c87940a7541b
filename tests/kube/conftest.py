"""Clusters to speak to: the local API server in a thread, a real one, and a server that misbehaves on cue."""

import uuid
from collections.abc import Iterator

import pytest
from servers import LocalApi, Stage, real_cluster

from arena.kube import Cluster
from arena.resources import NAMESPACES


@pytest.fixture
def local_api(tmp_path) -> Iterator[LocalApi]:
    with LocalApi(tmp_path) as one:
        yield one


@pytest.fixture
def local(local_api) -> Cluster:
    return Cluster.at(local_api.url, "the local cluster")


@pytest.fixture(params=["local", pytest.param("real", marks=pytest.mark.cluster)])
def cluster(request) -> Cluster:
    """The same tests judge the local API server and a real cluster."""
    return request.getfixturevalue("local") if request.param == "local" else real_cluster()


@pytest.fixture
def namespace(cluster) -> Iterator[str]:
    name = f"kube-{uuid.uuid4().hex[:8]}"
    cluster.create(NAMESPACES, None, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    cluster.delete(NAMESPACES, None, name)


@pytest.fixture
def stage() -> Iterator[Stage]:
    one = Stage()
    yield one
    one.close()
