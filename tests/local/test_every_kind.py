"""Every kind that the local cluster runs, with real programs: to success, to failure, through restarts."""

import os
import shlex
import signal
from pathlib import Path

import pytest
from product import Product, product, until

from arena.kinds import find, training_kinds
from arena.kinds.spec import options
from arena.local import definitions
from arena.local.objects import JOBS

pytestmark = pytest.mark.timeout(120)

SERVED = {(one.group, one.plural) for one in (JOBS, *(each.resource for each in definitions.every()))}
ELSEWHERE = {"horovodjob", "rayjob"}
"""Want a framework of their own to start anything: tests/frameworks."""
KINDS = [
    kind.name
    for kind in training_kinds()
    if kind.name not in ELSEWHERE and any((one.group, one.plural) in SERVED for one in kind.resources)
]


def fields_of(kind: str) -> set[str]:
    """The options of a kind."""
    return {one.name for one in options(find(kind).spec)}


FAILS_ONCE = (
    "import os, sys\nif not os.path.exists('tried'):\n    open('tried', 'w').close()\n    sys.exit(1)\n"
)
LASTS = (
    "import os, time\nopen('began', 'a').write(os.environ['HOSTNAME'] + ' ')\n"
    "while not os.path.exists('end'):\n    time.sleep(0.02)\nprint('over')\n"
)


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory):
    """One product for all kinds, which are distinguished by their names."""
    with product(tmp_path_factory.mktemp("kinds")) as made:
        yield made


def submit(arena: Product, kind: str, what: str, program: str, *words: str) -> tuple[str, Path]:
    """Submit a program in a folder of its own; the job's name and that folder."""
    name = f"{kind}-{what}"
    folder = arena.home / name
    folder.mkdir()
    (folder / "main.py").write_text(program, "utf-8")
    line = f"cd {shlex.quote(str(folder))} && python main.py"
    arena.must("submit", kind, "--name", name, *words, line)
    return name, folder


def phase(arena: Product, name: str) -> str:
    """The job's phase."""
    return arena.jobs().get(name, "")


@pytest.mark.parametrize("kind", KINDS)
def test_success(arena: Product, kind: str) -> None:
    """A job of two workers ends SUCCEEDED, its output is there, and delete leaves nothing."""
    name, _ = submit(arena, kind, "good", "print('it', 'ran')", "--workers", "2")
    assert f"{name} SUCCEEDED" in arena.must("wait", name, "--timeout", "60s")
    assert "it ran" in arena.must("logs", name)
    arena.must("delete", name)
    assert name not in arena.jobs()


@pytest.mark.parametrize("kind", KINDS)
def test_failure(arena: Product, kind: str) -> None:
    """A program that fails makes the job FAILED; waiting for it ends with 7 and the reason."""
    name, _ = submit(arena, kind, "bad", "import sys; sys.exit(3)")
    code, _, err = arena.run("wait", name, "--timeout", "60s")
    assert code == 7, err
    assert "failed" in err
    assert phase(arena, name) == "FAILED"


@pytest.mark.parametrize("kind", [name for name in KINDS if "retry" in fields_of(name)])
def test_a_second_try(arena: Product, kind: str) -> None:
    """With --retry a program that fails once is started again, and its job succeeds."""
    name, _ = submit(arena, kind, "again", FAILS_ONCE, "--retry", "2")
    assert f"{name} SUCCEEDED" in arena.must("wait", name, "--timeout", "60s")


@pytest.mark.parametrize("kind", KINDS)
def test_the_server_is_killed_meanwhile(arena: Product, kind: str) -> None:
    """A program runs on while the server is killed, once only, and the next server sees its success."""
    name, folder = submit(arena, kind, "through", LASTS)
    until(lambda: (folder / "began").exists(), what="the program")
    os.kill(arena.server(), signal.SIGKILL)
    until(lambda: phase(arena, name) == "RUNNING", what="the job to be found again")
    (folder / "end").touch()
    assert f"{name} SUCCEEDED" in arena.must("wait", name, "--timeout", "60s")
    began = (folder / "began").read_text().split()
    assert len(began) == len(set(began)) > 0
