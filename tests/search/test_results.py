"""What results say: early stopping, the Pareto front, importance of parameters."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from searches import LOSS, MIXED, Sweep, branin_like
from spaces import space

from arena.search.assignments import SearchError
from arena.search.importance import correlation_ratio, importance
from arena.search.pareto import front
from arena.search.records import Objective, Record
from arena.search.search import Search
from arena.search.stopping import stopping
from arena.values import replace

LESS, MORE = LOSS[0], Objective(metric="accuracy", maximize=True)


def curve(name: str, *values: float, state: str = "succeeded") -> Record:
    """A record with a value for each step from 1 on."""
    points = tuple(enumerate(values, 1))
    return Record(name=name, assignments={}, state=state, values=values[-1:], points=points)


OTHERS = [curve("a", 0.5, 0.6, 0.7, 0.8), curve("b", 0.4, 0.5, 0.6, 0.7), curve("c", 0.3, 0.4, 0.5, 0.6)]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (
            (0.1, 0.2, 0.3, 0.4),
            "accuracy reached 0.4 by step 4, worse than 0.55, the median of 3 other trials",
        ),
        ((0.1, 0.2, 0.3, 0.6), ""),
        ((0.1, 0.2, 0.3), ""),
        ((0.1, 0.2, math.nan, 0.3, math.nan), ""),
        ((), ""),
    ],
)
def test_median(values, reason):
    """A trial stops if its best value is worse than the median of the others' averages, from a step on."""
    rule = stopping("medianstop", {"start_step": "4"}, MORE)
    assert rule.should_stop(curve("x", *values, state="running"), OTHERS) == reason


def test_median_waits_for_others():
    """Too few others, failed ones, and those that have not come as far stop nobody."""
    rule = stopping("median", {}, MORE)
    bad = curve("x", 0.0, 0.0, 0.0, 0.0, state="running")
    assert rule.should_stop(bad, OTHERS)
    assert not rule.should_stop(bad, OTHERS[:2])
    assert not rule.should_stop(bad, [*OTHERS[:2], curve("d", 0.9, 0.9, 0.9, 0.9, state="failed")])
    assert not rule.should_stop(bad, [*OTHERS[:2], curve("d", 0.9, 0.9, state="running")])
    assert not rule.should_stop(bad, [*OTHERS[:2], bad])


def test_rungs():
    """At each rung only the best share goes on; before the first, and with few trials, all do."""
    rule = stopping("asha", {"eta": 3, "min_resource": 1}, LESS)
    others = [curve(str(at), *[at / 10] * 9) for at in range(8)]
    assert not rule.should_stop(curve("x", state="running"), others)
    assert not rule.should_stop(curve("x", 9.0, state="running"), others[:1])
    assert not rule.should_stop(curve("x", 0.15, state="running"), others)
    assert rule.should_stop(curve("x", 0.35, 0.1, state="running"), others) == (
        "loss was 0.35 at step 1, place 5 of 9 trials, and only the best 3 go on"
    )
    assert rule.should_stop(curve("x", 0.0, 0.0, 0.7, state="running"), others[:3]) == (
        "loss was 0.7 at step 3, place 4 of 4 trials, and only the best 1 go on"
    )
    assert rule.should_stop(curve("x", math.nan, state="running"), others) == (
        "loss has no finite value up to step 1"
    )


@given(st.lists(st.lists(st.floats(), max_size=12), max_size=12), st.sampled_from(["median", "asha"]))
def test_stopping_never_fails(curves, name):
    """Whatever the values are, each rule answers; and the best of all trials is never stopped."""
    records = [curve(str(at), *values, state="running") for at, values in enumerate(curves)]
    rule = stopping(name, {}, LESS)
    for one in records:
        others = [value for other in records for _, value in other.points if math.isfinite(value)]
        reason = rule.should_stop(one, records)
        if one.points and all(value == min(others, default=0.0) for _, value in one.points):
            assert reason == ""


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("medain", {}, 'there is no early stopping "medain"; give one of median, asha, hyperband'),
        (
            "median",
            {"eta": 3},
            'median has no setting "eta"; its settings are min_trials_required, start_step',
        ),
        ("asha", {"eta": 1}, 'the setting eta is a whole number from 2 to 100, and not "1"'),
    ],
)
def test_stopping_refused(name, given, message):
    """Unknown rules and wrong settings are refused with one sentence."""
    with pytest.raises(SearchError) as error:
        stopping(name, given, LESS)
    assert str(error.value) == message


