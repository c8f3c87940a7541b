"""arena serve traffic-split: what is created, and what list, get and delete make of it."""

import json
from typing import Any

import pytest

from arena.errors import NotFound
from arena.resources import DESTINATION_RULES, HTTP_ROUTES, SERVICES, VIRTUAL_SERVICES

SPLIT = ("serve", "traffic-split", "--name", "digits")


def serve(arena: Any, version: str, name: str = "digits", *words: str) -> None:
    """Submit a version."""
    line = ("serve", "custom", "--name", name, "--version", version, "--image", "i", "--restful-port", "8080")
    assert arena(*line, *words, "x").code == 0


def backends(stage: Any) -> dict[str, int]:
    """Service -> weight in the HTTPRoute."""
    route = stage.cluster.get(HTTP_ROUTES, "default", "digits")
    return {one["name"]: one["weight"] for one in route["spec"]["rules"][0]["backendRefs"]}


def test_an_httproute_for_a_stable_service(arena, stage):
    """Requests to a Service with the serving's name are split; all versions own what does so."""
    for version in ("1", "2"):
        serve(arena, version)
    done = arena(*SPLIT, "-v", "1:90", "-v", "2:10")
    assert done.out == "traffic of serving digits split by HTTPRoute digits: 1 90%, 2 10%\n"
    assert done.err == "using the test's cluster\n"
    stable, route = (stage.cluster.get(one, "default", "digits") for one in (SERVICES, HTTP_ROUTES))
    assert stable["spec"]["selector"] == {"servingName": "digits"}
    assert [(one["port"], one["targetPort"]) for one in stable["spec"]["ports"]] == [(8080, "http-serving")]
    [parent] = route["spec"]["parentRefs"]
    assert (parent["kind"], parent["name"], parent["port"]) == ("Service", "digits", 8080)
    assert backends(stage) == {"digits-1": 90, "digits-2": 10}
    for one in (stable, route):
        owners = {ref["name"] for ref in one["metadata"]["ownerReferences"]}
        assert owners == {"digits-1-custom-serving", "digits-2-custom-serving"}


def test_shares_are_shown(arena, stage):
    """list shows the share behind the address, as the Go arena does; get and JSON say what splits it."""
    for version in ("1", "2", "3"):
        serve(arena, version)
    arena(*SPLIT, "-v", "1:90", "-v", "2:10")
    rows = {row.split()[2]: row.split()[5] for row in arena("serve", "list").out.splitlines()[1:]}
    assert rows["1"].endswith("(90%)")
    assert rows["2"].endswith("(10%)")
    assert "%" not in rows["3"]
    page = arena("serve", "get", "digits", "-v", "2").out
    assert "Traffic:" in page
    assert "by HTTPRoute digits" in page
    found = json.loads(arena("serve", "get", "digits@1", "-o", "json").out)["traffic"]
    assert (found["percent"], found["by"]) == (90, "HTTPRoute digits")


def test_by_istio(arena, stage):
    """With Istio, a VirtualService splits by subsets of a DestinationRule, named as by the Go arena."""
    for version in ("1", "2"):
        serve(arena, version)
    assert "by VirtualService digits" in arena(*SPLIT, "-v", "1:30", "-v", "2:70", "--by", "istio").out
    virtual = stage.cluster.get(VIRTUAL_SERVICES, "default", "digits")["spec"]
    assert virtual["http"][0]["route"] == [
        {"destination": {"host": "digits", "subset": "subset-1"}, "weight": 30},
        {"destination": {"host": "digits", "subset": "subset-2"}, "weight": 70},
    ]
    rule = stage.cluster.get(DESTINATION_RULES, "default", "digits")["spec"]
    assert rule["subsets"][0] == {"name": "subset-1", "labels": {"servingVersion": "1"}}
    assert "(30%)" in arena("serve", "list").out


