"""Plots of sweeps of any size, with failures, long names and hostile texts."""

import io
import math
import os
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import sweep_samples
from layouts import assert_readable, points
from sweep_samples import ACCURACY, HOSTILE, IMPORTANCE, LONG, LOSS, NOW

from arena import visible
from arena.model.jobs import Phase
from arena.model.sweeps import Goal, Sweep, Trial
from arena.search.parameters import Parameter
from arena.values import replace
from arena.views.pictures import terminal
from arena.views.pictures.cells import Ink
from arena.views.pictures.headed import headed
from arena.views.pictures.scene import Device, Frame, Line, Mark
from arena.views.sweep_plots import KINDS, history, parallel, plots, study

CASES = Path(__file__).parent / "sweep_plots"
CATEGORIES = Parameter(name="words", kind="categorical", choices=tuple(f"word {at}" for at in range(1000)))
HOSTILE_GOAL, NARROW = Goal(metric=HOSTILE + LONG, maximize=False), Goal(metric="loss", maximize=False)
DEVICES = {"picture": Device(828.0, 0.0), "page": Device(440.0, 0.0), "terminal": terminal.device(80, 0)}
SAMPLES = {
    "none": sweep_samples.sweep(0),
    "one": sweep_samples.sweep(1, failures=0),
    "one-failed": sweep_samples.sweep(1, failures=1),
    "few": sweep_samples.sweep(5, goals=(ACCURACY, LOSS)),
    "some": sweep_samples.sweep(60),
    "many": sweep_samples.sweep(500, goals=(ACCURACY, LOSS)),
    "parameters": sweep_samples.sweep(40, parameters=sweep_samples.MANY, goals=(ACCURACY, LOSS, NARROW)),
    "no-metric": replace(sweep_samples.sweep(6), objectives=()),
    "categories": sweep_samples.sweep(60, parameters=(CATEGORIES, *sweep_samples.PARAMETERS[:2])),
    "hostile": sweep_samples.sweep(
        40, parameters=sweep_samples.HOSTILE_PARAMETERS, goals=(HOSTILE_GOAL, LOSS), name=HOSTILE
    ),
}


def prepared(found):
    """The study of a sweep; its importance is known if it has several trials."""
    names = [goal.metric for goal in found.objectives]
    shares = {one.name: 1 / (at + 2) for at, one in enumerate(found.parameters)}
    known = {name: IMPORTANCE.get(name, shares) if found.parameters == sweep_samples.PARAMETERS else shares
             for name in names}  # fmt: skip
    return study.study(found, known if len(found.trials) > 3 else {}, NOW)


def trials(values, goal=NARROW):
    """A sweep whose trials have these values, or failed without one if it is None."""
    made = tuple(
        Trial(
            name=f"t-{at}", namespace="default", number=at, assignments={"x": at / 10},
            phase=Phase.FAILED if value is None else Phase.SUCCEEDED,
            metrics={} if value is None else {goal.metric: value},
        )
        for at, value in enumerate(values, 1)
    )  # fmt: skip
    return Sweep(
        name="s", namespace="default", engine="katib", kind="job", algorithm="random", objectives=(goal,),
        parameters=(Parameter(name="x", kind="double", low=0.0, high=10.0),), phase=Phase.RUNNING,
        trials=made,
    )  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("sample", SAMPLES)
def test_layout(sample, device, kind):
    """All data is within the frame, no text leaves the picture or overlaps another, and none is unsafe."""
    scene = plots.DRAWN[kind](prepared(SAMPLES[sample]), DEVICES[device])
    assert scene.shapes or scene.notes
    if not scene.device.cells:
        scene = headed([scene])
    size = scene.device
    frames = [one for one in scene.shapes if isinstance(one, Frame)]
    is_framed = frames and kind not in ("parallel", "importance")
    for one in scene.shapes:
        for x, y in points(one):
            assert math.isfinite(x + y)
            assert 0 <= x <= size.width
            assert 0 <= y <= size.height
            if is_framed and one.style != "spot" and one.trial >= 0:
                assert any(
                    frame.left <= x <= frame.right and frame.top <= y <= frame.bottom for frame in frames
                )
    assert_readable(size, scene.shapes)


