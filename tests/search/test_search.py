"""Searches: deterministic, resumable, never repeating, cheap, and obedient to the space."""

import math
import os
import subprocess
import sys
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import ROOT
from searches import LOSS, MIXED, Sweep, branin_like
from spaces import PARAMETERS, space

from arena.search.algorithms import ALGORITHMS, Budget, check, missing
from arena.search.assignments import SearchError, key
from arena.search.grammar import parse
from arena.search.records import Record
from arena.search.search import Search
from arena.search.space import Space
from arena.values import replace

WITH_EPOCHS = Space(parameters=(*MIXED.parameters, parse("epochs=int:1..27")))
STEPPED = space("x=uniform:0..1:0.25", "lr=1e-3,1e-2,.1", "n=int:1..16:3", "opt=a,b,c")
HALVING = {"resource_name": "epochs"}
KINDS = {
    "random": (MIXED, {}),
    "grid": (STEPPED, {}),
    "sobol": (MIXED, {}),
    "tpe": (MIXED, {}),
    "multivariate-tpe": (MIXED, {}),
    "cmaes": (MIXED, {}),
    "nsga2": (MIXED, {}),
    "pbt": (MIXED, {}),
    "hyperband": (WITH_EPOCHS, {**HALVING, "r_l": 27}),
    "asha": (WITH_EPOCHS, HALVING),
}
"""Every algorithm that needs no PyTorch, with a space and settings."""
PURE = ["random", "grid", "sobol", "pbt", "hyperband", "asha"]


def made(name: str, seed: int = 7) -> Search:
    """A search with this algorithm."""
    where, given = KINDS[name]
    return Search(where, LOSS, name, given, seed)


def test_all_algorithms():
    """The tests here cover every algorithm but that of PyTorch."""
    assert {*KINDS, "bayesianoptimization"} == set(ALGORITHMS)


@pytest.mark.parametrize("name", KINDS)
def test_deterministic(name):
    """Equal seeds and records give equal proposals, and another seed gives others."""
    runs = [Sweep(lambda seed=seed: made(name, seed), branin_like, parallel=3) for seed in (1, 1, 2)]
    for one in runs:
        one.run(40)
    assert runs[0].records == runs[1].records
    if name != "grid":
        assert runs[0].keys() != runs[2].keys()


def test_deterministic_in_other_processes():
    """Another process, which hashes texts differently, proposes the same with every algorithm."""
    code = "import test_search; print(*test_search.proposed(), sep='\\n')"
    paths = os.pathsep.join(str(ROOT / one) for one in ("", "tests", "tests/search"))
    found = set()
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=True, env=env
        )
        found.add(done.stdout)
    assert len(found) == 1
    assert len(found.pop().splitlines()) == 15 * len(KINDS)


def proposed() -> list[str]:
    """What every algorithm proposes."""
    sweeps = [Sweep(lambda name=name: made(name), branin_like) for name in KINDS]
    return [repr(one.assignments) for sweep in sweeps for one in sweep.run(15)]


@pytest.mark.parametrize("name", PURE)
def test_a_new_search_goes_on_exactly(name):
    """A search that is made anew before every call proposes exactly what one that lives on does."""
    living, killed = (Sweep(lambda: made(name), branin_like, 3, killed) for killed in (False, True))
    assert living.run(60) == killed.run(60)


@pytest.mark.parametrize("name", ["tpe", "multivariate-tpe", "cmaes", "nsga2"])
def test_a_new_search_goes_on_as_well(name):
    """A search that is made anew before every call finds better results than random draws, too."""
    best = {}
    for which in (name, "random"):
        best[which] = []
        for seed in range(5):
            sweep = Sweep(lambda which=which, seed=seed: made(which, seed), branin_like, 2, killed=True)
            sweep.run(60)
            best[which].append(min(sweep.losses()))
    assert sorted(best[name])[2] < sorted(best["random"])[2]


def test_a_new_search_draws_anew():
    """A search that is made anew before every call does not repeat its first draws, nor values of them."""
    sweep = Sweep(lambda: Search(MIXED, LOSS, "nsga2", {"population_size": 50}), branin_like, killed=True)
    assert len({one.assignments["x"] for one in sweep.run(40)}) == 40


