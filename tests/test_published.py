"""The structure of custom kinds, as the local cluster knows it."""

import copy
import json
import os
import random
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import crds
import openapi_reduction
import published_reduction
import pytest
import reduction
import yaml

from arena.local.api import custom_definitions, published, resource_types, schema, structure
from arena.local.api.request_options import TRUSTED

CASES = Path(__file__).parent / "cases" / "training"
ODD: tuple[Any, ...] = (1, -1, "x", True, [], {}, {"a": 1}, 1.5, "", ["a"])
"""Values that one reading refuses or accepts as the other does: nulls and large numbers, only one judges."""
CHANGES = 300


def test_structures_are_those_of_the_published_definitions() -> None:
    """The files are what the published definitions say, no more and no less."""
    if not reduction.FOLDER.is_dir():
        pytest.skip(f"NOT COMPARED: no published definitions in {reduction.FOLDER}; set ARENA_CRDS")
    made = published_reduction.made()
    if os.environ.get("ARENA_REGENERATE"):
        for old in [*published.FOLDER.glob("*.jsonl"), published.PARTS]:
            old.unlink(missing_ok=True)
        for name, text in made.items():
            (published.FOLDER / name).write_text(text, encoding="utf-8")
    found = [*published.FOLDER.glob("*.jsonl"), published.PARTS]
    assert {path.name: path.read_text(encoding="utf-8") for path in found} == made


def test_built_in_structures_are_those_of_kubernetes() -> None:
    """The file is what the OpenAPI documents of an API server say, no more and no less."""
    if not openapi_reduction.FOLDER.is_dir():
        pytest.skip(f"NOT COMPARED: no documents in {openapi_reduction.FOLDER}; set ARENA_OPENAPI")
    made = openapi_reduction.made()
    if os.environ.get("ARENA_REGENERATE"):
        published.KUBERNETES.write_text(made, encoding="utf-8")
    assert published.KUBERNETES.read_text(encoding="utf-8") == made


def test_the_server_names_no_custom_kind() -> None:
    """No module of the API knows one by its name: what a kind is comes from data and from its operator."""
    folder = Path(custom_definitions.__file__).parent
    kinds = [one.resource for one in resource_types.TYPES if one.custom]
    names = "|".join(sorted({name for one in kinds for name in (one.kind, one.plural)}))
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}
    found = {name: re.findall(rf"\b({names})\b", text) for name, text in texts.items()}
    assert {name: words for name, words in found.items() if words} == {}


def test_every_structure_is_data() -> None:
    """The server knows the whole structure of every kind as JSON, and no other structure."""
    kinds = [kind for kind in resource_types.TYPES if kind.verbs != resource_types.MEASURED]
    found: dict[int, schema.Schema] = {}
    todo = [schema.root(kind) for kind in kinds]
    while todo:
        one = todo.pop()
        if id(one) not in found:
            found[id(one)] = one
            todo += schema.below(one)
    names = {one.name for one in found.values()}
    assert json.loads(json.dumps([one.raw for one in found.values()])) == [one.raw for one in found.values()]
    assert published.kubernetes().keys() <= names
    assert {kind.resource.kind for kind in kinds} <= names
    unknown = {one.name or str(one.raw) for one in found.values() if not (one.type or one.is_open)}
    assert unknown == set()


def test_served_definitions_say_what_was_published() -> None:
    """Reduced again, the definitions that the server makes are the structures that it made them of."""
    kinds = [kind for kind in resource_types.TYPES if kind.facts and not kind.structure]
    with closing(custom_definitions.store("2026-11-30T00:00:00Z")) as store:
        for kind in kinds:
            name = f"{kind.resource.plural}.{kind.resource.group}"
            crd = store.read("apiextensions.k8s.io/customresourcedefinitions", "", name)
            assert crd is not None
            versions = {one["name"]: one for one in crd["spec"]["versions"]}
            version = versions[kind.resource.version]
            names, release = crd["spec"]["names"], kind.facts["from"]
            made = published_reduction.Definition(release, kind.resource.kind, names, version)
            # Rules that an operator restates are in no definition that the server makes.
            assert made.facts | {"rules": kind.facts["rules"]} == kind.facts
            assert made.schema == inlined(published.structure(kind.resource))


def inlined(node: Any) -> Any:
    """A structure with the parts that it refers to."""
    if isinstance(node, str) and node.startswith("#"):
        return inlined(published.parts()[node[1:]])
    if not isinstance(node, dict):
        return node
    found = dict(node)
    if "properties" in node:
        found["properties"] = {name: inlined(one) for name, one in node["properties"].items()}
    return found | {key: inlined(node[key]) for key in ("items", "values") if key in node}


def test_two_readings_of_the_definitions_agree() -> None:
    """The server accepts and refuses changed manifests of all kinds as tests/crds.json does."""
    manifests = [(kind, one) for path in sorted(CASES.glob("*.yaml")) for kind, one in custom(path)]
    assert len({kind.resource for kind, _ in manifests}) > 8
    for kind, obj in manifests:
        assert refused(kind, obj) == []
    dice = random.Random(1)
    for _ in range(CHANGES):
        kind, whole = dice.choice(manifests)
        obj = copy.deepcopy(whole)
        change(dice, *dice.choice(list(places(obj["spec"], schema.root(kind).child("spec")))))
        assert bool(refused(kind, obj)) == bool(crds.faults(obj)), (refused(kind, obj), crds.faults(obj))


def custom(path: Path) -> Iterator[tuple[resource_types.Type, dict[str, Any]]]:
    """The manifests of a case file whose kinds have a published definition, with their types."""
    known = {(one.resource.api_version, one.resource.kind): one for one in resource_types.STORED if one.facts}
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for obj in yaml.load_all(path.read_text(encoding="utf-8"), Loader=loader):  # of safe documents
        if isinstance(obj, dict) and (kind := known.get((obj["apiVersion"], obj["kind"]))):
            yield kind, obj


def refused(kind: resource_types.Type, obj: dict[str, Any]) -> list[Any]:
    """The unknown fields and the errors of an object."""
    root, made = schema.root(kind), copy.deepcopy(obj)
    found = structure.decode(root, made, True, TRUSTED)
    return [*found.unknown, *found.errors, *structure.check(root, made)]


def places(value: Any, known: schema.Schema) -> Iterator[tuple[Any, Any, schema.Schema]]:
    """Each place in a value: its holder, its key there, and the structure of the holder."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in pairs:
        yield value, key, known
        yield from places(one, known.child(key) if isinstance(value, dict) else known.item)


def change(dice: random.Random, holder: Any, key: Any, known: schema.Schema) -> None:
    """Replace, rename or remove a value, in place."""
    way = dice.random()
    if way < 0.6 or isinstance(holder, list):
        holder[key] = copy.deepcopy(dice.choice(ODD))
    elif way < 0.8:
        holder[f"{key}x"] = holder.pop(key)
    elif key not in known.defaults:  # which makes a required field one that may be missing
        del holder[key]