def test_changed(arena, stage):
    """Another split changes the route in place, and keeps what others have added to it."""
    for version in ("1", "2"):
        serve(arena, version)
    arena(*SPLIT, "-v", "1:100")
    note = {"metadata": {"annotations": {"mine": "x"}}}
    stage.cluster.patch(HTTP_ROUTES, "default", "digits", note)
    before = stage.cluster.get(HTTP_ROUTES, "default", "digits")["metadata"]["uid"]
    assert arena(*SPLIT, "-v", "2:100").code == 0
    after = stage.cluster.get(HTTP_ROUTES, "default", "digits")["metadata"]
    assert (after["uid"], after["annotations"]["mine"]) == (before, "x")
    assert backends(stage) == {"digits-2": 100}


def test_a_deleted_version_leaves_the_split(arena, stage):
    """The others take over the share of a deleted version, and no longer share the split with it."""
    for version in ("1", "2", "3"):
        serve(arena, version)
    arena(*SPLIT, "-v", "1:80", "-v", "2:15", "-v", "3:5")
    assert arena("serve", "delete", "digits", "-v", "1").code == 0
    assert backends(stage) == {"digits-2": 75, "digits-3": 25}
    arena("serve", "delete", "digits@2")
    assert backends(stage) == {"digits-3": 100}
    owners = stage.cluster.get(HTTP_ROUTES, "default", "digits")["metadata"]["ownerReferences"]
    assert [one["name"] for one in owners] == ["digits-3-custom-serving"]


def test_a_foreign_service_is_respected(arena, stage):
    """A Service of another program that has the name is a conflict, and nothing is made besides."""
    for version in ("1", "2"):
        serve(arena, version)
    spec = {"selector": {"app": "x"}, "ports": [{"port": 1}]}
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "digits"}, "spec": spec}
    stage.cluster.create(SERVICES, "default", body)
    refused = arena(*SPLIT, "-v", "1:90", "-v", "2:10")
    assert refused.code == 5
    assert 'Service "digits" exists in namespace "default", and does not belong to the serving' in refused.err
    with pytest.raises(NotFound):
        stage.cluster.get(HTTP_ROUTES, "default", "digits")
    # It does not keep a version from having its own Service either, as it does with the Go arena.
    assert stage.cluster.get(SERVICES, "default", "digits-1")["spec"]["selector"]["servingVersion"] == "1"


def test_a_dry_run(arena, stage):
    """`--dry-run` prints the objects and creates none."""
    serve(arena, "1")
    told = arena(*SPLIT, "-v", "1:100", "--dry-run")
    assert "kind: HTTPRoute" in told.out
    with pytest.raises(NotFound):
        stage.cluster.get(HTTP_ROUTES, "default", "digits")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("-v", "1:90"), 2, "the weights add up to 90"),
        (("-v", "1:90", "-v", "1:10"), 2, "given twice"),
        (("-v", "1:-10", "-v", "2:110"), 2, "is no version with its percentage"),
        (("-v", "1:110"), 2, "add up to 110"),
        (("-v", "1"), 2, "is no version with its percentage"),
        (("-v", "1:50", "-v", "9:50"), 3, 'has no version "9"'),
        ((), 2, "--version-weight"),
    ],
)
def test_bad_weights(arena, stage, words, code, message):
    """Weights that are no percentages of a whole, and unknown versions, change nothing."""
    for version in ("1", "2"):
        serve(arena, version)
    refused = arena(*SPLIT, *words)
    assert (refused.code, message in refused.err) == (code, True), refused.err
    with pytest.raises(NotFound):
        stage.cluster.get(SERVICES, "default", "digits")


def test_all_versions_are_deleted(arena, stage):
    """`delete --all-versions` needs no choice of a version, and a missing name is told."""
    for version in ("1", "2"):
        serve(arena, version)
    serve(arena, "1", "faces")
    done = arena("serve", "delete", "digits", "nobody", "--all-versions")
    assert done.code == 3
    assert done.out.count("deleted") == 2
    assert [row.split()[0] for row in arena("serve", "list").out.splitlines()[1:]] == ["faces"]
