"""The explainer that CONTRIBUTING.md adds, in a copy of the package."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from product import Product, product, until
from worked_example import Example, install, python

EXPLAINER = Example("A new explainer")
ANNOUNCE = """
import arena
from arena.resources import CONFIGMAPS
meta = {"name": "maintenance", "labels": {"announces": "maintenance"}}
obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"text": "back at noon"}}
session = arena.connect()
session.cluster().create(CONFIGMAPS, session.namespace, obj)
"""


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Product]:
    """The product with the explainer."""
    with EXPLAINER.product(tmp_path) as made:
        yield made


def test_an_explainer_is_one_new_file(copy: Product) -> None:
    """The file of the section, and no other change, gives jobs that wait a reason before all others."""
    assert len(EXPLAINER.files) == 1
    copy.must("submit", "pytorchjob", "--name", "big", "--gpus", "9", "true")
    until(lambda: "Insufficient" in copy.must("get", "big"), what="the scheduler's reason")
    python(copy, ANNOUNCE)
    reason = "the cluster is under maintenance: back at noon"
    assert f"Reason:      {reason}\n" in copy.must("get", "big")
    assert reason in copy.must("list", "-o", "wide")
    job = json.loads(copy.must("get", "big", "-o", "json"))
    assert job["reason"] == reason
    first, second = job["findings"]
    assert (first["id"], second["id"]) == ("maintenance", "sched.gpu-short")
    shown = {"kind": "status", "subject": "configmap/maintenance", "text": "back at noon", "time": ""}
    assert (first["evidence"], first["remedy"]) == ([shown], "wait for the end of the maintenance")
    told = python(copy, "import arena; print(arena.job(arena.connect(), 'big').findings[0].id)")
    assert told == "maintenance\n"


def test_an_explainer_of_another_package(tmp_path: Path) -> None:
    """An explainer that an installed package names is used as our own are; one that is broken is named."""
    [text] = EXPLAINER.files.values()
    [entry] = [block.text for block in EXPLAINER.blocks if "entry-points" in block.text]
    install(tmp_path / "site", {"maintenance.py": text}, entry)
    (tmp_path / "home").mkdir()
    with product(tmp_path / "home") as arena:
        arena.must("submit", "pytorchjob", "--name", "big", "--gpus", "9", "true")
        python(arena, ANNOUNCE)
        site = {"PYTHONPATH": str(tmp_path / "site")}
        reason = "the cluster is under maintenance: back at noon"
        assert f"Reason:      {reason}\n" in arena.must("get", "big", **site)
        assert reason in arena.must("list", "-o", "wide", **site)
        assert reason not in arena.must("get", "big")
        (tmp_path / "site" / "my_package" / "maintenance.py").write_text("")
        code, _, err = arena.run("get", "big", **site)
        assert (code, 'the explainer "maintenance" of an installed package' in err) == (1, True)


def test_the_explainer_passes_the_checks(tmp_path: Path) -> None:
    """What the section shows is typed and tidy as the rest of the package is."""
    assert EXPLAINER.check(tmp_path) == ""
