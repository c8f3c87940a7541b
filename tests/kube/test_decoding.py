"""Decoding what a server answers: nothing that is read may be lost on the way."""

import gc
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as any_of

from arena.kube.decoding import decoded, paused_gc

WORDS = any_of.text(']},:\\"[{a', max_size=6) | any_of.just("managedFields")
VALUES = any_of.recursive(
    WORDS | any_of.integers() | any_of.none(),
    lambda inner: any_of.lists(inner, max_size=3) | any_of.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


def without(value: Any) -> Any:
    """The value without the lists that are called managedFields."""
    if isinstance(value, list):
        return [without(one) for one in value]
    if isinstance(value, dict):
        return {
            key: without(one)
            for key, one in value.items()
            if key != "managedFields" or not isinstance(one, list)
        }
    return value


@settings(max_examples=200)
@given(any_of.dictionaries(WORDS, VALUES))
def test_only_managed_fields_are_lost(data: dict[str, Any]) -> None:
    """Whatever brackets and quotes are in the way, everything but managedFields is decoded."""
    text = json.dumps(data, separators=(",", ":")).encode()
    assert without(decoded(text)) == without(data)


def test_managed_fields_are_left_out() -> None:
    """Objects come without the list of who wrote which field."""
    fields = [{"manager": "kubectl", "fieldsV1": {"f:spec": {'k:{"name":"a"}': {}}}}]
    pod = {"metadata": {"name": "a", "managedFields": fields}, "spec": {"nodeName": "n"}}
    text = json.dumps({"items": [pod, pod]}, separators=(",", ":")).encode()
    lean = {"metadata": {"name": "a"}, "spec": {"nodeName": "n"}}
    assert decoded(text) == {"items": [lean, lean]}


@pytest.mark.parametrize("text", [b"", b"<html>", b'{"a":1,"managedFields":[', b'{"a":1,"managedFields":[]'])
def test_what_is_not_json_is_refused(text: bytes) -> None:
    """A page of a proxy, or an answer cut short, is a ValueError."""
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        decoded(text)


def test_garbage_collection_comes_back() -> None:
    """It is off inside, and on again when the last of several threads leaves."""
    first, second = paused_gc(), paused_gc()
    with first:
        with second:
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
