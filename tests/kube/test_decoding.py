"""Decoding of answers: nothing that arena reads may be lost."""

import gc
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as any_of

from arena.kube.decoding import decoded, paused_gc

WORDS = any_of.text(']},:\\"[{a', max_size=6) | any_of.just("managedFields")
FIRST = ("manager", "operation", "apiVersion")


def inside(inner: Any) -> Any:
    entry = any_of.builds(
        lambda key, word, more: {key: word, **more}, any_of.sampled_from(FIRST), WORDS, inner
    )
    managed = any_of.fixed_dictionaries({"a": inner, "managedFields": any_of.lists(entry, max_size=3)})
    return any_of.dictionaries(WORDS, inner | any_of.lists(inner, max_size=3) | managed | LEAVES, max_size=4)


LEAVES = WORDS | any_of.integers() | any_of.none()
VALUES = any_of.recursive(any_of.dictionaries(WORDS, LEAVES, max_size=3), inside, max_leaves=20)


def without(value: Any) -> Any:
    """The value without `managedFields`."""
    if isinstance(value, list):
        return [without(one) for one in value]
    if isinstance(value, dict):
        return {
            key: without(one) for key, one in value.items() if key != "managedFields" or not is_managed(one)
        }
    return value


def is_managed(value: Any) -> bool:
    first = value[0] if isinstance(value, list) and value else None
    key, word = next(iter(first.items())) if isinstance(first, dict) and first else ("", None)
    return key in FIRST and isinstance(word, str)


@settings(max_examples=200)
@given(VALUES)
def test_only_managed_fields_are_lost(data: dict[str, Any]) -> None:
    """Whatever brackets and quotes are in the way, everything but managedFields is decoded."""
    text = json.dumps(data, separators=(",", ":")).encode()
    assert without(decoded(text)) == without(data)


@pytest.mark.parametrize("own", [[], ["x"], [{"name": "x"}], {"manager": "x"}, "x"])
def test_what_is_only_called_so_is_kept(own: object) -> None:
    """A field of somebody's own kind may have that name."""
    data = {"spec": {"a": 1, "managedFields": own}}
    assert decoded(json.dumps(data, separators=(",", ":")).encode()) == data


@pytest.mark.parametrize("manager", ["a]b", "],", "]", '],"x":"y'])
def test_brackets_in_the_name_of_a_manager_break_nothing(manager: str) -> None:
    """Anybody may call a field manager what they like: all else is still read, and as it is."""
    fields = [{"manager": manager, "operation": "Update", "fieldsV1": {"f:spec": {}}}]
    pods = [{"metadata": {"name": name, "managedFields": fields}} for name in ("a", "b", "c")]
    text = json.dumps({"items": pods}, separators=(",", ":")).encode()
    assert [one["metadata"]["name"] for one in decoded(text)["items"]] == ["a", "b", "c"]


def test_a_list_ends_where_it_ends() -> None:
    """No string or nested list makes a text that was cut off there look complete."""
    for more in ({"q": {"x": []}}, {"q": ']}},{"'}, {"q": '"]', "r": "\\\\"}, {"q": "]"}):
        own = json.dumps({"manager": "m", **more}, separators=(",", ":"))
        text = f'[{{"metadata":{{"name":"a"}},"spec":{{"b":1,"managedFields":[{own}'
        with pytest.raises(ValueError, match=r"."):
            decoded(f"{text}]")
        assert [one["metadata"] for one in decoded(f"{text}]}}}}]")] == [{"name": "a"}]


def test_managed_fields_are_left_out() -> None:
    """Objects come without `managedFields`."""
    fields = [{"manager": "kubectl", "fieldsV1": {"f:spec": {'k:{"name":"a"}': {}}}}]
    pod = {"metadata": {"name": "a", "managedFields": fields}, "spec": {"nodeName": "n"}}
    text = json.dumps({"items": [pod, pod]}, separators=(",", ":")).encode()
    lean = {"metadata": {"name": "a"}, "spec": {"nodeName": "n"}}
    assert decoded(text) == {"items": [lean, lean]}


@pytest.mark.parametrize("text", [b"", b"<html>", b'{"a":1,"managedFields":[', b'{"a":1,"managedFields":[]'])
def test_what_is_not_json_is_refused(text: bytes) -> None:
    """A page of a proxy, or an answer cut short, is a ValueError."""
    with pytest.raises(json.JSONDecodeError):
        decoded(text)


def test_garbage_collection_comes_back() -> None:
    """It is off inside, and on again when the last of several threads leaves."""
    first, second = paused_gc(), paused_gc()
    with first:
        with second:
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_managed_fields_are_left_out_without_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that real servers write are found by their brackets; a search takes three times as long."""
    owned = {"f:metadata": {'k:{"uid":"1-2"}': {".": {}, "f:name": {}}}}
    fields = [{"manager": "kubelet", "operation": "Update", "fieldsV1": owned}] * 2
    pods = [{"metadata": {"name": name, "managedFields": fields}, "spec": {"a": ["b"]}} for name in "abc"]
    text = json.dumps({"items": pods}, separators=(",", ":"))
    monkeypatch.setattr("re.sub", lambda *found: pytest.fail("it was searched"))
    assert decoded(text) == without({"items": pods})