@pytest.mark.parametrize("name", KINDS)
def test_kills_repeat_nothing(name):
    """Killed at random moments, a search repeats no trial, also if trials had not been created yet."""
    random = Random(name)
    where, _ = KINDS[name]
    records: list[Record] = []
    search = made(name)
    while len(records) < 50:
        if random.random() < 0.3:
            search = made(name)
        for one in search.propose(random.randint(1, 4), records)[: random.randint(0, 4)]:
            records.append(
                Record(
                    name=f"t{len(records)}", assignments=one.assignments, state="running", parent=one.parent
                )
            )
        for at, one in enumerate(records):
            if one.state == "running" and random.random() < 0.5:
                state = "failed" if random.random() < 0.1 else "succeeded"
                value = branin_like(one.assignments)
                records[at] = Record(
                    name=one.name,
                    assignments=one.assignments,
                    state=state,
                    values=(value,),
                    parent=one.parent,
                )
    seen = [(key(one.assignments), one.parent) for one in records if name != "pbt" or not one.parent]
    assert len(set(seen)) == len(seen)
    for one in records:
        assert repr(where.check(one.assignments)) == repr(one.assignments)


@pytest.mark.parametrize("name", KINDS)
def test_cost_is_flat(name):
    """Ten more trials run as much of our code after 500 trials as after 10."""
    if name == "grid":
        where = space("x=uniform:0..1:0.01", "lr=1e-3,1e-2,.1", "n=int:1..16:3", "opt=a,b,c")
        sweep = Sweep(lambda: Search(where, LOSS, "grid"), branin_like)
    else:
        sweep = Sweep(lambda: made(name), branin_like)
    costs = {}
    for count in (10, 500):
        sweep.run(count)
        costs[count] = 0
        for more in range(1, 11):
            costs[count] += calls(lambda: sweep.search.ask(1, sweep.records))
            sweep.run(count + more)
    assert costs[500] <= costs[10] * 1.3, costs


def calls(function) -> int:
    """How many functions of the search are called."""
    found = 0

    def count(frame, event, _) -> None:
        nonlocal found
        found += event == "call" and "arena/search" in frame.f_code.co_filename.replace("\\", "/")

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return found


def test_the_same_as_optuna():
    """With the same seed, tpe proposes exactly what Optuna proposes in its own loop."""
    import optuna

    def objective(trial) -> float:
        values = {
            "x": trial.suggest_float("x", 0, 1),
            "lr": trial.suggest_float("lr", 1e-5, 1, log=True),
            "n": trial.suggest_int("n", 1, 16),
            "opt": trial.suggest_categorical("opt", ["a", "b", "c"]),
        }
        return branin_like(values)

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=7))
    study.optimize(objective, n_trials=60)
    sweep = Sweep(lambda: made("tpe"), branin_like)
    sweep.run(60)
    assert [one.assignments for one in sweep.records] == [one.params for one in study.trials]
    assert min(sweep.losses()) == study.best_value


def test_as_good_as_optuna_on_real_data():
    """On the wine data, tpe with four trials at a time is at least as good as Optuna with the same seed."""
    import optuna
    from sklearn.datasets import load_wine
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    data, target = load_wine(return_X_y=True)

    def loss(values) -> float:
        model = make_pipeline(
            StandardScaler(), SVC(C=values["C"], gamma=values["gamma"], kernel=values["kernel"])
        )
        return 1 - float(cross_val_score(model, data, target, cv=3).mean())

    where = space("C=log:1e-3..1e3", "gamma=log:1e-4..10", "kernel=rbf,poly,sigmoid")
    sweep = Sweep(lambda: Search(where, LOSS, "tpe", {}, 1), loss, parallel=4)
    sweep.run(60)

    def objective(trial) -> float:
        return loss(
            {
                "C": trial.suggest_float("C", 1e-3, 1e3, log=True),
                "gamma": trial.suggest_float("gamma", 1e-4, 10, log=True),
                "kernel": trial.suggest_categorical("kernel", ["rbf", "poly", "sigmoid"]),
            }
        )

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1))
    study.optimize(objective, n_trials=60)
    assert min(sweep.losses()) <= study.best_value


@pytest.mark.parametrize("name", ["random", "grid", "tpe", "nsga2", "sobol"])
def test_finite_spaces_end(name):
    """Every combination is tried exactly once, then the search is exhausted, whatever the algorithm."""
    where = space("a=1,2,3", "b=int:1..3 if a>1", "c=x,y", constraints=("a*b<9",))
    sweep = Sweep(lambda: Search(where, LOSS, name), lambda one: one["a"] * one.get("b", 1), parallel=4)
    sweep.run(1000)
    assert sorted(sweep.keys()) == sorted(map(key, where.combinations()))
    assert len(sweep.records) == where.size() == 12
    assert sweep.search.exhausted
    assert sweep.search.ask(3, sweep.records) == []


