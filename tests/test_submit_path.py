"""The path of a submit, as docs/architecture.md draws it: calls go down, and no stage is entered again."""

import configparser
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from product import Product, product

HERE = Path(__file__).parent
CONFIG = HERE.parent / ".importlinter"
SUBMIT = "arena.actions.submit."
STAGES = ("request", "settle", "plan", "send")
"""Modules of a submit, in the order in which it passes through them."""

MADE = ("__init__", "__post_init__", "_init", "__get__")
"""What Python calls when a value is made or its class is completed."""
HANDED_DOWN = {
    ("arena.actions", "arena.commands"),  # a remark for the user, which only commands print
    ("arena.kube", "arena.session"),  # at the first request: where the cluster is
    ("arena.parallel", "arena.actions"),  # what a thread is to do
}
"""What calls back up by a function that was handed down: the rooms of the caller and of the function."""


class Call(NamedTuple):
    """A call from one module to another."""

    caller: str
    by: str
    module: str
    function: str


def _floors(contract: str) -> dict[str, int]:
    """The modules of a contract, each with its floor: 0 is at the top."""
    config = configparser.ConfigParser()
    config.read(CONFIG)
    layers = config[f"importlinter:contract:{contract}"]["layers"].split("\n")
    rows = [re.findall(r"[\w.]+", layer) for layer in layers if layer.strip()]
    return {module: number for number, row in enumerate(rows) for module in row}


ROOMS = _floors("layers")
FLOORS = ROOMS | {"arena.local": ROOMS["arena.private"] - 1, "arena._version": len(ROOMS)}
PARTS = _floors("submit")


def _room(module: str) -> str:
    return ".".join(module.split(".")[:2])


def _walk(arena: Product, *words: str, code: int = 0) -> list[Call]:
    file = arena.home / "calls.json"
    command = [sys.executable, str(HERE / "walk.py"), str(file), *words]
    done = subprocess.run(
        command, env=arena.env, cwd=arena.home, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code, done.stderr
    return [Call(*one) for one in json.loads(file.read_text())]


def _climbs(calls: list[Call]) -> Iterator[Call]:
    """The calls of a lower room to a higher one, apart from those by functions that were handed down."""
    for one in calls:
        rooms = _room(one.caller), _room(one.module)
        is_up = FLOORS[rooms[1]] < FLOORS[rooms[0]] and rooms not in HANDED_DOWN
        if one.caller == "arena.parallel":
            is_up = False  # a thread makes the calls that it was given
        elif {one.caller, one.module} <= PARTS.keys():
            is_up = PARTS[one.module] < PARTS[one.caller]
        if is_up and one.function.lstrip(".") not in MADE:
            yield one


def _stages(calls: list[Call]) -> list[str]:
    """The stages of a submit that others called, in order, apart from calls of their values' methods."""
    found = [
        one.module.removeprefix(SUBMIT)
        for one in calls
        if one.module.startswith(SUBMIT) and not one.function.startswith(".") and one.function not in MADE
    ]
    stages = [one for one in found if one in STAGES]
    return [one for number, one in enumerate(stages) if number == 0 or stages[number - 1] != one]


WORDS = ("submit", "pytorchjob", "--name", "j", "-f", "job.yaml", "--code", "src", "--secret", "TOKEN=x")


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Product]:
    """The product, with a job file and code."""
    (tmp_path / "job.yaml").write_text("workers: 2\ntensorboard: true\nlogdir: /logs\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("print('trained')")
    with product(tmp_path) as made:
        yield made


def test_dry_run(arena):
    """A dry run calls down only, settles the request before it plans, and sends nothing."""
    calls = _walk(arena, *WORDS, "python train.py", "--dry-run")
    assert list(_climbs(calls)) == []
    assert _stages(calls) == ["request", "settle", "plan"]


def test_submit(arena):
    """A submit that replaces a job calls down only, and passes through each stage once, in order."""
    arena.must(*WORDS, "python train.py")
    calls = _walk(arena, *WORDS, "python train.py", "--replace", "--wait")
    assert list(_climbs(calls)) == []
    assert _stages(calls) == list(STAGES)


def test_no_answer(arena):
    """If no cluster answers, settling alone checks that the files can be read; nothing is planned."""
    cluster = {"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    config = {"clusters": [cluster], "contexts": [context], "users": [{"name": "u", "user": {"token": "t"}}]}
    (arena.home / "kubeconfig").write_text(json.dumps(config | {"current-context": "c"}))
    calls = _walk(arena, *WORDS, "--image", "i", "python train.py", "--kubeconfig", "kubeconfig", code=6)
    assert list(_climbs(calls)) == []
    assert _stages(calls) == ["request", "settle"]


def test_climbs_are_found():
    """A call of a lower room to a higher one is found, and so is one between parts of a submit."""
    room = Call("arena.kube.cluster", ".get", "arena.actions.submit.settle", "settle")
    part = Call("arena.actions.submit.send", "sent", "arena.actions.submit.submit", ".finish")
    down = Call("arena.commands.submit", "command", "arena.actions.submit.submit", "submit")
    assert list(_climbs([down, room, part])) == [room, part]
