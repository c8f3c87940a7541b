"""What single samplers are for: CMA-ES, NSGA-II, population based training, successive halving."""

import math

import pytest
from searches import LOSS, Sweep
from spaces import space

from arena.search.pareto import front
from arena.search.records import Objective, Record
from arena.search.search import Search
from arena.values import replace

PLANE = space("x=uniform:-5..5", "y=uniform:-5..5", "z=log:1e-3..1e3")


def valley(values) -> float:
    """A narrow valley across the axes, least at x=y=1 and z=1."""
    return (values["x"] - values["y"]) ** 2 * 50 + (values["x"] - 1) ** 2 + math.log10(values["z"]) ** 2


@pytest.mark.parametrize("strategy", ["none", "ipop", "bipop"])
def test_cmaes_finds_valleys(strategy):
    """CMA-ES follows a narrow valley that random draws hardly ever hit, with every way to restart."""
    best = {}
    for name, given in (("cmaes", {"restart_strategy": strategy}), ("random", {})):
        sweep = Sweep(lambda name=name, given=given: Search(PLANE, LOSS, name, given, 1), valley, 4)
        sweep.run(400)
        best[name] = min(sweep.losses())
    assert best["cmaes"] < best["random"] / 100


@pytest.mark.parametrize("strategy", ["ipop", "bipop"])
def test_cmaes_restarts(strategy):
    """Where results are all equal, CMA-ES starts anew, and goes on to propose values of the space."""
    search = Search(PLANE, LOSS, "cmaes", {"restart_strategy": strategy}, 1)
    sweep = Sweep(lambda: search, lambda one: 1.0, 8)
    sweep.run(1200)
    assert search._sampler.doublings
    assert all(PLANE.check(one.assignments) for one in sweep.records)


@pytest.mark.parametrize("killed", [False, True])
def test_nsga2_spreads_along_the_front(killed):
    """NSGA-II covers more of the trade-off than random draws do, also if it begins anew for every trial."""
    where = space("x=uniform:0..1", "y=uniform:0..1", "z=uniform:0..1")
    both = (Objective(metric="cost"), Objective(metric="quality", maximize=True))

    def measure(values) -> tuple[float, float]:
        off = 1 + 9 * (values["y"] + values["z"]) / 2
        return values["x"], -off * (1 - math.sqrt(values["x"] / off))

    missed = {}
    for name in ("nsga2", "random"):
        sweep = Sweep(lambda name=name: Search(where, both, name, {}, 3), measure, 4, killed)
        best = sorted(one.values for one in front(sweep.run(240), both))
        steps = zip(best, [*best[1:], (1.0, 0.0)], strict=True)
        missed[name] = 9 + 2 / 3 - sum((after[0] - one[0]) * (one[1] + 10) for one, after in steps)
    assert missed["nsga2"] < missed["random"] * 0.4


def trained(skills: dict[str, float], record: Record) -> float:
    """One round of training: it goes on from the parent's skill, and gains most at a rate of 0.1."""
    gain = 1 - abs(math.log10(record.assignments["lr"]) + 1)
    skills[record.name] = skills.get(record.parent, 0.0) + gain
    return skills[record.name]


def test_population_based_training():
    """After the first generation, trials go on from one that has ended, the worst from the best."""
    where = space("lr=log:1e-4..1")
    objective = (Objective(metric="skill", maximize=True),)
    sweep = Sweep(
        lambda: Search(where, objective, "pbt", {"n_population": 8}, 1), lambda one: 0.0, 8, killed=True
    )
    skills: dict[str, float] = {}
    sweep.function = lambda _: trained(skills, sweep.records[len(skills)])
    sweep.run(64)
    generations: dict[str, int] = {}
    for one in sweep.records:
        generations[one.name] = generations[one.parent] + 1 if one.parent else 0
    assert sorted(generations.values()) == sorted([*range(8)] * 8)
    by_name = {one.name: one for one in sweep.records}
    assert any(one.assignments != by_name[one.parent].assignments for one in sweep.records if one.parent)
    last = [skills[name] for name, generation in generations.items() if generation == 7]
    alone = [8 * skills[name] for name, generation in generations.items() if generation == 0]
    assert sum(last) > sum(alone)
    assert max(last) >= max(alone)


def test_population_of_another_process():
    """Where trials do not tell what they went on from, a new search takes them for generations in order."""
    where = space("lr=log:1e-4..1")
    sweep = Sweep(lambda: Search(where, LOSS, "pbt", {"n_population": 8}, 1), lambda one: one["lr"], 8)
    records = [replace(one, parent="") for one in sweep.run(24)]
    found = sweep.make().propose(8, records)
    assert {one.parent for one in found} <= {f"trial-{at}" for at in range(16, 24)}
    assert len(found) == 8


def test_population_waits_and_ends():
    """Population based training waits for running trials, and ends if its whole population has failed."""
    search = Search(space("lr=log:1e-4..1"), LOSS, "pbt", {"n_population": 5})
    proposals = search.ask(9, [])
    assert len(proposals) == 5
    running = [Record(name=f"t{at}", assignments=one, state="running") for at, one in enumerate(proposals)]
    assert (search.ask(1, running), search.is_waiting, search.exhausted) == ([], True, False)
    failed = [Record(name=one.name, assignments=one.assignments, state="failed") for one in running]
    assert (search.ask(1, failed), search.is_waiting, search.exhausted) == ([], False, True)


@pytest.mark.parametrize(
    ("name", "given", "least"),
    [
        ("hyperband", {"r_l": 27}, 1),
        ("asha", {"min_resource": 1}, 1),
        ("asha", {"min_resource": 2, "eta": 4}, 2),
    ],
)
def test_halving(name, given, least):
    """Few combinations get the whole resource: they went through all rungs, and were among the best there."""
    where = space("x=uniform:0..1", "epochs=int:1..27")
    sweep = Sweep(
        lambda: Search(where, LOSS, name, {"resource_name": "epochs", **given}, 1),
        lambda one: abs(one["x"] - 0.5) + 1 / one["epochs"],
        4,
    )
    records = sweep.run(90)
    by_name = {one.name: one for one in records}
    for one in records:
        if one.parent:
            before = by_name[one.parent]
            assert before.assignments["x"] == one.assignments["x"]
            assert before.assignments["epochs"] < one.assignments["epochs"]
            rivals = sorted(
                other.values[0]
                for other in records
                if other.assignments["epochs"] == before.assignments["epochs"]
            )
            assert name == "hyperband" or before.values[0] <= rivals[len(rivals) // 2]
    counts = [sum(one.assignments["epochs"] == epochs for one in records) for epochs in (least, 27)]
    assert counts[0] > 2 * counts[1] > 0
    assert sum(one.assignments["epochs"] for one in records) < 90 * 27 / 2
    best = min((one for one in records if one.assignments["epochs"] == 27), key=lambda one: one.values[0])
    assert abs(best.assignments["x"] - 0.5) < 0.05
