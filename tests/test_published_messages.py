"""The messages of built-in kinds, as the local cluster knows them."""

import json
import os
from pathlib import Path

import published_messages
import pytest

from arena.local.api import protobuf, published
from arena.local.api.protobuf import messages
from arena.local.objects import Object

EXAMPLES = published_messages.FOLDER / "api" / "testdata" / "HEAD"
needed = pytest.mark.skipif(
    not published_messages.FOLDER.is_dir(),
    reason="NOT COMPARED: set ARENA_KUBERNETES to the sources of k8s.io",
)


@needed
def test_messages_are_those_of_kubernetes() -> None:
    """The file is what the Go types say, no more and no less."""
    made = published_messages.made()
    if os.environ.get("ARENA_REGENERATE"):
        published.MESSAGES.write_text(made, encoding="utf-8")
    assert published.MESSAGES.read_text(encoding="utf-8") == made


@needed
def test_objects_are_read_and_written_as_kubernetes_does() -> None:
    """Kubernetes' own examples, which have every field: byte by byte the same."""
    compared = 0
    for path in sorted(EXAMPLES.glob("*.v1.*.json")):
        obj = json.loads(path.read_text(encoding="utf-8"))
        if _has_message(obj):
            written = path.with_suffix(".pb").read_bytes()
            assert protobuf.decode(written) == obj, path.name
            assert protobuf.encode(obj) == written, path.name
            compared += 1
    assert compared > 30


def _has_message(obj: Object) -> bool:
    try:
        return bool(messages.of(obj["apiVersion"], obj["kind"]))
    except LookupError:
        return False


def test_every_message_refers_to_known_ones() -> None:
    """Each field is of a type that can be read and written."""
    found = json.loads(Path(published.MESSAGES).read_text(encoding="utf-8"))
    known = {*found, *protobuf.values.CODECS}
    assert len(found) > 200
    for name in found:
        assert {field.type for field in messages.named(name)} <= known, name
        numbers = [field.number for field in messages.named(name)]
        assert numbers == sorted(set(numbers)), name
