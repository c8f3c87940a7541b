"""Sweeps as studies of Optuna, which reads what was saved."""

import math
import sqlite3
import sys
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from arena.actions.sweeps import study
from arena.errors import ArenaError, Conflict
from arena.model.jobs import Phase
from arena.model.sweeps import Goal, Point, Sweep, Trial
from arena.search import grammar

LOSS, SIZE = Goal(metric="loss", maximize=False), Goal(metric="size")
SPACE = ("lr=log:1e-5..1e-1", "drop=uniform:0..0.5:0.1", "third=uniform:0..1:0.14285714285714285",
         "n=int:8..30:8", "m=int:log:1..64", "opt=adam,sgd", "x=normal:0,1", "mixed=1,true", "seed=7",
         "more=int:1..8 if n>8")  # fmt: skip
VALUES = {"lr": 0.01, "drop": 0.30000000000000004, "third": 1.0, "n": 24, "m": 5, "opt": "sgd", "x": -0.5,
          "mixed": True, "seed": 7, "more": 3}  # fmt: skip
DISTRIBUTIONS = {
    "lr": FloatDistribution(1e-5, 0.1, log=True),
    "drop": FloatDistribution(0, 0.5, step=0.1),
    "third": FloatDistribution(0, 1),
    "n": IntDistribution(8, 24, step=8),
    "m": IntDistribution(1, 64, log=True),
    "opt": CategoricalDistribution(["adam", "sgd"]),
    "x": FloatDistribution(-3, 3),
    "mixed": CategoricalDistribution(["1", "true"]),
    "seed": CategoricalDistribution([7]),
    "more": IntDistribution(1, 8),
}


def trial(number: int, phase: Phase = Phase.SUCCEEDED, **more: Any) -> Trial:
    """A trial with all values, unless it has others."""
    more = {"assignments": VALUES, **more}
    return Trial(name=f"s-{number}", namespace="default", number=number, phase=phase, **more)


def sweep(*trials: Trial, goals: tuple[Goal, ...] = (LOSS,)) -> Sweep:
    """A sweep of these trials."""
    return Sweep(
        name="s", namespace="default", engine="katib", kind="job", algorithm="tpe", objectives=goals,
        parameters=tuple(map(grammar.parse, SPACE)), phase=Phase.SUCCEEDED, trials=trials,
    )  # fmt: skip


def saved(one: Sweep, folder: Path) -> optuna.Study:
    """The study that Optuna finds in a saved file, whose name is one that needs care."""
    path = folder / "a ?#% é.db"
    study.save(one, str(path))
    assert [each.name for each in folder.iterdir()] == [path.name]
    path.rename(folder / "study.db")
    return optuna.load_study(study_name="s", storage=f"sqlite:///{folder / 'study.db'}")


def test_trials(tmp_path: Path) -> None:
    """Distributions, values, states, points and names come back as they are."""
    given = sweep(
        trial(1, metrics={"loss": 0.5, "size": 3.0}, job="s-1-job",
              points=(Point("loss", 0, 0.7), Point("size", 0, 3.0), Point("loss", 1, 0.5))),
        trial(2, metrics={"loss": 0.9}, stopped=True, assignments={**VALUES, "lr": 1e-5}),
        trial(3, Phase.FAILED, metrics={"loss": math.nan}, reason="loss is NaN"),
        trial(4, Phase.RUNNING, metrics={"loss": 0.8}),
        trial(5, Phase.PENDING),
        trial(6, assignments={name: value for name, value in VALUES.items() if name != "more"}),
    )  # fmt: skip
    made = saved(given, tmp_path)
    assert made.direction.name == "MINIMIZE"
    assert made.metric_names == ["loss"]
    assert made.user_attrs == {"namespace": "default", "algorithm": "tpe", "kind": "job"}
    assert [each.state.name for each in made.trials] == [
        "COMPLETE", "PRUNED", "FAIL", "RUNNING", "WAITING", "FAIL",
    ]  # fmt: skip
    assert [each.values for each in made.trials] == [[0.5], [0.9], None, None, None, None]
    first = made.trials[0]
    assert first.distributions == DISTRIBUTIONS
    assert first.params == {**VALUES, "drop": pytest.approx(0.3), "mixed": "true"}
    assert first.intermediate_values == {0: 0.7, 1: 0.5}
    assert first.user_attrs == {"name": "s-1", "number": 1, "job": "s-1-job", "metric.size": 3.0}
    assert made.trials[1].params["lr"] == 1e-5
    assert made.trials[2].user_attrs == {
        "name": "s-3", "number": 3, "reason": "loss is NaN", "metric.loss": "nan",
    }  # fmt: skip
    assert "more" not in made.trials[5].params
    assert made.best_trial.user_attrs["name"] == "s-1"


def test_several_objectives(tmp_path: Path) -> None:
    """All objectives have their directions and values; a trial that lacks one has failed."""
    given = sweep(
        trial(1, metrics={"loss": 0.5, "size": 3.0}), trial(2, metrics={"loss": 0.4}), goals=(LOSS, SIZE)
    )
    made = saved(given, tmp_path)
    assert [each.name for each in made.directions] == ["MINIMIZE", "MAXIMIZE"]
    assert [each.values for each in made.trials] == [[0.5, 3.0], None]
    assert [each.user_attrs["name"] for each in made.best_trials] == ["s-1"]


def test_values_beyond_the_space() -> None:
    """Values of others that are not in the space, or of parameters unknown, are kept as choices."""
    given = [{"lr": 7.0, "other": "a"}, {"lr": 0.01, "other": "b"}, {"lr": "fast", "other": "a"}]
    made = study.study(sweep(*(trial(at, assignments=one) for at, one in enumerate(given, 1))))
    assert [each.params for each in made.trials] == given
    assert made.trials[0].distributions == {
        "lr": CategoricalDistribution([7.0, 0.01, "fast"]),
        "other": CategoricalDistribution(["a", "b"]),
    }


def test_without_trials(tmp_path: Path) -> None:
    """A sweep of which no trial has started is an empty study."""
    assert saved(sweep(), tmp_path).trials == []


def test_files(tmp_path: Path) -> None:
    """A file that exists is kept unless it is to be replaced; one that cannot be written is an error."""
    path = tmp_path / "study.db"
    path.write_text("mine")
    with pytest.raises(Conflict, match="already exists"):
        study.save(sweep(), str(path))
    assert path.read_text() == "mine"
    study.save(sweep(), str(path), over=True)
    assert sqlite3.connect(path).execute("select study_name from studies").fetchall() == [("s",)]
    with pytest.raises(ArenaError, match="cannot be written: unable to open database file"):
        study.save(sweep(), str(tmp_path / "none" / "study.db"))


def test_without_optuna(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is missing is named, with the command that installs it."""
    monkeypatch.setitem(sys.modules, "optuna", None)  # as if it were not installed
    with pytest.raises(ArenaError) as found:
        study.save(sweep(), str(tmp_path / "study.db"))
    assert (found.value.message, found.value.hint) == (
        "a study needs Optuna", "pip install 'arena-jobs[sweep]'",
    )  # fmt: skip
    assert list(tmp_path.iterdir()) == []