def test_a_grid_gives_what_is_left():
    """A grid that has fewer combinations than asked for gives these, and is exhausted."""
    search = Search(space("a=1,2,3"), LOSS, "grid")
    assert search.ask(5, []) == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert search.exhausted
    shuffled = Search(space("a=int:1..20"), LOSS, "grid", {"random_state": 1}).ask(20, [])
    assert sorted(one["a"] for one in shuffled) == list(range(1, 21)) != [one["a"] for one in shuffled]


def test_proposals_without_a_trial_come_again():
    """What was proposed but never begun is proposed again first; what runs is not."""
    search = Search(MIXED, LOSS, "tpe")
    first, second = search.ask(2, [])
    records = [Record(name="b", assignments=second, state="running")]
    again = search.ask(2, records)
    assert again[0] == first
    assert again[1] not in (first, second)


def test_duplicates_if_asked():
    """A space with one combination is tried once, or as often as asked if duplicates are allowed."""
    where = space("a=1")
    assert Search(where, LOSS, "random").ask(3, []) == [{"a": 1}]
    assert Search(where, LOSS, "random", allow_duplicates=True).ask(3, []) == [{"a": 1}] * 3


@pytest.mark.parametrize("name", ["random", "tpe", "multivariate-tpe", "sobol", "nsga2"])
def test_conditions_and_constraints(name):
    """Inactive parameters have no value, and every combination fulfils the constraints."""
    where = space(
        "layers=int:1..3",
        "units2=int:1..64 if layers>1",
        "units3=int:1..64 if layers>2",
        "opt=adam,sgd",
        "momentum=uniform:0..1 if opt==sgd",
        constraints=("units2*layers<=90", "units3<units2"),
    )
    sweep = Sweep(lambda: Search(where, LOSS, name), lambda one: -len(one), parallel=3, killed=name == "tpe")
    sweep.run(60)
    for one in sweep.records:
        assert repr(where.check(one.assignments)) == repr(one.assignments)
    assert {len(one.assignments) for one in sweep.records} == {2, 3, 4, 5}


@pytest.mark.parametrize("name", ["random", "tpe", "cmaes", "sobol"])
def test_rare_combinations(name):
    """Constraints that one draw in a thousand fulfils are obeyed, too."""
    where = space("x=uniform:0..1", "y=uniform:0..1", constraints=("abs(x-y)<0.0005",))
    sweep = Sweep(lambda: Search(where, LOSS, name), lambda one: one["x"])
    assert all(abs(one.assignments["x"] - one.assignments["y"]) < 0.0005 for one in sweep.run(12))
    assert len(sweep.records) == 12


@pytest.mark.parametrize("name", ["tpe", "cmaes", "nsga2"])
def test_constrained_results_are_learned(name):
    """Where constraints refuse most proposals, results of what takes their place are learned, too."""
    where = space("x=uniform:0..1", "y=uniform:0..1", constraints=("abs(x-y)<0.05",))
    best = {}
    for which in (name, "random"):
        sweep = Sweep(
            lambda which=which: Search(where, LOSS, which, {}, 1), lambda one: abs(one["x"] - 0.7), 2
        )
        sweep.run(60)
        best[which] = sorted(sweep.losses())[20]
    assert best[name] < best["random"] / 1.25


@pytest.mark.parametrize("name", KINDS)
def test_values_as_texts(name):
    """A record whose values are texts or other numbers is that of the proposal, which does not come again."""
    search = made(name)
    first = search.ask(1, [])[0]
    given = {one: f"{value:.20e}" if isinstance(value, float) else value for one, value in first.items()}
    given |= {one: float(value) for one, value in first.items() if isinstance(value, int)}
    record = Record(name="a", assignments=given, state="running")
    assert search.ask(1, [record]) != [first]


@pytest.mark.parametrize("name", ["pbt", "hyperband", "asha"])
def test_parents_need_not_be_told(name):
    """A search that lives on knows from which trial another goes on, also if its record does not tell."""
    told, untold = (Sweep(lambda: made(name), branin_like) for _ in range(2))
    for count in range(1, 61):
        told.run(count)
        untold.run(count)
        untold.records[-1] = replace(untold.records[-1], parent="")
    assert told.keys() == untold.keys()


def test_small_populations_repeat():
    """A population of more trials than there are combinations repeats some, and the search does not hang."""
    proposals = Search(space("x=1,2"), LOSS, "pbt", {"n_population": 6}).ask(6, [])
    assert sorted(one["x"] for one in proposals) in [[1] * at + [2] * (6 - at) for at in range(1, 6)]


