"""Replicas of JAX, XGBoost and Paddle jobs, as programs in plain Python, meet where their variables say."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from product import Product, product, quoted, until

pytestmark = pytest.mark.timeout(120)

MEET = """
import os, pathlib, socket, sys, time

def meet(host, port, rank, size):
    # Rank 0 waits for all others; each of them says who it is and hears how many came.
    if rank == 0:
        with socket.create_server((host, int(port))) as server:
            guests = [server.accept()[0] for _ in range(size - 1)]
            names = sorted(int(guest.recv(9)) for guest in guests)
            for guest in guests:
                guest.sendall(b"%d" % size)
            for guest in guests:
                assert guest.recv(9) == b""  # it has said its line
        print("all are here:", [0, *names], flush=True)
        return
    deadline = time.monotonic() + 30
    while True:
        try:
            with socket.create_connection((host, int(port))) as found:
                found.sendall(b"%d" % rank)
                print("rank", rank, "of", int(found.recv(9)), flush=True)
                return
        except OSError:
            assert time.monotonic() < deadline

env = os.environ
"""
PLACES = {
    "jaxjob": 'place = env["COORDINATOR_ADDRESS"], env["COORDINATOR_PORT"], int(env["PROCESS_ID"]), '
    'int(env["NUM_PROCESSES"])\n',
    "xgboostjob": 'place = env["MASTER_ADDR"], env["MASTER_PORT"], int(env["RANK"]), '
    'int(env["WORLD_SIZE"])\n',
    # Paddle numbers nobody by a variable: its launcher deals out the ranks at the meeting place.
    "paddlejob": 'place = *env["PADDLE_MASTER"].split(":"), int(env["HOSTNAME"][-1]), '
    'int(env["PADDLE_NNODES"])\n',
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A local cluster for all tests, each of which leaves it empty."""
    with product(tmp_path_factory.mktemp("cluster")) as made:
        made.must("local", "start")
        yield made


@pytest.fixture
def arena(cluster: Product, tmp_path: Path) -> Iterator[Product]:
    """The product, with nothing in its home and no jobs."""
    made = Product(tmp_path, cluster.state)
    yield made
    made.leave()


def program(arena: Product, kind: str, *lines: str) -> str:
    """The command that runs those lines after `place` is known: where to meet, as whom, and how many."""
    script = arena.home / "gather.py"
    script.write_text(MEET + PLACES[kind] + "\n".join(lines) + "\n", encoding="utf-8")
    return quoted("python", script)


@pytest.mark.parametrize("kind", PLACES)
def test_all_meet(arena: Product, kind: str) -> None:
    """Three replicas find each other with the variables of the local cluster, and the job succeeds."""
    words = ("--name", "meet", "--workers", "3", "--logs", "--clean-task-policy", "None")
    lines = arena.must("submit", kind, *words, program(arena, kind, "meet(*place)"))
    assert "all are here: [0, 1, 2]" in lines
    assert "rank 1 of 3" in lines
    assert "rank 2 of 3" in lines
    assert arena.jobs() == {"meet": "SUCCEEDED"}


def test_workers_know_each_other(arena: Product) -> None:
    """Each worker of an XGBoostJob can listen where WORKER_ADDRS says, and be reached there (LightGBM)."""
    lines = (
        'rank, places = place[2], [one.split(":") for one in env["WORKER_ADDRS"].split(",")]',
        "if rank == 0:",
        "    for number, (host, port) in enumerate(places, 1):",
        "        meet(host, port, number, 2)",
        "else:",
        '    assert places[rank - 1][1] == env["WORKER_PORT"]',
        "    meet(*places[rank - 1], 0, 2)",
    )
    words = ("--name", "meet", "--workers", "3", "--logs", "--clean-task-policy", "None")
    shown = arena.must("submit", "xgboostjob", *words, program(arena, "xgboostjob", *lines))
    assert "all are here: [0, 1]" in shown
    assert arena.jobs() == {"meet": "SUCCEEDED"}


def test_a_list_of_machines_as_kubeflows_example_makes_it(arena: Product) -> None:
    """A program that resolves the hosts of WORKER_ADDRS, as those of a cluster, finds an only worker."""
    lines = (
        "import socket",
        'hosts = [socket.gethostbyname(one) for one in env["WORKER_ADDRS"].split(",")]',
        'machines = [(socket.gethostbyname(env["MASTER_ADDR"]), env["MASTER_PORT"])]',
        'machines += [(host, env["WORKER_PORT"]) for host in hosts]',
        "assert machines[0] != machines[1]",
        "meet(*machines[1], 1 - place[2], 2)",
    )
    words = ("--name", "meet", "--workers", "2", "--logs", "--clean-task-policy", "None")
    shown = arena.must("submit", "xgboostjob", *words, program(arena, "xgboostjob", *lines))
    assert "all are here: [0, 1]" in shown


