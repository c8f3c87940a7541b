"""What is shown of a failed job: the exit code with its signal, and the line with the error."""

import json

import pytest
from product import Product, quoted

BOOM = """
import os
if os.environ["RANK"] == "1":
    print("a line before", flush=True)
    raise RuntimeError("boom \\x1b]0;owned\\x07")
import time
time.sleep(60)
"""


def test_the_error_stands_beside_the_reason(arena: Product) -> None:
    """get and --logs show the last line of the failed instance's output that looks like an error."""
    script = arena.home / "boom.py"
    script.write_text(BOOM, encoding="utf-8")
    words = ("--workers", "2", "--clean-task-policy", "Running", quoted("python", script))
    code, _, err = arena.run("submit", "pytorchjob", "--name", "j", *words, "--logs")
    assert code == 7
    said = 'Error: job "j" failed: exit code 1 on worker-0'
    [reason, line] = err[err.index(said) :].splitlines()[:2]
    assert reason.startswith(said)
    assert line == "  RuntimeError: boom"
    page = arena.must("get", "j").splitlines()
    assert "Error:       RuntimeError: boom" in page
    assert json.loads(arena.must("get", "j", "-o", "json"))["error"] == "RuntimeError: boom"
    assert json.loads(arena.must("list", "-o", "json"))[0]["error"] == ""


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (11, "SIGSEGV")])
def test_a_signal_is_named(arena: Product, number: int, name: str) -> None:
    """An exit code of 128 and more is named by its signal, in list, get and the error."""
    code, _, err = arena.run("submit", "job", "--name", "j", "--wait", f"sh -c 'kill -{number} $$'")
    assert code == 7
    reason = f"exit code {128 + number} ({name}) on worker-0"
    assert f'job "j" failed: {reason}' in err
    assert reason in arena.must("get", "j")
    assert reason in arena.must("list", "-o", "wide")
