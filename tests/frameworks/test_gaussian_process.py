"""Bayesian optimization with a Gaussian process, which needs PyTorch."""

import pytest
from searches import LOSS, MIXED, Sweep, branin_like

from arena.search.search import Search

pytestmark = [pytest.mark.frameworks, pytest.mark.timeout(300)]


@pytest.mark.parametrize("killed", [False, True])
def test_few_trials_are_enough(killed, capfd):
    """With 25 trials it finds what random draws do not find with 200, also if it begins anew each time."""
    sweep = Sweep(lambda: Search(MIXED, LOSS, "gp", {}, 1), branin_like, 2, killed)
    sweep.run(25)
    drawn = Sweep(lambda: Search(MIXED, LOSS, "random", {}, 1), branin_like)
    drawn.run(200)
    assert min(sweep.losses()) < min(drawn.losses())
    assert len(set(sweep.keys())) == 25
    assert capfd.readouterr() == ("", "")


def test_deterministic():
    """Equal seeds give equal proposals."""
    first, second = (Sweep(lambda: Search(MIXED, LOSS, "gp", {}, 3), branin_like) for _ in range(2))
    assert first.run(14) == second.run(14)
