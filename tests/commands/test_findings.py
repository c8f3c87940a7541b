"""Why jobs wait or fail on the local cluster, as findings in JSON."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from product import Product, product, until
from worked_example import python

QUOTA = """
import arena
from arena.resources import Resource
quotas = Resource("", "v1", "resourcequotas", kind="ResourceQuota")
obj = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team"}}
obj["spec"] = {"hard": {"pods": "0"}}
session = arena.connect()
session.cluster().create(quotas, session.namespace, obj)
"""


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Product]:
    with product(tmp_path) as one:
        yield one


def shown(arena: Product, name: str) -> dict[str, Any]:
    """The job with its reason and its findings by id, which come in the order of the dict."""
    job = json.loads(arena.must("get", name, "-o", "json"))
    return {"reason": job["reason"], **{one["id"]: one for one in job["findings"]}}


def test_a_program_that_fails(arena: Product) -> None:
    """A failed program's finding has its exit code, the line of the error, and where to read the rest."""
    program = "echo start; echo 'Error: no data' >&2; exit 3"
    ended = arena.run("submit", "pytorchjob", "--name", "j", "--wait", program)
    assert ended.code == 7
    found = shown(arena, "j")
    assert list(found) == ["reason", "exit.nonzero"]
    one = found["exit.nonzero"]
    assert one["cause"] == found["reason"] == "exit code 3 on master-0"
    assert one["evidence"] == [
        {"kind": "status", "subject": "pod/j-master-0", "text": "exit code 3", "time": ""},
        {"kind": "log", "subject": "pod/j-master-0", "text": "Error: no data", "time": ""},
    ]
    assert one["remedy"] == "arena logs j shows its output"
    assert f"Hint: {one['remedy']}\n" in ended.err
    [listed] = json.loads(arena.must("list", "-o", "json"))
    assert [one["kind"] for one in listed["findings"][0]["evidence"]] == ["status"]


def test_jobs_that_wait(arena: Product) -> None:
    """A job without room, a suspended one and one that a quota refuses have ids for each of these."""
    arena.must("submit", "pytorchjob", "--name", "big", "--gpus", "9", "true")
    arena.must("submit", "pytorchjob", "--name", "off", "sleep 600")
    arena.must("suspend", "off")
    until(lambda: "sched.gpu-short" in shown(arena, "big"), what="the scheduler's reason")
    until(lambda: "suspended" in shown(arena, "off"), what="the suspension")
    assert shown(arena, "off")["suspended"]["remedy"] == "arena resume off starts it again"
    python(arena, QUOTA)
    arena.must("submit", "pytorchjob", "--name", "late", "true")
    until(lambda: "quota.namespace" in shown(arena, "late"), what="the refusal")
    found = shown(arena, "late")
    assert found["reason"].startswith("exceeded quota: team")
    [event] = found["quota.namespace"]["evidence"]
    assert (event["kind"], event["subject"]) == ("event", "pytorchjob/late")
    assert event["text"].startswith("[FailedCreatePod] ")


def test_the_cause_ends_the_wait(arena: Product) -> None:
    """The cause that a rule finds in the log ends a failed wait, with the line that shows it."""
    line = "CUDA out of memory. Tried to allocate 2 GiB"
    ended = arena.run("submit", "job", "--name", "j", "--wait", f"echo {line}; exit 1")
    assert ended.code == 7
    assert 'Error: job "j" failed: the GPU of j' in ended.err
    assert line in ended.err
    assert "Hint: arena why j shows more" in ended.err
