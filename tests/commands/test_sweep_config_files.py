"""Sweeps whose parameters are in config files: each trial has its own."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from product import Product, product

from arena.resources import CONFIGMAPS

WORDS = ("sweep", "submit", "job", "--param", "lr=1,2,4", "--metric", "score:max")


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One product for all; sweeps are told apart by their names."""
    with product(tmp_path_factory.mktemp("files")) as made:
        yield made


def written(arena: Product, name: str, text: str) -> str:
    """The option for a file with this text, which trials have in a folder of their own."""
    path = arena.home / name
    path.write_text(text, encoding="utf-8")
    return f"{path}:/arena-config/{name}"


def test_each_trial_has_its_own_file(arena: Product) -> None:
    """Trials read their values; a resumed sweep needs no file here; the best one's file is saved."""
    words = ("--config-file", written(arena, "own.yaml", "score: {lr}\nof: {trial}\n{empty: {}}: {{lr}}\n"),
             "--config-file", written(arena, "same.txt", "{other}"))  # fmt: skip
    line = "cat /arena-config/same.txt; sed -n 's/^score: /score=/p;s/^of: //p' /arena-config/own.yaml"
    code, out, err = arena.run(*WORDS, "--name", "own", "--max-trials", "2", *words, line)
    assert (code, out) == (0, "sweep own SUCCEEDED\n")
    assert err.splitlines()[:2] == [
        "Warning: --config-file: same.txt names no parameter, so it is sent as it is, with {other}",
        "this command runs the sweep itself, because Katib gives all trials the same config files",
    ]
    (arena.home / "own.yaml").unlink()
    (arena.home / "same.txt").unlink()
    arena.must("sweep", "extend", "own", "--max-trials", "3")
    arena.must("sweep", "resume", "own")
    trials = json.loads(arena.must("sweep", "get", "own", "-o", "json"))["trials"]
    assert sorted(one["assignments"]["lr"] for one in trials) == [1, 2, 4]
    for one in trials:
        assert one["metrics"] == {"score": one["assignments"]["lr"]}
        assert f'"{one["name"]}"' in arena.must("sweep", "logs", "own", str(one["number"]))
    best = next(one["name"] for one in trials if one["assignments"]["lr"] == 4)
    refused = arena.run("sweep", "best", "own", "-o", "command")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.endswith("Hint: add --files DIR, which saves it there\n")
    command = arena.must("sweep", "best", "own", "-o", "command", "--files", "kept")
    saved = arena.home / "kept" / "own.yaml"
    assert saved.read_text() == f'score: 4\nof: "{best}"\n{{empty: {{}}}}: {{lr}}\n'
    assert f"{saved}:/arena-config/own.yaml" in shlex.split(command)
    saved.write_text("mine")
    kept = arena.run("sweep", "best", "own", "-o", "command", "--files", "kept")
    assert (kept.code, kept.err) == (5, f"Error: {saved} already exists\nHint: choose another folder\n")


def test_from_a_job(arena: Product) -> None:
    """The trials of a sweep of a job that exists read their values, too."""
    option = written(arena, "job.json", '{"score": {lr}}')
    line = "sed 's/.*\\(score\\)\": \\(.*\\)}/\\1=\\2/' /arena-config/job.json"
    arena.must("submit", "job", "--name", "base", "--config-file", option, line, "--wait")
    words = ("--param", "lr=1,2", "--metric", "score:max", "--set", "name=like")
    assert arena.must("sweep", "submit", "--from-job", "base", *words) == "sweep like SUCCEEDED\n"
    trials = json.loads(arena.must("sweep", "get", "like", "-o", "json"))["trials"]
    assert sorted(one["metrics"]["score"] for one in trials) == [1, 2]


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("{lr} {lrs}", (), "--config-file bad.yaml has {lrs}, which is no parameter"),
        ("a: {other}", (), "--param lr is not used"),
        ("a: see {opt} {lr}", ("--param", 'opt=a,"b: c"'), "bad.yaml has a placeholder in text without"),
        ("a: '{lr}", (), "bad.yaml is no YAML with values in its placeholders"),
        ("a: {lr}", ("--engine", "katib"), "--engine katib: Katib gives all trials the same config files"),
    ],
)
def test_refused(arena: Product, text: str, words: tuple[str, ...], said: str) -> None:
    """What cannot be filled is refused in a sentence, and nothing is created."""
    option = written(arena, "bad.yaml", text)
    code, out, err = arena.run(*WORDS, "--name", "bad", *words, "--config-file", option, "x")
    assert (code, out) == (2, "")
    assert said in err
    assert not [
        one for one in arena.cluster().list(CONFIGMAPS, "default") if "bad" in one["metadata"]["name"]
    ]


def test_a_place_of_this_machine(arena: Product) -> None:
    """A file that trials on this machine would read as it is here is refused."""
    path = written(arena, "here.json", "{lr}").partition(":")[0]
    code, out, err = arena.run(*WORDS, "--name", "here", "--config-file", path, "x")
    assert (code, out) == (2, "")
    assert f"{Path(path)} exists on this machine, so trials would read it without values" in err
