"""`torchrun` without a flag, under every kind that gives it PET_*, and with workers that come later."""

from pathlib import Path

import pytest
from product import Product, until

pytestmark = [pytest.mark.frameworks, pytest.mark.timeout(300)]

KINDS = {"pytorchjob": 2, "job": 1, "jobset": 1, "trainjob": 2}
"""Kind -> processes in each of two replicas."""

GROWING = '''
"""Works until there are two of it, which agree on a sum."""
import os, time, torch
import torch.distributed as dist
dist.init_process_group("gloo")
print(f"rank {dist.get_rank()} of {dist.get_world_size()}", flush=True)
while dist.get_world_size() < 2:
    time.sleep(0.05)
total = torch.ones(1)
dist.all_reduce(total)
print("sum", total.item(), flush=True)
dist.destroy_process_group()
os._exit(0)
'''


@pytest.mark.parametrize("kind", KINDS)
def test_one_world(arena: Product, examples: Path, kind: str) -> None:
    """All processes of all replicas form one world by the variables alone, and agree."""
    words = ("--name", "train", "--workers", "2", "--nproc-per-node", str(KINDS[kind]), "--logs")
    lines = arena.must("submit", kind, *words, f"torchrun {examples}/torch_ddp/train.py", seconds=240)
    assert all(f"rank {rank}: ranks agree True" in lines for rank in range(2 * KINDS[kind]))
    assert arena.jobs() == {"train": "SUCCEEDED"}


def test_a_world_without_torchrun(arena: Product, examples: Path) -> None:
    """In a plain Job, too, a program that calls torch.distributed itself finds the others."""
    words = ("--name", "train", "--workers", "2", "--logs")
    lines = arena.must("submit", "job", *words, f"python {examples}/torch_ddp/train.py", seconds=240)
    assert all(f"rank {rank}: ranks agree True" in lines for rank in range(2))


def test_a_world_that_grows(arena: Product) -> None:
    """A worker that `arena scale` adds joins an elastic job that runs already."""
    (arena.home / "growing.py").write_text(GROWING, encoding="utf-8")
    size = ("--workers", "1", "--min-workers", "1", "--max-workers", "2", "--nproc-per-node", "1")
    soon = ("-e", "PET_RDZV_CONF=last_call_timeout=1")  # else the first round waits half a minute for others
    words = ("--name", "grow", *size, *soon, "--clean-task-policy", "None")
    arena.must("submit", "pytorchjob", *words, f"torchrun {arena.home}/growing.py")
    until(lambda: "rank 0 of 1" in arena.must("logs", "grow"), 120, "a world of one")
    arena.must("scale", "grow", "--workers", "2")
    arena.must("wait", "grow", seconds=240)
    lines = arena.must("logs", "grow")
    assert all(line in lines for line in ("rank 0 of 2", "rank 1 of 2"))
    assert lines.count("sum 2.0") == 2
