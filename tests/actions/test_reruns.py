"""What is recorded with jobs, also where somebody edited it by hand, becomes Specs and command lines."""

import itertools
import json

import pytest

from arena import kinds, labels
from arena.actions.jobs import records, rerun
from arena.actions.submit.plan import Origin, plan
from arena.errors import NotFound, SpecError
from arena.kinds.spec import options, parse
from arena.kinds.training.specs.base.spec import TrainingPodSpec
from arena.kube import Cluster

ODD = (
    None, True, 0, -1, 1e400, float("nan"), 10**30, "", "x", "\0", "a\nb", [], [1], [None], [[1]],
    [{"a": 1}], {}, {"a": None}, {"": 1}, {"a": {"b": 1}}, {"a": "<redacted>"}, "<redacted>",
    {"a b": "<redacted>"},
)  # fmt: skip
HERE = Origin(submitter="me", version="1", surroundings={labels.LOCAL_ENV: "{}"})


def noted(text):
    return {"metadata": {"name": "x", "annotations": {labels.SPEC: text}}}


def again(kind, one, value, *changes):
    """The option in a job that is like one that has this value recorded, and the sentence that refuses it."""
    obj = noted(json.dumps({"name": "x", "command": "c", one.name.replace("_", "-"): value}))
    assert records.command(kind, obj).encode().startswith(b"arena ")
    try:
        return getattr(rerun.again(kind, obj, "y", changes), one.name), ""
    except SpecError as error:
        return None, error.message


@pytest.mark.parametrize("kind", kinds.all_kinds(), ids=lambda kind: kind.name)
def test_any_value_may_be_recorded(kind):
    """Whatever JSON stands for an option of a job is shown, and used or refused in a sentence about it."""
    shared = {one.name for one in options(TrainingPodSpec)} if kind.name != "pytorchjob" else set()
    own = [one for one in options(kind.spec) if one.name not in shared]
    changes = ("env=A=1", "label=a=b")
    said = {(one.flag, again(kind, one, value, *changes)[1]) for one, value in itertools.product(own, ODD)}
    assert all(flag in text or " has secrets, " in text for flag, text in said if text), said
    usual = [(one, one.default) for one in own if one.default is not ...]
    assert [again(kind, one, None if value == "" else value) for one, value in usual] == [
        (value, "") for _, value in usual
    ]


@pytest.mark.parametrize(
    "text",
    ["[1", "[]", "1", "null", '"x"', "[" * 100_000, '{"command":"\\ud800"}', '{"x":' + "9" * 5000 + "}"],
)
def test_what_is_no_options_is_refused(text):
    """An annotation without options is reported in a sentence that names the job."""
    with pytest.raises(SpecError, match='the options recorded with job "x" cannot be read'):
        records.options(noted(text))


@pytest.mark.parametrize(("change", "name"), [("name=z", "z"), ("name=", "y"), ("env=A=1", "y")])
def test_a_change_of_the_name_is_heeded(change, name):
    """A changed name is that of the new job; without one it has the name that was made for it."""
    old = noted('{"name": "x", "command": "c"}')
    assert rerun.again(kinds.find("job"), old, "y", [change]).name == name


def test_an_image_that_is_named_local():
    """An image called `local` is recorded like any other; without an image, none is recorded."""
    kind = kinds.find("job")
    for image, origin in itertools.product(("local", ""), (HERE, Origin(submitter="me", version="1"))):
        if image or origin is HERE:
            spec = parse(kind.spec, {"name": "x", "command": "c", "image": image})
            job = plan(kind, spec, namespace="default", origin=origin).main
            assert job["spec"]["template"]["spec"]["containers"][0]["image"] == "local"
            assert records.options(job).get("image", "") == image


@pytest.mark.parametrize(
    "recorded", [{"HOME": None}, ["HOME"], ["X=@/etc/passwd"], {"X": "@/etc/passwd"}, ["HOME=-"], "HOME"]
)
def test_what_others_recorded_reads_no_secret_of_ours(recorded):
    """Variables and files of this machine are read only if the user names them, not the annotation."""
    old = noted(json.dumps({"name": "x", "command": "c", "secret": recorded}))
    with pytest.raises(
        SpecError, match=r"does not consist of names with values|has secrets, which are not recorded"
    ):
        rerun.again(kinds.find("job"), old, "y")


def test_what_others_recorded_packs_no_folder_of_ours():
    """A job that kept no code is not given the folder that its annotation names."""
    old = noted(json.dumps({"name": "x", "command": "c", "code": "/"}))
    spec = rerun.again(kinds.find("job"), old, "y")
    with pytest.raises(NotFound, match='job "x" was submitted without --code'):
        rerun.code(Cluster.at("http://127.0.0.1:1", "none"), old, spec, [])
