"""arena why with the names of sweeps and crons, on a real cluster."""

import json

import pytest
from product import Product, product, until


@pytest.fixture(scope="module")
def arena(tmp_path_factory):
    with product(tmp_path_factory.mktemp("parents")) as made:
        yield made


def test_a_sweep_whose_trials_fail(arena: Product):
    """The cause of a sweep is that of a failed trial, and says of which."""
    words = ("--name", "tried", "--param", "x=1,2", "--metric", "y:max", "--max-trials", "2")
    program = "python -c 'import no_such_module' {x}"
    arena.run("sweep", "submit", "job", "--engine", "katib", *words, "--wait", program)
    found = json.loads(arena.must("why", "tried", "-o", "json"))
    assert (found["cause"], found["kind"]) == ("import.missing", "Sweep")
    assert found["subject"].startswith("trial ")
    assert found["fix"][-1] == "arena sweep why tried"
    assert arena.must("why", "tried", "-T", "sweep").startswith("ABOUT     trial ")
    refused = arena.run("why", "tried", "--save", "dump")
    assert (refused.code, "--save: tried has no pods" in refused.err) == (2, True)


def test_a_cron_whose_last_run_failed(arena: Product):
    """A cron is explained by its last run; one that is suspended and has none says so."""
    arena.must("cron", "job", "--name", "later", "--schedule", "0 0 29 2 *", "true")
    assert "nothing is wrong" in arena.must("why", "later")
    arena.must("cron", "suspend", "later")
    assert json.loads(arena.must("why", "later", "-o", "json"))["cause"] == "suspended"
    program = "python -c 'import no_such_module'"
    arena.must("cron", "job", "--name", "nightly", "--schedule", "@every 2s", program)
    until(lambda: "import.missing" in arena.must("why", "nightly"), 30, "a failed run")
    assert "the last run of cron nightly" in arena.must("why", "nightly")
