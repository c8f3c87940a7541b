"""The options of a sweep: its parameters, its metrics, its algorithm and its budget."""

import math
import re
from collections.abc import Mapping
from typing import Any

from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds.option_types import OptionType, as_list, choice, list_type, mapping, mapping_type
from arena.kinds.record import Record
from arena.kinds.spec import REQUIRED, option
from arena.kinds.sweeps.placeholders import PARENT, TRIAL
from arena.kinds.validators import path, shown, text
from arena.model.sweeps import Goal
from arena.search import grammar
from arena.search.algorithms import ALGORITHMS
from arena.search.assignments import SearchError
from arena.search.parameters import Parameter
from arena.search.space import Space

AUTO, KATIB, FOREGROUND = ENGINES = ("auto", "katib", "foreground")
STOPPING = ("median", "asha", "hyperband")
STDOUT, FILE, TENSORBOARD = SOURCES = ("stdout", "file", "tensorboard")
KATIBS = tuple(one.name for one in ALGORITHMS.values() if one.katib)
"""The algorithms that Katib has."""
TRIALS = 12
"""The number of trials, if none is given and the space has more combinations."""
_WAYS = {"max": True, "maximize": True, "min": False, "minimize": False}
_LOSSES = re.compile(r"loss|err|mse|mae|perplexity|(^|_)ppl", re.IGNORECASE)
_EXAMPLE = "write it like val_accuracy:max or loss:min"


def _name(word: str) -> str:
    if word in (TRIAL, PARENT):
        raise SpecError(f"{shown(word)} stands for the name of a trial", "choose another name")
    return word


def _values(given: object) -> str:
    """The values of a parameter, as after `NAME=`; a list from a file becomes choices."""
    return ",".join(map(text, as_list(given)))


def _parameters(given: object) -> Any:
    words = [text(one).partition("=")[0] for one in as_list(given) if not isinstance(one, Mapping)]
    for word in words:
        if words.count(word) > 1:
            hint = f"give all its values at once, such as {word}=1,2,3"
            raise SpecError(f"{shown(word)} is given twice", hint)
    found = mapping(_name, _values)(given)
    for name, values in found.items():
        try:
            grammar.parse(f"{name}={values}")
        except SearchError as error:
            raise SpecError(str(error)) from error
    return found


def _metric(given: object) -> str:
    word = text(given).strip()
    name, colon, way = word.rpartition(":")
    if not colon:
        name, way = word, "max"
    if way.lower() not in _WAYS or not name or len(name) > 100 or re.search(r"\s", name):
        raise SpecError(f"{shown(given)} is not a metric", _EXAMPLE)
    return f"{name}:{'max' if _WAYS[way.lower()] else 'min'}"


def _number(given: object) -> str:
    word = text(given).strip()
    try:
        is_finite = math.isfinite(float(word)) if word else True
    except ValueError:
        is_finite = False
    if not is_finite:
        raise SpecError(f"{shown(given)} is not a number", "give one such as 0.95")
    return word


def _hours(given: object) -> str:
    word = _number(given)
    if word and float(word) <= 0:
        raise SpecError(f"{shown(given)} is not a number of hours", "give more than 0")
    return word


def _seed(given: object) -> str:
    return str(types.integer(0)(given)) if text(given) else ""


