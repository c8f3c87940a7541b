"""PyTorch trains as a job, a JobSet and a TrainJob: by the variables alone, without any flag."""

from pathlib import Path

import pytest
from product import Product

pytestmark = [pytest.mark.frameworks, pytest.mark.timeout(300)]

KINDS = ["job", "jobset", "trainjob"]


@pytest.mark.parametrize("kind", KINDS)
def test_torchrun(arena: Product, examples: Path, kind: str) -> None:
    """`torchrun` without a flag forms one world of 2 x 2 processes, which agree."""
    pytest.importorskip("torch")
    words = ("--name", "train", "--workers", "2", "--nproc-per-node", "2", "--logs")
    lines = arena.must("submit", kind, *words, f"torchrun {examples}/torch_ddp/train.py", seconds=240)
    assert all(f"rank {rank}: ranks agree True" in lines for rank in range(4))
    assert arena.jobs() == {"train": "SUCCEEDED"}


@pytest.mark.parametrize("kind", ["job", "jobset"])
def test_ddp(arena: Product, examples: Path, kind: str) -> None:
    """A program that calls torch.distributed itself finds the others by RANK and MASTER_ADDR."""
    pytest.importorskip("torch")
    words = ("--name", "train", "--workers", "3", "--logs")
    lines = arena.must("submit", kind, *words, f"python {examples}/torch_ddp/train.py", seconds=240)
    assert all(f"rank {rank}: ranks agree True" in lines for rank in range(3))
