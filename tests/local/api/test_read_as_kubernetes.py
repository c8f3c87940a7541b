"""What a comparison with Kubernetes 1.36 found in built-in kinds."""

from typing import Any

import pytest

from arena.local.api.quantities import normal
from arena.local.api.request_options import WriteOptions
from arena.local.field_errors import invalid
from arena.local.objects import PERSISTENT_VOLUME_CLAIMS, Refused, Resource

LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
HOW = WriteOptions(manager="test")


@pytest.mark.parametrize("moment", ["2030-01-01T00:00:00Z", "2030-01-01T00:00:00.5Z", "2030-01-01"])
def test_times_of_leases_have_microseconds(api: Any, moment: str) -> None:
    """A time without six digits after its seconds cannot be read where they belong, and can elsewhere."""
    body = {"metadata": {"name": "a"}, "spec": {"renewTime": moment}}
    with pytest.raises(Refused, match=r"spec\.renewTime") as refused:
        api.create(LEASES, body, how=HOW)
    assert refused.value.code == 400
    body["spec"] = {"renewTime": "2030-01-01T00:00:00.000000Z"}
    assert api.create(LEASES, body, how=HOW)["spec"] == body["spec"]


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("1e20", "100e18"),
        (1e20, "100e18"),
        (-(2**63), "-9223372036854775808"),
        ("100E", "100E"),
        ("8Ei", "9223372036854775807"),
        ("-9Ei", "-9223372036854775807"),
    ],
)
def test_large_quantities_are_quantities(api: Any, given: Any, written: str) -> None:
    """Decimal quantities may be larger than 64 bits, binary ones are cut."""
    assert normal(given) == written
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi", "other": given}}}
    body = {"metadata": {"name": "a"}, "spec": {**spec, "volumeName": "local"}}
    stored = api.create(PERSISTENT_VOLUME_CLAIMS, body)
    assert stored["spec"]["resources"]["requests"]["other"] == written


def test_refused_values_are_written_as_in_a_cluster() -> None:
    """Messages hold JSON without blanks, in the order of its keys."""
    assert invalid("a", {"b": 1, "a": ["x", 2]}, "no").message == 'Invalid value: {"a":["x",2],"b":1}: no'


@pytest.mark.parametrize(
    ("form", "patch", "code"),
    [
        ("merge", {"kind": "Other"}, 422),
        ("merge", {"apiVersion": "v9"}, 422),
        ("merge", {"kind": 5}, 422),
        ("merge", {"kind": None}, 200),
        ("strategic-merge", {"kind": "Other"}, 200),
        ("strategic-merge", {"kind": 5}, 422),
    ],
)
def test_patches_do_not_change_a_type(server: Any, form: str, patch: Any, code: int) -> None:
    """A strategic merge patch leaves it alone, another one is refused, and says so of the object."""
    path = "/api/v1/namespaces/default/secrets"
    server.ask("POST", path, {"metadata": {"name": "a"}})
    answer = server.ask("PATCH", f"{path}/a", patch, Content_Type=f"application/{form}-patch+json")
    assert answer.code == code
    if code == 200:
        assert (answer.body["apiVersion"], answer.body["kind"]) == ("v1", "Secret")
    else:
        (cause,) = answer.body["details"]["causes"]
        assert cause["field"] == "patch"
        assert '{\\"apiVersion' in cause["message"]


def test_a_strategic_merge_patch_replaces_the_selector_of_a_budget(server: Any) -> None:
    """Its labels are not merged, as those of other selectors are."""
    path = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}
    server.ask("POST", path, {"metadata": {"name": "a"}, "spec": spec})
    patch = {"spec": {"selector": {"matchLabels": {"c": "d"}}}}
    form = "application/strategic-merge-patch+json"
    assert server.ask("PATCH", f"{path}/a", patch, Content_Type=form).body["spec"]["selector"] == {
        "matchLabels": {"c": "d"}
    }


def test_types_with_names_are_referred_to(server: Any) -> None:
    """`kubectl explain` prints Quantity and IntOrString, which built-in kinds refer to by name."""
    schemas = server.ask("GET", "/openapi/v3/api/v1").body["components"]["schemas"]
    limits = schemas["ResourceRequirements"]["properties"]["limits"]
    assert limits["additionalProperties"] == {"allOf": [{"$ref": "#/components/schemas/Quantity"}]}
    port = schemas["HTTPGetAction"]["properties"]["port"]
    assert port == {"allOf": [{"$ref": "#/components/schemas/IntOrString"}]}
    assert schemas.keys() >= {"Quantity", "IntOrString"}


@pytest.mark.parametrize("type_", [{"kind": 0}, {"kind": False}, {"apiVersion": 0}, {"kind": 5}])
def test_a_type_is_a_text(server: Any, type_: Any) -> None:
    """A number in its place cannot be read, not even 0."""
    answer = server.ask("POST", "/api/v1/namespaces/default/secrets", {"metadata": {"name": "a"}, **type_})
    assert (answer.code, answer.body["reason"]) == (400, "BadRequest")
