"""The user's identity according to the cluster."""

import pytest
from shelf import Visitor

from arena.actions.identity import ACCESS, REVIEWS, user_id, whoami
from arena.model.users import User
from arena.resources import CONFIGMAPS

ANN = {"username": "ann@example.com", "groups": ["team-a", "system:authenticated"]}


def listed(*admins):
    return {"metadata": {"name": "arena-config"}, "data": {"adminUsers": ", ".join(admins)}}


@pytest.mark.parametrize(
    ("allowed", "admins", "admin"),
    [(False, ["bob"], False), (True, [], True), (False, ["bob", "ann@example.com"], True)],
)
def test_whoami(shelf, allowed, admins, admin):
    """An administrator is whom the cluster allows everything, or whom arena's settings list."""
    shelf.say(REVIEWS._replace(version="v1beta1"), {"userInfo": ANN})
    shelf.say(ACCESS, {"allowed": allowed})
    shelf.put(CONFIGMAPS, "arena-system", listed(*admins))
    groups = ("team-a", "system:authenticated")
    assert whoami(Visitor(shelf.cluster, login="kube-ann")) == User(
        name="ann@example.com", groups=groups, admin=admin
    )


def test_a_cluster_that_does_not_tell_names(shelf):
    """Kubernetes before 1.27 does not report the user's name: the kubeconfig's is used."""
    shelf.say(ACCESS, {"allowed": False})
    assert whoami(Visitor(shelf.cluster, login="kube-ann")) == User(name="kube-ann", reported=False)
    bob = {"token": "secret", "as": "bob"}
    assert whoami(Visitor(shelf.cluster, login="kube-ann", user=bob)).name == "bob"


def test_id():
    """A user's id is the one that the Go arena labels jobs with."""
    assert user_id("ann") == "7e0d7f8a5d96c24ffcc840f31bce72b2"
