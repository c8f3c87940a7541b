"""Jobs whose pods have a container beside the program, listed before it as a mesh does."""

import json
from pathlib import Path

from product import Product, until

import arena as package

TEMPLATE = Path(package.__file__).parent / "templates" / "pytorchjob.yaml"
PROGRAM = "            - name: pytorch\n"
SIDECAR = """            - name: proxy
              image: proxy
              command: [sh, -c, {text}]
"""
IDLE = "echo proxy; exec sleep 600"


def meshed(arena: Product, text: str = IDLE) -> tuple[str, ...]:
    """The words that submit a job whose pods have such a sidecar."""
    mesh = arena.home / "mesh.yaml"
    sidecar = SIDECAR.format(text=json.dumps(f"{text} # {arena.home}"))
    mesh.write_text(TEMPLATE.read_text("utf-8").replace(PROGRAM, sidecar + PROGRAM), encoding="utf-8")
    return ("submit", "pytorchjob", "--name", "j", "--template", str(mesh), "--env", "WHO=program")


def test_the_program_is_meant(arena: Product) -> None:
    """`logs` and `exec` take the program; the sidecar is there by its name."""
    arena.must(*meshed(arena), "echo of the program; exec sleep 600")
    until(lambda: arena.must("logs", "j") == "of the program\n", what="its line")
    until(lambda: arena.must("logs", "j", "-c", "proxy") == "proxy\n", what="the line of the sidecar")
    assert arena.must("exec", "j", "--", "printenv", "WHO") == "program\n"
    assert arena.run("exec", "j", "-c", "proxy", "--", "printenv", "WHO").code == 1


def test_what_keeps_the_job_is_said(arena: Product) -> None:
    """Where the program has ended and the operator waits for the sidecar, --logs says so and waits, too."""
    told = arena.home / "told"
    with told.open("wb") as file:
        follower = arena.start(*meshed(arena), "--logs", "echo of the program; exit 3", stderr=file)
    until(lambda: "where sidecar proxy still runs" in told.read_text("utf-8"), what="the reason")
    assert "exit code 3 on master-0, where sidecar proxy still runs" in arena.must("get", "j")
    arena.must("delete", "j")
    out, _ = follower.communicate(timeout=30)
    assert b"of the program\n" in out
    assert follower.returncode == 3


def test_the_truth_of_the_job_ends_it(arena: Product) -> None:
    """Once the operator has decided, --logs does not wait for a sidecar that still runs elsewhere."""
    text = f'case "$HOSTNAME" in *master*) exit 0;; esac; {IDLE}'
    line = (*meshed(arena, text), "--workers", "2", "--logs", "echo of the program")
    code, out, err = arena.run(*line)
    assert code == 0, err
    assert sorted(out.splitlines()[1:]) == ["[master-0] of the program", "[worker-0] of the program"]
    assert 'job "j" succeeded: sidecar proxy still runs on worker-0\n' in err
    assert "arena delete j --still-running" in err