@pytest.mark.parametrize("name", ["hyperband", "asha"])
def test_halving_of_few_combinations(name):
    """With few combinations, those on rungs go on, and then the search is exhausted."""
    where = space("x=int:1..9", "epochs=int:1..9", constraints=("x*epochs<=45",))
    given = {"resource_name": "epochs", **({"r_l": 9} if name == "hyperband" else {})}
    sweep = Sweep(lambda: Search(where, LOSS, name, given), lambda one: one["x"], 3)
    sweep.run(1000)
    assert sweep.search.exhausted
    assert len(set(sweep.keys())) == len(sweep.records)
    assert {one.assignments["x"] for one in sweep.records} == set(range(1, 10))
    assert all(where.check(one.assignments) for one in sweep.records)


@pytest.mark.parametrize("name", ["random", "tpe"])
@settings(max_examples=30, deadline=None)
@given(
    st.lists(PARAMETERS, min_size=1, max_size=3, unique_by=lambda one: one.name), st.integers(0, 2**32 - 1)
)
def test_values_are_exact(name, parameters, seed):
    """Every value lies in its bounds, on its step, and has its type, for any space."""
    where = Space(parameters=tuple(parameters))
    sweep = Sweep(
        lambda: Search(where, LOSS, name, {"n_startup_trials": 2} if name == "tpe" else {}, seed), len
    )
    for one in sweep.run(5):
        assert repr(where.check(one.assignments)) == repr(one.assignments)


@pytest.mark.parametrize("name", ["tpe", "cmaes", "nsga2", "asha", "pbt"])
def test_broken_results(name):
    """NaN, infinity and missing values count as failures: they are not learned, and not tried again."""
    broken = iter([math.nan, math.inf, -math.inf, ()] * 10)
    sweep = Sweep(
        lambda: made(name), lambda one: branin_like(one) if one["x"] > 0.3 else next(broken), parallel=2
    )
    sweep.run(40)
    assert len(sweep.records) == 40
    assert name == "pbt" or len(set(sweep.keys())) == 40


def test_stopped_trials_teach():
    """Trials that were stopped early are learned from by their points or, without any, by their values."""
    others = Sweep(lambda: made("random", 3), branin_like).run(60)
    proposals = []
    for known in ("points", "values", "none"):
        records = [
            replace(
                one,
                state="stopped",
                points=((1, one.values[0]),) if known == "points" else (),
                values=one.values if known == "values" else (),
            )
            for one in others
        ]
        proposals.append(made("tpe", 5).ask(1, records)[0])
    assert max(map(branin_like, proposals[:2])) < branin_like(proposals[2])


def test_imported_results_teach():
    """Trials of another origin are learned from: after them, tpe is better than without."""
    where, _ = KINDS["tpe"]
    others = Sweep(lambda: made("random", 3), branin_like).run(60)
    others = [Record(name=f"old-{at}", assignments=one.assignments, state=one.state, values=one.values)
              for at, one in enumerate(others)]  # fmt: skip
    stranger = Record(name="stranger", assignments={"x": 5, "other": 1}, state="succeeded", values=(-9.0,))
    warm = Search(where, LOSS, "tpe", {}, 5).ask(1, [*others, stranger])[0]
    cold = Search(where, LOSS, "tpe", {}, 5).ask(1, [])[0]
    assert branin_like(warm) < branin_like(cold)


