"""Trials that are stopped: their programs end, their jobs and what these record stay."""

import json
import signal
from collections.abc import Iterator

import pytest
from product import Product, product, quoted, until

from arena.actions.jobs import halt
from arena.kinds import find
from arena.values import replace

KINDS = ("job", "pytorchjob", *(pytest.param(one, marks=pytest.mark.long) for one in
         ("mpijob", "trainjob", "jobset", "etjob")))  # fmt: skip


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One product for all; trials are told apart by the names of their programs."""
    with product(tmp_path_factory.mktemp("stopped")) as made:
        yield made


def program(arena: Product, name: str) -> str:
    """The command line of a program that runs until it is ended."""
    file = arena.home / f"{name}.py"
    file.write_text("import time\nprint('loss=1', flush=True)\nwhile True: time.sleep(60)\n", "utf-8")
    return quoted("python", file)


@pytest.mark.parametrize("kind", KINDS)
def test_stop(arena: Product, kind: str) -> None:
    """`arena sweep stop` ends the programs of its trials, also once the process of the sweep is dead."""
    line = program(arena, f"of-{kind}")
    child = arena.start(
        "sweep", "submit", kind, "--name", kind, "--engine", "foreground", "--param", "x=1,2",
        "--parallel", "2", "--metric", "loss:min", f"{line} {{x}}",
    )  # fmt: skip
    until(lambda: len(arena.processes(f"of-{kind}.py 1")) and len(arena.processes(f"of-{kind}.py 2")))
    child.send_signal(signal.SIGKILL)
    child.wait()
    arena.must("sweep", "stop", kind)
    until(lambda: not arena.processes(f"of-{kind}.py"), what=f"the end of {kind}")
    made = json.loads(arena.must("sweep", "get", kind, "-o", "json"))
    assert [one["status"] for one in made["trials"]] == ["STOPPED", "STOPPED"]
    until(lambda: arena.jobs()[f"{kind}-1"] == arena.jobs()[f"{kind}-2"] == "SUSPENDED")


@pytest.mark.parametrize("name", ["job", "pytorchjob", pytest.param("mpijob", marks=pytest.mark.long)])
def test_an_operator_that_cannot_suspend(arena: Product, name: str) -> None:
    """Where jobs cannot be suspended, their programs end all the same, and their objects stay."""
    line = program(arena, f"old-{name}")
    arena.must("submit", name, "--name", f"old-{name}", "--workers", "1", line)
    until(lambda: arena.processes(f"old-{name}.py"))
    kind, cluster = find(name), arena.cluster()
    resource = kind.resources[0]
    obj = cluster.get(resource, "default", f"old-{name}")
    halt.halt(cluster, replace(kind, suspend=None), resource, obj)
    until(lambda: not arena.processes(f"old-{name}.py"), what=f"the end of {name}")
    there = cluster.get(resource, "default", f"old-{name}")
    assert there["metadata"]["uid"] == obj["metadata"]["uid"]
