"""The logs of some ranks, and of some lines."""

import pytest
from product import Product

SAY = """
import os
for word in ("start", "loss", "end"):
    print(word, os.environ["RANK"], flush=True)
"""


@pytest.fixture(scope="module")
def team(cluster: Product) -> Product:
    cluster.submit("team", SAY, "--workers", "4", "--wait")
    return cluster


@pytest.mark.parametrize("way", [(), ("-f",)])
def test_logs_of_some_ranks(team: Product, way: tuple[str, ...]) -> None:
    """--rank selects instances by the rank that their programs see, and --grep their lines."""
    got = team.must("logs", "team", "--rank", "0,2-3", "--grep", "^(start|end)", *way)
    assert sorted(got.splitlines()) == [
        "[master-0] end 0",
        "[master-0] start 0",
        "[worker-1] end 2",
        "[worker-1] start 2",
        "[worker-2] end 3",
        "[worker-2] start 3",
    ]


@pytest.mark.parametrize("way", [(), ("-f",)])
def test_what_is_not_there(team: Product, way: tuple[str, ...]) -> None:
    """A rank that the job lacks is an error that names those it has; no matching line is only a remark."""
    lacks = team.run("logs", "team", "--rank", "2,9", *way)
    assert (lacks.code, lacks.out) == (3, "")
    assert 'job "team" has no rank 9' in lacks.err
    assert "its ranks: 0-3" in lacks.err
    none = team.run("logs", "team", "--grep", "nowhere", *way)
    assert (none.code, none.out) == (0, "")
    assert 'no line matches "nowhere"' in none.err
    both = team.run("logs", "team", "--rank", "1", "-i", "worker-0", *way)
    assert (both.code, both.out) == (2, "")
