"""Several watches as one: what cannot be watched at present is tried again."""

from servers import LocalApi

from arena.actions.watches import Source, Watching
from arena.kube import Cluster
from arena.local.api.fault_injection import Fault
from arena.resources import CONFIGMAPS, SECRETS


def test_an_optional_source_that_recovers(tmp_path, monkeypatch):
    """Its error is told once, and no longer when it can be watched; then its objects are there."""
    monkeypatch.setattr("arena.actions.watches.RETRY", 0.02)
    with LocalApi(tmp_path) as api:
        cluster = Cluster.at(api.url)
        cluster.create(SECRETS, "default", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}})
        api.faults.append(Fault(path="/secrets", code=403, times=5))
        sources = [Source(CONFIGMAPS, "default"), Source(SECRETS, "default", optional=True)]
        with Watching(cluster, sources) as watching:
            assert (list(watching.errors), watching.objects(1)) == ([1], [])
            assert watching.wait(20)
            assert (watching.errors, [one["metadata"]["name"] for one in watching.objects(1)]) == ({}, ["a"])
