"""The time, the GPU hours and the early stopping of sweeps that the command runs itself."""

import json
import shlex
import signal
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from product import Product, product, until

LINE = ("sweep", "submit", "job", "--param", "x=int:1..60", "--metric", "score:max")


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One product for all, whose local cluster offers virtual GPUs."""
    with product(tmp_path_factory.mktemp("budgets")) as made:
        made.env["ARENA_LOCAL_GPUS"] = "4"
        yield made


def found(arena: Product, name: str) -> dict[str, Any]:
    """The sweep as printed by `arena sweep get -o json`."""
    made: dict[str, Any] = json.loads(arena.must("sweep", "get", name, "-o", "json"))
    return made


def held(arena: Product, name: str) -> str:
    """A command of trials that report a value, and wait until a file exists."""
    return f"echo score={{x}}; until test -e {shlex.quote(str(arena.home / name))}; do sleep 0.02; done"


def test_time_limit(arena: Product) -> None:
    """The limit ends the running trials; the time counts from the creation, also after an interruption."""
    words = ("--max-trials", "9", "--parallel", "2", "--timeout", "12s", held(arena, "never"))
    child = arena.start(*LINE, "--name", "late", *words)
    until(lambda: "late-2" in arena.jobs())
    child.send_signal(signal.SIGKILL)
    child.wait()
    again = arena.start("sweep", "resume", "late")
    assert again.wait(60) == 0
    made = found(arena, "late")
    assert (made["status"], made["reason"]) == ("SUCCEEDED", "the time limit was reached")
    assert [one["status"] for one in made["trials"]] == ["STOPPED", "STOPPED"]
    assert all(one["reason"] == "the time limit was reached" for one in made["trials"])
    begun, ended = (datetime.fromisoformat(made[one]) for one in ("creationTimestamp", "completionTime"))
    assert 11 <= (ended - begun).total_seconds() < 60
    code, _, err = arena.run("sweep", "extend", "late", "--max-trials", "20")
    assert code == 5
    assert 'sweep "late" cannot be extended: the time limit was reached' in err


def test_gpu_hours(arena: Product) -> None:
    """No trial begins once all GPU hours are used, which a resumed sweep counts from all its trials."""
    words = ("--max-trials", "60", "--parallel", "1", "--gpus", "2", "--max-gpu-hours", "0.003")
    child = arena.start(*LINE, "--name", "dear", *words, "sleep 1.1; echo score={x}")
    until(lambda: "dear-2" in arena.jobs())
    child.send_signal(signal.SIGKILL)
    child.wait()
    again = arena.start("sweep", "resume", "dear")
    assert again.wait(60) == 0
    made = found(arena, "dear")
    assert (made["status"], made["reason"]) == ("SUCCEEDED", "all GPU hours were used")
    spans = [
        (
            datetime.fromisoformat(one["completionTime"]) - datetime.fromisoformat(one["startTime"])
        ).total_seconds()
        for one in made["trials"]
    ]
    assert sum(spans) * 2 / 3600 >= 0.003 > sum(spans[:-1]) * 2 / 3600
    assert all(one["status"] == "SUCCEEDED" for one in made["trials"])


def test_gpu_hours_of_running_trials(arena: Product) -> None:
    """Running trials count, also in what `get` shows; they go on to their end when the hours are used."""
    words = ("--max-trials", "9", "--parallel", "2", "--gpus", "2", "--max-gpu-hours", "0.0005")
    line = f"test {{trial}} = both-1 || {{ {held(arena, 'open')}; }}; sleep 1; echo score={{x}}"
    child = arena.start(*LINE, "--name", "both", *words, line)
    until(lambda: arena.jobs().get("both-1") == "SUCCEEDED")
    used = found(arena, "both")["gpuHoursUsed"]
    until(lambda: found(arena, "both")["gpuHoursUsed"] > used)
    (arena.home / "open").touch()
    assert child.wait(60) == 0
    made = found(arena, "both")
    assert (made["reason"], len(made["trials"])) == ("all GPU hours were used", 2)
    assert all(one["status"] == "SUCCEEDED" for one in made["trials"])


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--max-gpu-hours", "1"), "--max-gpu-hours: the trials request no GPUs"),
        (("--max-gpu-hours", "0", "--gpus", "1"), '"0" is not a number of hours'),
        (("--timeout", "soon"), '"soon" is not a duration'),
        (("--timeout", "1h", "--engine", "katib"), "--engine katib: Katib knows no time limit of a sweep"),
        (
            ("--max-gpu-hours", "1", "--gpus", "1", "--engine", "katib"),
            "--engine katib: Katib counts no GPU hours",
        ),
    ],
)
def test_bad_budgets(arena: Product, words: tuple[str, ...], error: str) -> None:
    """What cannot be is refused in one sentence before anything is created."""
    code, _, err = arena.run(*LINE, "--name", "bad", *words, "echo score={x}")
    assert code == 2
    assert error in err
    assert "bad-1" not in arena.jobs()


def test_settings_of_early_stopping(arena: Product) -> None:
    """With the settings, one other trial and two values are enough to end a trial early."""
    line = f"echo loss={{x}}; echo loss={{x}}; test {{x}} = 1 || {{ {held(arena, 'never')}; }}"
    rule = ("--early-stop", "median", "--early-stop-setting", "start_step=2")
    rule += ("--early-stop-setting", "min_trials_required=1", "--engine", "foreground")
    space = ("--param", "x=1,9", "--algorithm", "grid", "--parallel", "1", "--metric", "loss:min")
    child = arena.start("sweep", "submit", "job", "--name", "eager", *space, *rule, line)
    assert child.wait(60) == 0
    assert [one["status"] for one in found(arena, "eager")["trials"]] == ["SUCCEEDED", "STOPPED"]