def test_servers_come_on_top(arena: Product) -> None:
    """A PaddleJob with a parameter server ends with it, and each replica is told what it is."""
    lines = (
        'told = [name for name in ("PADDLE_SERVER_NUM", "PADDLE_TRAINER_NUM") if name in env]',
        'pathlib.Path(env["HOSTNAME"] + ".told").write_text(told[0] + "=" + env[told[0]])',
        'while "SERVER" in told[0] and len(list(pathlib.Path().glob("*.told"))) < int(env["PADDLE_NNODES"]):',
        "    time.sleep(0.02)",
    )
    words = ("--name", "ps", "--workers", "2", "--ps", "1", "--wait")
    arena.must("submit", "paddlejob", *words, program(arena, "paddlejob", *lines))
    assert {path.stem: path.read_text() for path in arena.home.glob("*.told")} == {
        "ps-master-0": "PADDLE_SERVER_NUM=1",
        "ps-worker-0": "PADDLE_TRAINER_NUM=1",
        "ps-worker-1": "PADDLE_TRAINER_NUM=1",
    }


@pytest.mark.parametrize("kind", PLACES)
def test_a_failure_is_the_jobs(arena: Product, kind: str) -> None:
    """A replica that fails fails the job, and the command ends with 7."""
    lines = ("if place[2] == 1:", "    sys.exit(3)", "time.sleep(600)")
    code, out, err = arena.run(
        "submit",
        kind,
        "--name",
        "bad",
        "--workers",
        "2",
        "--clean-task-policy",
        "Running",
        "--logs",
        program(arena, kind, *lines),
    )
    assert code == 7, out + err
    assert "exit code 3" in err
    assert arena.jobs() == {"bad": "FAILED"}
    until(lambda: not arena.processes(), what="the end of the other replica")


def test_a_framework_that_is_not_here(arena: Product) -> None:
    """A package that Python does not find is named among the events, with what to do about it."""
    code, _, err = arena.run("submit", "jaxjob", "--name", "lack", "--wait", "python -c 'import no_such_one'")
    assert code == 7, err
    shown = until(lambda: [one for one in arena.must("get", "lack", "-e").splitlines() if "Hint" in one])
    assert 'Python did not find "no_such_one"' in shown[0]


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_program_that_is_not_here(arena: Product, shell: str) -> None:
    """A program that the shell of a command does not find is named among the events, with what to install."""
    words = ("--name", shell, "--shell", shell, "--wait", "cd / && horovodrun -np 2 python train.py")
    code, _, err = arena.run("submit", "job", *words)
    assert code == 7, err
    shown = until(lambda: [one for one in arena.must("get", shell, "-e").splitlines() if "Hint" in one])
    assert '"horovodrun" was not found' in shown[0]
    assert "pip install horovod" in shown[0]


@pytest.mark.parametrize("kind", PLACES)
def test_a_replica_that_starts_again(arena: Product, kind: str) -> None:
    """With --retry a replica that broke down is started again, meets the others, and the job succeeds."""
    mark = arena.home / "broken"
    lines = (
        f"mark = pathlib.Path({str(mark)!r})",
        "if place[2] == 1 and not mark.exists():",
        "    mark.touch()",
        "    sys.exit(5)",
        "meet(*place)",
    )
    words = ("--name", "again", "--workers", "3", "--retry", "3", "--wait")
    arena.must("submit", kind, *words, program(arena, kind, *lines))
    assert mark.exists()
    assert arena.jobs() == {"again": "SUCCEEDED"}


@pytest.mark.parametrize("kind", PLACES)
def test_a_server_that_starts_again(arena: Product, kind: str) -> None:
    """A job outlives a killed server: its replicas continue, and their success is known afterwards."""
    go = arena.home / "go"
    lines = (
        'pathlib.Path(f"{place[2]}.began").touch()',
        f"while not pathlib.Path({str(go)!r}).exists():",
        "    time.sleep(0.02)",
        "meet(*place)",
    )
    arena.must("submit", kind, "--name", "long", "--workers", "3", program(arena, kind, *lines))
    until(lambda: arena.jobs() == {"long": "RUNNING"}, what="the job to run")
    until(lambda: len(list(arena.home.glob("*.began"))) == 3, what="every replica's program")
    before = {process.pid for process in arena.processes("gather.py")}
    os.kill(arena.server(), signal.SIGKILL)
    until(lambda: arena.jobs() == {"long": "RUNNING"}, what="the job to be found again")
    assert {process.pid for process in arena.processes("gather.py")} == before
    go.touch()
    arena.must("wait", "long")
    assert arena.jobs() == {"long": "SUCCEEDED"}