@pytest.mark.parametrize("sample", SAMPLES)
def test_best_so_far(sample):
    """The best value so far only gets better, and ends at the best trial."""
    found = SAMPLES[sample]
    for at, goal in enumerate(found.objectives):
        steps = history.best_so_far(prepared(found), at)
        losses = [goal.loss(value) for _, value in steps]
        assert losses == sorted(set(losses), reverse=True)
    best = found.best()
    ends = history.best_so_far(prepared(found), 0) if found.objectives else []
    assert (ends[-1][0] if ends else None) == (best.number if best else None)


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("ink", [Ink(), Ink(unicode=False)], ids=["unicode", "ascii"])
def test_text(sample, ink):
    """Nothing in a terminal is wider than 80 columns, and only with colours there are control sequences."""
    found = prepared(SAMPLES[sample])
    text = plots.as_text(found, list(KINDS), 80, ink)
    assert all(visible.width(line) <= 80 and line.isprintable() for line in text.splitlines())
    assert ink.unicode or text.isascii()
    coloured = plots.as_text(found, list(KINDS), 80, ink._replace(colour=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == text


@pytest.mark.parametrize("kind", KINDS)
def test_golden_texts(kind):
    """The texts of a sweep with 60 trials and two metrics."""
    found = study.study(sweep_samples.sweep(60, goals=(ACCURACY, LOSS)), IMPORTANCE, NOW)
    assert_golden(f"{kind}.txt", plots.as_text(found, [kind], 80, Ink()))


def test_golden_ascii():
    """A terminal without Unicode shows the same in ASCII."""
    found = study.study(sweep_samples.sweep(5), IMPORTANCE, NOW)
    assert_golden(
        "ascii.txt", plots.as_text(found, ["history", "importance", "contour"], 60, Ink(unicode=False))
    )


def assert_golden(name, text):
    """Compare with the file of that name, which ARENA_REGENERATE=1 writes."""
    path = CASES / name
    if os.environ.get("ARENA_REGENERATE"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text + "\n"


def test_values_without_a_place():
    """NaN and infinity are no values: such trials are marked as failed, below the values."""
    scene = history.draw(prepared(trials([0.5, math.nan, math.inf, None, 0.4])), DEVICES["picture"])
    marks = [one.style for one in scene.shapes if isinstance(one, Mark)]
    assert sorted(marks) == ["best", "failed", "failed", "failed", "succeeded"]
    assert scene.notes == ("3 of 5 trials ended without a value; they are at the bottom.",)


def test_outliers():
    """Few values far from the others do not squeeze these: the axis omits them, and a note tells how many."""
    values = [1 + at / 100 for at in range(30)]
    axis, beyond = study.objective(prepared(trials([*values, 90.0])), 0)
    assert (axis.low, beyond) == (1.0, 1)
    assert axis.high < 2
    axis, beyond = study.objective(prepared(trials([*values, 1e5])), 0)
    assert axis.logarithmic
    assert not beyond


def test_imported_values():
    """Parameters that no space describes, and texts where numbers are expected, have a place if they can."""
    found = trials([1.0, 2.0, 3.0])
    made = [{"x": "0.5", "y": True}, {"x": "many", "y": False}, {"y": True, "z": 3}]
    changed = [replace(one, assignments=given) for one, given in zip(found.trials, made, strict=True)]
    dimensions = prepared(replace(found, trials=tuple(changed))).dimensions
    assert [one.name for one in dimensions] == ["x", "y"]
    assert dimensions[0].places[0] == 0.5
    assert math.isnan(dimensions[0].places[1])
    assert dimensions[1].axis.names == ("true", "false")


@pytest.mark.parametrize("sample", SAMPLES)
def test_svg(sample):
    """SVG pictures are well-formed XML, and nothing of a sweep becomes an element of them."""
    root = ElementTree.fromstring(plots.as_svg(prepared(SAMPLES[sample]), list(KINDS)))
    names = {one.tag.rpartition("}")[2] for one in root.iter()}
    assert names <= {"svg", "style", "title", "rect", "path", "text"}
    assert {key for one in root.iter() for key in one.attrib} <= {
        "viewBox", "width", "height", "role", "class", "x", "y", "d", "text-anchor"
    }  # fmt: skip


@pytest.mark.parametrize("sample", SAMPLES)
def test_png(sample):
    """PNG pictures have two pixels for each unit of the layout, and some colour."""
    from PIL import Image

    found = prepared(SAMPLES[sample])
    image = Image.open(io.BytesIO(plots.as_png(found, ["history", "slice"])))
    assert image.format == "PNG"
    assert image.width == 2 * (828 + 32)
    assert len(image.getcolors(1 << 24)) > 1


def test_kinds():
    """Every plot has a name that the command knows without importing it."""
    assert tuple(plots.DRAWN) == KINDS


def test_only():
    """Plots can be limited to some parameters, whose order is kept and whose importance stays the same."""
    found = prepared(SAMPLES["some"])
    limited = found.only(["dropout", "lr"])
    assert [one.name for one in limited.dimensions] == ["dropout", "lr"]
    assert limited.importance["val_accuracy"] == {"lr": 0.61, "dropout": 0.035}
    assert [one.name for one in limited.ranked()] == ["dropout", "lr"]


def test_failed_trials_with_values():
    """A trial that failed after it had reported a value is shown as failed, and is never the best so far."""
    found = trials([3.0, 2.0, 4.0])
    failed = replace(found.trials[1], phase=Phase.FAILED)
    made = prepared(replace(found, trials=(found.trials[0], failed, found.trials[2])))
    assert history.best_so_far(made, 0) == [(1, 3.0)]
    shapes = history.draw(made, DEVICES["picture"]).shapes
    marks = {one.trial: one.style for one in shapes if isinstance(one, Mark)}
    assert marks == {0: "best", 1: "failed", 2: "succeeded"}
    lines = [one.trial for one in parallel.draw(made, DEVICES["picture"]).shapes if isinstance(one, Line)]
    assert sorted(lines) == [0, 2]
