"""The digits example on its own: real processes, real sockets, the real event files."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from product import until
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

TRAIN = Path(__file__).parents[2] / "examples" / "digits" / "train.py"


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def rank(number: int, world: int, port: int, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """One rank of a run, killed at the end if it is left."""
    job = {"RANK": number, "WORLD_SIZE": world, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    env = os.environ | {"OMP_NUM_THREADS": "1"} | {name: str(value) for name, value in job.items()}
    child = subprocess.Popen(
        [sys.executable, str(TRAIN), *words],
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def train(world: int, *words: str) -> tuple[list[int], list[str]]:
    """Exit codes and outputs of all ranks of a run; rank 0 is the last to start."""
    port = free_port()
    with ExitStack() as stack:
        children = [stack.enter_context(rank(n, world, port, *words)) for n in reversed(range(world))][::-1]
        outputs = [child.communicate(timeout=60)[0] for child in children]
        return [child.returncode for child in children], outputs


def losses(output: str) -> list[str]:
    """The loss of each epoch, as printed."""
    return re.findall(r"loss (\S+)", output)


def test_any_number_of_ranks_learns_the_same() -> None:
    """One process and three ranks print the same losses and pass nine in ten digits."""
    codes, [alone] = train(1, "--epochs", "6")
    assert codes == [0]
    together = train(3, "--epochs", "6")
    assert together[0] == [0, 0, 0]
    assert losses(together[1][0]) == losses(alone)
    assert float(losses(alone)[-1]) < float(losses(alone)[0]) / 4
    assert len(set(re.findall(r"ends with accuracy (\S+),", "".join(together[1])))) == 1


def test_a_target_that_is_missed() -> None:
    """Below the target every rank exits with 1, so that a job around it fails."""
    assert train(2, "--epochs", "1", "--rate", "0")[0] == [1, 1]


def test_the_curves_are_tensorboards(tmp_path: Path) -> None:
    """TensorBoard reads the loss and accuracy of every epoch from the folder."""
    assert train(2, "--epochs", "3", "--logdir", str(tmp_path))[0] == [0, 0]
    [file] = tmp_path.iterdir()
    points = [
        (event.step, value.tag)
        for event in EventFileLoader(str(file)).Load()
        for value in event.summary.value
    ]
    assert points == [(step, tag) for step in (1, 2, 3) for tag in ("loss", "accuracy")]


def test_a_stranger_at_the_meeting_point() -> None:
    """Rank 0 rejects foreign connections, and the training continues."""
    port = free_port()

    def knock() -> socket.socket | None:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            return None

    with rank(0, 2, port, "--epochs", "6") as first:
        with until(knock, what="rank 0's port") as stranger:
            stranger.sendall(b"GET / HTTP/1.1\r\n")
            assert stranger.recv(1) == b""
        with rank(1, 2, port, "--epochs", "6") as second:
            assert (first.wait(60), second.wait(60)) == (0, 0)


def test_a_rank_that_dies() -> None:
    """When one rank is killed, the others end with an error and do not wait forever."""
    port = free_port()
    with rank(0, 2, port, "--epochs", "100000") as first, rank(1, 2, port, "--epochs", "100000") as second:
        lines = first.stdout
        assert lines is not None
        until(lambda: "epoch" in lines.readline(), what="the first epoch")
        second.kill()
        assert first.wait(30) == 1
