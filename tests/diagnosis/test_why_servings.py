"""arena why with the name of a serving, on a real cluster."""

import json

import pytest
from product import Product, product, until


@pytest.fixture(scope="module")
def arena(tmp_path_factory):
    with product(tmp_path_factory.mktemp("servings")) as made:
        yield made


def serve(arena: Product, version: str, program: str) -> None:
    """Start a serving."""
    words = ("--name", "digits", "--version", version, "--image", "i", "--restful-port", "8080")
    arena.must("serve", "custom", *words, program)


def explained(arena: Product) -> dict:
    """What `why` tells of the serving that lacks a module; {} while it runs between two crashes."""
    found = json.loads(arena.must("why", "digits", "-o", "json"))
    return found if found["cause"] == "import.missing" else {}


def test_a_serving_that_lacks_a_module(arena: Product):
    """The wait for a serving that crashes ends with the cause, and `why` explains it in commands for it."""
    serve(arena, "1", "python -c 'import no_such_module'")

    def waited() -> str:
        ended = arena.run("serve", "wait", "digits", "--timeout", "1s")
        assert ended.code == 6
        return ended.err if "arena why digits-1-custom-serving shows more" in ended.err else ""

    # Between two crashes, it runs.
    assert "no_such_module" in until(waited, what="the cause")
    found = until(lambda: explained(arena), what="the explanation")
    assert (found["phase"], found["kind"]) == ("failed", "Deployment")
    assert any("no_such_module" in one["text"] for one in found["evidence"])
    assert not [one for one in found["fix"] if one.startswith("arena ") and "serve" not in one]
    assert arena.must("why", "digits", "-T", "custom", "-v", "1").startswith("CAUSE     ")


def test_versions_and_jobs_of_the_same_name(arena: Product):
    """Of several versions one has to be chosen; a job of the same name is meant unless -T says otherwise."""
    serve(arena, "2", "sleep 600")
    refused = arena.run("why", "digits")
    assert (refused.code, "several versions" in refused.err) == (2, True)
    arena.must("submit", "job", "--name", "digits", "--wait", "true")
    assert json.loads(arena.must("why", "digits", "-o", "json"))["kind"] == "Job"
    found = json.loads(arena.must("why", "digits@2", "-T", "serving", "-o", "json"))
    assert (found["name"], found["kind"]) == ("digits-2-custom-serving", "Deployment")
    unknown = arena.run("why", "digots")
    assert (unknown.code, "did you mean digits?" in unknown.err) == (3, True)
    assert arena.run("why", "digits", "-T", "nothing").code == 2
    assert arena.run("why", "digits", "-T", "job", "-v", "1").code == 2
