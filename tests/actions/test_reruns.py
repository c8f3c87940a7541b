"""What is recorded with jobs, also where somebody edited it by hand, becomes Specs and command lines."""

import itertools
import json
from contextlib import suppress

import pytest

from arena import kinds, labels
from arena.actions import reruns
from arena.actions.plans import Origin, plan
from arena.errors import ArenaError, SpecError
from arena.kinds.spec import options, parse
from arena.kinds.training.base import TrainingSpec

ODD = (
    None, True, 0, -1, 1e400, float("nan"), 10**30, "", "x", "\0", "a\nb", "\ud800", [], [1], [None], [[1]],
    [{"a": 1}], {}, {"a": None}, {"": 1}, {"a": {"b": 1}}, {"a": "<redacted>"}, "<redacted>",
    {"a b": "<redacted>"},
)  # fmt: skip
HERE = Origin(submitter="me", version="1", surroundings={labels.LOCAL_ENV: "{}"})


def noted(text):
    return {"metadata": {"name": "x", "annotations": {labels.SPEC: text}}}


def read(kind, obj):
    """Whatever is done with the options of a job; what a screen could not show is an error, too."""
    with suppress(ArenaError):
        reruns.command(kind, obj).encode()
    with suppress(ArenaError):
        reruns.again(kind, obj, "y", ["env=A=1", "label=a=b"])


@pytest.mark.parametrize("kind", kinds.all_kinds(), ids=lambda kind: kind.name)
def test_any_value_may_be_recorded(kind):
    """Whatever JSON stands for an option of a job is used or refused in a sentence."""
    shared = {one.name for one in options(TrainingSpec)} if kind.name != "pytorchjob" else set()
    own = [one for one in options(kind.spec) if one.name not in shared]
    for one, value in itertools.product(own, ODD):
        whole = {"name": "x", "command": "c", one.name.replace("_", "-"): value}
        read(kind, noted(json.dumps(whole)))


@pytest.mark.parametrize(
    "text",
    ["[1", "[]", "1", "null", '"x"', "[" * 100_000, '{"command":"\\ud800"}', '{"x":' + "9" * 5000 + "}"],
)
def test_what_is_no_options_is_refused(text):
    """An annotation that holds no options is told of in a sentence that names the job."""
    with pytest.raises(SpecError, match='the options recorded with job "x" cannot be read'):
        reruns.recorded(noted(text))


@pytest.mark.parametrize(("change", "name"), [("name=z", "z"), ("name=", "y"), ("env=A=1", "y")])
def test_a_change_of_the_name_is_heeded(change, name):
    """A changed name is that of the new job; without one it has the name that was made for it."""
    old = noted('{"name": "x", "command": "c"}')
    assert reruns.again(kinds.find("job"), old, "y", [change]).name == name


def test_an_image_that_is_named_local():
    """An image called `local` is recorded as any other; where none was named, none is."""
    kind = kinds.find("job")
    for image, origin in itertools.product(("local", ""), (HERE, Origin(submitter="me", version="1"))):
        if image or origin is HERE:
            spec = parse(kind.spec, {"name": "x", "command": "c", "image": image})
            job = plan(kind, spec, namespace="default", origin=origin).job
            assert job["spec"]["template"]["spec"]["containers"][0]["image"] == "local"
            assert reruns.recorded(job).get("image", "") == image