class SweepSpec(Record):
    """The options of a sweep, beside those of its job."""

    param: Mapping[str, str] = option(
        REQUIRED,
        "Parameter and its values: uniform:0..1, log:1e-5..1e-1, int:1..8, int:8..512:8, normal:0,1 or a,b,c",
        mapping_type(_parameters, "NAME=VALUES"),
    )
    constraint: tuple[str, ...] = option(
        (), "Condition that all trials fulfil, such as 'batch*workers<=512'", list_type(text, "EXPRESSION")
    )
    metric: tuple[str, ...] = option(
        REQUIRED, "Metric to optimize; further ones are recorded", list_type(_metric, "NAME[:max|min]")
    )
    goal: str = option("", "End the sweep when the first metric reaches this value", OptionType(_number, "N"))
    algorithm: str = option(
        "random",
        f"How to choose values: {', '.join(KATIBS)}",
        OptionType(text, "NAME", choices=KATIBS),
    )
    algorithm_setting: Mapping[str, str] = option(
        {}, "Setting of the algorithm", mapping_type(mapping(text), "NAME=VALUE")
    )
    seed: str = option("", "Choose the same values again for the same seed", OptionType(_seed, "N"))
    max_trials: int = option(
        0,
        f"Number of trials  [default: {TRIALS}, or all combinations if they are fewer or for a grid]",
        types.POSITIVE,
    )
    parallel: int = option(3, "Number of trials that run at the same time", types.POSITIVE)
    max_failed: int = option(3, "Number of failed trials after which the sweep fails", types.POSITIVE)
    timeout: int = option(
        0,
        "Time from the creation of the sweep until it ends with all its trials (0: no limit)",
        types.SECONDS,
    )
    max_gpu_hours: str = option(
        "", "GPU hours of all trials together, after which no more begin", OptionType(_hours, "N")
    )
    early_stop: str = option(
        "", "End trials that are worse than the others at the same step", choice(*STOPPING)
    )
    early_stop_setting: Mapping[str, str] = option(
        {},
        "Setting of --early-stop: min_trials_required, start_step of median; min_resource, eta of the others",
        mapping_type(mapping(text), "NAME=VALUE"),
    )
    imports: tuple[str, ...] = option(
        (),
        "Job that has ended, from which the search learns as from a trial",
        list_type(text, "JOB"),
        flags=("--import",),
    )
    engine: str = option(
        AUTO,
        "What runs the sweep: Katib in the cluster, or this command; auto prefers Katib",
        choice(*ENGINES),
    )
    metrics_from: str = option(
        "", "Where trials write metrics  [default: stdout, or file with --metrics-file]", choice(*SOURCES)
    )
    metrics_file: str = option(
        "",
        "File with lines such as loss=0.1, or of JSON (.jsonl), or folder of event files of TensorBoard",
        OptionType(path, "PATH"),
    )
    resumable: bool = option(
        False, "Allow pause, resume, and extend after the end  [default on the local cluster]"
    )

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters, in the given order."""
        return tuple(grammar.parse(f"{name}={values}") for name, values in self.param.items())

    @property
    def space(self) -> Space:
        """The space of the search.

        Raises:
            SpecError: a condition or a constraint cannot be used.
        """
        try:
            return Space(parameters=self.parameters, constraints=self.constraint)
        except SearchError as error:
            raise SpecError(f"the parameters cannot be used: {error}") from error

    @property
    def goals(self) -> tuple[Goal, ...]:
        """All metrics, the first with its goal."""
        pairs = [one.rpartition(":") for one in self.metric]
        wanted = float(self.goal) if self.goal else None
        return tuple(
            Goal(metric=name, maximize=way == "max", goal=None if number else wanted)
            for number, (name, _, way) in enumerate(pairs)
        )

    @property
    def source(self) -> str:
        """Where trials write metrics."""
        return self.metrics_from or (FILE if self.metrics_file else STDOUT)

    def __post_init__(self) -> None:
        names = [one.metric for one in self.goals]
        for one in names:
            if names.count(one) > 1:
                raise SpecError(f"--metric: {shown(one)} is given twice", "give it once")
        if self.source == FILE and not self.metrics_file:
            raise SpecError("--metrics-from file needs the file", "give --metrics-file PATH")
        if self.source == STDOUT and self.metrics_file:
            raise SpecError("--metrics-file contradicts --metrics-from stdout", "omit one of them")


def remarks(spec: SweepSpec, given: tuple[str, ...]) -> list[str]:
    """Warnings about options that are valid but perhaps not intended, one sentence each.

    Args:
        given: the metrics as they were written.
    """
    plain = [one for one in given if ":" not in one and _LOSSES.search(one)]
    return [f"--metric {one} is maximized; to minimize it, write {one}:min" for one in plain]
