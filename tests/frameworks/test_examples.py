"""Unmodified programs train with four replicas through `arena submit`."""

import json
import re
import shutil
from pathlib import Path

import pytest
from product import Product, until

pytestmark = [pytest.mark.frameworks, pytest.mark.timeout(300)]


ALL = ("--clean-task-policy", "None")
"""No replica is cleaned away when the first of them decides the outcome: each shall say its last line."""


def train(arena: Product, kind: str, command: str, *words: str) -> str:
    """Submit with `--logs`, which ends with the job's outcome; the lines of all replicas."""
    given = ("--name", "train", "--workers", "4", "--logs")
    lines = arena.must("submit", kind, *given, *words, command, seconds=240)
    assert arena.jobs() == {"train": "SUCCEEDED"}
    until(lambda: not arena.processes("train.py"), what="the last replica's end")
    return lines


def replicas(arena: Product) -> list[str]:
    """The names of the job's instances."""
    return sorted(pod["name"] for pod in json.loads(arena.must("get", "train", "-o", "json"))["instances"])


def test_pytorch_ddp_over_gloo(arena: Product, examples: Path) -> None:
    """Four DDP ranks find each other, agree bit for bit, and their loss falls."""
    lines = train(arena, "pytorchjob", f"python {examples}/torch_ddp/train.py", *ALL)
    for rank in range(4):
        assert f"rank {rank} of 4 is ready" in lines
        assert re.search(rf"rank {rank}: ranks agree True, loss ", lines)
    first, last = map(float, re.findall(r"loss (\S+) -> (\S+)", lines)[0])
    assert last < first / 4
    assert len(replicas(arena)) == 4


def test_tensorflow_multi_worker_mirrored_strategy(arena: Product, examples: Path) -> None:
    """Four TensorFlow workers form their cluster from TF_CONFIG and see the same falling loss."""
    lines = train(arena, "tfjob", f"python {examples}/tensorflow_mwms/train.py", *ALL)
    for worker in range(4):
        assert f"worker {worker} of 4 is ready" in lines
    ends = set(re.findall(r"loss (\S+) -> (\S+)", lines))
    assert len(ends) == 1
    assert len(replicas(arena)) == 4


def test_mpirun_of_an_mpi_program(arena: Product, examples: Path) -> None:
    """`mpirun` in the launcher starts four ranks by the hostfile that the job gives it."""
    if not shutil.which("mpirun"):
        pytest.skip("NO MPIRUN HERE: install OpenMPI")
    lines = train(arena, "mpijob", f"mpirun -np 4 python {examples}/mpi/train.py")
    for rank in range(4):
        assert f"rank {rank} of 4 is ready" in lines
        assert f"rank {rank}: ranks agree True" in lines


def test_jax_over_four_processes(arena: Product, examples: Path) -> None:
    """Four JAX processes meet at the coordinator, one after a restart, agree, and their loss falls."""
    once = f"[ $PROCESS_ID = 3 ] && mkdir {arena.home}/broken && exit 5"
    lines = train(arena, "jaxjob", f"{once}; python {examples}/jax/train.py", "--retry", "9")
    assert (arena.home / "broken").is_dir()
    for process in range(4):
        assert f"process {process} of 4 is ready" in lines
        assert f"process {process}: processes agree True, loss " in lines
    assert len(replicas(arena)) == 4


def test_xgboost_with_its_tracker(arena: Product, examples: Path) -> None:
    """Four ranks of XGBoost meet at the tracker in the master and grow the same trees."""
    lines = train(arena, "xgboostjob", f"python {examples}/xgboost/train.py", *ALL)
    for rank in range(4):
        assert f"rank {rank} of 4 is ready" in lines
        assert f"rank {rank}: ranks agree True, " in lines
    assert replicas(arena) == ["train-master-0", "train-worker-0", "train-worker-1", "train-worker-2"]


def test_trees_that_err_fail_the_job(arena: Product, examples: Path) -> None:
    """Trees that the program itself calls bad are the job's, and the command's, failure."""
    code, out, err = arena.run(
        "submit", "xgboostjob", "--name", "train", "--workers", "2", "--logs",
        f"python {examples}/xgboost/train.py --rounds 1", seconds=240,
    )  # fmt: skip
    assert code == 7, out + err
    assert arena.jobs() == {"train": "FAILED"}


def test_a_failing_rank_fails_the_job(arena: Product, examples: Path) -> None:
    """An outcome that the program itself calls bad is the job's, and the command's, failure."""
    code, out, err = arena.run(
        "submit", "pytorchjob", "--name", "train", "--workers", "2", "--logs",
        f"python {examples}/torch_ddp/train.py --rate 0", seconds=240,
    )  # fmt: skip
    assert code == 7, out + err
    assert "train" in err
    assert arena.jobs() == {"train": "FAILED"}