def test_the_median_reads_no_trial_twice():
    """A trial that is judged at each of its steps costs no reading of all that the others have reported."""
    reads = 0

    class Counted(tuple):
        def __iter__(self):
            nonlocal reads
            reads += 1
            return super().__iter__()

    points = Counted((step, 1.0 + step) for step in range(50))
    others = [replace(curve(f"t{at}"), points=points) for at in range(5)]
    rule = stopping("median", {}, LESS)
    for step in range(1, 50):
        one = replace(curve("now", state="running"), points=tuple((at, 99.0) for at in range(step)))
        assert bool(rule.should_stop(one, others)) is (step >= 4)
    assert reads == len(others)


EPOCHS, TRIALS = 27, 40


@pytest.fixture(scope="module")
def losses():
    """The losses of linear models of the digits after each epoch, by the place of decay and rate in a grid.

    All are trained at once, which takes no longer than a few one after the other.
    """
    import numpy
    from sklearn.datasets import load_digits

    data, target = load_digits(return_X_y=True)
    data = numpy.hstack([data / 16, numpy.ones((len(data), 1))]).astype("f4")
    train, test, truth = data[:400], data[1200:1500], target[1200:1500]
    decay, rate = (
        one.ravel().astype("f4")
        for one in numpy.meshgrid(numpy.logspace(-6, 0, 16), numpy.logspace(-4, 1.5, 24), indexing="ij")
    )
    weights, hot = numpy.zeros((65, len(rate), 10), "f4"), numpy.eye(10, dtype="f4")[target]

    def guessed(some):
        found = (some @ weights.reshape(65, -1)).reshape(len(some), -1, 10)
        found = numpy.exp(found - found.max(-1, keepdims=True))
        return found / found.sum(-1, keepdims=True)

    seen = []
    for _ in range(EPOCHS):
        for at in range(0, 400, 50):
            wrong = guessed(train[at : at + 50]) - hot[at : at + 50, None, :]
            slope = (train[at : at + 50].T @ wrong.reshape(50, -1)).reshape(weights.shape) / 50
            weights *= (1 - numpy.minimum(1, rate * decay))[None, :, None]
            weights -= rate[None, :, None] * slope
        seen.append(-numpy.log(guessed(test)[range(300), :, truth] + 1e-9).mean(0))
    return numpy.array(seen).T.reshape(16, 24, EPOCHS)


@pytest.mark.parametrize(
    ("full", "halved"), [("random", "random"), pytest.param("tpe", "asha", marks=pytest.mark.long)]
)
def test_asha_saves_half_of_the_steps(losses, full, halved):
    """On the digits data, ASHA finds what full training does, with at most half the epochs and most seeds."""
    where = space("decay=int:0..15", "rate=int:0..23")

    def train(values):
        yield from map(float, losses[values["decay"], values["rate"]])

    good = 0
    for seed in range(20):
        sweep = Sweep(lambda seed=seed: Search(where, LOSS, full, {}, seed), lambda one: 0.0)
        usual, steps = train_all(sweep, TRIALS, None, train)
        assert steps == TRIALS * EPOCHS
        sweep = Sweep(lambda seed=seed: Search(where, LOSS, halved, {}, seed), lambda one: 0.0)
        least, steps = train_all(sweep, TRIALS, stopping("asha", {}, LESS), train)
        assert steps <= TRIALS * EPOCHS / 2
        good += least <= 1.02 * usual
    assert good >= 18


def test_asha_with_a_resource_saves_half_of_it(losses):
    """So it does where the number of epochs is a parameter, and trials go on from checkpoints."""
    where = space("decay=int:0..15", "rate=int:0..23", "epochs=int:1..27")
    models = space("decay=int:0..15", "rate=int:0..23")
    good = 0
    for seed in range(20):
        search = Search(where, LOSS, "asha", {"resource_name": "epochs"}, seed)
        records: dict[str, Record] = {}
        steps = 0
        while steps < TRIALS * EPOCHS / 2:
            (one,) = search.propose(1, list(records.values()))
            values = one.assignments
            steps += values["epochs"] - (records[one.parent].assignments["epochs"] if one.parent else 0)
            loss = float(losses[values["decay"], values["rate"], values["epochs"] - 1])
            name = f"t{len(records)}"
            records[name] = Record(
                name=name, assignments=values, state="succeeded", values=(loss,), parent=one.parent
            )
        assert {one.assignments["epochs"] for one in records.values()} == {3, 9, 27}
        sweep = Sweep(lambda seed=seed: Search(models, LOSS, "random", {}, seed), lambda one: 0.0)
        usual = min(
            losses[one["decay"], one["rate"]].min()
            for one in [record.assignments for record in sweep.run(TRIALS)]
        )
        good += min(one.values[0] for one in records.values()) <= 1.02 * usual
    assert good >= 18


