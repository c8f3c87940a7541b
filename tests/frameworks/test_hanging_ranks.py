"""A rank that never arrives at a collective operation, as py-spy shows it."""

import os

import pytest
from product import Product, quoted, until

pytestmark = [pytest.mark.frameworks, pytest.mark.timeout(300)]

HANGS = '''
"""All ranks add up, except one that waits for its data."""
import sys, torch
import torch.distributed as dist

def load_batch(step):
    if step == 3 and dist.get_rank() == 2:
        open(sys.argv[1]).read()
    return torch.ones(1)

dist.init_process_group("gloo")
for step in range(5):
    batch = load_batch(step)
    print("step", step, flush=True)
    dist.all_reduce(batch)
'''


@pytest.mark.parametrize("launch", ["python", "torchrun"])
def test_the_rank_that_hangs_stands_out(arena: Product, launch: str) -> None:
    """Three ranks wait in all_reduce, and the last group is the one that loads, with its line."""
    fifo, script = arena.home / "fifo", arena.home / "hangs.py"
    os.mkfifo(fifo)
    script.write_text(HANGS, encoding="utf-8")
    size = ("--workers", "2", "--nproc-per-node", "2") if launch == "torchrun" else ("--workers", "4")
    arena.must("submit", "pytorchjob", "--name", "hangs", *size, quoted(launch, script, fifo))
    until(lambda: arena.must("logs", "hangs", "--grep", "^step 3").count("step 3") == 3, 120)
    # The last of them may not have entered the operation yet.
    last = until(lambda: [one for one in [arena.must("stacks", "hangs")] if "ranks 0-1,3" in one], 60)[0]
    groups = {one.split("\n")[0]: one.split("\n")[1:] for one in last.strip().split("\n\n")}
    assert list(groups)[-1] == "rank 2: hangs.py"
    assert groups["rank 2: hangs.py"][0].split() == ["load_batch", f"{script}:8"]
    assert any(line.split()[0] == "all_reduce" for line in groups["ranks 0-1,3: hangs.py"])
    if launch == "torchrun":
        assert "master-0, worker-0: torchrun" in groups
