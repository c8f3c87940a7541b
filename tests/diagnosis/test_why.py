"""arena why on a real cluster."""

import json

import pytest
from product import Product, product


@pytest.fixture(scope="module")
def arena(tmp_path_factory):
    with product(tmp_path_factory.mktemp("why")) as made:
        yield made


def test_saved_and_explained_elsewhere(arena: Product, tmp_path):
    """What --save has written is explained alike without the cluster, and holds no secret."""
    secret, folder = "hf_PLANTEDplantedPLANTED", tmp_path / "dump"
    arena.must("submit", "job", "--name", "lost", "-e", f"HF_TOKEN={secret}", f"echo key: {secret}; exit 3")
    assert arena.run("wait", "lost").code == 7
    live = json.loads(arena.must("why", "lost", "--save", str(folder), "-o", "json"))
    assert live["cause"] == "exit.nonzero"
    assert folder.stat().st_mode & 0o777 == 0o700
    saved = json.loads(arena.must("why", "lost", "--from", str(folder), "-o", "json"))
    assert {key: saved[key] for key in ("cause", "message", "evidence")} == {
        key: live[key] for key in ("cause", "message", "evidence")
    }
    assert not [one for one in folder.rglob("*") if one.is_file() and "PLANTED" in one.read_text()]
    again = arena.run("why", "lost", "--save", str(folder))
    assert (again.code, "exists" in again.err) == (2, True)


def test_a_job_that_is_well(arena: Product):
    """A job that has succeeded is said to be well."""
    arena.must("submit", "job", "--name", "fine", "--wait", "true")
    assert arena.must("why", "fine") == "CAUSE     nothing is wrong: it has succeeded\n"