@pytest.mark.parametrize(
    ("name", "given", "texts", "metrics", "message"),
    [
        ("tep", {}, ["x=1,2"], 1, 'there is no algorithm "tep"; did you mean tpe?'),
        (
            "xyz",
            {},
            ["x=1,2"],
            1,
            'there is no algorithm "xyz"; give one of random, grid, sobol, tpe, '
            "multivariate-tpe, bayesianoptimization, cmaes, nsga2, pbt, hyperband, asha",
        ),
        (
            "random",
            {"gamma": 1},
            ["x=1,2"],
            1,
            'random has no setting "gamma"; its settings are random_state',
        ),
        (
            "tpe",
            {"gamma": "2"},
            ["x=1,2"],
            1,
            'the setting gamma is a number from 0.001 to 0.999, and not "2"',
        ),
        (
            "tpe",
            {"n_startup_trials": "1.5"},
            ["x=1,2"],
            1,
            'the setting n_startup_trials is a whole number from 1 to 10000, and not "1.5"',
        ),
        (
            "tpe",
            {"n_startup_trials": "many"},
            ["x=1,2"],
            1,
            'the setting n_startup_trials is a whole number from 1 to 10000, and not "many"',
        ),
        (
            "cmaes",
            {"restart_strategy": "x"},
            ["x=uniform:0..1", "y=uniform:0..1"],
            1,
            'the setting restart_strategy is one of none, ipop, bipop, and not "x"',
        ),
        ("grid", {}, ["x=uniform:0..1"], 1, "grid needs a step for x, as in x=uniform:0..1:0.1"),
        (
            "cmaes",
            {},
            ["x=uniform:0..1", "y=a,b"],
            1,
            "cmaes needs at least two parameters with a range of numbers; use tpe",
        ),
        (
            "cmaes",
            {},
            ["x=uniform:0..1", "y=uniform:0..1 if x>0.5"],
            1,
            'cmaes takes no conditions, and y has "x>0.5"; use tpe',
        ),
        (
            "cmaes",
            {},
            ["x=uniform:0..1"],
            2,
            "cmaes takes one metric, and 2 are given; for several, use random, "
            "grid, sobol, tpe, multivariate-tpe, bayesianoptimization, nsga2",
        ),
        ("random", {}, ["x=1,2"], 0, "a sweep needs a metric"),
        (
            "hyperband",
            {},
            ["x=1,2"],
            1,
            "hyperband needs the setting resource_name, the parameter with the number of epochs",
        ),
        (
            "hyperband",
            {"resource_name": "x", "r_l": 9},
            ["x=1,2"],
            1,
            "the resource of hyperband, x, must be a range of whole numbers, as in x=int:1..27",
        ),
        (
            "hyperband",
            {"resource_name": "x", "r_l": 9},
            ["x=int:1..8"],
            1,
            "the setting r_l is 9, which x cannot be, from 1 to 8",
        ),
        (
            "hyperband",
            {"resource_name": "x"},
            ["x=int:1..8"],
            1,
            "hyperband needs the setting r_l, the most that a trial gets of x",
        ),
        ("asha", {"resource_name": "y"}, ["x=int:1..8"], 1, 'there is no parameter "y"; the sweep has x'),
        (
            "asha",
            {"resource_name": "x"},
            ["x=int:0..8"],
            1,
            "the resource of asha, x, must start at 1 or more",
        ),
        (
            "pbt",
            {"n_population": 30},
            ["x=1,2"],
            1,
            "pbt has a population of 30, which is more than the 20 trials",
        ),
        (
            "pbt",
            {"n_population": 4},
            ["x=1,2"],
            1,
            'the setting n_population is a whole number from 5 to 10000, and not "4"',
        ),
        (
            "pbt",
            {},
            ["x=1,2", "y=1,2 if x>1"],
            1,
            "pbt changes the values of trials, so it takes no conditions",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) and " " not in one else "",
)
def test_refused(name, given, texts, metrics, message):
    """What an algorithm cannot do is told in one sentence before anything runs."""
    from arena.search.records import Objective

    objectives = [Objective(metric=f"m{at}") for at in range(metrics)]
    with pytest.raises(SearchError) as error:
        check(name, given, space(*texts), objectives, Budget(max_trials=20))
    assert str(error.value) == message


def test_missing_packages(monkeypatch):
    """An algorithm whose package is missing says how to install it; random and grid need none."""
    for name in ("optuna", "cmaes", "scipy", "torch"):
        monkeypatch.setitem(sys.modules, name, None)
    assert missing("tpe") == "tpe needs Optuna: pip install 'arena-jobs[sweep]'"
    assert missing("gp") == "gp needs Optuna and PyTorch: pip install 'arena-jobs[sweep]' torch"
    assert [name for name in ALGORITHMS if not missing(name)] == ["random", "grid", "pbt", "hyperband"]
    with pytest.raises(SearchError, match="cmaes needs cmaes"):
        made("cmaes")


def test_light_algorithms_import_little():
    """Spaces, random and grid searches import neither Optuna nor NumPy."""
    code = """
import sys
from arena.search.grammar import parse
from arena.search.records import Objective
from arena.search.search import Search
from arena.search.space import Space
from arena.values import replace
where = Space(parameters=(parse("x=int:1..9"),), constraints=("x>2",))
for name in ("random", "grid"):
    print(len(Search(where, (Objective(metric="loss"),), name).ask(3, [])))
print(*sorted(sys.modules.keys() & {"optuna", "numpy", "scipy", "cmaes", "sklearn", "dataclasses"}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["3", "3"]
