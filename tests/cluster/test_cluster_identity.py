"""The user's identity on a real cluster, and the volumes and nodes."""

import json

import pytest
from field import IDLE, Field

from arena.resources import CLAIMS

pytestmark = pytest.mark.cluster


def test_whoami(ground: Field):
    """The administrator may do everything and a stranger nothing; each has a name and an id."""
    admin = json.loads(ground.admin.must("whoami"))
    assert admin["IsAdminUser"] is True
    assert admin["Name"]
    assert len(admin["Id"]) == 32
    nobody = json.loads(ground.person("nobody").must("whoami"))
    assert (nobody["Name"], nobody["IsAdminUser"]) == ("nobody", False)


def test_claims(ground: Field):
    """A claim without a volume is shown only on request."""
    spec = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
    ground.create(CLAIMS, "corpus", spec={**spec, "storageClassName": "none"})
    assert json.loads(ground.admin.must("data", "list", "-o", "json")) == []
    [found] = json.loads(ground.admin.must("data", "list", "--unbound", "-o", "json"))
    assert (found["name"], found["status"], found["size"]) == ("corpus", "Pending", "1Gi")
    assert found["storageClass"] == "none"


def test_an_unknown_priority(ground: Field):
    """A priority class that is not there is refused before anything is made."""
    ended = ground.admin.run(
        "submit", "pytorchjob", "--name", "j", "--image", "i", "--priority", "nosuch", IDLE
    )
    assert ended.code == 2
    assert '--priority "nosuch": cluster' in ended.err
    assert "it has: system-cluster-critical, system-node-critical" in ended.err
    assert ground.admin.must("list", "-o", "name") == ""
