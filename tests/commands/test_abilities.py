"""whoami --can-i: which commands a user with few rights may use."""

import json
from dataclasses import replace

import pytest
from screens import Fixed

from arena.actions.abilities import abilities
from arena.cli import run
from arena.commands._globals import Globals
from arena.kube import Cluster, Endpoint
from arena.local.api.fault_injection import Fault
from arena.resources import Resource

ROLES = Resource("rbac.authorization.k8s.io", "v1", "roles", kind="Role")
BINDINGS = ROLES._replace(plural="rolebindings", kind="RoleBinding")
RULES = [
    {"apiGroups": ["kubeflow.org"], "resources": ["pytorchjobs"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["pods", "*/log"], "verbs": ["*"]},
    {"apiGroups": [""], "resources": ["pods/attach"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"], "resourceNames": ["one"]},
]


@pytest.fixture
def bob(api, stage, tmp_path):
    """A session of a user who may read PyTorchJobs and their logs."""
    stage.cluster.create(ROLES, "default", {"metadata": {"name": "bob"}, "rules": RULES})
    role = {"apiGroup": ROLES.group, "kind": "Role", "name": "bob"}
    subject = {"apiGroup": ROLES.group, "kind": "User", "name": "bob"}
    body = {"metadata": {"name": "bob"}, "roleRef": role, "subjects": [subject]}
    stage.cluster.create(BINDINGS, "default", body)
    endpoint = replace(Endpoint(server=api.url), impersonation=[("Impersonate-User", "bob")])
    return Fixed(Cluster(lambda: endpoint, "the test's cluster"), tmp_path)


@pytest.fixture
def ask(bob, capsys):
    def call(*words):
        assert run(words, Globals(session=bob)) == 0
        return capsys.readouterr().out

    return call


def test_a_user_with_few_rights(ask):
    """The table names the commands that work, what they lack, and why the others do not work."""
    lines = [line.split(maxsplit=2) for line in ask("whoami", "--can-i").splitlines()]
    rows = {line[0]: line[1:] for line in lines}
    assert rows["COMMAND"] == ["ALLOWED", "MISSING"]
    allowed, missing = rows["diff"]
    assert (allowed, missing.startswith("these kinds: get "), "other types" in missing) == ("yes", True, True)
    assert rows["code"][0] == "no"
    assert rows["code"][1].startswith("get configmaps; ") or rows["code"][1] == "get configmaps"
    assert rows["exec"] == ["no", "get create pods/exec"]
    names = ask("whoami", "--can-i", "-o", "name").splitlines()
    assert {"list", "get", "logs -f", "wait", "attach --main"} <= set(names)  # of its two verbs one is enough
    assert not {"submit", "delete", "exec", "list -A", "top node", "code"} & set(names)


def test_json(ask):
    """Every right that is missing, with what is missing for it."""
    found = {one["command"]: one for one in json.loads(ask("whoami", "--can-i", "-o", "json"))}
    assert found["data list"] == {
        "command": "data list",
        "allowed": False,
        "missing": [
            {
                "effect": "",
                "rights": [
                    {"verb": "list", "group": "", "resource": "persistentvolumeclaims", "namespaced": True}
                ],
            }
        ],
    }
    [pods] = [one for one in found["top node"]["missing"] if one["effect"]]
    assert (pods["effect"], pods["rights"][0]["namespaced"]) == ("GPUs in use", False)
    assert "suspend" in found
    assert "workloads" not in str(found)  # the test's cluster has no Kueue


def test_a_cluster_that_does_not_know_all_rules(bob, api):
    """Then each right is asked for; the answer is the same."""
    known = abilities(bob)
    api.faults.append(Fault(path="/selfsubjectrulesreviews", code=403, times=99))
    assert abilities(bob) == known


def test_an_administrator(arena):
    """May use every command."""
    found = json.loads(arena("whoami", "--can-i", "-o", "json").out)
    assert all(one["allowed"] and not one["missing"] for one in found)