def train_all(sweep: Sweep, trials: int, rule, train) -> tuple[float, int]:
    """Train so many models, one epoch of four at a time; the least loss and the number of epochs."""
    steps, running = 0, {}
    records: dict[str, Record] = {}
    while len(records) < trials or running:
        free = min(4 - len(running), trials - len(records))
        for one in sweep.search.ask(free, list(records.values())):
            name = f"t{len(records)}"
            running[name] = train(one)
            records[name] = Record(name=name, assignments=one, state="running")
        for name in list(running):
            loss = next(running[name], None)
            if loss is None:
                one = replace(records[name], state="succeeded", values=(records[name].points[-1][1],))
            else:
                steps += 1
                points = (*records[name].points, (len(records[name].points) + 1, loss))
                one = replace(records[name], points=points)
                if rule and rule.should_stop(one, list(records.values())):
                    one = replace(one, state="stopped")
            records[name] = one
            if one.has_ended():
                del running[name]
    return min(value for one in records.values() for _, value in one.points), steps


def pair(name: str, *values: float, state: str = "succeeded") -> Record:
    """A record with several values."""
    return Record(name=name, assignments={}, state=state, values=values)


def test_front():
    """The front has the trials that no other beats, in their order, with equals and without failures."""
    records = [pair("a", 1, 1), pair("b", 2, 3), pair("c", 2, 2), pair("d", 3, 3), pair("e", 1, 1),
               pair("f", 0, math.nan), pair("g", 0, 9, state="failed"), pair("h", 5, 4)]  # fmt: skip
    assert [one.name for one in front(records, (LESS, MORE))] == ["a", "b", "e", "h"]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_front_is_what_nobody_beats(values):
    """The front is exactly what its definition says."""
    records = [pair(str(at), *one) for at, one in enumerate(values)]

    def beats(a: Record, b: Record) -> bool:
        return a.values[0] <= b.values[0] and a.values[1] >= b.values[1] and a.values != b.values

    expected = [one for one in records if not any(beats(other, one) for other in records)]
    assert list(front(records, (LESS, MORE))) == expected


@pytest.mark.parametrize("has_optuna", [True, False])
def test_importance(has_optuna, monkeypatch):
    """The parameter that decides the result comes first; shares sum to 1; noise hardly counts."""
    if not has_optuna:
        monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    where = space("noise=uniform:0..1", "lr=log:1e-5..1", "opt=a,b", "extra=int:1..9 if opt==b", "seed=1")
    records = Sweep(
        lambda: Search(where, LOSS, "random"),
        lambda one: abs(math.log10(one["lr"]) + 2) + (0.3 if one["opt"] == "a" else 0.0),
    ).run(150)
    found = importance(where, records, LOSS)
    assert next(iter(found)) == "lr"
    assert found["lr"] > 0.5 > 0.15 > found["noise"]
    assert sum(found.values()) == pytest.approx(1)
    assert set(found) == {"noise", "lr", "opt", "extra"}


def test_importance_of_the_right_objective():
    """Each of several objectives has an importance of its own, also one to maximize."""
    where = space("a=uniform:0..1", "b=uniform:0..1")
    both = (LESS, MORE)
    records = Sweep(lambda: Search(where, both, "random"), lambda one: (one["a"], -one["b"])).run(100)
    assert [next(iter(importance(where, records, both, at))) for at in (0, 1)] == ["a", "b"]


def test_no_importance():
    """Nothing is said with few or equal results, or with trials of another space."""
    records = Sweep(lambda: Search(MIXED, LOSS, "random"), branin_like).run(3)
    assert importance(MIXED, records, LOSS) == {}
    equal = Sweep(lambda: Search(MIXED, LOSS, "random"), lambda one: 1.0).run(20)
    assert importance(MIXED, equal, LOSS) == {}
    assert importance(space("z=1,2"), records * 3, LOSS) == {}


def test_correlation_ratio():
    """It is 1 where a parameter decides everything, and near 0 where it decides nothing."""
    where = space("a=x,y", "b=uniform:0..1")
    records = [
        one.assignments for one in Sweep(lambda: Search(where, LOSS, "random"), lambda one: 0.0).run(200)
    ]
    values = [float(one["a"] == "x") for one in records]
    assert correlation_ratio(where.parameter("a"), records, values) == pytest.approx(1)
    assert correlation_ratio(where.parameter("b"), records, values) < 0.1
